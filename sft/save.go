package sft

import (
	"path/filepath"

	"plumbline/internal/snapshot"
	"plumbline/internal/train"
	"plumbline/models/checkpoint"
)

// adapterDir holds, beside a merged model, the same adapter in PEFT's form.
const adapterDir = "adapter"

// Save writes the model, adapters merged, and the optimiser; with LoRA also the
// adapter by itself, as PEFT writes it.
func (t *Trainer) Save(dir string, _ *train.State) error {
	if err := snapshot.Save(dir, t.model); err != nil {
		return err
	}
	if t.c.LoRA.Rank > 0 {
		if err := t.model.Save(filepath.Join(dir, adapterDir), checkpoint.SaveOptions{}); err != nil {
			return err
		}
	}
	return train.SaveOptimizers(dir, map[string]train.Moments{"policy": t.opt})
}

// Load puts back what Save wrote.
func (t *Trainer) Load(dir string, _ train.State) error {
	if err := snapshot.Load(dir, t.model); err != nil {
		return err
	}
	return train.LoadOptimizers(dir, map[string]train.Moments{"policy": t.opt})
}
