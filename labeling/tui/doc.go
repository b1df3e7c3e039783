// Package tui runs the labelling screen in a terminal. It only translates: keys to
// package screen, actions to the store, and back.
//
//	open.go   from a store and a terminal to a session, and its end
//	model.go  the session as a Bubble Tea model
//	work.go   what it asks of the store, as commands
//
// Nothing is lost by a broken connection: every choice is kept as a draft, a lease is
// renewed while the screen is open, and whoever comes back gets the same item.
package tui
