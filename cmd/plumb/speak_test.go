package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/run"
	"plumbline/internal/shared"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/tokenizer"
)

// tinyModel writes a model of a few thousand weights that means nothing by what it says.
func tinyModel(t *testing.T, seed uint64) string {
	t.Helper()
	texts := []string{"the cat sat on the mat", "a dog ran to the park and was happy", "good food, bad service, nice day"}
	tok, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{VocabSize: 280, Specials: []string{"<|end|>"}, EOS: "<|end|>"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.New(models.Spec{
		Family: "llama", Vocab: tok.VocabSize(), Width: 16, Layers: 1, Heads: 2, KV: 2, Head: 8, FFN: 32, Context: 256, Tied: true, InitStd: .3, Eps: 1e-5,
		EOS: []int32{tok.Specials().EOS}, Norm: models.RMSNorm, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 8}, Activation: models.SwiGLU,
	}, seed)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir, checkpoint.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// write makes a file and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// with runs a command line with an input and, if so, all streams at a terminal.
func with(t *testing.T, input string, terminal bool, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	s := streams{In: strings.NewReader(input), Out: &out, Err: &errs, InTerminal: terminal, OutTerminal: terminal}
	code = execute(t.Context(), s, args)
	return code, out.String(), errs.String()
}

// decode reads the JSON lines that a verb printed.
func decode[T any](t *testing.T, stdout string) (all []T) {
	t.Helper()
	for dec := json.NewDecoder(strings.NewReader(stdout)); dec.More(); {
		var v T
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%v in %q", err, stdout)
		}
		all = append(all, v)
	}
	return all
}

// The two models' greedy texts were recorded by a forward pass in NumPy (golden.json).
func TestGenerate_GreedyAsRecorded(t *testing.T) {
	for _, model := range []string{"tinystories-656k", "stories260K/stories260K.bin"} {
		path := shared.Path(t, "models", filepath.FromSlash(model))
		var golden struct {
			Cases []struct {
				Prompt string
				Greedy []int32 `json:"greedy_48"`
				Text   string  `json:"greedy_text"`
			}
		}
		b, err := os.ReadFile(shared.Path(t, "models", strings.Split(model, "/")[0], "golden.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &golden); err != nil {
			t.Fatal(err)
		}
		for _, c := range golden.Cases {
			code, stdout, stderr := plumb(t, "generate", "--model", path, "--prompt", c.Prompt, "--max-tokens", "48", "--json")
			answers := decode[run.Answer](t, stdout)
			if code != 0 || len(answers) != 1 || !slices.Equal(answers[0].Tokens, c.Greedy) {
				t.Errorf("%s, %q: got %d, %+v, %q, want tokens %v", model, c.Prompt, code, answers, stderr, c.Greedy)
				continue
			}
			if got := c.Prompt + answers[0].Text; got != strings.TrimPrefix(c.Text, " ") {
				t.Errorf("%s: got %q, want %q", model, got, c.Text)
			}
		}
	}
}

// A terminal, which gets the text as it comes, and a pipe read the same.
func TestGenerate_TerminalAndPipeReadTheSame(t *testing.T) {
	model := tinyModel(t, 1)
	args := []string{"generate", "--model", model, "--prompt-file", "-", "--temperature", "1", "--max-tokens", "20"}
	code, piped, stderr := with(t, "the cat\n", false, args...)
	if code != 0 || len(piped) < 5 {
		t.Fatalf("got %d, %q, %q", code, piped, stderr)
	}
	control := func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}
	if _, shown, _ := with(t, "the cat\n", true, args...); shown != strings.Map(control, piped) {
		t.Errorf("a terminal got %q, a pipe %q", shown, piped)
	}
	if _, other, _ := with(t, "the cat\n", false, append(args, "--seed", "2")...); other == piped {
		t.Error("another seed gave the same text")
	}
}

func TestGenerate_SeveralAnswersAndStopTexts(t *testing.T) {
	model := tinyModel(t, 1)
	args := []string{"generate", "--model", model, "--prompt", "a dog", "--max-tokens", "30", "--n", "3", "--json"}
	_, stdout, stderr := plumb(t, args...)
	free := decode[run.Answer](t, stdout)
	if len(free) != 3 || free[0].Text == free[1].Text {
		t.Fatalf("got %+v, %q, want three different answers", free, stderr)
	}
	stop := string([]rune(free[1].Text)[4:7])
	_, stdout, _ = plumb(t, append(args, "--stop", "never said", "--stop", stop)...)
	for i, got := range decode[run.Answer](t, stdout) {
		text, _, found := strings.Cut(free[i].Text, stop)
		if got.Text != text || got.Finished != (found || free[i].Finished) || got.LogProb >= 0 {
			t.Errorf("answer %d: got %+v, want %q before %q", i, got, text, stop)
		}
		if len(got.Tokens) > len(free[i].Tokens) || found && len(got.Tokens) == len(free[i].Tokens) {
			t.Errorf("answer %d: got %d tokens of %d, want no more after the stop text", i, len(got.Tokens), len(free[i].Tokens))
		}
	}
}

func TestGenerate_Faults(t *testing.T) {
	model := tinyModel(t, 1)
	long := strings.Repeat("zq", 200)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no model", []string{"--prompt", "a"}, 2, `required flag(s) "model" not set`},
		{"no prompt", []string{"--model", model}, 2, "at least one of the flags in the group [prompt prompt-file]"},
		{"two prompts", []string{"--model", model, "--prompt", "a", "--prompt-file", "b"}, 2, "none of the others can be"},
		{"not a number", []string{"--model", model, "--prompt", "a", "--top-p", "x"}, 2, `invalid argument "x" for "--top-p"`},
		{"out of range", []string{"--model", model, "--prompt", "a", "--top-p", "2", "--top-k", "-1"}, 2, "top_k: got -1, want ≥ 0\ntop_p: got 2, want in [0, 1]"},
		{"no answers", []string{"--model", model, "--prompt", "a", "--n", "0"}, 2, "--n: got 0, want ≥ 1"},
		{"threads", []string{"--model", model, "--prompt", "a", "--threads", "-1"}, 2, "--threads: got -1"},
		{"empty stop text", []string{"--model", model, "--prompt", "a", "--stop", ""}, 2, "--stop: got an empty text"},
		{"missing model", []string{"--model", "nowhere", "--prompt", "a"}, 1, "nowhere/config.json: no such file"},
		{"missing prompt file", []string{"--model", model, "--prompt-file", "nowhere"}, 1, "open nowhere: no such file"},
		{"longer than the context", []string{"--model", model, "--prompt", long}, 1, "got 400 tokens, want 1 to 255 (the model's context is 256)"},
		{"no tokenizer", []string{"--model", model, "--prompt", "a", "--tokenizer", "nowhere.json"}, 1, "nowhere.json: no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := plumb(t, append([]string{"generate"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) || stdout != "" {
				t.Errorf("got %d, %q, %q, want %d, %q", code, stdout, stderr, tt.code, tt.want)
			}
		})
	}
}

// generation_config.json decides where no flag does.
func TestGenerate_ModelDecidesWhatNoFlagDoes(t *testing.T) {
	model := tinyModel(t, 1)
	config := `{"eos_token_id": 0, "do_sample": true, "temperature": 1.5, "max_new_tokens": 7}`
	if err := os.WriteFile(filepath.Join(model, "generation_config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	generate := func(flags ...string) []int32 {
		_, stdout, stderr := plumb(t, append([]string{"generate", "--model", model, "--prompt", "the", "--json"}, flags...)...)
		answers := decode[run.Answer](t, stdout)
		if len(answers) != 1 {
			t.Fatalf("got %+v, %q", answers, stderr)
		}
		return answers[0].Tokens
	}
	byFile := generate()
	if len(byFile) != 7 || !slices.Equal(byFile, generate("--temperature", "1.5")) {
		t.Errorf("got %v, want 7 tokens at temperature 1.5", byFile)
	}
	if greedy := generate("--temperature", "0", "--max-tokens", "9"); len(greedy) != 9 || slices.Equal(greedy[:7], byFile) {
		t.Errorf("with flags: got %v, want 9 tokens, not those sampled", greedy)
	}
}
