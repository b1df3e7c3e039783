package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"plumbline/internal/dataset"
	"plumbline/internal/durable"
	"plumbline/internal/eval"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/ppo"
	"plumbline/reward"
	"plumbline/reward/scorers"
	"plumbline/sft"
)

// QualityFile is what the reward stage found on held-out comparisons, below the run
// directory.
const QualityFile = "reward.json"

func (p *pipeline) rewardSpec() Spec {
	s := p.spec(StageReward, []string{StageSFT, StageBase, StageLabel}, []string{"reward"})
	s.Inputs = slices.Concat(s.Inputs, p.Config.Data.Comparisons, p.Config.Data.EvalComparisons)
	s.Files = []string{QualityFile}
	return s
}

// reward trains the reward model on what was judged.
func (p *pipeline) reward(ctx context.Context) error {
	some, others, err := p.judgedComparisons()
	if err != nil {
		return err
	}
	dir, err := p.last(StageSFT, StageBase)
	if err != nil {
		return err
	}
	lm, err := checkpoint.Load(dir)
	if err != nil {
		return err
	}
	c, err := p.texts(dir)
	if err != nil {
		return err
	}
	var ids []string
	for _, k := range slices.Concat(some, others) {
		ids = append(ids, k.JudgementIDs...)
	}
	learn, held, err := p.items(c, some, others, lm.Decoder.Spec.Context)
	if err != nil {
		return err
	}
	m, err := reward.New(p.rt, lm, p.Config.Seed, models.Options{Checkpoint: p.Config.Reward.Checkpoint})
	if err != nil {
		return err
	}
	t, err := reward.NewTrainer(p.rt, m, learn, held, nil, p.Config.Reward, StageReward, p.Config.Seed)
	if err != nil {
		return err
	}
	r := p.Config.Reward
	if _, err := p.loop(StageReward, r.Steps(len(learn)), r.SaveEvery, r.EvalEvery, "eval_log_loss", ids).Run(ctx, t); err != nil {
		return err
	}
	q, err := t.Quality()
	if err != nil {
		return err
	}
	p.note(StageReward, "held-out accuracy %s, ECE %.3f", q.Accuracy, q.ECE)
	return writeJSON(filepath.Join(p.Dir, QualityFile), q)
}

// items encodes the comparisons learnt from and those held out. A response that does not
// fit the context loses its end, not its EOS.
func (p *pipeline) items(c *codec, some, others []dataset.Comparison, context int) (learn, held []reward.Item, err error) {
	cut := 0
	encode := func(q dataset.Prompt, response string) ([]int32, error) {
		s, err := c.answered(q, response)
		if n := len(s.Tokens); n > context {
			cut++
			s.Tokens = append(s.Tokens[:context-1], s.Tokens[n-1])
		}
		return s.Tokens, err
	}
	if learn, err = reward.Encode(some, encode); err != nil {
		return nil, nil, err
	}
	if held, err = reward.Encode(others, encode); err != nil {
		return nil, nil, err
	}
	if cut > 0 {
		p.note(StageReward, "%d responses are longer than the context of %d tokens and were cut", cut, context)
	}
	return learn, held, nil
}

func (p *pipeline) ppoSpec() Spec {
	return p.spec(StagePPO, []string{StageSFT, StageBase, StageReward}, []string{"ppo", "score"})
}

// ppo improves the tuned model against the score, held to itself by the KL.
func (p *pipeline) ppo(ctx context.Context) (err error) {
	w, err := p.data()
	if err != nil {
		return err
	}
	dir, err := p.last(StageSFT, StageBase)
	if err != nil {
		return err
	}
	c, err := p.texts(dir)
	if err != nil {
		return err
	}
	s := ppo.Setup{Stop: c.stop, Text: c.rollout}
	if s.Policy, err = checkpoint.Load(dir); err != nil {
		return err
	}
	if p.Config.PPO.LoRA.Rank == 0 { // otherwise the reference is the policy without its adapters
		s.Reference = s.Policy.Decoder.Clone()
	}
	if s.Prompts, err = c.prompts(w.prompts, s.Policy.Decoder.Spec.Context); err != nil {
		return err
	}
	if s.Held, err = c.prompts(w.unseen[:min(len(w.unseen), p.Config.PPO.Rollouts)], s.Policy.Decoder.Spec.Context); err != nil {
		return err
	}
	if p.Config.PPO.PTXCoef > 0 {
		for _, d := range w.documents {
			for _, seq := range sft.Document(c.document(d), s.Policy.Decoder.Spec.Context) {
				s.Pretraining = append(s.Pretraining, seq.Tokens)
			}
		}
	}
	done, err := p.judges(&s, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	t, err := ppo.New(p.rt, s, p.Config.PPO, StagePPO, p.Config.Seed)
	if err != nil {
		return err
	}
	_, err = p.loop(StagePPO, p.Config.PPO.Updates, p.Config.PPO.SaveEvery, p.Config.PPO.EvalEvery, "", nil).Run(ctx, t)
	return err
}

// judges sets the scorer and the critic; done ends what the scorer holds.
func (p *pipeline) judges(s *ppo.Setup, c *codec) (done func() error, err error) {
	var parts []ppo.Scorer
	var weights []float64
	done = func() error { return nil }
	if m := p.Config.Score.Model; m != 0 {
		rm, err := p.rewardModel()
		if err != nil {
			return done, err
		}
		if s.Critic, err = rm.Critic(); err != nil {
			return done, err
		}
		parts, weights = append(parts, ppo.ByModel(rm, c.tok.Specials().EOS, p.Config.PPO.MicroTokens)), append(weights, m)
	} else if s.Critic, err = reward.New(p.rt, s.Policy, p.Config.Seed, models.Options{Checkpoint: p.Config.PPO.Checkpoint}); err != nil {
		return done, err
	}
	if len(p.Config.Score.Others) > 0 {
		sum, err := scorers.New(p.Config.Score.Others...)
		if err != nil {
			return done, err
		}
		done = func() error { return scorers.Close(sum) }
		parts, weights = append(parts, ppo.ByText(sum, c.rollout)), append(weights, 1)
	}
	s.Score, err = ppo.Sum(parts, weights)
	return done, err
}

func (p *pipeline) rewardModel() (*reward.Model, error) {
	if !p.Config.Has(StageReward) {
		return nil, errors.New("run: score.model: the run has no reward stage; add it to stages or set score.model=0")
	}
	return reward.Load(p.rt, filepath.Join(p.dir.Stage(StageReward), train.LastLink), models.Options{})
}

// rollout is what a rollout says, prompt and response.
func (c *codec) rollout(r generate.Rollout) (prompt, response string) {
	return c.tok.DecodeText(r.Prompt), c.text(r.Response)
}

func (c *codec) prompts(ps []dataset.Prompt, context int) ([]ppo.Prompt, error) {
	out := make([]ppo.Prompt, len(ps))
	for i, q := range ps {
		ids, err := c.question(q, context)
		if err != nil {
			return nil, err
		}
		out[i] = ppo.Prompt{ID: q.ID, Tokens: ids}
	}
	return out, nil
}

// writeJSON replaces a file by the JSON of v.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = durable.WriteFile(path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// readQuality is what the reward stage found, as the evaluation reports it; nil
// without one.
func (p *pipeline) readQuality() (*eval.RewardQuality, error) {
	b, err := os.ReadFile(filepath.Join(p.Dir, QualityFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var q reward.Quality
	if err == nil {
		err = json.Unmarshal(b, &q)
	}
	if err != nil {
		return nil, fmt.Errorf("run: %s: %w", QualityFile, err)
	}
	out := &eval.RewardQuality{Accuracy: q.Accuracy, LogLoss: q.LogLoss, ECE: q.ECE}
	for _, b := range q.Bins {
		if b.N > 0 {
			out.Bins = append(out.Bins, eval.Reliability{Predicted: b.Confidence, Observed: b.Accuracy.Estimate, N: b.N})
		}
	}
	return out, nil
}

// has lists those of the stages that make a model in this run.
func (p *pipeline) has(stages ...string) []string {
	return slices.DeleteFunc(slices.Clone(stages), func(s string) bool { return !p.Config.Has(s) })
}
