package reward

import (
	"errors"
	"fmt"
	"math"

	"plumbline/internal/train"
	"plumbline/models"
)

// Config holds every setting of reward-model training. Start from DefaultConfig and
// check with Validate.
type Config struct {
	Epochs      int     `mapstructure:"epochs"`       // passes over the comparisons; more than one overfits soon
	BatchSize   int     `mapstructure:"batch_size"`   // comparisons per optimiser step
	MicroTokens int     `mapstructure:"micro_tokens"` // tokens per graph run; bounds memory, changes the result by rounding only
	Checkpoint  bool    `mapstructure:"checkpoint"`   // recompute activations: less memory, a quarter more time
	CenterCoef  float64 `mapstructure:"center_coef"`  // c of PairLoss, holds scores near zero
	Margin      float64 `mapstructure:"margin"`       // factor on the judged margins, ≥ 0; 0 ignores how much better, which keeps scores calibrated

	train.OptimizerConfig `mapstructure:",squash"`

	EvalEvery int     `mapstructure:"eval_every"` // steps between held-out evaluations; 0 = at the end only
	SaveEvery int     `mapstructure:"save_every"` // steps between checkpoints; 0 = at the end only
	EvalShare float64 `mapstructure:"eval_share"` // share of the prompts held out, in (0, 1)

	LoRA models.LoRA `mapstructure:"lora"` // adapters on a frozen base, and the head; rank 0 trains the whole model
}

// DefaultConfig is a start for models of 10⁸ parameters and more; small ones want
// higher rates. One epoch and a rate of 9e-6: Stiennon et al. 2020 and Ouyang et al.
// 2022, appendix C.2.
func DefaultConfig() Config {
	return Config{Epochs: 1, BatchSize: 32, MicroTokens: 4096, Margin: 1, OptimizerConfig: train.DefaultOptimizer(9e-6), EvalShare: .1, LoRA: models.DefaultLoRA()}
}

// Validate reports every fault of c at once, each by its key. LoRA has a Validate of
// its own.
func (c Config) Validate() error {
	errs := []error{c.OptimizerConfig.Validate()}
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(c.Epochs >= 1, "epochs", c.Epochs, "≥ 1")
	rule(c.BatchSize >= 1, "batch_size", c.BatchSize, "≥ 1")
	rule(c.MicroTokens >= 1, "micro_tokens", c.MicroTokens, "≥ 1")
	rule(c.CenterCoef >= 0 && !math.IsInf(c.CenterCoef, 1), "center_coef", c.CenterCoef, "≥ 0")
	rule(c.EvalEvery >= 0, "eval_every", c.EvalEvery, "≥ 0")
	rule(c.SaveEvery >= 0, "save_every", c.SaveEvery, "≥ 0")
	rule(c.Margin >= 0 && !math.IsInf(c.Margin, 1), "margin", c.Margin, "≥ 0")
	rule(c.EvalShare > 0 && c.EvalShare < 1, "eval_share", c.EvalShare, "> 0 and < 1")
	return errors.Join(errs...)
}
