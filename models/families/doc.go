// Package families knows the published model families. Read it in this order:
//
//	family.go  the registry; what a family is
//	table.go   tensor name -> parameter, rows and orientation: one table to read and write
//	config.go  config.json key by key; an unknown key that could change the numbers is an error
//	rope.go    the spellings of rotary settings
//	llama.go gpt2.go   one file per family
//
// A family is written in the checkpoint's own words. Nothing is guessed: a missing
// output matrix is tied only where the config (or its class's documented default)
// says so, and a tensor that is in no list is an error that names it.
package families
