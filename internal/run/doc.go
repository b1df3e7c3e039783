// Package run is a run directory and the stages in it: the one place where data,
// training and labelling meet. Read it in the order a run meets it:
//
//	config.go      a run file; ready.go: what it would miss only hours later
//	pipeline.go    the stages, one after the other, and what each depends on
//	rundir.go      open or resume runs/NAME; run.json
//	lock.go        one process at a time
//	stage.go       pending -> running -> done; what may not change in between; only.go
//	provenance.go  hashes of inputs and outputs; plumb.json and judgements.txt of a checkpoint
//
// The stages:
//
//	world.go    files or the built-in world -> documents, demonstrations, prompts
//	codec.go    texts -> token ids, the way the model at hand reads them
//	tune.go     base, sft
//	judge.go    sample, label; candidates.go: what is judged; crowd.go: simulated annotators
//	align.go    reward, ppo
//	measure.go  eval
//
// And apart from a pipeline:
//
//	list.go          plumb runs list, show; lineage.go: what a checkpoint comes from, what is stale
//	import.go        files of others -> items to judge
//	report.go        a run directory -> report.html
//	speaker.go       a model that answers in text; conversation.go: turn by turn
//	perplexity.go winrate.go scorer.go   models measured by themselves
//
// A stage is skipped when it is done with the same settings, inputs and parents, goes
// on from its last checkpoint when it is not, and is refused when they changed.
package run
