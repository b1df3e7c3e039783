// Package screen is what an annotator sees and types, as pure functions: state and
// key to state and action, state to text. It knows no clock, no terminal and no store;
// a shell (labeling/tui) brings those. Read it in this order:
//
//	state.go     State: what is shown, what is entered
//	answer.go    the task's questions, and what a key answers to them
//	keys.go      a key -> the next state, and what the shell is to do; mouse.go the same
//	edits.go     a response rewritten; editor.go is where text is typed
//	pages.go     texts that cover the screen: help, guideline, tutorial, test, votes
//	search.go    looking for words in what is shown
//	view.go      state -> exactly width × height cells, row by row; strip.go rows to click
//	linear.go    two states -> what to say, for screen readers and plain terminals
//
// A text goes through these on its way to the screen:
//
//	clean.go     any bytes -> text that is safe to print
//	markdown.go  that -> words, how they look, and paragraphs (text.go)
//	layout.go    those at a width -> lines; table.go, and wrap.go, which breaks them
//	style.go     how words look -> the only control sequences there are
//	cells.go     how wide they are
//	diff.go      which of them differ
//	words.go     those of the interface, in English and Chinese
//
// Candidate text is hostile until proven otherwise: nothing but what Clean lets
// through reaches the view.
package screen
