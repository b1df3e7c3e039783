// Package simulate lets programs of known skill, bias, speed and diligence judge through
// the same store as people: for tests, for demonstrations, and for pipelines whose true
// utility is known. Read it in this order:
//
//	config.go    who judges, how well, and with what habits
//	crowd.go     a YAML file -> annotators
//	answer.go    annotator, item, utility -> answer, question by question
//	question.go  the answer to one question: preference, ranking, rating, choice
//	run.go       the crowd at work: slots dealt out
//	turn.go      one item: answered, slept over, interrupted, sent twice
//	rest.go      what the store hands out: gold, tests, and what sleepers left
//
// The answer of an annotator to an item depends on the seed, the annotator and the
// item, and with a drift or laziness on when it is judged; who judges which slot on the
// seed and the items. However the work is spread over goroutines, and wherever a run was
// killed and begun again, the exports come out the same, byte for byte. Where the store
// hands out the items (gold, repeats, a test) that holds for a run that nothing
// interrupts; where leases lapse, who judges what depends on the wall clock.
package simulate
