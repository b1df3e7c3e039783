package sft

import (
	"errors"
	"fmt"

	"plumbline/internal/train"
	"plumbline/models"
)

// Config holds every setting of supervised fine-tuning and of pretraining. Start from
// DefaultConfig and check with Validate.
type Config struct {
	Steps     int `mapstructure:"steps"`      // optimiser steps
	BatchSize int `mapstructure:"batch_size"` // sequences per step

	MicroTokens int  `mapstructure:"micro_tokens"` // tokens per graph run; bounds memory, changes the result by rounding only
	MaxLength   int  `mapstructure:"max_length"`   // tokens; longer sequences are cut; 0 = the model's context
	Checkpoint  bool `mapstructure:"checkpoint"`   // recompute activations: less memory, a quarter more time

	train.OptimizerConfig `mapstructure:",squash"`

	EvalEvery int     `mapstructure:"eval_every"` // steps between held-out evaluations; 0 = at the end only
	SaveEvery int     `mapstructure:"save_every"` // steps between checkpoints; 0 = at the end only
	EvalShare float64 `mapstructure:"eval_share"` // share of the examples held out, in [0, 1)

	LoRA models.LoRA `mapstructure:"lora"` // adapters on a frozen base; rank 0 trains the whole model
}

// DefaultConfig is a start for fine-tuning models of 10⁸ parameters and more.
func DefaultConfig() Config {
	return Config{
		Steps: 500, BatchSize: 32, MicroTokens: 2048,
		OptimizerConfig: train.DefaultOptimizer(2e-5), EvalShare: .05,
		LoRA: models.DefaultLoRA(),
	}
}

// Validate reports every setting that is out of range.
func (c Config) Validate() error {
	errs := []error{c.OptimizerConfig.Validate()}
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(c.Steps >= 1, "steps", c.Steps, "≥ 1")
	rule(c.BatchSize >= 1, "batch_size", c.BatchSize, "≥ 1")
	rule(c.MicroTokens >= 1, "micro_tokens", c.MicroTokens, "≥ 1")
	rule(c.MaxLength == 0 || c.MaxLength >= 2, "max_length", c.MaxLength, "≥ 2, or 0 for the model's context")
	rule(c.EvalEvery >= 0, "eval_every", c.EvalEvery, "≥ 0")
	rule(c.SaveEvery >= 0, "save_every", c.SaveEvery, "≥ 0")
	rule(c.EvalShare >= 0 && c.EvalShare < 1, "eval_share", c.EvalShare, "in [0, 1)")
	return errors.Join(errs...)
}
