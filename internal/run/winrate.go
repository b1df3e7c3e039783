package run

import (
	"context"
	"errors"
	"fmt"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/eval"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/models/lm"
)

// Contest lets two models answer the same prompts and compares the answers.
type Contest struct {
	A, B        string // directories of models
	Reference   string // that the KL is to; "" = no KL
	Prompts     []string
	Read        dataset.Options
	Most        int // prompts that are asked, the first of the files; 0 = all
	Samples     int // answers to each prompt, ≥ 1
	MaxTokens   int // of an answer, ≥ 1
	Temperature float64
	Batch       int // answers made at a time, ≥ 1; changes no result
	Scorer      ScorerSpec
	Boot        eval.Bootstrap // over prompts; its seed is that of the answers too
}

// Validate reports every fault.
func (c Contest) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(c.Most >= 0, "most", c.Most, "≥ 0; 0 takes all prompts")
	rule(c.Samples >= 1, "samples", c.Samples, "≥ 1")
	rule(c.Batch >= 1, "batch", c.Batch, "≥ 1")
	rule(c.Temperature > 0 || c.Reference == "", "temperature", c.Temperature, "> 0: greedy answers say nothing about the KL")
	return errors.Join(append(errs, c.sampling().Validate())...)
}

func (c Contest) sampling() generate.Options {
	return generate.Options{MaxNew: c.MaxTokens, Temperature: c.Temperature, Seed: c.Boot.Seed}
}

// Standing is what one side did. All but the share of distinct n-grams are means over
// prompts; that share falls in any resample with repetitions, so it has no interval.
type Standing struct {
	Side      string        `json:"side"` // a or b
	Model     string        `json:"model"`
	Score     eval.Interval `json:"score"`
	KL        *eval.KL      `json:"kl,omitempty"` // to the reference
	Length    eval.Interval `json:"length"`       // tokens
	Finished  eval.Interval `json:"finished"`     // share that came to an end by itself
	Distinct1 float64       `json:"distinct_1"`
	Distinct2 float64       `json:"distinct_2"`

	scores []float64 // by prompt
}

// Outcome is how B did against A.
type Outcome struct {
	Scorer  string        `json:"scorer"`
	Prompts int           `json:"prompts"`
	Samples int           `json:"samples"`
	Gain    eval.Interval `json:"gain"`     // of B over A, paired by prompt
	WinRate eval.WinRate  `json:"win_rate"` // of B; a prompt's answers count with their mean
}

// Run lets both sides answer and compares them.
func (c Contest) Run(ctx context.Context, rt *engine.Runtime) (sides []Standing, o Outcome, err error) {
	if err := c.Validate(); err != nil {
		return nil, o, fmt.Errorf("run: win rate: %w", err)
	}
	prompts, err := readAll(c.Prompts, c.Read, dataset.Prompts)
	if err != nil {
		return nil, o, err
	}
	if c.Most > 0 && c.Most < len(prompts) {
		prompts = prompts[:c.Most]
	}
	if len(prompts) < 2 {
		return nil, o, fmt.Errorf("run: win rate: got %d prompts in %v, want ≥ 2 for an interval", len(prompts), c.Prompts)
	}
	r, err := c.Scorer.open(rt)
	if err != nil {
		return nil, o, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for _, side := range [][2]string{{"a", c.A}, {"b", c.B}} {
		s := Standing{Side: side[0], Model: side[1]}
		if err := c.play(ctx, rt, r, prompts, &s); err != nil {
			return nil, o, fmt.Errorf("run: win rate: %s: %w", s.Model, err)
		}
		sides = append(sides, s)
	}
	o = Outcome{Scorer: c.Scorer.String(), Prompts: len(prompts), Samples: c.Samples}
	if o.Gain, err = c.Boot.Gain(sides[0].scores, sides[1].scores); err != nil {
		return nil, o, err
	}
	o.WinRate, err = c.Boot.WinRate(sides[0].scores, sides[1].scores)
	return sides, o, err
}

// play lets one side answer and measures it.
func (c Contest) play(ctx context.Context, rt *engine.Runtime, r *rater, prompts []dataset.Prompt, s *Standing) error {
	speaker, err := OpenSpeaker(rt, s.Model, "", c.Batch)
	if err != nil {
		return err
	}
	answers, err := speaker.respond(ctx, prompts, c.Samples, c.sampling())
	if err != nil {
		return err
	}
	if s.scores, err = r.rate(ctx, prompts, answers); err != nil {
		return err
	}
	if s.Score, err = c.Boot.Mean(s.scores); err != nil {
		return err
	}
	if err := c.shape(s, answers); err != nil || c.Reference == "" {
		return err
	}
	return c.divergence(rt, s, speaker, answers)
}

// shape measures what needs no model.
func (c Contest) shape(s *Standing, answers [][]answer) (err error) {
	var all [][]int32
	var lengths, finished []float64
	for _, as := range answers {
		for _, a := range as {
			all = append(all, a.Response)
			lengths, finished = append(lengths, float64(len(a.Response))), append(finished, indicator(a.Finished))
		}
	}
	var errs [4]error
	s.Length, errs[0] = c.Boot.Mean(perPromptMeans(lengths, len(answers)))
	s.Finished, errs[1] = c.Boot.Mean(perPromptMeans(finished, len(answers)))
	s.Distinct1, errs[2] = eval.Distinct(all, 1)
	s.Distinct2, errs[3] = eval.Distinct(all, 2)
	return errors.Join(errs[:]...)
}

// divergence is the KL to the reference on the side's own answers.
func (c Contest) divergence(rt *engine.Runtime, s *Standing, speaker *Speaker, answers [][]answer) error {
	ref, err := checkpoint.Load(c.Reference)
	if err != nil {
		return err
	}
	if got, want := ref.Decoder.Spec.Vocab, speaker.dec.Spec.Vocab; got != want {
		return fmt.Errorf("reference %s: got a vocabulary of %d tokens, want that of the model, %d", c.Reference, got, want)
	}
	var flat []answer
	for _, as := range answers {
		flat = append(flat, as...)
	}
	kl, err := c.Boot.KLTo(lm.New(rt, ref.Decoder, models.Options{}), texts(flat), logProbs(flat), c.Temperature, max(4096, ref.Decoder.Spec.Context))
	s.KL = &kl
	return err
}

// logProbs are those of the answers' tokens as they were sampled.
func logProbs(flat []answer) [][]float64 {
	rows := make([][]float64, len(flat))
	for i, a := range flat {
		for _, l := range a.LogProb {
			rows[i] = append(rows[i], float64(l))
		}
	}
	return rows
}
