package sft

import (
	"fmt"

	"plumbline/internal/batch"
	"plumbline/internal/train"
)

// Sequence is one text to learn from: mask is 1 where the token is to be predicted.
type Sequence struct {
	Tokens []int32
	Mask   []float32
}

// scored is how many tokens count. The first token is predicted by nothing.
func (s Sequence) scored() int {
	n := 0
	for _, m := range s.Mask[1:] {
		if m != 0 {
			n++
		}
	}
	return n
}

// Cut shortens a sequence to at most max tokens; ok tells whether anything to learn is
// left of it.
func (s Sequence) Cut(max int) (_ Sequence, ok bool) {
	if len(s.Tokens) > max {
		s.Tokens, s.Mask = s.Tokens[:max], s.Mask[:max]
	}
	return s, len(s.Tokens) >= 2 && s.scored() > 0
}

// Document cuts the tokens of a text into sequences of at most max tokens that are
// learnt whole. Each piece but the first begins with the last token of the piece
// before, so that every token but the very first is predicted exactly once.
func Document(tokens []int32, max int) []Sequence {
	var seqs []Sequence
	for len(tokens) >= 2 {
		n := min(len(tokens), max)
		mask := make([]float32, n)
		for i := 1; i < n; i++ {
			mask[i] = 1
		}
		seqs = append(seqs, Sequence{tokens[:n], mask})
		tokens = tokens[n-1:]
	}
	return seqs
}

// fits refuses, before the first step, what would fail in the middle of an epoch.
func (s Sequence) fits(microTokens, vocab int) error {
	if len(s.Tokens) > microTokens {
		return fmt.Errorf("got %d tokens, want ≤ micro_tokens (%d); max_length cuts", len(s.Tokens), microTokens)
	}
	for i, id := range s.Tokens {
		if id < 0 || int(id) >= vocab {
			return fmt.Errorf("token %d: got id %d, want 0 ≤ id < %d, the model's vocabulary: it has another tokenizer", i, id, vocab)
		}
	}
	return nil
}

// Pack lays sequences end to end into batches of at most microTokens tokens, in order,
// and counts the tokens that are scored in all of them. A longer sequence is an error.
func Pack(seqs []Sequence, microTokens int) (batches []*batch.Ragged, scored int, err error) {
	lengths := make([]int, len(seqs))
	for i, s := range seqs {
		lengths[i] = len(s.Tokens)
		scored += s.scored()
	}
	groups, err := train.Microbatches(lengths, microTokens)
	if err != nil {
		return nil, 0, fmt.Errorf("sft: micro_tokens is too small: %w", err)
	}
	for _, g := range groups {
		r := &batch.Ragged{}
		for _, i := range g {
			if err := r.Add(seqs[i].Tokens, seqs[i].Mask); err != nil {
				return nil, 0, err
			}
		}
		batches = append(batches, r)
	}
	return batches, scored, nil
}
