// Package train is what every kind of training shares. Read it in the order a step
// takes:
//
//	order.go       which examples a step sees, and how they form micro-batches
//	schedule.go    learning rate of a step
//	optimizer.go   settings of AdamW; its state on the disk
//	loop.go        steps, evaluation, saving, exact resume, interruption
//	checkpoint.go  step-000120 directories, state.json, the links last and best
//	log.go         metrics.jsonl and samples.jsonl, cut back on resume
//	tfevents.go    the same for TensorBoard
//	event.go       what a view shows while it happens
//
// A stage (sft, reward, ppo) implements Trainer and hands it to a Loop. Nothing here
// depends on the clock or on what happened before a resume: a run that was killed and
// went on ends in the same bytes as one that was not, times aside.
package train
