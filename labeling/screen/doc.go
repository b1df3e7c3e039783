// Package screen is what an annotator sees and types, as pure functions: state and
// key to state and action, state to text. It knows no clock, no terminal and no store;
// a shell (labeling/tui) brings those. Read it in this order:
//
//	state.go   State: what is shown, what is entered
//	answer.go  the task's questions, and what a key answers to them
//	keys.go    a key -> the next state, and what the shell is to do
//	pages.go   texts that cover the screen: help, guideline, tutorial, test
//	view.go    state -> exactly width × height cells
//	linear.go  two states -> what to say, for screen readers and plain terminals
//	clean.go   any bytes -> text that is safe to print
//	wrap.go    text -> lines that fit; cells.go measures them
//	diff.go    which words differ
//	words.go   the interface in English and Chinese
//
// Candidate text is hostile until proven otherwise: nothing but what Clean lets
// through reaches the view.
package screen
