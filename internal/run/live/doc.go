// Package live shows people what a run does: a view that moves on a terminal, plain
// lines elsewhere, JSON lines for programs. All are fed by train.Event.
//
//	progress.go   events -> what is known: stages, curves, the last sample; pure
//	view.go       that -> text of a given size; pure
//	plain.go      events -> lines; JSON lines
//	live.go       which of them, for given streams
//
// No text of a model reaches the terminal with its control characters.
package live
