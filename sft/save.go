package sft

import (
	"path/filepath"

	"plumbline/internal/train"
	"plumbline/models/checkpoint"
)

// adapterDir holds the adapter of a checkpoint whose weights are merged: training goes
// on from it.
const adapterDir = "adapter"

// Save writes the model and the optimiser. With adapters it writes a PEFT adapter, or,
// if they are to be merged, the merged model and the adapter below it.
func (t *Trainer) Save(dir string, _ *train.State) error {
	if err := t.saveModel(dir); err != nil {
		return err
	}
	return train.SaveOptimizers(dir, map[string]train.Moments{"policy": t.opt})
}

func (t *Trainer) saveModel(dir string) error {
	if !t.merges() {
		return t.model.Save(dir, checkpoint.SaveOptions{})
	}
	merged := *t.model
	merged.Decoder = t.model.Decoder.Clone()
	if err := merged.Decoder.Merge(); err != nil {
		return err
	}
	if err := merged.Save(dir, checkpoint.SaveOptions{}); err != nil {
		return err
	}
	return t.model.Save(filepath.Join(dir, adapterDir), checkpoint.SaveOptions{})
}

func (t *Trainer) merges() bool { return t.c.LoRA.Rank > 0 && t.c.LoRA.Merge }

// Load puts back what Save wrote.
func (t *Trainer) Load(dir string, _ train.State) error {
	from := dir
	if t.merges() {
		from = filepath.Join(dir, adapterDir)
	}
	if err := t.model.Restore(from); err != nil {
		return err
	}
	return train.LoadOptimizers(dir, map[string]train.Moments{"policy": t.opt})
}
