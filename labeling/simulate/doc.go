// Package simulate lets programs of known skill, side bias and speed judge through
// the same store as people: for tests, for demonstrations, and for pipelines whose
// true utility is known. Read it in this order:
//
//	config.go  who judges, and how well
//	answer.go  annotator, item, utility -> answer
//	run.go     the crowd at work
//
// The answer of an annotator to an item depends on the seed, the annotator and the
// item only, and who judges which slot on the seed and the items: however the work is
// spread over goroutines, and wherever a run was killed and begun again, the exports
// come out the same, byte for byte.
package simulate
