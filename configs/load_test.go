package configs

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Shared is squashed into the sections that train.
type Shared struct {
	LR    float64 `mapstructure:"lr"`
	Steps int     `mapstructure:"steps"`
}

type lora struct {
	Rank int8 `mapstructure:"rank"`
}

func (l lora) Validate() error {
	if l.Rank < 1 {
		return fmt.Errorf("rank: got %d, want ≥ 1", l.Rank)
	}
	return nil
}

type source struct {
	Kind   string  `mapstructure:"kind"`
	Weight float32 `mapstructure:"weight"`
}

func (s source) Validate() error {
	if s.Kind == "" {
		return errors.New(`kind: got "", want model or lexicon`)
	}
	return nil
}

type ppo struct {
	Shared    `mapstructure:",squash"`
	ClipRange float64       `mapstructure:"clip_range"`
	KLCoef    float64       `mapstructure:"kl_coef"`
	Whiten    bool          `mapstructure:"whiten"`
	Timeout   time.Duration `mapstructure:"timeout"`
	LoRA      *lora         `mapstructure:"lora"`
	Sources   []source      `mapstructure:"sources"`
}

func (p ppo) Validate() error {
	var errs []error
	if !(p.ClipRange > 0 && p.ClipRange < 1) {
		errs = append(errs, fmt.Errorf("clip_range: got %v, want > 0 and < 1", p.ClipRange))
	}
	if !(p.KLCoef >= 0) {
		errs = append(errs, fmt.Errorf("kl_coef: got %v, want ≥ 0", p.KLCoef))
	}
	return errors.Join(errs...)
}

type runFile struct {
	Seed   uint64   `mapstructure:"seed"`
	Model  string   `mapstructure:"model"`
	Stages []string `mapstructure:"stages"`
	SFT    *Shared  `mapstructure:"sft"`
	PPO    ppo      `mapstructure:"ppo"`
}

func (r runFile) Validate() error {
	var errs []error
	if r.Model == "" {
		errs = append(errs, errors.New(`model: got "", want a directory`))
	}
	if err := r.PPO.Validate(); err != nil { // passed on by the parent, as a library would
		for _, e := range flatten(err) {
			errs = append(errs, fmt.Errorf("ppo.%w", e))
		}
	}
	return errors.Join(errs...)
}

func defaults() runFile {
	return runFile{
		Seed: 1, Model: "tiny", Stages: []string{"sft", "ppo"},
		SFT: &Shared{LR: 1e-3, Steps: 100},
		PPO: ppo{Shared: Shared{1e-5, 50}, ClipRange: .2, KLCoef: .05, Timeout: time.Minute, LoRA: &lora{8}, Sources: []source{{"model", 1}, {"lexicon", .5}}},
	}
}

// write makes a run file and returns its path.
func write(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad_Precedence(t *testing.T) {
	path := write(t, "seed: 7\nppo:\n  kl_coef: 1\n  clip_range: 0.3\n  lr: 1e-4\n")
	env := []string{"PLUMB_PPO_CLIP_RANGE=0.4", "PLUMB_PPO_LR=2e-4", "PLUMB_SHARED=/data", "HOME=/root"}
	got, err := load(path, defaults(), []string{"ppo.lr=3e-4", "model=2024"}, env)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Seed, want.Model, want.SFT = 7, "2024", nil
	want.PPO.KLCoef, want.PPO.ClipRange, want.PPO.LR, want.PPO.LoRA = 1, .4, 3e-4, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLoad_SectionsAndLists(t *testing.T) {
	def := defaults()
	for _, tt := range []struct {
		name, yaml string
		change     func(*runFile)
	}{
		{"an optional section keeps its defaults", "sft: {steps: 9}", func(c *runFile) { c.SFT = &Shared{1e-3, 9} }},
		{"an empty section is mentioned", "sft:\n", func(c *runFile) { c.SFT = &Shared{1e-3, 100} }},
		{"nested", "ppo: {lora: {}}", func(c *runFile) { c.PPO.LoRA = &lora{8} }},
		{
			"a list replaces the default, its elements begin at zero", "ppo: {sources: [{kind: program}]}",
			func(c *runFile) { c.PPO.Sources = []source{{Kind: "program"}} },
		},
		{"empty list", "stages: []", func(c *runFile) { c.Stages = []string{} }},
		{"duration", "ppo: {timeout: 2h}", func(c *runFile) { c.PPO.Timeout = 2 * time.Hour }},
		{"alias", "model: &m base\nstages: [*m]", func(c *runFile) { c.Model, c.Stages = "base", []string{"base"} }},
		{"nothing", "# only a comment", func(*runFile) {}},
		{"largest seed", "seed: 18446744073709551615", func(c *runFile) { c.Seed = math.MaxUint64 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults()
			want.SFT, want.PPO.LoRA = nil, nil
			tt.change(&want)
			got, err := load(write(t, tt.yaml), def, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
	if !reflect.DeepEqual(def, defaults()) {
		t.Errorf("Load changed the defaults: %+v", def)
	}
}

// Each wrong file, and all that must be said about it, in order.
func TestLoad_Faults(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		sets, env  []string
		want       []string
	}{
		{name: "misspelt key", yaml: "ppo:\n  clip_rnage: 0.1", want: []string{":2: ppo.clip_rnage: unknown key; did you mean ppo.clip_range?"}},
		{name: "wrong section", yaml: "clip_range: 0.1", want: []string{":1: clip_range: unknown key; did you mean ppo.clip_range?"}},
		{name: "wrong case", yaml: "Seed: 1", want: []string{":1: Seed: unknown key; did you mean seed?"}},
		{name: "nothing like it", yaml: "frobnicate: 1", want: []string{":1: frobnicate: unknown key"}},
		{name: "fraction for int", yaml: "ppo: {steps: 2.7}", want: []string{":1: ppo.steps: got 2.7, want a whole number"}},
		{name: "exponent for int", yaml: "ppo: {steps: 1e3}", want: []string{":1: ppo.steps: got 1e3, want a whole number"}},
		{name: "quoted int", yaml: `ppo: {steps: "4"}`, want: []string{`:1: ppo.steps: got "4", want a whole number`}},
		{name: "quoted float", yaml: `ppo: {lr: "0.1"}`, want: []string{`:1: ppo.lr: got "0.1", want a number`}},
		{name: "nothing for a number", yaml: "seed: 1\nppo:\n  lr:\n", want: []string{":3: ppo.lr: got nothing, want a number"}},
		{name: "negative seed", yaml: "seed: -1", want: []string{":1: seed: got -1, want a whole number, ≥ 0, of 64 bits"}},
		{name: "too large for its type", yaml: "ppo: {lora: {rank: 300}}", want: []string{":1: ppo.lora.rank: got 300, want a whole number of 8 bits"}},
		{name: "yes is text", yaml: "ppo: {whiten: yes}", want: []string{`:1: ppo.whiten: got "yes", want true or false`}},
		{name: "number for text", yaml: "model: 12", want: []string{":1: model: got 12, want text; put it in quotes"}},
		{name: "number for a list", yaml: "stages: sft", want: []string{`:1: stages: got "sft", want a list`}},
		{name: "wrong element", yaml: "stages: [sft,\n 3]", want: []string{":2: stages[1]: got 3, want text; put it in quotes"}},
		{name: "list for a section", yaml: "ppo: [1]", want: []string{":1: ppo: got a list, want a section with keys of its own"}},
		{name: "section for a number", yaml: "seed: {a: 1}", want: []string{":1: seed: got a section, want a whole number, ≥ 0"}},
		{name: "bare duration", yaml: "ppo: {timeout: 90}", want: []string{":1: ppo.timeout: got 90, want a duration such as 90s or 2h"}},
		{name: "twice", yaml: "seed: 1\nseed: 2", want: []string{":2: seed: set twice; first in line 1"}},
		{name: "top is a list", yaml: "- 1", want: []string{":1: got a list, want a section with keys of its own"}},
		{name: "not YAML", yaml: "ppo:\n  lr: [1\nseed: 2", want: []string{":2: not YAML: did not find expected ',' or ']'"}},
		{name: "not YAML in its first line", yaml: "}", want: []string{":1: not YAML: did not find expected node content"}},
		{name: "two values", yaml: "seed: 1\nmodel: a: b", want: []string{":2: not YAML: mapping values are not allowed in this context"}},
		{name: "dedented key", yaml: "ppo:\n    lr: 1\n  kl_coef: 2", want: []string{":3: not YAML: did not find expected key"}},
		{name: "tab", yaml: "ppo:\n\tlr: 1", want: []string{":2: not YAML: found character that cannot start any token"}},
		{name: "two documents", yaml: "seed: 1\n---\nseed: 2", want: []string{":2: got a second YAML document, want one"}},
		{name: "out of range", yaml: "seed: 1\nppo:\n  clip_range: 2", want: []string{":3: ppo.clip_range: got 2, want > 0 and < 1"}},
		{name: "not a number", yaml: "ppo: {clip_range: .nan}", want: []string{":1: ppo.clip_range: got NaN, want > 0 and < 1"}},
		{name: "inside a list", yaml: "ppo:\n  sources:\n    - weight: 1", want: []string{`:3: ppo.sources[0].kind: got "", want model or lexicon`}},
		{name: "inside an optional section", yaml: "ppo:\n  lora:\n    rank: 0", want: []string{":3: ppo.lora.rank: got 0, want ≥ 1"}},
		{name: "all at once", yaml: "sed: 1\nppo:\n  lr: x\n  kl_coef: no", want: []string{
			":1: sed: unknown key; did you mean seed?", `:3: ppo.lr: got "x", want a number`, `:4: ppo.kl_coef: got "no", want a number`,
		}},
		{name: "all refusals at once", yaml: "ppo:\n  clip_range: 2\n  kl_coef: -1\nmodel: ''", want: []string{
			`:4: model: got "", want a directory`, ":2: ppo.clip_range: got 2, want > 0 and < 1", ":3: ppo.kl_coef: got -1, want ≥ 0",
		}},
		{name: "--set without =", sets: []string{"seed"}, want: []string{`configs: --set: got "seed", want KEY=VALUE`}},
		{name: "--set unknown", sets: []string{"ppo.klcoef=1"}, want: []string{"configs: --set: ppo.klcoef: unknown key; did you mean ppo.kl_coef?"}},
		{name: "--set wrong type", sets: []string{"ppo.steps=many"}, want: []string{`configs: --set: ppo.steps: got "many", want a whole number`}},
		{name: "--set nothing", sets: []string{"ppo.steps="}, want: []string{`configs: --set: ppo.steps: got "", want a whole number`}},
		{name: "--set out of range", sets: []string{"ppo.kl_coef=-1"}, want: []string{"configs: --set: ppo.kl_coef: got -1, want ≥ 0"}},
		{name: "environment unknown", env: []string{"PLUMB_PPO_KLCOEF=1"}, want: []string{"configs: PLUMB_PPO_KLCOEF: unknown key; did you mean PLUMB_PPO_KL_COEF?"}},
		{name: "environment wrong type", env: []string{"PLUMB_PPO_STEPS=2.5"}, want: []string{"configs: PLUMB_PPO_STEPS: ppo.steps: got 2.5, want a whole number"}},
		{name: "environment out of range", env: []string{"PLUMB_PPO_CLIP_RANGE=0"}, want: []string{"configs: PLUMB_PPO_CLIP_RANGE: ppo.clip_range: got 0, want > 0 and < 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, tt.yaml)
			_, err := load(path, defaults(), tt.sets, tt.env)
			if !IsFault(err) {
				t.Fatalf("err = %v, want an *Error", err)
			}
			got := strings.Split(err.Error(), "\n")
			for i, line := range got {
				if i >= len(tt.want) || !strings.HasSuffix(line, tt.want[i]) || strings.Contains(line, ": :") {
					t.Errorf("fault %d: got %q, want it to end in %q", i, line, tt.want[min(i, len(tt.want)-1)])
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("got %d faults, want %d:\n%v", len(got), len(tt.want), err)
			}
		})
	}
}

func TestLoad_NoFile(t *testing.T) {
	_, err := load("nowhere.yaml", defaults(), nil, nil)
	want := "configs: nowhere.yaml: no such file; the built-in ones are "
	if !IsFault(err) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("err = %v, want it to begin %q", err, want)
	}
	if _, err := load(t.TempDir(), defaults(), nil, nil); !IsFault(err) || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: err = %v", err)
	}
}

func TestLoad_BuiltIn(t *testing.T) {
	t.Chdir(t.TempDir()) // no quickstart.yaml here
	if b, err := Open("quickstart.yaml"); err != nil || len(b) == 0 {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
}

// What Resolved writes must load to the same config, with no defaults to help.
func TestResolved_LoadsBack(t *testing.T) {
	want := defaults()
	want.PPO.LoRA = nil
	want.Model = `a "quoted: # name`
	b, err := Resolved(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := load(write(t, string(b)), runFile{SFT: &Shared{}}, nil, nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, b)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v from\n%s", got, want, b)
	}
}

func TestJSONSchema(t *testing.T) {
	b, err := JSONSchema(defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"additionalProperties": false`, `"clip_range": {`, `"default": "1m0s"`, `"minimum": 0`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in\n%s", want, b)
		}
	}
}

type withMap struct{ Extra map[string]int }

func (withMap) Validate() error { return nil }

func TestLoad_RefusesMaps(t *testing.T) {
	_, err := load("", withMap{}, nil, nil)
	if want := "extra: configs: schema: got a field of type map[string]int"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("err = %v, want it to begin %q", err, want)
	}
}

// Any file is refused with a place or gives a config that writes and loads back.
func FuzzLoad(f *testing.F) {
	f.Add("seed: 7\nppo: {kl_coef: 1, sources: [{kind: a}]}\nsft:\n")
	f.Add("a: &a [*a]\nstages: *a")
	f.Add("stages: [!!binary aGk=, ~]\nmodel: !x 1")
	f.Add("? [a]\n: b\n<<: {seed: 1}")
	f.Fuzz(func(t *testing.T, yaml string) {
		cfg, err := load(write(t, yaml), defaults(), nil, nil)
		if err != nil {
			if !IsFault(err) {
				t.Errorf("err = %v, want an *Error", err)
			}
			return
		}
		b, err := Resolved(cfg)
		if err != nil {
			t.Fatal(err)
		}
		def := defaults()
		again, err := load(write(t, string(b)), def, nil, nil)
		if err != nil || !reflect.DeepEqual(again, cfg) {
			t.Errorf("written back: got %+v, %v\nwant %+v", again, err, cfg)
		}
	})
}
