package kernel

import (
	"fmt"
	"slices"
	"time"
)

// BenchResult is one measured kernel. On a shared machine the best run compares, the
// median tells what to expect.
type BenchResult struct {
	Name   string  `json:"name"`   // "peak", "gemm_nt", "attention_fwd", ...
	Shape  string  `json:"shape"`  // sizes in words
	ISA    string  `json:"isa"`    // build
	GFLOPS float64 `json:"gflops"` // best run
	Median float64 `json:"median_gflops"`
	Share  float64 `json:"share"` // of the peak measured in the same run, best run
	Usual  float64 `json:"median_share"`
}

// benchCase is some floating-point operations to time.
type benchCase struct {
	name, shape string
	flop        float64
	run         func(t *Team)
}

// Bench measures the active build on a team of threads: the shapes of GPT-2 124M at
// 1024 tokens, its attention, and small ones. It takes about half a minute.
func Bench(threads int) []BenchResult {
	team := NewTeam(threads)
	defer team.Close()
	peak := 0.0
	var results []BenchResult
	for _, group := range benchGroups() {
		for _, c := range group() {
			peak = max(peak, PeakFMA(threads, 0.05))
			results = append(results, c.measure(team))
		}
	}
	peak = max(peak, PeakFMA(threads, 0.2))
	results = append([]BenchResult{{Name: "peak", Shape: fmt.Sprintf("%d threads", threads), ISA: Active(), GFLOPS: peak, Median: peak}}, results...)
	for i := range results {
		results[i].Share, results[i].Usual = results[i].GFLOPS/peak, results[i].Median/peak
	}
	return results
}

func (c benchCase) measure(t *Team) BenchResult {
	c.run(t)
	var took []time.Duration
	for start := time.Now(); len(took) < 5 || (time.Since(start) < 300*time.Millisecond && len(took) < 1000); {
		took = append(took, timed(func() { c.run(t) }))
	}
	slices.Sort(took)
	rate := func(d time.Duration) float64 { return c.flop / d.Seconds() / 1e9 }
	return BenchResult{Name: c.name, Shape: c.shape, ISA: Active(), GFLOPS: rate(took[0]), Median: rate(took[len(took)/2])}
}

// benchGroups makes the cases of a group when it is their turn, so that one group's
// memory is free for the next.
func benchGroups() []func() []benchCase {
	return []func() []benchCase{
		func() []benchCase { return linearCases(1024, 768, 2304) },
		func() []benchCase { return linearCases(1024, 768, 3072) },
		func() []benchCase { return linearCases(1024, 3072, 768) },
		func() []benchCase { return linearCases(1024, 768, 50257) },
		func() []benchCase { return linearCases(500, 128, 512) },
		func() []benchCase { return linearCases(500, 512, 128) },
		func() []benchCase {
			return []benchCase{packedCase(1, 768, 3072), packedCase(8, 768, 3072), packedCase(1, 768, 50257)}
		},
		func() []benchCase { return attentionCases(1, 1024, Attn{12, 12, 64, 0.125, 0}) },
		func() []benchCase { return attentionCases(4, 256, Attn{12, 12, 64, 0.125, 0}) },
		func() []benchCase { return attentionCases(1, 1024, Attn{32, 4, 64, 0.125, 0}) },
		func() []benchCase { return attentionCases(64, 32, Attn{4, 4, 32, 0.17678, 0}) },
		func() []benchCase { return attentionCases(20, 100, Attn{4, 4, 16, 0.25, 0}) },
	}
}

// ramp is n distinct values of small size.
func ramp(n int) []float32 {
	x := Alloc(n)
	for i := range x {
		x[i] = float32(i*7919%1021)/1021 - 0.5
	}
	return x
}

// linearCases are output, input gradient and weight gradient of a layer in -> out.
func linearCases(rows, in, out int) []benchCase {
	x, w, y := ramp(rows*in), ramp(out*in), ramp(rows*out)
	shape := fmt.Sprintf("%d rows %d->%d", rows, in, out)
	flop := 2 * float64(rows) * float64(in) * float64(out)
	return []benchCase{
		{"gemm_nt", shape, flop, func(t *Team) { t.Gemm(NT, rows, out, in, x, in, w, in, y, out, false) }},
		{"gemm_nn", shape, flop, func(t *Team) { t.Gemm(NN, rows, in, out, y, out, w, in, x, in, false) }},
		{"gemm_tn", shape, flop, func(t *Team) { t.Gemm(TN, out, in, rows, y, out, x, in, w, in, false) }},
	}
}

func packedCase(rows, in, out int) benchCase {
	x, w, y := ramp(rows*in), ramp(out*in), make([]float32, rows*out)
	var p Packed
	return benchCase{"gemm_packed", fmt.Sprintf("%d rows %d->%d", rows, in, out), 2 * float64(rows) * float64(in) * float64(out), func(t *Team) {
		if p.data == nil {
			t.Pack(w, out, in, &p)
		}
		t.GemmPacked(rows, x, in, &p, y, out, false)
	}}
}

// attentionCases count the causal half of the products: two forward, five backward.
func attentionCases(seqs, length int, a Attn) []benchCase {
	n := seqs * length
	qkv, dqkv, out, dout, lse := ramp(n*a.width()), make([]float32, n*a.width()), make([]float32, n*a.Heads*a.Head), ramp(n*a.Heads*a.Head), make([]float32, n*a.Heads)
	offsets := make([]int32, seqs+1)
	for s := range offsets {
		offsets[s] = int32(s * length)
	}
	shape := fmt.Sprintf("%d x %d tokens, %d/%d heads of %d", seqs, length, a.Heads, a.KV, a.Head)
	flop := 2 * float64(seqs) * float64(length) * float64(length+1) / 2 * float64(a.Heads*a.Head)
	return []benchCase{
		{"attention_fwd", shape, 2 * flop, func(t *Team) { t.Attention(out, lse, qkv, offsets, a) }},
		{"attention_bwd", shape, 5 * flop, func(t *Team) { t.AttentionGrad(dqkv, dout, out, lse, qkv, offsets, a) }},
	}
}
