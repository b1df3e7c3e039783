package run

import (
	"bytes"
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
	"plumbline/internal/random"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/models/lm"
	"plumbline/ppo"
	"plumbline/reward"
	"plumbline/reward/scorers"
	"plumbline/sft"
)

// ResponsesFile holds every response of the evaluation with its scores.
const ResponsesFile = "responses.jsonl"

func (p *pipeline) evalSpec() Spec {
	s := p.spec(StageEval, []string{StageBase, StageSFT, StageReward, StagePPO}, []string{"eval", "utility"})
	s.Output, s.Files = EvalFile, []string{ResponsesFile}
	return s
}

// eval lets every model of the run answer the same unseen prompts and compares them.
func (p *pipeline) eval(ctx context.Context) (err error) {
	ended := p.began(StageEval)
	m, err := p.newMeasure()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	names, dirs := p.models()
	for i, name := range names {
		if err := m.model(ctx, name, dirs[i]); err != nil {
			return fmt.Errorf("run: eval: %s: %w", name, err)
		}
	}
	if err := m.gains(names); err != nil {
		return err
	}
	if m.result.Reward, err = p.readQuality(); err != nil {
		return err
	}
	m.result.KL = p.Config.PPO.KLTarget
	if err := durable.WriteFile(filepath.Join(p.Dir, ResponsesFile), m.lines.Bytes()); err != nil {
		return fmt.Errorf("run: eval: %w", err)
	}
	if err := writeJSON(filepath.Join(p.Dir, EvalFile), m.result); err != nil {
		return err
	}
	ended(nil)
	return nil
}

// models are the models to compare, and where they are.
func (p *pipeline) models() (names, dirs []string) {
	if p.Config.Model.Path != "" && !p.Config.Has(StageBase) {
		names, dirs = append(names, StageBase), append(dirs, p.Config.Model.Path)
	}
	for _, s := range p.has(StageBase, StageSFT, StagePPO) {
		names, dirs = append(names, s), append(dirs, filepath.Join(p.dir.Stage(s), train.LastLink))
	}
	return names, dirs
}

// measure is an evaluation under way.
type measure struct {
	*pipeline
	codec   *codec
	prompts []dataset.Prompt
	heldOut []eval.Text
	truth   scorers.Scorer // nil without a utility
	reward  *reward.Model  // nil without a reward stage
	ref     *lm.Model      // that the KL is to: sft
	base    *lm.Model      // that fluency is under
	boot    eval.Bootstrap

	result    eval.Result
	lines     bytes.Buffer                    // of responses.jsonl
	perPrompt map[string]map[string][]float64 // figure -> model -> mean per prompt
}

func (p *pipeline) newMeasure() (*measure, error) {
	w, err := p.data()
	if err != nil {
		return nil, err
	}
	c := p.Config.Eval
	m := &measure{
		pipeline: p, prompts: w.unseen, perPrompt: map[string]map[string][]float64{"utility": {}, "reward": {}},
		boot: eval.Bootstrap{Seed: p.Config.Seed, Resamples: c.Resamples, Level: c.Level},
	}
	if c.Prompts > 0 && c.Prompts < len(m.prompts) {
		m.prompts = m.prompts[:c.Prompts]
	}
	if len(m.prompts) < 2 {
		return nil, fmt.Errorf("run: eval: got %d unseen prompts, want ≥ 2: raise data.eval_share or bring more data", len(m.prompts))
	}
	m.result.Prompts, m.result.Samples = len(m.prompts), c.Samples
	baseDir, err := p.last(StageBase)
	if err != nil {
		return nil, err
	}
	if m.codec, err = p.texts(baseDir); err != nil {
		return nil, err
	}
	base, err := checkpoint.Load(baseDir)
	if err != nil {
		return nil, err
	}
	m.base = lm.New(p.rt, base.Decoder, models.Options{})
	for _, d := range w.heldOut {
		for _, s := range sft.Document(m.codec.document(d), base.Decoder.Spec.Context) {
			m.heldOut = append(m.heldOut, eval.Text{Tokens: s.Tokens, From: 1})
		}
	}
	if len(p.Config.Utility) > 0 {
		if m.truth, err = scorers.New(p.Config.Utility...); err != nil {
			return nil, err
		}
	}
	if p.Config.Has(StageReward) {
		if m.reward, err = p.rewardModel(); err != nil {
			return nil, err
		}
	}
	return m, m.setReference()
}

func (m *measure) setReference() error {
	dir, err := m.last(StageSFT, StageBase)
	if err != nil {
		return err
	}
	ref, err := checkpoint.Load(dir)
	if err != nil {
		return err
	}
	m.ref = lm.New(m.rt, ref.Decoder, models.Options{})
	return nil
}

func (m *measure) close() error {
	if m.truth == nil {
		return nil
	}
	return scorers.Close(m.truth)
}

// model measures one model.
func (m *measure) model(ctx context.Context, name, dir string) error {
	answers, err := m.answers(ctx, dir)
	if err != nil {
		return err
	}
	f := eval.Figures{Model: name}
	var flat []answer
	for _, a := range answers {
		flat = append(flat, a...)
	}
	if err := m.shapes(&f, flat); err != nil {
		return err
	}
	scores, err := m.scores(ctx, &f, name, answers)
	if err != nil {
		return err
	}
	if err := m.divergence(&f, name, flat); err != nil {
		return err
	}
	if err := m.perplexities(&f, dir, flat); err != nil {
		return err
	}
	m.result.Models = append(m.result.Models, f)
	return m.write(name, answers, scores)
}

// answers lets the model in dir answer the prompts as PPO's rollouts do.
func (m *measure) answers(ctx context.Context, dir string) ([][]answer, error) {
	s, err := OpenSpeaker(m.rt, dir, "", m.Config.PPO.SampleBatch)
	if err != nil {
		return nil, err
	}
	e := m.Config.Eval
	o := generate.Options{MaxNew: m.Config.PPO.MaxNewTokens, Temperature: e.Temperature, Stop: m.codec.stop, Seed: random.New(m.Config.Seed, random.Key("eval")).Uint64()}
	return s.respond(ctx, m.prompts, e.Samples, o)
}

// shapes measures what needs no model.
func (m *measure) shapes(f *eval.Figures, flat []answer) (err error) {
	var responses [][]int32
	var lengths, finished []float64
	for _, a := range flat {
		responses = append(responses, a.Response)
		lengths = append(lengths, float64(len(a.Response)))
		finished = append(finished, indicator(a.Finished))
	}
	if f.Distinct2, err = eval.Distinct(responses, 2); err != nil {
		return err
	}
	if f.Length, err = interval(m.boot.Mean(lengths)); err != nil {
		return err
	}
	f.Finished, err = interval(m.boot.Mean(finished))
	return err
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// interval is the address of an interval, so that a figure can be absent.
func interval(i eval.Interval, err error) (*eval.Interval, error) {
	if err != nil {
		return nil, err
	}
	return &i, nil
}

// scores rates the answers and returns the scores of each by name.
func (m *measure) scores(ctx context.Context, f *eval.Figures, name string, answers [][]answer) (map[string][][]float64, error) {
	all := map[string][][]float64{}
	if m.truth != nil {
		var prompts, responses []string
		for i, as := range answers {
			for _, a := range as {
				prompts, responses = append(prompts, m.prompts[i].String()), append(responses, a.Text)
			}
		}
		flat, err := m.truth.Score(ctx, prompts, responses)
		if err != nil {
			return nil, err
		}
		all["utility"] = perPrompt(flat, m.Config.Eval.Samples)
	}
	if m.reward != nil {
		var seqs [][]int32
		for _, as := range answers {
			for _, a := range as {
				seqs = append(seqs, ppo.Ended(a.Rollout, m.codec.tok.Specials().EOS, m.reward.Decoder.Spec.Context))
			}
		}
		flat, err := m.reward.Score(seqs, m.Config.PPO.MicroTokens)
		if err != nil {
			return nil, err
		}
		all["reward"] = perPrompt(flat, m.Config.Eval.Samples)
	}
	for figure, rows := range all {
		means := make([]float64, len(rows))
		for i, row := range rows {
			for _, x := range row {
				means[i] += x / float64(len(row))
			}
		}
		m.perPrompt[figure][name] = means
		mean, err := interval(m.boot.Mean(means))
		if err != nil {
			return nil, err
		}
		if figure == "utility" {
			f.Utility = mean
		} else {
			f.Reward = mean
		}
	}
	return all, nil
}

func perPrompt(flat []float64, n int) (rows [][]float64) {
	for len(flat) > 0 {
		rows, flat = append(rows, flat[:n]), flat[n:]
	}
	return rows
}

// divergence measures how far the model moved from the reference, on its own answers.
func (m *measure) divergence(f *eval.Figures, name string, flat []answer) error {
	if name == StageBase {
		return nil
	}
	logprob := make([][]float64, len(flat))
	for i, a := range flat {
		for _, l := range a.LogProb {
			logprob[i] = append(logprob[i], float64(l))
		}
	}
	kl, err := m.boot.KLTo(m.ref, texts(flat), logprob, m.Config.Eval.Temperature, m.Config.PPO.MicroTokens)
	f.KL = &kl
	return err
}

// texts are answers as a model scores them: the response given the prompt.
func texts(flat []answer) []eval.Text {
	out := make([]eval.Text, len(flat))
	for i, a := range flat {
		out[i] = eval.Text{Tokens: slices.Concat(a.Prompt, a.Response), From: len(a.Prompt)}
	}
	return out
}

// perplexities measures the model on held-out documents, and its answers under the base.
func (m *measure) perplexities(f *eval.Figures, dir string, flat []answer) (err error) {
	micro := m.Config.PPO.MicroTokens
	if f.Fluency, err = interval(m.boot.PerplexityOf(m.base, texts(flat), micro)); err != nil || len(m.heldOut) < 2 {
		return err
	}
	own, err := checkpoint.Load(dir)
	if err != nil {
		return err
	}
	f.Perplexity, err = interval(m.boot.PerplexityOf(lm.New(m.rt, own.Decoder, models.Options{}), m.heldOut, micro))
	return err
}

// gains compares each model with the one before it, prompt by prompt.
func (m *measure) gains(names []string) error {
	for i := 1; i < len(names); i++ {
		for _, figure := range []string{"utility", "reward"} {
			before, after := m.perPrompt[figure][names[i-1]], m.perPrompt[figure][names[i]]
			if before == nil || after == nil {
				continue
			}
			g := eval.Gain{Model: names[i], Over: names[i-1], Figure: figure}
			var err error
			if g.Gain, err = m.boot.Gain(before, after); err != nil {
				return err
			}
			if g.WinRate, err = m.boot.WinRate(before, after); err != nil {
				return err
			}
			m.result.Gains = append(m.result.Gains, g)
		}
	}
	return nil
}

// write adds a model's answers to responses.jsonl.
func (m *measure) write(name string, answers [][]answer, scores map[string][][]float64) error {
	enc := json.NewEncoder(&m.lines)
	enc.SetEscapeHTML(false)
	for i, as := range answers {
		for k, a := range as {
			s := train.Sample{Stage: StageEval, Model: name, ID: m.prompts[i].ID, Prompt: m.prompts[i].String(), Response: a.Text, Scores: map[string]float64{}}
			for figure, rows := range scores {
				s.Scores[figure] = rows[i][k]
			}
			if err := enc.Encode(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReadResult reads what the evaluation of a run found; nil where it has none.
func ReadResult(dir string) (*eval.Result, error) {
	b, err := os.ReadFile(filepath.Join(dir, EvalFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	r := &eval.Result{}
	if err == nil {
		err = json.Unmarshal(b, r)
	}
	if err != nil {
		return nil, fmt.Errorf("run: %s: %w", EvalFile, err)
	}
	return r, nil
}
