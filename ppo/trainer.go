package ppo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"plumbline/internal/engine"
	"plumbline/internal/eval"
	"plumbline/internal/random"
	"plumbline/internal/snapshot"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/models/lm"
	"plumbline/reward"
)

// Prompt is what the policy answers.
type Prompt struct {
	ID     string
	Tokens []int32
}

// Setup is what PPO works on and with.
type Setup struct {
	Policy    *checkpoint.Model // trained: all of it, or with LoRA adapters, which New adds
	Reference *models.Decoder   // frozen; nil with LoRA: the policy without its adapters
	Critic    *reward.Model     // trained; begins as reward.Model.Critic or reward.New of the policy
	Score     Scorer
	Stop      []int32 // ends a response: EOS

	Prompts     []Prompt  // sampled from
	Held        []Prompt  // evaluated on; may be empty
	Pretraining [][]int32 // sequences for ptx; may be empty if ptx_coef is 0

	// Text decodes a rollout for the samples in the log; nil records none.
	Text func(generate.Rollout) (prompt, response string)
}

// Trainer makes the updates of a train.Loop: its step is a PPO update.
type Trainer struct {
	Setup
	c     Config
	stage string
	seed  uint64

	policy    *policy
	text      *lm.Model // the policy as a language model, for ptx
	reference *lm.Model
	generator *generate.Generator
	kl        KLController

	policyOpt, criticOpt *engine.AdamW
	prompts, documents   *train.Order
	samples              []train.Sample
}

var (
	_ train.Trainer   = (*Trainer)(nil)
	_ train.Evaluator = (*Trainer)(nil)
	_ train.Sampler   = (*Trainer)(nil)
)

// New prepares PPO. stage and seed decide every random number.
func New(rt *engine.Runtime, s Setup, c Config, stage string, seed uint64) (*Trainer, error) {
	if err := errors.Join(c.Validate(), c.LoRA.Validate()); err != nil {
		return nil, fmt.Errorf("ppo: %w", err)
	}
	if err := s.check(c); err != nil {
		return nil, err
	}
	if c.LoRA.Rank > 0 {
		if err := s.Policy.Decoder.AddLoRA(c.LoRA, seed); err != nil {
			return nil, err
		}
	}
	o := models.Options{Checkpoint: c.Checkpoint}
	dec := s.Policy.Decoder
	t := &Trainer{
		Setup: s, c: c, stage: stage, seed: seed,
		policy:    &policy{rt: rt, dec: dec, opts: o, temperature: float32(c.Temperature), graphs: map[size]*policyGraph{}},
		text:      lm.New(rt, dec, o),
		generator: generate.New(rt, dec, models.Options{}, c.SampleBatch),
		kl:        KLController{Beta: c.KLCoef, Target: c.KLTarget, Horizon: c.KLHorizon},
		policyOpt: c.OptimizerConfig.New(rt, dec.Trainable()),
		criticOpt: c.OptimizerConfig.New(rt, s.Critic.Trainable()),
	}
	if s.Reference == nil {
		t.reference = lm.New(rt, dec, models.Options{NoAdapters: true})
	} else {
		s.Reference.Freeze()
		t.reference = lm.New(rt, s.Reference, models.Options{})
	}
	var err, errDocuments error
	t.prompts, err = train.NewOrder(seed, stage+"/prompts", len(s.Prompts))
	if c.PTXCoef > 0 {
		t.documents, errDocuments = train.NewOrder(seed, stage+"/ptx", len(s.Pretraining))
	}
	return t, errors.Join(err, errDocuments)
}

// check reports every fault of the setup.
func (s Setup) check(c Config) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("ppo: "+format, args...)) }
	if s.Policy == nil || s.Critic == nil || s.Score == nil || len(s.Prompts) == 0 {
		return errors.New("ppo: got a setup without policy, critic, scorer or prompts, want all of them")
	}
	if s.Reference == nil && c.LoRA.Rank == 0 {
		fail("got no reference and no adapters (lora.rank 0), want one of the two")
	}
	if s.Reference == s.Policy.Decoder || s.Critic.Decoder == s.Policy.Decoder {
		fail("got the policy as its own reference or critic, want separate decoders")
	}
	if c.PTXCoef > 0 && len(s.Pretraining) == 0 {
		fail("ptx_coef is %v: got no text to train on", c.PTXCoef)
	}
	for _, p := range append(append([]Prompt{}, s.Prompts...), s.Held...) {
		if n := len(p.Tokens) + c.MaxNewTokens; n > c.MicroTokens {
			fail("prompt %q: got %d tokens with max_new_tokens, want ≤ micro_tokens (%d)", p.ID, n, c.MicroTokens)
		}
	}
	for i, d := range s.Pretraining {
		if len(d) < 2 || len(d) > c.MicroTokens {
			fail("pretraining sequence %d: got %d tokens, want 2 to micro_tokens (%d)", i, len(d), c.MicroTokens)
		}
	}
	return errors.Join(errs...)
}

// Step is one update: rollouts, then epochs of policy and critic over them.
func (t *Trainer) Step(ctx context.Context, step int) (train.Metrics, error) {
	var prompts []Prompt
	for _, i := range t.prompts.Batch(step, t.c.Rollouts) {
		prompts = append(prompts, t.Prompts[i])
	}
	e, err := t.sample(ctx, prompts, t.key("rollout", step))
	if err != nil {
		return nil, err
	}
	if err := t.judge(e); err != nil {
		return nil, err
	}
	m, err := t.describe(e)
	if err != nil {
		return nil, err
	}
	if err := t.improvePolicy(ctx, e, step, m); err != nil {
		return nil, err
	}
	if err := t.improveCritic(ctx, e, step, m); err != nil {
		return nil, err
	}
	t.kl.Update(m["kl"], t.c.Rollouts)
	t.record(prompts, e)
	return m, nil
}

// key is the address of an update's random numbers for one purpose.
func (t *Trainer) key(purpose string, step int) uint64 {
	return random.New(t.seed, random.Key(t.stage+"/"+purpose), uint64(step)).Uint64()
}

// describe gives the figures of the rollouts before anything is learnt from them.
func (t *Trainer) describe(e *experience) (train.Metrics, error) {
	kl, err := eval.EstimateKL(e.logprob, e.ref)
	if err != nil {
		return nil, err
	}
	explained, err := ExplainedVariance(e.value, e.ret)
	if err != nil {
		return nil, err
	}
	n := float64(len(e.rollouts))
	m := train.Metrics{
		"kl": kl.K1, "kl_k3": kl.K3, "kl_coef": t.kl.Beta, "explained_variance": explained, "tokens": float64(e.tokens),
		"score": 0, "reward": 0, "length": 0, "eos_share": 0,
	}
	for i, r := range e.rollouts {
		m["score"] += e.score[i] / n
		m["reward"] += e.reward[i] / n
		m["length"] += float64(len(r.Response)) / n
		if r.Finished {
			m["eos_share"] += 1 / n
		}
	}
	return m, nil
}

// shown is how many rollouts of an update go into the log.
const shown = 2

func (t *Trainer) record(prompts []Prompt, e *experience) {
	if t.Text == nil {
		return
	}
	for i, r := range e.rollouts[:min(shown, len(e.rollouts))] {
		prompt, response := t.Text(r)
		t.samples = append(t.samples, train.Sample{
			Stage: t.stage, Model: "ppo", ID: prompts[i].ID, Prompt: prompt, Response: response, Scores: map[string]float64{"score": e.score[i]},
		})
	}
}

// Samples are the first rollouts of the last update.
func (t *Trainer) Samples() []train.Sample {
	s := t.samples
	t.samples = nil
	return s
}

// Evaluate answers the held-out prompts with the same random numbers each time:
// eval_score, eval_kl (k1, nats per sequence), eval_length, eval_eos_share.
func (t *Trainer) Evaluate(ctx context.Context, _ int) (train.Metrics, error) {
	if len(t.Held) == 0 {
		return train.Metrics{}, nil
	}
	e, err := t.sample(ctx, t.Held, t.key("eval", 0))
	if err != nil {
		return nil, err
	}
	kl, err := eval.EstimateKL(e.logprob, e.ref)
	if err != nil {
		return nil, err
	}
	n := float64(len(e.rollouts))
	m := train.Metrics{"eval_score": 0, "eval_kl": kl.K1, "eval_length": 0, "eval_eos_share": 0}
	for i, r := range e.rollouts {
		m["eval_score"] += e.score[i] / n
		m["eval_length"] += float64(len(r.Response)) / n
		if r.Finished {
			m["eval_eos_share"] += 1 / n
		}
	}
	return m, nil
}

// criticDir is where a checkpoint keeps the critic.
const criticDir = "critic"

// Save writes the policy, the critic below it, both optimisers and β.
func (t *Trainer) Save(dir string, s *train.State) error {
	if err := snapshot.Save(dir, t.Policy); err != nil {
		return err
	}
	if err := t.Critic.Save(filepath.Join(dir, criticDir)); err != nil {
		return err
	}
	s.Values["kl_coef"] = t.kl.Beta
	return train.SaveOptimizers(dir, t.optimizers())
}

// Load puts back what Save wrote. The reference is never read from a checkpoint: it is
// what it was at the start.
func (t *Trainer) Load(dir string, s train.State) error {
	beta, ok := s.Values["kl_coef"]
	if !ok {
		return fmt.Errorf("ppo: load %s: %s has no kl_coef", dir, train.StateFile)
	}
	t.kl.Beta = beta
	if err := snapshot.Load(dir, t.Policy); err != nil {
		return err
	}
	if err := t.Critic.Restore(filepath.Join(dir, criticDir)); err != nil {
		return err
	}
	return train.LoadOptimizers(dir, t.optimizers())
}

func (t *Trainer) optimizers() map[string]train.Moments {
	return map[string]train.Moments{"policy": t.policyOpt, "critic": t.criticOpt}
}
