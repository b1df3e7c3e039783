// Package scorers tells how good a response is without a model: the rewards that are
// words, rules or somebody's own program. Read it in this order:
//
//	scorer.go    Scorer: prompts, responses -> scores
//	config.go    Config, Validate, New: a declaration -> a Scorer
//	sum.go       weighted sums, over any Scorer
//	vader.go  lexicon.go  rules.go  utility.go    pure functions of the text
//	program.go   a long-lived external program: one JSON line in, one out
//	process_*.go how a process and its children are ended
//
// Scores are finite and depend on the pair of prompt and response alone; nothing here
// draws a random number. A text of several megabytes or of invalid UTF-8 is scored like
// any other.
//
//	s, err := scorers.New(
//		scorers.Config{Kind: "vader", Weight: 1},
//		scorers.Config{Kind: "rules", Weight: .5, Rules: scorers.Rules{MaxWords: 60, EndsSentence: true}},
//	)
//	defer scorers.Close(s)
//	scores, err := s.Score(ctx, prompts, responses)
package scorers
