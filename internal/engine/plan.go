package engine

import (
	"cmp"
	"slices"

	G "gorgonia.org/gorgonia"
)

// span is an op's output in the arena: alive from step def to step end.
type span struct {
	op             *op
	def, end       int
	size, off, seq int // floats
}

// plan gives every op output a place in one arena, shared by outputs that are never
// alive together, and returns the arena's size in floats. gorgonia itself frees
// nothing inside a run. keep are nodes read after the run.
func plan(g *G.ExprGraph, keep []*G.Node) ([]*span, int, error) {
	sorted, err := G.Sort(g) // the order in which gorgonia compiles, reversed
	if err != nil {
		return nil, 0, err
	}
	last := lastUses(g, sorted, keep)
	var spans []*span
	for i, n := range sorted {
		o, ok := n.Op().(*op)
		if !ok || o.ext != nil || o.shape.IsScalar() {
			continue
		}
		size := (o.shape.TotalSize() + 15) &^ 15
		spans = append(spans, &span{op: o, def: len(sorted) - 1 - i, end: last[n], size: size, seq: i})
	}
	return spans, place(spans), nil
}

// lastUses tells for each node at which step its memory is read for the last time.
// A node that is not ours may hand on its input's memory, and so may an alias; uses
// of those count as uses of what they stand on.
func lastUses(g *G.ExprGraph, sorted G.Nodes, keep []*G.Node) map[*G.Node]int {
	N := len(sorted)
	last := make(map[*G.Node]int, N)
	for i, n := range sorted { // users come before what they use
		at := N - 1 - i
		last[n] = max(last[n], at)
		if slices.Contains(keep, n) {
			last[n] = N
		}
		o, ours := n.Op().(*op)
		use := at
		if !ours || o.ext != nil {
			use = last[n]
		}
		for it := g.From(n.ID()); it.Next(); {
			c := it.Node().(*G.Node)
			last[c] = max(last[c], use)
		}
	}
	return last
}

// place puts the largest spans first, each at the lowest offset that is free while
// it lives, and returns the total size.
func place(spans []*span) int {
	slices.SortStableFunc(spans, func(a, b *span) int { return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.seq, b.seq)) })
	total := 0
	for i, s := range spans {
		var live []*span
		for _, p := range spans[:i] {
			if p.def <= s.end && s.def <= p.end {
				live = append(live, p)
			}
		}
		slices.SortFunc(live, func(a, b *span) int { return cmp.Compare(a.off, b.off) })
		for _, p := range live {
			if s.off+s.size <= p.off {
				break
			}
			s.off = max(s.off, p.off+p.size)
		}
		total = max(total, s.off+s.size)
	}
	return total
}

// bind gives the ops of g their memory.
func bind(g *G.ExprGraph, spans []*span, arena []float32) {
	for _, n := range g.AllNodes() {
		if o, ok := n.Op().(*op); ok && o.shape.IsScalar() {
			o.allocate(nil)
		}
	}
	for _, s := range spans {
		n := s.op.shape.TotalSize()
		s.op.allocate(arena[s.off : s.off+n : s.off+n])
	}
}
