package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/eval"
	"plumbline/internal/run"
	"plumbline/models/checkpoint"
	"plumbline/models/tokenizer"
)

// A model whose weights are all zero finds every token equally likely, so its perplexity
// is the size of its vocabulary.
func TestPerplexity_OfAModelThatKnowsNothing(t *testing.T) {
	dir := tinyModel(t, 1)
	m, err := checkpoint.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Decoder.Params() {
		clear(p.Data)
	}
	if err := m.Save(dir, checkpoint.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	documents := []string{"the cat sat", "a dog ran to the park and was happy", "mat"}
	tokens := 0
	for _, d := range documents {
		tokens += len(tok.EncodePlain(d)) // less the first, with EOS
	}
	file := write(t, "text.txt", strings.Join(documents, "\n\n"))
	for _, flags := range [][]string{nil, {"--max-length", "3"}} {
		code, stdout, stderr := plumb(t, append([]string{"eval", "perplexity", "--model", dir, "--text", file, "--json"}, flags...)...)
		rs := decode[run.PerplexityResult](t, stdout)
		if code != 0 || len(rs) != 1 {
			t.Fatalf("got %d, %q, %q", code, stdout, stderr)
		}
		r, want := rs[0], float64(m.Decoder.Spec.Vocab)
		if math.Abs(r.Perplexity.Estimate-want) > 1e-3 || r.Perplexity.High-r.Perplexity.Low > 1e-3 || r.Documents != 3 || r.Tokens != tokens {
			t.Errorf("got %+v, want a perplexity of %v on %d tokens of 3 documents", r, want, tokens)
		}
	}
	if _, stdout, _ := plumb(t, "eval", "perplexity", "--model", dir, "--text", file); !strings.Contains(stdout, "documents\n") {
		t.Errorf("people read %q", stdout)
	}
}

// counter is a program that scores an answer by the length of its line.
const counter = `#!/bin/sh
n=0
while read -r line; do
	n=$((n + 1))
	pair=${line#*,} # without the id, which grows
	echo "{\"id\": $n, \"score\": ${#pair}}"
done
`

// contest runs a contest and returns both sides and the outcome.
func contest(t *testing.T, a, b string, flags ...string) (x, y run.Standing, o run.Outcome) {
	t.Helper()
	prompts := write(t, "prompts.txt", "the cat\na dog\ngood food\nbad service\nthe park\n")
	script := filepath.Join(t.TempDir(), "count.sh")
	if err := os.WriteFile(script, []byte(counter), 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"eval", "winrate", "--a", a, "--b", b, "--prompts", prompts, "--scorer", "program:sh " + script, "--max-tokens", "9", "--samples", "2", "--json"}
	code, stdout, stderr := plumb(t, append(args, flags...)...)
	if code != 0 {
		t.Fatalf("got %d, %q", code, stderr)
	}
	dec := json.NewDecoder(strings.NewReader(stdout))
	for _, v := range []any{&x, &y, &o} {
		if err := dec.Decode(v); err != nil {
			t.Fatalf("%v in %q", err, stdout)
		}
	}
	return x, y, o
}

func TestWinRate_AgainstItself(t *testing.T) {
	model := tinyModel(t, 1)
	a, b, o := contest(t, model, model, "--reference", model)
	if o.WinRate.Ties != 5 || o.WinRate.Rate.Estimate != .5 || o.Gain != (eval.Interval{Level: .95, N: 5}) || o.Prompts != 5 || o.Samples != 2 {
		t.Errorf("got %+v, want five ties", o)
	}
	for _, s := range []run.Standing{a, b} {
		if s.KL == nil || s.KL.K1.Estimate != 0 || s.KL.K3.Estimate != 0 {
			t.Errorf("%s: got a KL to itself of %+v, want 0: the sampler's logprobs are the scorer's bit for bit", s.Side, s.KL)
		}
	}
}

func TestWinRate_TurnedRound(t *testing.T) {
	one, two := tinyModel(t, 1), tinyModel(t, 2)
	a, b, o := contest(t, one, two, "--reference", one)
	x, y, r := contest(t, two, one)
	if a.Score != y.Score || b.Score != x.Score || a.Length != y.Length || a.Distinct2 != y.Distinct2 {
		t.Errorf("got %+v and %+v, then %+v and %+v: want the same of each model", a, b, x, y)
	}
	if math.Abs(o.WinRate.Rate.Estimate+r.WinRate.Rate.Estimate-1) > 1e-12 || math.Abs(o.Gain.Estimate+r.Gain.Estimate) > 1e-9 {
		t.Errorf("got win rates %v, %v and gains %v, %v, want them opposite", o.WinRate.Rate, r.WinRate.Rate, o.Gain, r.Gain)
	}
	if o.Gain.Estimate == 0 || math.Abs(o.Gain.Estimate-(b.Score.Estimate-a.Score.Estimate)) > 1e-9 {
		t.Errorf("got a gain of %v from %v to %v", o.Gain, a.Score, b.Score)
	}
	if b.KL.K3.Estimate <= 0 || x.KL != nil {
		t.Errorf("got KL %+v of another model, want > 0; without a reference %+v", b.KL, x.KL)
	}
}

func TestEval_Faults(t *testing.T) {
	model := tinyModel(t, 1)
	prompts := write(t, "prompts.txt", "the cat\na dog\n")
	win := func(flags ...string) []string {
		return append([]string{"winrate", "--a", model, "--b", model, "--prompts", prompts, "--scorer", "vader"}, flags...)
	}
	ppl := func(flags ...string) []string { return append([]string{"perplexity", "--model", model}, flags...) }
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no scorer", []string{"winrate", "--a", model, "--b", model, "--prompts", prompts}, 2, `required flag(s) "scorer" not set`},
		{"unknown scorer", win("--scorer", "vadr"), 2, `scorer: got "vadr", want vader, utility, lexicon:FILE`},
		{"scorer without its file", win("--scorer", "lexicon"), 2, `scorer: got "lexicon", want vader`},
		{"scorer with one too many", win("--scorer", "vader:x"), 2, `scorer: got "vader:x", want vader`},
		{"reward model without its directory", win("--scorer", "reward:"), 2, `scorer: got "reward:", want reward:DIR`},
		{"all at once", win("--samples", "0", "--level", "2", "--resamples", "1"), 2, "--resamples: got 1, want ≥ 100\n--level: got 2, want > 0 and < 1\nsamples: got 0, want ≥ 1"},
		{"KL of greedy answers", win("--temperature", "0", "--reference", model), 2, "temperature: got 0, want > 0"},
		{"missing lexicon", win("--scorer", "lexicon:nowhere.txt"), 1, "scorers: lexicon: open nowhere.txt: no such file"},
		{"missing program", win("--scorer", "program:./nowhere"), 1, "scorers: program ./nowhere: start"},
		{"program that answers garbage", win("--scorer", "program:sed -u s/.*/hello/"), 1, "line 1: got \"hello"},
		{"not a reward model", win("--scorer", "reward:"+model), 1, "score.weight"},
		{"missing prompts", win("--prompts", "nowhere.txt"), 1, "nowhere.txt: no such file"},
		{"one prompt", win("--most", "1"), 1, "got 1 prompts"},
		{"missing model", win("--b", "nowhere"), 1, "nowhere: checkpoint: load: open nowhere/config.json"},
		{"no text", ppl(), 2, `required flag(s) "text" not set`},
		{"missing text", ppl("--text", "nowhere.txt"), 1, "nowhere.txt: no such file"},
		{"one document", ppl("--text", write(t, "one.txt", "the cat sat")), 1, "got 1 documents"},
		{"blank text", ppl("--text", write(t, "blank.txt", "\n\n")), 1, "blank.txt: got no document"},
		{"lengths below two", ppl("--text", prompts, "--max-length", "1"), 2, "--max-length: got 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := plumb(t, append([]string{"eval"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) || stdout != "" {
				t.Errorf("got %d, %q, %q, want %d, %q", code, stdout, stderr, tt.code, tt.want)
			}
		})
	}
}
