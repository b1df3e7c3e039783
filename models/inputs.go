package models

import (
	"fmt"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/kernel"
)

// Inputs is the host side of a batch. Any number of graphs of any number of decoders
// may read one; each decoder's Hidden binds it to that decoder's context and rotary
// table.
type Inputs struct {
	Tokens    *engine.Ints   // [N] ids
	Positions *engine.Ints   // [N] position inside the own sequence, from 0
	Offsets   *engine.Ints   // [S+1] sequence s is rows Offsets[s] to Offsets[s+1]
	Caches    *engine.Caches // keys and values of earlier tokens; nil in training

	bound []*binding
}

// NewInputs makes inputs for at most tokens tokens in at most seqs sequences.
func NewInputs(tokens, seqs int) *Inputs {
	axis := engine.NewAxis("tokens", tokens)
	return &Inputs{
		Tokens:    engine.NewInts(axis),
		Positions: engine.NewInts(axis),
		Offsets:   engine.NewInts(engine.NewAxis("offsets", seqs+1)),
	}
}

// Set puts a batch in. With caches, positions say where the new tokens stand. More
// tokens or sequences than there is room for, and a sequence longer than the context
// of a decoder that reads the inputs, are errors.
func (in *Inputs) Set(r *batch.Ragged) error {
	if len(r.Positions) != len(r.Tokens) {
		return fmt.Errorf("models: inputs: got %d positions for %d tokens, want as many", len(r.Positions), len(r.Tokens))
	}
	lengths, err := seqLengths(r)
	if err != nil {
		return err
	}
	for _, b := range in.bound {
		if err := b.set(r, lengths, in.Caches != nil); err != nil {
			return err
		}
	}
	if err := in.Tokens.Set(r.Tokens); err != nil {
		return err
	}
	if err := in.Positions.Set(r.Positions); err != nil {
		return err
	}
	return in.Offsets.Set(r.Offsets)
}

// seqLengths is, per sequence, the number of its tokens up to its last one in the batch.
func seqLengths(r *batch.Ragged) ([]int, error) {
	n := make([]int, r.Seqs())
	for s := range n {
		lo, hi := r.Offsets[s], r.Offsets[s+1]
		if lo < 0 || hi <= lo || int(hi) > len(r.Tokens) {
			return nil, fmt.Errorf("models: inputs: sequence %d: got offsets %d to %d of %d tokens, want ≥ 1 token", s, lo, hi, len(r.Tokens))
		}
		n[s] = int(r.Positions[hi-1]) + 1
	}
	return n, nil
}

// binding is what one kind of decoder needs of the inputs.
type binding struct {
	context int
	rotary  Rotary
	table   *kernel.Rotary // grows with the longest sequence seen
	rows    *engine.Ints   // each token's row of the table
}

// bind prepares the inputs for a decoder; decoders of equal rotary share a table.
func (in *Inputs) bind(s Spec) *binding {
	for _, b := range in.bound {
		if b.context == s.Context && b.rotary == s.Rotary {
			return b
		}
	}
	b := &binding{context: s.Context, rotary: s.Rotary, rows: in.Positions}
	b.table = &kernel.Rotary{Dim: s.Rotary.Dim, Interleaved: s.Rotary.Interleaved}
	if s.Rotary.Scaling.Kind == DynamicScaling {
		b.rows = engine.NewInts(in.Positions.Axis())
	}
	in.bound = append(in.bound, b)
	return b
}

func (b *binding) set(r *batch.Ragged, lengths []int, cached bool) error {
	longest := 0
	for s, n := range lengths {
		if n > b.context {
			return fmt.Errorf("models: inputs: sequence %d: got %d tokens, want ≤ the model's context of %d", s, n, b.context)
		}
		longest = max(longest, n)
	}
	if b.rotary.Scaling.Kind == DynamicScaling {
		return b.setDynamic(r, lengths, cached)
	}
	if b.rotary.Dim > 0 {
		b.grow(longest)
	}
	return nil
}

// grow extends the table to at least n positions.
func (b *binding) grow(n int) {
	have := len(b.table.Cos) / (b.rotary.Dim / 2)
	if n > have {
		b.rotary.appendRows(b.table, have, min(max(n, 2*have), b.context), 0)
	}
}

// setDynamic makes the table of this batch: the plain rows, and one run of rows for
// each length beyond the original context, since each has frequencies of its own.
// Keys in a cache were turned by other frequencies, so there is no going beyond the
// original context with one.
func (b *binding) setDynamic(r *batch.Ragged, lengths []int, cached bool) error {
	original := b.rotary.Scaling.Original
	b.table.Cos, b.table.Sin = b.table.Cos[:0], b.table.Sin[:0]
	b.rotary.appendRows(b.table, 0, original, 0)
	first := map[int]int{} // row of position 0, by length
	rows := make([]int32, len(r.Tokens))
	for s, n := range lengths {
		if n > original && cached {
			return fmt.Errorf("models: inputs: sequence %d: got %d tokens over caches, want ≤ %d: dynamic rotary scaling turns all keys anew beyond that", s, n, original)
		}
		if _, ok := first[n]; !ok && n > original {
			first[n] = len(b.table.Cos) / (b.rotary.Dim / 2)
			b.rotary.appendRows(b.table, 0, n, n)
		}
		for i := r.Offsets[s]; i < r.Offsets[s+1]; i++ {
			rows[i] = r.Positions[i] + int32(first[n])
		}
	}
	return b.rows.Set(rows)
}
