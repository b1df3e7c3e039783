package train

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/nlpodyssey/safetensors"
)

// OptimizerConfig are the settings of AdamW and its learning rate.
type OptimizerConfig struct {
	Schedule    `mapstructure:",squash"`
	Beta1       float64 `mapstructure:"beta1"`         // decay of the first moment, in [0, 1)
	Beta2       float64 `mapstructure:"beta2"`         // decay of the second moment, in [0, 1)
	Eps         float64 `mapstructure:"eps"`           // > 0
	WeightDecay float64 `mapstructure:"weight_decay"`  // per unit of learning rate, ≥ 0; vectors are exempt
	MaxGradNorm float64 `mapstructure:"max_grad_norm"` // clip by global norm; 0 = off
}

// DefaultOptimizer is AdamW as language models are tuned with, at the given peak rate:
// β = .9, .95 (Touvron et al. 2023, arXiv:2302.13971 sec. 2.3), cosine, norm 1.
func DefaultOptimizer(lr float64) OptimizerConfig {
	return OptimizerConfig{
		Schedule: Schedule{Kind: "cosine", LR: lr, MinRatio: 0.1},
		Beta1:    0.9, Beta2: 0.95, Eps: 1e-8, MaxGradNorm: 1,
	}
}

// Validate reports every setting that is out of range.
func (c OptimizerConfig) Validate() error {
	errs := []error{c.Schedule.Validate()}
	rule := func(ok bool, key string, got float64, want string) {
		if !ok || math.IsInf(got, 0) {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(c.Beta1 >= 0 && c.Beta1 < 1, "beta1", c.Beta1, "in [0, 1)")
	rule(c.Beta2 >= 0 && c.Beta2 < 1, "beta2", c.Beta2, "in [0, 1)")
	rule(c.Eps > 0, "eps", c.Eps, "> 0")
	rule(c.WeightDecay >= 0, "weight_decay", c.WeightDecay, "≥ 0")
	rule(c.MaxGradNorm >= 0, "max_grad_norm", c.MaxGradNorm, "≥ 0; 0 turns clipping off")
	return errors.Join(errs...)
}

// OptimizerFile is the name of the optimisers' state in a checkpoint.
const OptimizerFile = "optimizer.safetensors"

// Moments is an optimiser whose state can be saved: engine.AdamW.
type Moments interface {
	State() (step int, moments map[string][]float32)
	Load(step int, moments map[string][]float32) error
}

// vector is a moment on its way to the disk.
type vector []float32

func (v vector) DType() safetensors.DType { return safetensors.F32 }
func (v vector) Shape() []uint64          { return []uint64{uint64(len(v))} }
func (v vector) DataLen() uint64          { return 4 * uint64(len(v)) }

func (v vector) Data() []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// SaveOptimizers writes the state of optimisers by name ("policy", "critic") into a
// checkpoint: tensors NAME/m/PARAM and NAME/v/PARAM, the step counts as metadata.
func SaveOptimizers(dir string, optimizers map[string]Moments) error {
	tensors, steps := map[string]vector{}, map[string]string{}
	for name, o := range optimizers {
		step, moments := o.State()
		steps[name] = strconv.Itoa(step)
		for key, m := range moments {
			tensors[name+"/"+key] = m
		}
	}
	f, err := os.Create(filepath.Join(dir, OptimizerFile))
	if err == nil {
		err = errors.Join(safetensors.SerializeToWriter(tensors, steps, f), f.Close())
	}
	if err != nil {
		return fmt.Errorf("train: save optimizer: %w", err)
	}
	return nil
}

// LoadOptimizers puts back what SaveOptimizers wrote. The file must hold exactly the
// optimisers asked for.
func LoadOptimizers(dir string, optimizers map[string]Moments) error {
	path := filepath.Join(dir, OptimizerFile)
	steps, moments, err := readMoments(path)
	if err != nil {
		return fmt.Errorf("train: load optimizer: %s: %w", path, err)
	}
	if len(steps) != len(optimizers) {
		return fmt.Errorf("train: load optimizer: %s: got %d optimizers, want %d", path, len(steps), len(optimizers))
	}
	for name, o := range optimizers {
		step, ok := steps[name]
		if !ok {
			return fmt.Errorf("train: load optimizer: %s: got no %s", path, name)
		}
		if err := o.Load(step, moments[name]); err != nil {
			return fmt.Errorf("train: load optimizer: %s: %s: %w", path, name, err)
		}
	}
	return nil
}

// readMoments reads an optimiser file: per optimiser the step and the moments.
func readMoments(path string) (steps map[string]int, moments map[string]map[string][]float32, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := safetensors.Deserialize(b)
	if err != nil {
		return nil, nil, err
	}
	_, meta, err := safetensors.ReadMetadata(b)
	if err != nil {
		return nil, nil, err
	}
	steps, moments = map[string]int{}, map[string]map[string][]float32{}
	for name, text := range meta.Metadata() {
		if steps[name], err = strconv.Atoi(text); err != nil || steps[name] < 0 {
			return nil, nil, fmt.Errorf("step of %s: got %q, want a whole number ≥ 0", name, text)
		}
		moments[name] = map[string][]float32{}
	}
	for _, t := range file.Tensors() {
		name, key, _ := strings.Cut(t.Name, "/")
		if moments[name] == nil || t.TensorView.DType() != safetensors.F32 {
			return nil, nil, fmt.Errorf("tensor %s: got %s of an unknown optimizer or type, want f32", t.Name, t.TensorView.DType())
		}
		moments[name][key] = floats(t.TensorView.Data())
	}
	return steps, moments, nil
}

// floats decodes little-endian values.
func floats(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}
