package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/reward"
	"plumbline/reward/scorers"
)

// ScorerSpec names a scorer of responses, as on a command line.
type ScorerSpec struct {
	Scorer scorers.Config // unless Reward is set
	Reward string         // directory of a reward model
}

// scorerForms is what ParseScorer reads.
const scorerForms = "vader, utility, lexicon:FILE, program:COMMAND ARGUMENTS or reward:DIR"

// ParseScorer reads vader, utility, lexicon:FILE, program:COMMAND ARGUMENTS (cut at white
// space, no shell in between) or reward:DIR.
func ParseScorer(text string) (ScorerSpec, error) {
	kind, what, named := strings.Cut(text, ":")
	c := scorers.Config{Kind: kind, Weight: 1}
	switch kind {
	case "reward":
		if what == "" {
			return ScorerSpec{}, fmt.Errorf("scorer: got %q, want reward:DIR", text)
		}
		return ScorerSpec{Reward: what}, nil
	case "lexicon":
		c.Path = what
	case "program":
		c.Command = strings.Fields(what)
	default:
		if named || kind == "rules" { // rules need more than a word
			return ScorerSpec{}, fmt.Errorf("scorer: got %q, want %s", text, scorerForms)
		}
	}
	if err := c.Validate(); err != nil {
		return ScorerSpec{}, fmt.Errorf("scorer: got %q, want %s", text, scorerForms)
	}
	return ScorerSpec{Scorer: c}, nil
}

// String names the scorer in tables.
func (s ScorerSpec) String() string {
	if s.Reward != "" {
		return "reward:" + s.Reward
	}
	return s.Scorer.Kind
}

// rater scores answers to prompts.
type rater struct {
	texts scorers.Scorer // nil = by the reward model
	model *reward.Model
	codec *codec
}

// open loads a reward model or starts a scorer; close ends it.
func (s ScorerSpec) open(rt *engine.Runtime) (*rater, error) {
	if s.Reward == "" {
		texts, err := scorers.New(s.Scorer)
		return &rater{texts: texts}, err
	}
	m, err := reward.Load(rt, s.Reward, models.Options{})
	if err != nil {
		return nil, err
	}
	c, err := newCodec(s.Reward)
	return &rater{model: m, codec: c}, err
}

func (r *rater) close() error {
	if r.texts == nil {
		return nil
	}
	return scorers.Close(r.texts)
}

// rate scores the answers to each prompt and returns the mean of each prompt.
func (r *rater) rate(ctx context.Context, prompts []dataset.Prompt, answers [][]answer) ([]float64, error) {
	var asked []dataset.Prompt
	var said []string
	for i, as := range answers {
		for _, a := range as {
			asked, said = append(asked, prompts[i]), append(said, a.Text)
		}
	}
	flat, err := r.score(ctx, asked, said)
	if err != nil {
		return nil, err
	}
	return perPromptMeans(flat, len(answers)), nil
}

// score scores an answer to each prompt. A reward model reads it as it was taught, with
// its own tokenizer and what ends a response.
func (r *rater) score(ctx context.Context, prompts []dataset.Prompt, said []string) ([]float64, error) {
	if r.model == nil {
		asked := make([]string, len(prompts))
		for i, p := range prompts {
			asked[i] = p.String()
		}
		return r.texts.Score(ctx, asked, said)
	}
	seqs := make([][]int32, len(prompts))
	for i, p := range prompts {
		s, err := r.codec.answered(p, said[i])
		if err != nil {
			return nil, err
		}
		seqs[i] = fit(s.Tokens, r.model.Decoder.Spec.Context)
	}
	return r.model.Score(seqs, max(4096, r.model.Decoder.Spec.Context))
}

// fit cuts what is longer than a context and keeps the token that ends it.
func fit(tokens []int32, context int) []int32 {
	if len(tokens) <= context {
		return tokens
	}
	return append(slices.Clone(tokens[:context-1]), tokens[len(tokens)-1])
}

// perPromptMeans are the means of equally many values for each of n prompts.
func perPromptMeans(flat []float64, n int) []float64 {
	means := make([]float64, n)
	k := len(flat) / n
	for i := range means {
		means[i] = sum(flat[i*k:(i+1)*k]) / float64(k)
	}
	return means
}
