// Package batch holds ragged batches: sequences laid end to end with offsets.
//
// There is no padding anywhere in this program. A batch of S sequences with N
// tokens in all is one vector of N tokens; Offsets tells where each begins.
package batch

import "fmt"

// Ragged is S sequences laid end to end, N tokens in all.
type Ragged struct {
	Tokens    []int32   // [N] token ids
	Offsets   []int32   // [S+1]; sequence s is Tokens[Offsets[s]:Offsets[s+1]]; Offsets[0] = 0, Offsets[S] = N
	Positions []int32   // [N] position inside the own sequence, from 0
	Mask      []float32 // [N] 1 = this token is predicted and counts in the loss
}

// Add appends one sequence. mask is 1 where the token counts in a loss; nil counts
// none. An empty sequence or a mask of another length is an error.
func (r *Ragged) Add(tokens []int32, mask []float32) error {
	if len(tokens) == 0 || (mask != nil && len(mask) != len(tokens)) {
		return fmt.Errorf("batch: add: got %d tokens and a mask of %d, want ≥ 1 and equal lengths", len(tokens), len(mask))
	}
	if len(r.Offsets) == 0 {
		r.Offsets = append(r.Offsets, 0)
	}
	for i := range tokens {
		r.Positions = append(r.Positions, int32(i))
	}
	r.Tokens = append(r.Tokens, tokens...)
	if mask == nil {
		mask = make([]float32, len(tokens))
	}
	r.Mask = append(r.Mask, mask...)
	r.Offsets = append(r.Offsets, int32(len(r.Tokens)))
	return nil
}

// Len is the number of tokens N.
func (r *Ragged) Len() int { return len(r.Tokens) }

// Seqs is the number of sequences S.
func (r *Ragged) Seqs() int { return max(0, len(r.Offsets)-1) }

// Seq is sequence s.
func (r *Ragged) Seq(s int) []int32 { return r.Tokens[r.Offsets[s]:r.Offsets[s+1]] }

// Predicted lists what a causal loss scores: rows[i] is the index of the token that
// comes before a masked token (its hidden state predicts it) and targets[i] that
// token's id. The first token of a sequence is predicted by nothing.
func (r *Ragged) Predicted() (rows, targets []int32) {
	for s := range r.Seqs() {
		for t := r.Offsets[s] + 1; t < r.Offsets[s+1]; t++ {
			if r.Mask[t] != 0 {
				rows = append(rows, t-1)
				targets = append(targets, r.Tokens[t])
			}
		}
	}
	return rows, targets
}

// Last lists the index of the last token of each sequence.
func (r *Ragged) Last() []int32 {
	last := make([]int32, r.Seqs())
	for s := range last {
		last[s] = r.Offsets[s+1] - 1
	}
	return last
}
