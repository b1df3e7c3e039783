package run

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"plumbline/internal/dataset"
	"plumbline/internal/dataset/synthetic"
	"plumbline/labeling/simulate"
	"plumbline/models"
	"plumbline/models/families"
	"plumbline/ppo"
	"plumbline/reward"
	"plumbline/reward/scorers"
	"plumbline/sft"
)

// The stages of a pipeline, in order.
const (
	StageBase   = "base"
	StageSFT    = "sft"
	StageSample = "sample"
	StageLabel  = "label"
	StageReward = "reward"
	StagePPO    = "ppo"
	StageEval   = "eval"
)

// Stages lists all stages in the order in which they run.
func Stages() []string {
	return []string{StageBase, StageSFT, StageSample, StageLabel, StageReward, StagePPO, StageEval}
}

// Config is a run file.
type Config struct {
	Name    string   `mapstructure:"name"`    // of the run and its directory
	Seed    uint64   `mapstructure:"seed"`    // decides every random number
	Threads int      `mapstructure:"threads"` // 0 = all cores; changes no result
	Stages  []string `mapstructure:"stages"`  // which stages run

	Model   ModelConfig      `mapstructure:"model"`
	Data    DataConfig       `mapstructure:"data"`
	Base    sft.Config       `mapstructure:"base"`
	SFT     sft.Config       `mapstructure:"sft"`
	Sample  SampleConfig     `mapstructure:"sample"`
	Label   LabelConfig      `mapstructure:"label"`
	Reward  reward.Config    `mapstructure:"reward"`
	Score   ScoreConfig      `mapstructure:"score"`   // what PPO maximises
	Utility []scorers.Config `mapstructure:"utility"` // the true utility, for simulated annotators and the evaluation
	PPO     ppo.Config       `mapstructure:"ppo"`
	Eval    EvalConfig       `mapstructure:"eval"`
}

// ModelConfig says what the pipeline starts from: a checkpoint, or new weights and a
// tokenizer trained on data.text.
type ModelConfig struct {
	Path    string `mapstructure:"path"`    // directory of a checkpoint; "" = make one
	Family  string `mapstructure:"family"`  // of a new model: gpt2 or llama
	Vocab   int    `mapstructure:"vocab"`   // tokens of its tokenizer
	Pattern string `mapstructure:"pattern"` // of its tokenizer: how text is cut into words; "" is GPT-2's
	Width   int    `mapstructure:"width"`   // d
	Layers  int    `mapstructure:"layers"`
	Heads   int    `mapstructure:"heads"`
	KVHeads int    `mapstructure:"kv_heads"` // llama: divides heads
	FFN     int    `mapstructure:"ffn"`      // inner width of the MLP
	Context int    `mapstructure:"context"`  // tokens
}

// Spec is the spec of a new model over a vocabulary.
func (m ModelConfig) Spec(vocab int, eos int32) models.Spec {
	s := models.Spec{
		Family: m.Family, Vocab: vocab, Width: m.Width, Layers: m.Layers, Heads: m.Heads, KV: m.KVHeads, Head: m.Width / max(1, m.Heads),
		FFN: m.FFN, Context: m.Context, Tied: true, InitStd: .02, EOS: []int32{eos}, BOS: []int32{eos}, Eps: 1e-5,
		Norm: models.RMSNorm, Position: models.RotaryPositions, Activation: models.SwiGLU,
	}
	s.Rotary = models.Rotary{Base: 10000, Dim: s.Head}
	if m.Family == "gpt2" {
		s.Norm, s.Position, s.Activation = models.LayerNorm, models.LearnedPositions, models.GELUTanh
		s.QKVBias, s.OutBias, s.MLPBias, s.KV, s.Rotary = true, true, true, m.Heads, models.Rotary{}
	}
	return s
}

// DataConfig says what is read. Either synthetic is used, or the files are.
type DataConfig struct {
	Synthetic *synthetic.Options `mapstructure:"synthetic"` // the bilingual world that comes with the program

	Text     []string        `mapstructure:"text"`     // corpora: pretraining, ptx, held-out perplexity
	Examples []string        `mapstructure:"examples"` // demonstrations
	Prompts  []string        `mapstructure:"prompts"`  // for sampling, PPO and evaluation
	Read     dataset.Options `mapstructure:"read"`     // how the files are read

	Comparisons     []string `mapstructure:"comparisons"`      // judged before: the reward model learns from them, with what the label stage gives
	EvalComparisons []string `mapstructure:"eval_comparisons"` // those it is measured by; none: reward.eval_share of the prompts

	Story *StoryConfig `mapstructure:"story"` // make examples and prompts out of text

	EvalShare float64 `mapstructure:"eval_share"` // of documents and prompts kept for evaluation, in (0, 1)
}

// StoryConfig turns a document into a prompt, its beginning, and a response, the rest.
type StoryConfig struct {
	PromptWords int `mapstructure:"prompt_words"` // words of the beginning
}

// SampleConfig says how candidates for the annotators are made.
type SampleConfig struct {
	Prompts     int      `mapstructure:"prompts"`     // how many are answered
	Pairs       int      `mapstructure:"pairs"`       // items to judge per prompt
	K           int      `mapstructure:"k"`           // candidates of an item; 2 = a pair
	BestOf      int      `mapstructure:"best_of"`     // 0, or > k: the best of so many answers and others at random are shown
	Redraws     int      `mapstructure:"redraws"`     // times that an answer which repeats another of its item is drawn anew
	Temperature float64  `mapstructure:"temperature"` // > 0
	MaxTokens   int      `mapstructure:"max_tokens"`
	Batch       int      `mapstructure:"batch"`    // sequences at a time; changes no result
	Priority    Priority `mapstructure:"priority"` // what is judged first: none, random, margin, disagreement or diversity
	Rewards     []string `mapstructure:"rewards"`  // directories of reward models, for best_of, margin and disagreement
}

// candidates are those of a model's answers.
func (s SampleConfig) candidates(dir string, seed uint64) Candidates {
	return Candidates{
		Arms: []Arm{{Model: dir, Temperature: s.Temperature, Source: "sft"}}, K: s.K, Least: 2, BestOf: s.BestOf, Redraws: s.Redraws,
		MaxTokens: s.MaxTokens, Batch: s.Batch, Seed: seed, Rewards: s.Rewards, Priority: s.Priority,
	}
}

// LabelConfig says who judges.
type LabelConfig struct {
	Mode       string            `mapstructure:"mode"`    // simulate, or open: a person at this terminal
	Overlap    int               `mapstructure:"overlap"` // judgements per pair
	Scale      float64           `mapstructure:"scale"`   // gap in utility that simulated annotators call significant
	Annotators []AnnotatorConfig `mapstructure:"annotators"`
}

// AnnotatorConfig is a number of simulated annotators alike.
type AnnotatorConfig struct {
	Count              int `mapstructure:"count"`
	simulate.Annotator `mapstructure:",squash"`
}

// crowd lists the annotators one by one.
func (l LabelConfig) crowd() []simulate.Annotator {
	var all []simulate.Annotator
	for _, a := range l.Annotators {
		all = append(all, simulate.Crowd(a.Count, a.Annotator)...)
	}
	return all
}

// ScoreConfig is a weighted sum of judges of a response.
type ScoreConfig struct {
	Model  float64          `mapstructure:"model"`  // weight of the reward model; 0 = not used
	Others []scorers.Config `mapstructure:"others"` // lexicon, rules, program, ...; each with its weight
}

// Validate reports every fault but those of the others.
func (s ScoreConfig) Validate() error {
	if math.IsNaN(s.Model) || math.IsInf(s.Model, 0) {
		return fmt.Errorf("model: got %v, want a finite number", s.Model)
	}
	if s.Model == 0 && len(s.Others) == 0 {
		return errors.New("model: got 0 and no others, want something to maximise")
	}
	return nil
}

// EvalConfig says how the checkpoints are compared.
type EvalConfig struct {
	Prompts     int     `mapstructure:"prompts"`     // unseen ones; 0 = all there are
	Samples     int     `mapstructure:"samples"`     // responses per prompt
	Temperature float64 `mapstructure:"temperature"` // > 0; that of PPO, for the KL to mean the same
	Resamples   int     `mapstructure:"resamples"`   // of the bootstrap
	Level       float64 `mapstructure:"level"`       // of the intervals, in (0, 1)
	Shown       int     `mapstructure:"shown"`       // prompts whose responses go into the report
}

// DefaultConfig is the ground that run files are laid over.
func DefaultConfig() Config {
	base := sft.DefaultConfig()
	base.OptimizerConfig.LR = 1e-3
	return Config{
		Name: "run", Seed: 1, Stages: Stages(),
		Model:  ModelConfig{Family: "llama", Vocab: 1024, Width: 128, Layers: 4, Heads: 4, KVHeads: 2, FFN: 352, Context: 256},
		Data:   DataConfig{Synthetic: ptr(synthetic.DefaultOptions()), Story: &StoryConfig{PromptWords: 12}, EvalShare: .05},
		Base:   base,
		SFT:    sft.DefaultConfig(),
		Sample: SampleConfig{Prompts: 200, Pairs: 1, K: 2, Redraws: 4, Temperature: 1, MaxTokens: 64, Batch: 64, Priority: ByNothing},
		Label:  LabelConfig{Mode: "simulate", Overlap: 3, Scale: 1, Annotators: []AnnotatorConfig{{5, simulate.Annotator{Handle: "sim", Skill: .85, Seconds: 30}}}},
		Reward: reward.DefaultConfig(),
		Score:  ScoreConfig{Model: 1},
		PPO:    ppo.DefaultConfig(),
		Eval:   EvalConfig{Samples: 1, Temperature: 1, Resamples: 2000, Level: .95, Shown: 8},
	}
}

func ptr[T any](v T) *T { return &v }

// Has tells whether a stage runs.
func (c Config) Has(stage string) bool { return slices.Contains(c.Stages, stage) }

// Validate reports the faults of the settings that are not in a section of another
// package.
func (c Config) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(c.Name != "" && !strings.ContainsAny(c.Name, "/\\\x00") && c.Name[0] != '.', "name", fmt.Sprintf("%q", c.Name), "a plain file name")
	rule(c.Threads >= 0, "threads", c.Threads, "≥ 0")
	rule(len(c.Stages) > 0, "stages", c.Stages, "at least one of "+strings.Join(Stages(), ", "))
	for i, s := range c.Stages {
		rule(slices.Contains(Stages(), s), fmt.Sprintf("stages[%d]", i), s, "one of "+strings.Join(Stages(), ", "))
	}
	rule(!c.Has(StageLabel) || c.Has(StageSample), "stages", "no sample", "it before label: somebody must answer before somebody judges")
	rule(!c.Has(StageReward) || c.Has(StageLabel) || len(c.Data.Comparisons) > 0, "stages", "no label", "it before reward, or data.comparisons, to learn from")
	rule(!c.Has(StagePPO) || c.Score.Model == 0 || c.Has(StageReward), "score.model", c.Score.Model, "0, or stage reward, which makes the reward model")
	rule(c.Data.Synthetic != nil || len(c.Data.Text)+len(c.Data.Examples)+len(c.Data.Prompts)+len(c.Data.Comparisons) > 0, "data", "no data", "synthetic, text, examples, prompts or comparisons")
	return errors.Join(errs...)
}

// Validate reports every fault.
func (m ModelConfig) Validate() error {
	if m.Path != "" {
		return nil
	}
	var errs []error
	if _, err := families.Named(m.Family); err != nil {
		errs = append(errs, fmt.Errorf("family: got %q, want gpt2 or llama", m.Family))
	}
	if m.Vocab < 260 {
		errs = append(errs, fmt.Errorf("vocab: got %d, want ≥ 260: every byte has a token", m.Vocab))
	}
	if m.Heads < 1 || m.Width%m.Heads != 0 {
		errs = append(errs, fmt.Errorf("heads: got %d, want a divisor of width (%d)", m.Heads, m.Width))
	}
	if m.KVHeads < 1 || m.Heads%m.KVHeads != 0 {
		errs = append(errs, fmt.Errorf("kv_heads: got %d, want a divisor of heads (%d)", m.KVHeads, m.Heads))
	}
	for _, n := range []struct {
		key string
		n   int
	}{{"width", m.Width}, {"layers", m.Layers}, {"ffn", m.FFN}, {"context", m.Context}} {
		if n.n < 1 {
			errs = append(errs, fmt.Errorf("%s: got %d, want ≥ 1", n.key, n.n))
		}
	}
	return errors.Join(errs...)
}

// Validate reports every fault.
func (d DataConfig) Validate() error {
	var errs []error
	if !(d.EvalShare > 0 && d.EvalShare < 1) {
		errs = append(errs, fmt.Errorf("eval_share: got %v, want > 0 and < 1", d.EvalShare))
	}
	if d.Synthetic != nil && len(d.Text)+len(d.Examples)+len(d.Prompts) > 0 {
		errs = append(errs, errors.New("synthetic: got it and text, examples or prompts, want one or the other"))
	}
	if d.Story != nil && d.Story.PromptWords < 1 {
		errs = append(errs, fmt.Errorf("story.prompt_words: got %d, want ≥ 1", d.Story.PromptWords))
	}
	return errors.Join(errs...)
}

// Validate reports every fault.
func (s SampleConfig) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(s.Prompts >= 1, "prompts", s.Prompts, "≥ 1")
	rule(s.Pairs >= 1, "pairs", s.Pairs, "≥ 1")
	rule(s.Temperature > 0, "temperature", s.Temperature, "> 0")
	if s.Temperature > 0 { // or the fault would be there twice
		errs = append(errs, s.candidates("", 0).Validate())
	}
	return errors.Join(errs...)
}

// Validate reports every fault.
func (l LabelConfig) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(l.Mode == "simulate" || l.Mode == "open", "mode", l.Mode, "simulate or open")
	rule(l.Overlap >= 1 && l.Overlap <= 15, "overlap", l.Overlap, "1 to 15")
	rule(l.Scale > 0 && !math.IsInf(l.Scale, 0), "scale", l.Scale, "> 0")
	handles := map[string]bool{}
	for i, a := range l.Annotators {
		rule(a.Count >= 1, fmt.Sprintf("annotators[%d].count", i), a.Count, "≥ 1")
		rule(!handles[a.Handle], fmt.Sprintf("annotators[%d].handle", i), fmt.Sprintf("%q", a.Handle), "a name of its own")
		handles[a.Handle] = true
	}
	n := len(l.crowd())
	rule(l.Mode == "open" || n >= l.Overlap, "annotators", n, fmt.Sprintf("≥ overlap (%d): nobody judges a pair twice", l.Overlap))
	return errors.Join(errs...)
}

// Validate reports every fault.
func (e EvalConfig) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(e.Prompts >= 0, "prompts", e.Prompts, "≥ 0; 0 takes all")
	rule(e.Samples >= 1, "samples", e.Samples, "≥ 1")
	rule(e.Temperature > 0, "temperature", e.Temperature, "> 0")
	rule(e.Resamples >= 100, "resamples", e.Resamples, "≥ 100")
	rule(e.Level > 0 && e.Level < 1, "level", e.Level, "> 0 and < 1")
	rule(e.Shown >= 0, "shown", e.Shown, "≥ 0")
	return errors.Join(errs...)
}
