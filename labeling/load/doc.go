// Package load drives a labelling store, or a server of one, as hard as a crowd would,
// and finds out afterwards whether anything was lost, given twice or stored twice. Read
// it in this order:
//
//	field.go      a project whose items tell on the screen which they are, and its annotators
//	store.go      annotators without think time, through the store's API
//	terminal.go   as much of a terminal as the screen needs, and nothing that it must not send
//	annotator.go  one person at the far end of an SSH connection
//	ssh.go        a crowd of them, with sleepers, broken connections and double presses
//	check.go      what was acknowledged against what is stored
//	latency.go    times -> quantiles
//	process.go    memory and processor time of the server
package load
