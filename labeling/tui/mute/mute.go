// Package mute keeps Bubble Tea from asking the terminal for its colours. Its init does
// so before main begins, in every verb, and waits 5 s for a terminal that does not
// answer (muesli/termenv, OSCTimeout); nothing here uses the answer.
//
// A terminal called dumb is not asked. So TERM says dumb while Bubble Tea is initialised:
// this package depends on nothing but os, which is why it is initialised before it, and
// package tui, which depends on both, calls Restore after it. A test runs the program on
// a terminal and sees that it is not asked.
package mute

import "os"

var term, isSet = os.LookupEnv("TERM")

func init() { set("dumb") }

// Restore gives the environment its TERM back.
func Restore() {
	if isSet {
		set(term)
	} else if err := os.Unsetenv("TERM"); err != nil {
		panic(err) // the name is a constant, and right
	}
}

func set(value string) {
	if err := os.Setenv("TERM", value); err != nil {
		panic(err) // a value from the environment, or a constant
	}
}
