package engine

import "fmt"

// Axis is a run of rows whose live length changes from run to run, up to a fixed
// capacity: the tokens of a batch, its sequences, the scored positions.
type Axis struct {
	name   string
	cap, n int
}

// NewAxis makes an axis for at most capacity rows; none is live yet.
func NewAxis(name string, capacity int) *Axis { return &Axis{name: name, cap: capacity} }

// Len is the number of live rows.
func (a *Axis) Len() int { return a.n }

// Cap is the largest number of rows.
func (a *Axis) Cap() int { return a.cap }

func (a *Axis) set(n int) error {
	if n > a.cap {
		return fmt.Errorf("engine: input: got %d %s, want ≤ %d", n, a.name, a.cap)
	}
	a.n = n
	return nil
}

// Ints is a vector of int32 inputs along an axis. Graphs read it at run time; any
// number of graphs may share it.
type Ints struct {
	axis *Axis
	v    []int32
}

// NewInts makes an empty input along a.
func NewInts(a *Axis) *Ints { return &Ints{axis: a} }

// Axis is the axis of the input.
func (x *Ints) Axis() *Axis { return x.axis }

// Set copies v in and sets the axis' live length to len(v). More than the capacity
// is an error.
func (x *Ints) Set(v []int32) error {
	x.v = append(x.v[:0], v...)
	return x.axis.set(len(v))
}

// Values are the live values.
func (x *Ints) Values() []int32 { return x.v }

func (x *Ints) check() error { return checkLen(x.axis, len(x.v)) }

// Floats is a vector of float32 inputs along an axis, as Ints.
type Floats struct {
	axis *Axis
	v    []float32
}

// NewFloats makes an empty input along a.
func NewFloats(a *Axis) *Floats { return &Floats{axis: a} }

// Axis is the axis of the input.
func (x *Floats) Axis() *Axis { return x.axis }

// Set copies v in and sets the axis' live length to len(v).
func (x *Floats) Set(v []float32) error {
	x.v = append(x.v[:0], v...)
	return x.axis.set(len(v))
}

// Values are the live values.
func (x *Floats) Values() []float32 { return x.v }

func (x *Floats) check() error { return checkLen(x.axis, len(x.v)) }

func checkLen(a *Axis, n int) error {
	if n != a.n {
		return fmt.Errorf("engine: run: an input along %s has %d values, another %d", a.name, n, a.n)
	}
	return nil
}

// input is what a program checks before it runs.
type input interface{ check() error }
