package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/models/checkpoint"
)

// Run compares the model at path (a directory, an adapter or a file) with a golden
// file: NAME.safetensors of tensors, with NAME.json of tolerances beside it, or a
// NAME.json of prompts. An error means that the comparison could not be made; rows
// that differ are in the report.
func Run(rt *engine.Runtime, path, golden string) (*Report, error) {
	m, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(golden, ".json") {
		return prompts(rt, m, golden)
	}
	g, err := readGolden(golden)
	if err != nil {
		return nil, err
	}
	s := &verification{rt: rt, m: m, golden: g, report: &Report{}}
	for _, step := range []func() error{s.forward, s.adapters, s.greedy, s.train} { // train changes the weights
		if err := step(); err != nil {
			return nil, fmt.Errorf("verify: %s: %w", path, err)
		}
	}
	s.skipped()
	return s.report, nil
}

// golden is a golden file.
type golden struct {
	tensors   map[string]checkpoint.Tensor
	Tolerance map[string]tolerance `json:"tolerance"`
	AdamW     adamw                `json:"adamw"`
}

// tolerance is what golden.json allows a kind of result.
type tolerance struct {
	Abs       float64 `json:"atol"`
	RelMax    float64 `json:"rtol_of_tensor_max"` // gradients: of the tensor's largest value
	MinGrad   float64 `json:"where_abs_grad_at_least"`
	ZeroGrad  bool    `json:"or_grad_exactly_zero_in_a_matrix"`
	Elsewhere float64 `json:"elsewhere_atol"`
}

type adamw struct {
	LR          float64 `json:"lr"`
	Beta1       float64 `json:"beta1"`
	Beta2       float64 `json:"beta2"`
	Eps         float64 `json:"eps"`
	WeightDecay float64 `json:"weight_decay"`
	Steps       int     `json:"steps"`
}

func readGolden(path string) (*golden, error) {
	g := &golden{}
	beside := strings.TrimSuffix(path, ".safetensors") + ".json"
	text, err := os.ReadFile(beside)
	if err != nil {
		return nil, fmt.Errorf("verify: tolerances: %w", err)
	}
	if err := json.Unmarshal(text, g); err != nil {
		return nil, fmt.Errorf("verify: %s: %w", beside, err)
	}
	if g.tensors, err = checkpoint.ReadTensors(path); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return g, nil
}

// verification is one comparison.
type verification struct {
	rt     *engine.Runtime
	m      *checkpoint.Model
	golden *golden
	report *Report
}

// want finds a result in the file.
func (s *verification) want(name string) (checkpoint.Tensor, bool) {
	t, ok := s.golden.tensors[name]
	return t, ok
}

// check compares and keeps what was computed for a result of the given kind.
func (s *verification) check(name, kind string, got []float32) error {
	want, ok := s.want(name)
	if !ok {
		return nil
	}
	tol, ok := s.golden.Tolerance[kind]
	if !ok {
		return fmt.Errorf("%s: got no tolerance for %s in golden.json", name, kind)
	}
	s.keep(want, got)
	s.report.compare(name, got, want.Floats, tol.of(want.Floats))
	return nil
}

func (s *verification) keep(like checkpoint.Tensor, got []float32) {
	s.report.Computed = append(s.report.Computed, checkpoint.Tensor{Name: like.Name, DType: checkpoint.F32, Shape: like.Shape, Floats: slices.Clone(got)})
}

// of is the tolerance of each element of a result.
func (t tolerance) of(want []float32) func(int) float64 {
	largest := 0.0
	for _, x := range want {
		largest = max(largest, abs(x))
	}
	return flat(t.Abs + t.RelMax*largest)
}

func abs(x float32) float64 { return max(float64(x), -float64(x)) }

// skipped lists the results that were not computed.
func (s *verification) skipped() {
	done := map[string]bool{}
	for _, t := range s.report.Computed {
		done[t.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.golden.tensors)) {
		if t := s.golden.tensors[name]; t.Floats != nil && !done[name] {
			s.report.Skipped = append(s.report.Skipped, name)
		}
	}
}

// padded is a batch of a golden file and its tokens without the padding.
type padded struct {
	name   string
	shape  []int // [rows, columns]
	ragged batch.Ragged
	at     []int // [N] place of a token in the padded batch
}

// padded reads the batch of that name; false if the file has none.
func (s *verification) padded(name string) (*padded, bool, error) {
	ids, ok := s.want(name + ".input_ids")
	if !ok {
		return nil, false, nil
	}
	mask := s.golden.tensors[name+".attention_mask"].Ints
	if len(ids.Shape) != 2 || len(mask) != len(ids.Ints) {
		return nil, false, fmt.Errorf("%s: got ids %v and a mask of %d, want [rows, columns] and as many", name, ids.Shape, len(mask))
	}
	p := &padded{name: name, shape: ids.Shape}
	for r := range ids.Shape[0] {
		var row []int32
		for c := range ids.Shape[1] {
			if i := r*ids.Shape[1] + c; mask[i] != 0 {
				row = append(row, int32(ids.Ints[i]))
				p.at = append(p.at, i)
			}
		}
		if err := p.ragged.Add(row, nil); err != nil {
			return nil, false, fmt.Errorf("%s: row %d: %w", name, r, err)
		}
	}
	return p, true, nil
}

// pad puts values [N, cols] to their places, zero at padding.
func (p *padded) pad(values []float32, at []int) []float32 {
	cols := len(values) / max(len(at), 1)
	out := make([]float32, p.shape[0]*p.shape[1]*cols)
	for i, place := range at {
		copy(out[place*cols:(place+1)*cols], values[i*cols:])
	}
	return out
}

// next lists the tokens that are predicted by an earlier one: rows[i] is the index of
// the token before, targets[i] the token, at[i] its place.
func (p *padded) next() (rows, targets []int32, at []int) {
	r := p.ragged
	for s := range r.Seqs() {
		for t := r.Offsets[s] + 1; t < r.Offsets[s+1]; t++ {
			rows, targets, at = append(rows, t-1), append(targets, r.Tokens[t]), append(at, p.at[t])
		}
	}
	return rows, targets, at
}
