package ppo

import (
	"errors"
	"fmt"

	"plumbline/internal/train"
	"plumbline/models"
)

// Config holds every setting of PPO. Start from DefaultConfig and check with Validate.
type Config struct {
	Updates      int     `mapstructure:"updates"`        // rounds of rollouts and the steps made of them
	Rollouts     int     `mapstructure:"rollouts"`       // sequences sampled per update
	Epochs       int     `mapstructure:"epochs"`         // passes over the rollouts of one update
	Minibatches  int     `mapstructure:"minibatches"`    // optimiser steps per epoch
	MicroTokens  int     `mapstructure:"micro_tokens"`   // tokens per graph run; bounds memory, changes the result by rounding only
	SampleBatch  int     `mapstructure:"sample_batch"`   // sequences sampled at a time; bounds memory, changes no result
	Checkpoint   bool    `mapstructure:"checkpoint"`     // recompute activations: less memory, a quarter more time
	MaxNewTokens int     `mapstructure:"max_new_tokens"` // where a response without EOS is cut off
	Temperature  float64 `mapstructure:"temperature"`    // of rollouts, reference and loss alike

	train.OptimizerConfig `mapstructure:",squash"` // of policy and critic; lr is the policy's; schedule and warmup count updates
	CriticLR              float64                  `mapstructure:"critic_lr"` // peak; the critic has its own optimiser, so no value coefficient is needed

	KLCoef      float64 `mapstructure:"kl_coef"`       // β, reward per nat; the first value if adaptive
	KLTarget    float64 `mapstructure:"kl_target"`     // nats per sequence; 0 keeps β fixed
	KLHorizon   float64 `mapstructure:"kl_horizon"`    // sequences: how slowly β follows the target
	EarlyStopKL float64 `mapstructure:"early_stop_kl"` // nats per token from the rollout policy, ends an update's epochs; 0 = never

	Gamma         float64 `mapstructure:"gamma"`          // discount, in [0, 1]
	Lambda        float64 `mapstructure:"lambda"`         // of GAE, in [0, 1]
	ClipRange     float64 `mapstructure:"clip_range"`     // ε of the ratio, in (0, 1)
	ValueClip     float64 `mapstructure:"value_clip"`     // how far a value may move in one update, reward units
	EntropyCoef   float64 `mapstructure:"entropy_coef"`   // reward per nat of entropy
	WhitenRewards bool    `mapstructure:"whiten_rewards"` // scale rewards to variance 1, mean kept

	MissingEOSPenalty float64 `mapstructure:"missing_eos_penalty"` // taken from the score of a response that was cut off
	PTXCoef           float64 `mapstructure:"ptx_coef"`            // weight of the language-model loss on pretraining text; 0 = none
	PTXBatchSize      int     `mapstructure:"ptx_batch_size"`      // sequences of that text per optimiser step

	LoRA models.LoRA `mapstructure:"lora"` // adapters on a frozen policy; rank 0 trains the whole one. The critic is always trained whole

	EvalEvery int `mapstructure:"eval_every"` // updates between evaluations on held-out prompts; 0 = at the end only
	SaveEvery int `mapstructure:"save_every"` // updates between checkpoints; 0 = at the end only

	// Filters of the rollouts. They are settings only to be refused with the reason.
	TopK int     `mapstructure:"top_k"` // 0
	TopP float64 `mapstructure:"top_p"` // 1
}

// DefaultConfig is a start for models of 10⁸ parameters and more; small ones want
// higher rates. Values: Huang et al. 2024, arXiv:2403.17031 (β, γ, λ, ε, c, epochs,
// rate, length), save the temperature: 1 trains the policy that is deployed.
func DefaultConfig() Config {
	optimizer := train.DefaultOptimizer(3e-6)
	optimizer.Kind, optimizer.MinRatio = "linear", 0
	return Config{
		Updates: 100, Rollouts: 64, Epochs: 4, Minibatches: 1, MicroTokens: 2048, SampleBatch: 64, MaxNewTokens: 53, Temperature: 1,
		OptimizerConfig: optimizer, CriticLR: 1e-5,
		KLCoef: .05, KLHorizon: 10000,
		Gamma: 1, Lambda: .95, ClipRange: .2, ValueClip: .2,
		MissingEOSPenalty: 1, PTXBatchSize: 8, LoRA: models.DefaultLoRA(),
		TopP: 1,
	}
}

// filterReason is why rollouts are not filtered.
const filterReason = "rollouts are sampled from the whole distribution: a filter changes the probabilities that the ratio and the KL are made of, and the KL to the reference turns negative"

// Validate reports every fault of c at once, each by its key. LoRA has a Validate of
// its own.
func (c Config) Validate() error {
	var f faults
	c.validateSampling(&f)
	c.validateSteps(&f)
	c.validateObjective(&f)
	return errors.Join(f...)
}

func (c Config) validateSampling(f *faults) {
	f.rule(c.Updates >= 1, "updates", c.Updates, "≥ 1")
	f.rule(c.Rollouts >= 2, "rollouts", c.Rollouts, "≥ 2 (one has no variance to whiten by)")
	f.rule(c.MicroTokens >= 1, "micro_tokens", c.MicroTokens, "≥ 1")
	f.rule(c.SampleBatch >= 1, "sample_batch", c.SampleBatch, "≥ 1")
	f.rule(c.MaxNewTokens >= 1, "max_new_tokens", c.MaxNewTokens, "≥ 1")
	f.rule(positive(c.Temperature), "temperature", c.Temperature, "> 0 (greedy rollouts explore nothing)")
	f.rule(c.TopK == 0, "top_k", c.TopK, "0: "+filterReason)
	f.rule(c.TopP == 1, "top_p", c.TopP, "1: "+filterReason)
}

func (c Config) validateSteps(f *faults) {
	f.rule(c.Epochs >= 1, "epochs", c.Epochs, "≥ 1")
	f.rule(c.Minibatches >= 1 && c.Minibatches <= c.Rollouts, "minibatches", c.Minibatches, fmt.Sprintf("1 to rollouts (%d)", c.Rollouts))
	if err := c.OptimizerConfig.Validate(); err != nil {
		*f = append(*f, err)
	}
	f.rule(c.EvalEvery >= 0, "eval_every", c.EvalEvery, "≥ 0")
	f.rule(c.SaveEvery >= 0, "save_every", c.SaveEvery, "≥ 0")
	f.rule(positive(c.CriticLR), "critic_lr", c.CriticLR, "> 0")
}

func (c Config) validateObjective(f *faults) {
	f.rule(notNegative(c.KLCoef), "kl_coef", c.KLCoef, "≥ 0")
	f.rule(notNegative(c.KLTarget), "kl_target", c.KLTarget, "≥ 0")
	f.rule(c.KLTarget == 0 || c.KLCoef > 0, "kl_coef", c.KLCoef, "> 0 where kl_target is set (β changes by factors)")
	f.rule(c.KLTarget == 0 || c.KLHorizon >= float64(c.Rollouts), "kl_horizon", c.KLHorizon, fmt.Sprintf("≥ rollouts (%d)", c.Rollouts))
	f.rule(notNegative(c.EarlyStopKL), "early_stop_kl", c.EarlyStopKL, "≥ 0")
	f.rule(c.Gamma >= 0 && c.Gamma <= 1, "gamma", c.Gamma, "in [0, 1]")
	f.rule(c.Lambda >= 0 && c.Lambda <= 1, "lambda", c.Lambda, "in [0, 1]")
	f.rule(c.ClipRange > 0 && c.ClipRange < 1, "clip_range", c.ClipRange, "> 0 and < 1")
	f.rule(positive(c.ValueClip), "value_clip", c.ValueClip, "> 0")
	f.rule(notNegative(c.EntropyCoef), "entropy_coef", c.EntropyCoef, "≥ 0")
	f.rule(notNegative(c.MissingEOSPenalty), "missing_eos_penalty", c.MissingEOSPenalty, "≥ 0")
	f.rule(notNegative(c.PTXCoef), "ptx_coef", c.PTXCoef, "≥ 0")
	f.rule(c.PTXCoef == 0 || c.PTXBatchSize >= 1, "ptx_batch_size", c.PTXBatchSize, "≥ 1 where ptx_coef is set")
}

// faults collects what is wrong. A rule states what is right, so that NaN fails it.
type faults []error

func (f *faults) rule(ok bool, key string, got any, want string) {
	if !ok {
		*f = append(*f, fmt.Errorf("%s: got %v, want %s", key, got, want))
	}
}

func positive(x float64) bool    { return x > 0 && x <= maxSetting }
func notNegative(x float64) bool { return x >= 0 && x <= maxSetting }

// maxSetting is above any sensible setting and below +Inf.
const maxSetting = 1e12
