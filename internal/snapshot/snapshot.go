// Package snapshot writes a model that is being trained, so that other programs load
// it as it is and training goes on from it as if nothing had happened.
//
// A snapshot is a complete model directory in float32, the precision of training, with
// adapters merged into the weights. Merging rounds, so the adapters are also kept as
// they are, in adapters.safetensors.
package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/checkpoint"
)

// adaptersFile holds the adapters of a snapshot by the names of their parameters.
const adaptersFile = "adapters.safetensors"

// Save writes m to dir, which may exist and is replaced.
func Save(dir string, m *checkpoint.Model) error {
	whole := *m
	adapters := m.Decoder.Adapters()
	if len(adapters) > 0 {
		whole.Decoder = m.Decoder.Clone()
		if err := whole.Decoder.Merge(); err != nil {
			return err
		}
	}
	if err := whole.Save(dir, checkpoint.SaveOptions{DType: checkpoint.F32}); err != nil || len(adapters) == 0 {
		return err
	}
	return saveAdapters(filepath.Join(dir, adaptersFile), adapters)
}

func saveAdapters(path string, adapters []*models.Adapter) error {
	var tensors []checkpoint.Tensor
	for _, p := range params(adapters) {
		tensors = append(tensors, checkpoint.Tensor{Name: p.Name, DType: checkpoint.F32, Shape: p.Shape, Floats: p.Data})
	}
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(checkpoint.WriteTensors(f, nil, tensors), f.Close())
	}
	if err != nil {
		return fmt.Errorf("snapshot: save: %w", err)
	}
	return nil
}

func params(adapters []*models.Adapter) (all []*engine.Param) {
	for _, a := range adapters {
		all = append(all, a.A, a.B)
	}
	return all
}

// Load puts the values that Save wrote back into m, which must be the same model with
// the same adapters. Graphs of m stay valid. The tensors in m.Extra are filled in place.
func Load(dir string, m *checkpoint.Model) error {
	if adapters := m.Decoder.Adapters(); len(adapters) > 0 { // the base is frozen: it is as it was
		if err := loadAdapters(filepath.Join(dir, adaptersFile), adapters); err != nil {
			return err
		}
		return loadExtra(dir, m)
	}
	saved, err := checkpoint.Load(dir)
	if err != nil {
		return err
	}
	for _, p := range m.Decoder.Params() {
		from := saved.Decoder.Param(p.Name)
		if from == nil || len(from.Data) != len(p.Data) {
			return fmt.Errorf("snapshot: load %s: got no parameter %s of %d values, want the model that was saved", dir, p.Name, p.Size())
		}
		copy(p.Data, from.Data)
		p.Changed()
	}
	return copyExtra(dir, m, saved)
}

func loadAdapters(path string, adapters []*models.Adapter) error {
	tensors, err := checkpoint.ReadTensors(path)
	if err != nil {
		return fmt.Errorf("snapshot: load: %w", err)
	}
	for _, p := range params(adapters) {
		t := tensors[p.Name]
		if len(t.Floats) != p.Size() {
			return fmt.Errorf("snapshot: load %s: %s: got %d values, want %d", path, p.Name, len(t.Floats), p.Size())
		}
		copy(p.Data, t.Floats)
		p.Changed()
	}
	return nil
}

func loadExtra(dir string, m *checkpoint.Model) error {
	if len(m.Extra) == 0 {
		return nil
	}
	saved, err := checkpoint.Load(dir)
	if err != nil {
		return err
	}
	return copyExtra(dir, m, saved)
}

// copyExtra fills the tensors beside the decoder.
func copyExtra(dir string, m, saved *checkpoint.Model) error {
	for _, t := range m.Extra {
		found := false
		for _, s := range saved.Extra {
			if s.Name == t.Name && len(s.Floats) == len(t.Floats) {
				copy(t.Floats, s.Floats)
				found = true
			}
		}
		if !found {
			return fmt.Errorf("snapshot: load %s: got no tensor %s of %d values, want the model that was saved", dir, t.Name, len(t.Floats))
		}
	}
	return nil
}
