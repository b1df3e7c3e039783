// Package quality measures how far a crowd's judgements can be trusted. Read it in the
// order a figure comes about:
//
//	quality.go     Compute: a project -> Stats, all that a manager looks at
//	records.go     one pass over what was judged, texts left behind
//	reading.go     an answer -> classes and values of the units that a question is about
//	agreement.go   a question's units -> how far annotators agree
//	person.go      an annotator's figures
//	drift.go       whether an annotator has changed
//	rules.go       who should be paused, with the evidence; a manager decides
//	weights.go     Probabilities: how likely one candidate is the better one
//
// The statistics know nothing of labelling: wilson.go puts an interval round a share,
// exact.go compares shares, kappa.go and alpha.go take chance out of agreement,
// dawidskene.go finds out who is to be believed.
//
// A unit is what one value is about: a pair of candidates in a preference or a ranking,
// one candidate in a rating or a choice.
package quality
