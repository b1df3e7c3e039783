package engine

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"plumbline/internal/kernel"
)

// chunk is how many rows of logits exist at a time: at most chunk x V floats.
const chunk = 256

// TokenLogProb is the log-probability in nats of each row's target under
// softmax((h·Wᵀ + bias)/temperature): [axis, 1]; with entropy, [axis, 2] interleaved
// as (log-probability, entropy). bias may be nil; temperature is read at each run.
// A target outside the vocabulary is an error of Run.
func (b *Builder) TokenLogProb(h Node, w, bias *Param, targets *Ints, temperature *float32, entropy bool) Node {
	if !b.want("token log-prob", h, w.cols()) {
		return Node{}
	}
	b.reads(targets)
	v := newVocab(b, h, w, bias, targets)
	cols := 1
	if entropy {
		cols = 2
	}
	n := b.apply("logprob", shape2(h.axis, cols), func(out []float32, in [][]float32) error {
		if err := inVocab(targets.v, w); err != nil {
			return err
		}
		return v.each(in, func(lo, n int, logits []float32) error {
			v.logProbs(lo, n, logits, 1 / *temperature)
			for i := range n {
				out[(lo+i)*cols] = v.logp[lo+i]
				if entropy {
					out[(lo+i)*cols+1] = v.ent[lo+i]
				}
			}
			return nil
		})
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		dh := b.apply("logprob.grad", shape2(h.axis, h.cols), func(out []float32, in [][]float32) error {
			dout := in[len(in)-1]
			return v.each(in, func(lo, n int, logits []float32) error {
				v.logProbs(lo, n, logits, 1 / *temperature)
				v.backward(lo, n, logits, dout[lo*cols:], cols, 1 / *temperature, in[0], out)
				return nil
			})
		}, nil, append(append(G.Nodes{}, in...), dout)...)
		return b.normGrads(in, dh, w, bias), nil
	}, v.children...)
	return Node{n, h.axis, cols}
}

// CrossEntropy is Σ weight·(-log p(target)) over the rows, a scalar loss; weights are
// along h's axis. In a training graph the gradient is computed in the forward pass,
// so a chunk of logits is made once. Give weight = 1/(tokens in the whole
// accumulation window) for the mean per token.
func (b *Builder) CrossEntropy(h Node, w, bias *Param, targets *Ints, weights *Floats) Node {
	if !b.want("cross-entropy", h, w.cols()) {
		return Node{}
	}
	b.reads(targets, weights)
	v := newVocab(b, h, w, bias, targets)
	train := b.needs[h.n] || b.trains(w) || b.trains(bias)
	var dh []float32
	if train {
		dh = kernel.Alloc(h.axis.cap * h.cols)
	}
	loss := new(float64)
	dlogp := make([]float32, chunk)
	n := b.apply("crossentropy", []int{}, func(out []float32, in [][]float32) error {
		if err := inVocab(targets.v, w); err != nil {
			return err
		}
		*loss = 0
		err := v.each(in, func(lo, n int, logits []float32) error {
			v.logProbs(lo, n, logits, 1)
			for i := range n {
				*loss -= float64(weights.v[lo+i]) * float64(v.logp[lo+i])
				dlogp[i] = -weights.v[lo+i]
			}
			if train {
				v.backward(lo, n, logits, dlogp, 1, 1, in[0], dh)
			}
			return nil
		})
		out[0] = float32(*loss)
		return err
	}, func(in G.Nodes, out, dout *G.Node) (G.Nodes, error) {
		g := b.alias("crossentropy.grad", shape2(h.axis, h.cols), func() []float32 { return dh }, out, dout)
		return b.normGrads(in, g, w, bias), nil
	}, v.children...)
	b.losses[n] = loss
	return Node{n: n}
}

// vocab is the output matrix at work, a chunk of rows at a time.
type vocab struct {
	b              *Builder
	h              Node
	w, bias        *Param
	targets        *Ints
	children       G.Nodes
	logits         []float32 // [chunk, V]
	logp, ent, lse []float32 // [axis]
	dlogp, dent    []float32 // [chunk]
}

func newVocab(b *Builder, h Node, w, bias *Param, targets *Ints) *vocab {
	n := h.axis.cap
	v := &vocab{
		b: b, h: h, w: w, bias: bias, targets: targets, children: G.Nodes{h.n, b.use(w)},
		logits: kernel.Alloc(min(chunk, n) * w.rows()),
		logp:   make([]float32, n), ent: make([]float32, n), lse: make([]float32, n),
		dlogp: make([]float32, chunk), dent: make([]float32, chunk),
	}
	if bias != nil {
		v.children = append(v.children, b.use(bias))
	}
	return v
}

// each computes the raw logits of rows [lo, lo+n) and calls f with them.
func (v *vocab) each(in [][]float32, f func(lo, n int, logits []float32) error) error {
	rows, d, V := v.h.axis.n, v.h.cols, v.w.rows()
	if len(v.targets.v) != rows {
		return fmt.Errorf("engine: log-prob: got %d targets, want %d", len(v.targets.v), rows)
	}
	for lo := 0; lo < rows; lo += chunk {
		n := min(chunk, rows-lo)
		logits := v.logits[:n*V]
		v.b.product(logits, in[0][lo*d:], v.w, n)
		if v.bias != nil {
			v.b.team.AddBias(logits, v.bias.Data, n, V)
		}
		if err := f(lo, n, logits); err != nil {
			return err
		}
	}
	return nil
}

func (v *vocab) logProbs(lo, n int, logits []float32, invTemp float32) {
	v.b.team.LogProbRows(v.logp[lo:lo+n], v.ent[lo:lo+n], v.lse[lo:lo+n], logits, v.targets.v[lo:lo+n], n, v.w.rows(), invTemp)
}

// backward turns logits (as logProbs left them) into their gradient and adds what
// follows to dh, the weight's and the bias' gradient. dout holds (d log-prob[, d
// entropy]) per row, cols apart.
func (v *vocab) backward(lo, n int, logits, dout []float32, cols int, invTemp float32, h, dh []float32) {
	d, V, team := v.h.cols, v.w.rows(), v.b.team
	var dent []float32
	for i := range n {
		v.dlogp[i] = dout[i*cols]
		if cols == 2 {
			v.dent[i], dent = dout[i*cols+1], v.dent[:n]
		}
	}
	team.LogProbGradRows(logits, v.targets.v[lo:lo+n], v.lse[lo:lo+n], v.ent[lo:lo+n], v.dlogp[:n], dent, n, V, invTemp)
	if v.b.needs[v.h.n] {
		team.Gemm(kernel.NN, n, d, V, logits, V, v.w.Data, d, dh[lo*d:], d, false)
	}
	if v.b.trains(v.w) {
		team.Gemm(kernel.TN, V, d, n, logits, V, h[lo*d:], d, v.w.Grad, d, true)
	}
	if v.b.trains(v.bias) {
		team.BiasGrad(v.bias.Grad, logits, n, V)
	}
}

func inVocab(targets []int32, w *Param) error {
	for i, t := range targets {
		if t < 0 || int(t) >= w.rows() {
			return fmt.Errorf("engine: log-prob: got target %d at row %d, want 0 ≤ target < %d", t, i, w.rows())
		}
	}
	return nil
}
