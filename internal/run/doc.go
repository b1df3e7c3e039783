// Package run is a run directory and the stages in it. Read it in the order a run
// meets it:
//
//	rundir.go      open or resume runs/NAME; run.json
//	lock.go        one process at a time
//	stage.go       pending -> running -> done; what may not change in between
//	provenance.go  hashes of inputs and outputs; plumb.json of a checkpoint
//	list.go        reading: plumb runs list, show, lineage
//
// A stage is skipped when it is done with the same settings, inputs and parents, goes
// on from its last checkpoint when it is not, and is refused when they changed.
package run
