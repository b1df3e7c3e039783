// Package serve lets a crowd judge over SSH, without an install. Read it in the order a
// connection takes:
//
//	config.go    Config: addresses, limits; what is right in it
//	server.go    Server: listens, serves, ends so that everybody goes on where they were
//	hostkey.go   the key by which annotators know the server
//	gate.go      connections: how many, from where, how long without proof
//	auth.go      a key -> an annotator
//	channel.go   what a client may ask of a session: a terminal, its size, a few variables
//	session.go   who sees what; crowd.go how many at once
//	queue.go     the store as sessions see it: paced and counted
//	metrics.go   figures and health, for machines on this host
//	words.go     what annotators are told, in English and Chinese
//
// # What a stranger can do
//
// Nothing. Only public keys are asked for; a key must be enrolled, and the user name must
// be the handle that it is enrolled for. Who got in has no shell: the words of the
// command say which screen, and nothing is ever executed. There is no forwarding, no file
// transfer, no subsystem. What arrives is bounded: connections by number, address and
// time, keys and pastes by size and rate, sizes of terminals, names of variables.
package serve
