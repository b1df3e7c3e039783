// Package tui lets a person judge at a terminal, of this process or at the far end of a
// connection. Read it from the terminal to the store:
//
//	terminal.go  Terminal: what a person sits at; here.go is this process's (resize_*.go)
//	show.go      Show: a Bubble Tea model on a terminal, from its first view to its end
//	keys.go      bytes -> keys, pastes, clicks; lines.go does it for whole lines
//	paint.go     views -> the rows that changed
//	open.go      Label: the labelling session, and how it settles
//	model.go     the session as a model, around package screen, which is pure
//	work.go      what it asks of the queue, as commands; places.go: ids <-> places
//
// Nothing is lost by a broken connection: every choice is kept as a draft, a lease is
// renewed while the screen is open, and whoever comes back gets the same item.
package tui
