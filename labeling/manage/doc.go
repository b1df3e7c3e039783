// Package manage is what a manager sees of a project while it is judged, and does about
// it. As in package screen, the screen is pure: state and key to state and action, state
// to text. Read it in this order:
//
//	picture.go  the project at one moment: figures, people, leases, disputes
//	state.go    State: which picture, which person, what is being asked
//	keys.go     a key -> the next state, and what the shell is to do
//	table.go    the table of annotators, as many columns as fit
//	person.go   one annotator in full
//	view.go     state -> exactly width × height cells
//	words.go    the interface in English and Chinese
//	model.go    the shell: a Bubble Tea model that computes pictures behind the scenes
//	court.go    disputes as a queue, so that the labelling screen settles them
//	exports.go  which exports have judgements in them that were withdrawn since
package manage
