package engine

import (
	"plumbline/internal/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Param is one weight. Any number of graphs may use it; its gradient accumulates
// over runs and graphs until ZeroGrad or an optimiser step.
type Param struct {
	Name    string
	Shape   []int     // [n] or [rows, cols], row-major
	Data    []float32 // values; call Changed after writing them by hand
	Grad    []float32 // nil until a training graph uses the parameter
	Frozen  bool      // no gradient is computed
	NoDecay bool      // the optimiser applies no weight decay

	packed  kernel.Packed // copy for skinny products, see linear.go
	isFresh bool          // packed equals Data
}

// NewParam makes a parameter of zeros. Vectors get no weight decay.
func NewParam(name string, shape ...int) *Param {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return &Param{Name: name, Shape: shape, Data: kernel.Alloc(n), NoDecay: len(shape) < 2}
}

// Size is the number of elements.
func (p *Param) Size() int { return len(p.Data) }

// Changed tells that Data was written, so that copies derived from it are made anew.
func (p *Param) Changed() { p.isFresh = false }

// ZeroGrad sets the gradient to zero.
func (p *Param) ZeroGrad() { clear(p.Grad) }

func (p *Param) ensureGrad() {
	if p.Grad == nil {
		p.Grad = kernel.Alloc(len(p.Data))
	}
}

// rows and cols of a matrix parameter; a vector is one row.
func (p *Param) rows() int { return len(p.Data) / p.cols() }
func (p *Param) cols() int { return p.Shape[len(p.Shape)-1] }

// dense is a fresh tensor header over data: gorgonia writes into the headers of
// bound values, so two graphs must not share one.
func dense(data []float32, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// valueGrad shows a Param to gorgonia's solver interface.
type valueGrad struct{ p *Param }

func (v valueGrad) Value() G.Value         { return dense(v.p.Data, v.p.Shape...) }
func (v valueGrad) Grad() (G.Value, error) { return dense(v.p.Grad, v.p.Shape...), nil }
