package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"plumbline/internal/run"
)

// badCase is a command line that must fail, and how.
type badCase struct {
	name   string
	args   []string // after "run"; FILE, OUT and MODEL stand for paths of the case
	file   string   // content of the run file
	change func(t *testing.T, c scene)
	env    string   // NAME=value
	code   int      // exit status
	want   []string // on standard error
}

// scene is where a case happens.
type scene struct {
	dir   string // everything below is the case's own
	file  string // run file
	out   string // run directory; a finished run where the case says so
	model string // a checkpoint
}

func (b scene) fill(s string) string {
	return strings.NewReplacer("FILE", b.file, "OUT", b.out, "MODEL", b.model, "DIR", b.dir).Replace(s)
}

// TestBadInput_Settings: nothing is started, and the message names file, line and key.
func TestBadInput_Settings(t *testing.T) {
	runBad(t, scene{}, []badCase{
		{name: "unknown key", file: "ppo:\n  kl_coeff: 1\n", code: 2, want: []string{"run.yaml:2: ppo.kl_coeff: unknown key; did you mean ppo.kl_coef?"}},
		{name: "unknown section", file: "seed: 1\npoo:\n  kl_coef: 1\n", code: 2, want: []string{"run.yaml:2: poo: unknown key; did you mean ppo?"}},
		{name: "wrong type", file: "seed: 1\nbase: {steps: many}\n", code: 2, want: []string{"run.yaml:2: base.steps: got", "many"}},
		{name: "a list where a number is wanted", file: "base: {lr: [1, 2]}\n", code: 2, want: []string{"run.yaml:1: base.lr: got"}},
		{name: "a fraction where a count is wanted", file: "base: {steps: 1.5}\n", code: 2, want: []string{"run.yaml:1: base.steps: got", "1.5"}},
		{name: "negative seed", file: "seed: -1\n", code: 2, want: []string{"run.yaml:1: seed: got", "-1"}},
		{name: "out of range", file: "ppo:\n  clip_range: 1\n", code: 2, want: []string{"run.yaml:2: ppo.clip_range: got 1, want > 0 and < 1"}},
		{name: "not a number", file: "ppo: {clip_range: .nan}\n", code: 2, want: []string{"run.yaml:1: ppo.clip_range: got NaN, want > 0 and < 1"}},
		{name: "several faults at once", file: "seed: x\nppo: {kl_coeff: 1}\nbase:\n  steps: 0.5\n", code: 2, want: []string{"run.yaml:1: seed:", "run.yaml:2: ppo.kl_coeff:", "run.yaml:4: base.steps:"}},
		{
			name: "several values out of range", file: "base: {steps: 0, lr: -1}\nsft: {beta1: 2}\neval: {level: 1}\n", code: 2,
			want: []string{"run.yaml:1: base.steps: got 0, want ≥ 1", "run.yaml:1: base.lr: got -1, want > 0", "run.yaml:2: sft.beta1: got 2, want in [0, 1)", "run.yaml:3: eval.level: got 1, want > 0 and < 1"},
		},
		{name: "YAML syntax", file: "seed: 1\nbase: {steps: 1\nsft: 2\n", code: 2, want: []string{"run.yaml:", "not YAML"}},
		{name: "a tab", file: "seed: 1\nbase:\n\tsteps: 1\n", code: 2, want: []string{"run.yaml:3: not YAML"}},
		{name: "a key twice", file: "seed: 1\nseed: 2\n", code: 2, want: []string{"run.yaml:2:", "seed"}},
		{name: "unknown stage", file: "stages: [base, stf]\n", code: 2, want: []string{"run.yaml:1: stages[1]: got stf, want one of base, sft, sample, label, reward, ppo, eval"}},
		{name: "no stages", file: "stages: []\n", code: 2, want: []string{"run.yaml:1: stages: got [], want at least one of"}},
		{name: "a name that leaves the directory", file: "name: ../x\n", code: 2, want: []string{`run.yaml:1: name: got "../x", want a plain file name`}},
		{name: "fewer annotators than overlap", file: "label:\n  overlap: 3\n  annotators:\n    - {count: 2, handle: a, skill: .8, seconds: 5}\n", code: 2, want: []string{"run.yaml:", "label.annotators: got 2, want ≥ overlap (3)"}},
		{name: "annotator without a handle", file: "label:\n  overlap: 1\n  annotators:\n    - {count: 2, skill: .8, seconds: 5}\n", code: 2, want: []string{"run.yaml:4: label.annotators[0].handle"}},
		{name: "annotator of impossible skill", file: "label:\n  overlap: 1\n  annotators:\n    - {count: 2, handle: a, skill: 8, seconds: 5}\n", code: 2, want: []string{"run.yaml:4: label.annotators[0].skill: got 8, want in [0, 1]"}},
		{name: "annotators of one name", file: "label:\n  overlap: 1\n  annotators:\n    - {count: 2, handle: a, skill: .8, seconds: 5}\n    - {count: 2, handle: a, skill: .5, seconds: 5}\n", code: 2, want: []string{`run.yaml:5: label.annotators[1].handle: got "a", want a name of its own`}},
		{name: "a stage without the one before", file: "stages: [reward]\n", code: 2, want: []string{"run.yaml:1: stages: got no label, want it before reward"}},
		{name: "no model to start from", file: "stages: [sft]\n", code: 2, want: []string{"run.yaml: model.path: got nothing and no stage base, want a model to start from"}},
		{name: "nothing that annotators judge by", file: "data: {synthetic: {documents: 20}}\n", code: 2, want: []string{"utility: got nothing, want what simulated annotators judge by"}},
		{name: "unknown kind of scorer", file: "data: {synthetic: {}}\nutility:\n  - {kind: vadar, weight: 1}\n", code: 2, want: []string{`run.yaml:3: utility[0].kind: got "vadar", want vader, lexicon, rules, program or utility`}},
		{name: "a program without a command", file: "score:\n  others:\n    - {kind: program, weight: 1}\n", code: 2, want: []string{"run.yaml:3: score.others[0].command: got nothing"}},
		{name: "a rule that is no expression", file: "score:\n  others:\n    - {kind: rules, weight: 1, rules: {must: ['(']}}\n", code: 2, want: []string{"run.yaml:3: score.others[0].rules", "must[0]"}},
		{name: "nothing to maximise", file: "score: {model: 0}\n", code: 2, want: []string{"run.yaml:1: score.model: got 0 and no others"}},
		{name: "filtered rollouts", file: "ppo: {top_p: 0.9}\n", code: 2, want: []string{"run.yaml:1: ppo.top_p: got 0.9, want 1"}},
		{name: "heads that do not divide the width", file: "model: {width: 30, heads: 4}\n", code: 2, want: []string{"run.yaml:1: model.heads: got 4, want a divisor of width (30)"}},
		{name: "unknown family", file: "model: {family: gtp2}\n", code: 2, want: []string{`run.yaml:1: model.family: got "gtp2", want gpt2 or llama`}},
		{name: "reward model without its stage", file: "stages: [base, sft, ppo]\n", code: 2, want: []string{"score.model", "reward"}},
		{name: "synthetic data and files", file: "data: {synthetic: {}, text: [a.txt]}\n", code: 2, want: []string{"run.yaml:1: data.synthetic: got it and text, examples or prompts, want one or the other"}},
		{name: "no such run file", args: []string{"nowhere.yaml"}, code: 2, want: []string{"nowhere.yaml: no such file; the built-in ones are"}},
		{name: "a directory for a run file", args: []string{"DIR"}, code: 2, want: []string{"is a directory"}},
		{name: "--set of an unknown key", args: []string{"FILE", "--set", "ppo.updats=3"}, code: 2, want: []string{"--set: ppo.updats: unknown key; did you mean ppo.updates?"}},
		{name: "--set without a value", args: []string{"FILE", "--set", "seed"}, code: 2, want: []string{`--set: got "seed", want KEY=VALUE`}},
		{name: "--set of a wrong type", args: []string{"FILE", "--set", "seed=x"}, code: 2, want: []string{"--set: seed: got"}},
		{name: "environment", env: "PLUMB_PPO_KL_COEFF=1", code: 2, want: []string{"PLUMB_PPO_KL_COEFF: unknown", "PLUMB_PPO_KL_COEF?"}},
		{name: "--resume of nothing", args: []string{"FILE", "--out", "OUT", "--resume"}, code: 2, want: []string{"--resume:", "run.json: no such file"}},
		{name: "--redo of an unknown stage", args: []string{"FILE", "--out", "OUT", "--redo", "stf"}, code: 2, want: []string{"stf", "base, sft, sample, label, reward, ppo, eval"}},
		{name: "two run files", args: []string{"FILE", "FILE"}, code: 2, want: []string{"accepts 1 arg(s), received 2"}},
		{name: "label.mode open without a terminal", args: []string{"FILE", "--out", "OUT", "--set", "label.mode=open"}, code: 2, want: []string{"label.mode", "terminal", "label.mode=simulate"}},
	})
}

// twoSteps is a run of two steps on the files of a case.
const twoSteps = `
stages: [sft]
model: {path: MODEL}
data: {examples: [DIR/data.jsonl], read: {}}
sft: {steps: 2, batch_size: 4, micro_tokens: 512, save_every: 1, eval_share: 0.2}
`

// TestBadInput_Files: what is wrong in a file is told with its name and place, before
// anything is made of it.
func TestBadInput_Files(t *testing.T) {
	model := filepath.Join(t.TempDir(), "run")
	done(t, "run", tiny, "--out", model, "--set", "stages=[base]")
	examples := strings.Repeat(`{"prompt": "What is it? ", "response": "It is the cat."}`+"\n", 20)
	data := func(text string) func(*testing.T, scene) {
		return func(t *testing.T, c scene) { writeTo(t, filepath.Join(c.dir, "data.jsonl"), text) }
	}
	in := func(name string, f func(t *testing.T, path string)) func(*testing.T, scene) {
		return func(t *testing.T, c scene) {
			data(examples)(t, c)
			f(t, filepath.Join(c.model, name))
		}
	}
	put := func(name, text string) func(*testing.T, scene) {
		return in(name, func(t *testing.T, path string) { writeTo(t, path, text) })
	}
	swap := func(name, old, replacement string) func(*testing.T, scene) {
		return in(name, func(t *testing.T, path string) {
			b := read(t, path)
			if !strings.Contains(b, old) {
				t.Fatalf("%s has no %q", name, old)
			}
			writeTo(t, path, strings.Replace(b, old, replacement, 1))
		})
	}
	gone := func(names ...string) func(*testing.T, scene) {
		return func(t *testing.T, c scene) {
			data(examples)(t, c)
			for _, name := range names {
				if err := os.Remove(filepath.Join(c.model, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	cut := func(name string, keep int) func(*testing.T, scene) {
		return in(name, func(t *testing.T, path string) { writeTo(t, path, read(t, path)[:keep]) })
	}
	weights := "model.safetensors"
	runBad(t, scene{model: filepath.Join(model, "base", "last")}, []badCase{
		{name: "no such data file", change: func(*testing.T, scene) {}, want: []string{"DIR/data.jsonl: no such file"}},
		{name: "empty data", change: data(""), want: []string{"DIR/data.jsonl: got no record, want ≥ 1"}},
		{name: "bad JSON in line 3", change: data(strings.Repeat(`{"prompt": "a", "response": "b"}`+"\n", 2) + `{"prompt": "a" "response": "b"}`), want: []string{"DIR/data.jsonl:3:"}},
		{name: "an example without a response", change: data(`{"prompt": "a", "response": "b"}` + "\n" + `{"prompt": "a"}`), want: []string{"DIR/data.jsonl:2: completion|response: got nothing, want a string"}},
		{name: "a response that is a number", change: data(`{"prompt": "a", "response": 4}`), want: []string{"DIR/data.jsonl:1: response: got 4, want"}},
		{name: "an unknown shape", change: data(`{"question": "a", "answer": "b"}`), want: []string{"DIR/data.jsonl:1:", "answer", "question"}},
		{name: "an unknown suffix", file: strings.Replace(twoSteps, "data.jsonl", "data.xlsx", 1), change: func(t *testing.T, c scene) { writeTo(t, filepath.Join(c.dir, "data.xlsx"), "PAR1") }, want: []string{"DIR/data.xlsx:", ".jsonl"}},
		{name: "broken UTF-8", change: data("{\"prompt\": \"a\", \"response\": \"\xff\"}\n"), want: []string{"DIR/data.jsonl:1:", "UTF-8"}},
		{name: "prompts longer than the context", change: data(strings.Repeat(`{"prompt": "`+strings.Repeat("many words ", 99)+`", "response": "b"}`+"\n", 9)), want: []string{"run: sft: got 9 demonstrations whose prompts leave no room", "96 tokens", "max_length"}},
		{name: "a prompt to sample from that is longer than the context", file: strings.NewReplacer("[sft]", "[sample]", "data.jsonl]", "data.jsonl], prompts: [DIR/prompts.txt]").Replace(twoSteps), change: func(t *testing.T, c scene) {
			data(examples)(t, c)
			writeTo(t, filepath.Join(c.dir, "prompts.txt"), "a\nb\n"+strings.Repeat("many words ", 99)+"\n")
		}, want: []string{`run: prompt "prompts.txt:3": got `, "want 1 to 95: the model's context is 96"}},
		{name: "micro_tokens below one example", file: twoSteps + "\n", args: []string{"FILE", "--out", "OUT", "--set", "sft.micro_tokens=8"}, change: data(examples), want: []string{"sft", "micro_tokens"}},
		{name: "no such model", change: func(t *testing.T, c scene) {
			data(examples)(t, c)
			if err := os.RemoveAll(c.model); err != nil {
				t.Fatal(err)
			}
		}, want: []string{"MODEL: no such file"}},
		{name: "a model without weights", change: gone(weights), want: []string{"MODEL", "model.safetensors"}},
		{name: "a model without a config", change: gone("config.json"), want: []string{"MODEL/config.json"}},
		{name: "a model without a tokenizer", change: gone("tokenizer.json"), want: []string{"MODEL", "tokenizer.json"}},
		{name: "weights cut short", change: cut(weights, 20000), want: []string{"MODEL/model.safetensors", "bytes"}},
		{name: "weights cut in the header", change: cut(weights, 100), want: []string{"MODEL/model.safetensors"}},
		{name: "weights of nothing", change: cut(weights, 0), want: []string{"MODEL/model.safetensors"}},
		{name: "a header that claims 2^62 bytes", change: in(weights, func(t *testing.T, path string) {
			writeTo(t, path, string(binary.LittleEndian.AppendUint64(nil, 1<<62))+read(t, path)[8:])
		}), want: []string{"MODEL/model.safetensors"}},
		{name: "a tensor that lies about its shape", change: swap(weights, `"shape":[320,16]`, `"shape":[320,17]`), want: []string{"MODEL/model.safetensors", "embed_tokens.weight"}},
		{name: "a tensor of another shape than the config's", change: swap("config.json", `"intermediate_size": 32`, `"intermediate_size": 33`), want: []string{"MODEL", "mlp", "33"}},
		{name: "a tensor that the family has not", change: swap(weights, `input_layernorm`, `imput_layernorm`), want: []string{"MODEL", "imput_layernorm"}},
		{name: "an unknown family", change: swap("config.json", "LlamaForCausalLM", "LlomaForCausalLM"), want: []string{"load MODEL: families: config.json: architectures", "LlomaForCausalLM"}},
		{name: "a config that is no JSON", change: put("config.json", "{"), want: []string{"load MODEL: families: config.json: unexpected end of JSON input"}},
		{name: "a tokenizer that is no JSON", change: put("tokenizer.json", "{"), want: []string{"MODEL/tokenizer.json"}},
		{name: "a tokenizer without a vocabulary", change: put("tokenizer.json", `{"model": {"type": "BPE", "merges": []}}`), want: []string{"MODEL/tokenizer.json"}},
		{name: "a tokenizer of an unknown kind", change: put("tokenizer.json", `{"model": {"type": "Unigramm", "vocab": {"a": 0}}}`), want: []string{"MODEL/tokenizer.json", "Unigramm"}},
		{name: "vocab.json without merges", change: func(t *testing.T, c scene) {
			gone("tokenizer.json")(t, c)
			writeTo(t, filepath.Join(c.model, "vocab.json"), `{"a": 0}`)
		}, want: []string{"MODEL", "merges.txt"}},
		{name: "a tokenizer of more tokens than the model", change: in("tokenizer.json", func(t *testing.T, path string) {
			writeTo(t, path, regexp.MustCompile(`"t": \d+`).ReplaceAllString(read(t, path), `"t": 5000`))
		}), want: []string{"sft: sequence 0: token ", "got id 5000, want 0 ≤ id < 320, the model's vocabulary: it has another tokenizer"}},
		{name: "micro_tokens below one example of many", args: []string{"FILE", "--out", "OUT", "--set", "sft.micro_tokens=40"}, change: data(strings.Repeat(examples, 3) + `{"prompt": "What is it? ", "response": "` + strings.Repeat("The cat. ", 20) + `"}`), want: []string{"sft: sequence ", "want ≤ micro_tokens (40)"}},
	})
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// runBad runs the cases. Each must leave the finished run, where there is one, and
// every file of the case as they were.
func runBad(t *testing.T, at scene, cases []badCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			c := scene{dir: t.TempDir(), model: at.model}
			c.file, c.out = filepath.Join(c.dir, "run.yaml"), filepath.Join(c.dir, "out")
			if at.out != "" {
				copyTree(t, at.out, c.out)
			}
			if at.model != "" {
				c.model = filepath.Join(c.dir, "model")
				copyTree(t, at.model, c.model)
			}
			if tt.file == "" && at.model != "" {
				tt.file = twoSteps
			}
			if !strings.Contains(tt.file, "data:") {
				tt.file += "\ndata: {synthetic: {documents: 20, held_out: 2, examples: 20}}\nutility: [{kind: utility, weight: 1}]\n"
			}
			writeTo(t, c.file, c.fill(tt.file))
			if tt.code == 0 {
				tt.code = exitFailed
			}
			if tt.change != nil {
				tt.change(t, c)
			}
			if name, value, ok := strings.Cut(tt.env, "="); ok {
				t.Setenv(name, value)
			}
			args := []string{"run"}
			for _, a := range tt.args {
				args = append(args, c.fill(a))
			}
			if tt.args == nil {
				args = append(args, c.file, "--out", c.out)
			}
			before := kept(t, c)
			code, _, stderr := plumb(t, args...)
			if code != tt.code {
				t.Errorf("got exit status %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr, c.fill(want)) {
					t.Errorf("it does not say %q", c.fill(want))
				}
			}
			if strings.Contains(stderr, "panic") || strings.Contains(stderr, "goroutine ") {
				t.Error("it panicked")
			}
			after := kept(t, c)
			for name, text := range before {
				if after[name] != text {
					t.Errorf("it changed %s", name)
				}
			}
			if t.Failed() || testing.Verbose() {
				t.Logf("%s", lastLines(stderr))
			}
		})
	}
}

// kept is every file of a case but those that say how a run is going.
func kept(t *testing.T, c scene) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.Walk(c.dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() || strings.Contains(info.Name(), "labels.db") {
			return err
		}
		if n := info.Name(); n == run.ManifestFile || n == ".lock" {
			return nil
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// lastLines is what a person sees of a message without scrolling.
func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func writeTo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
