package synthetic

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/random"
)

func generate(t *testing.T, seed uint64, o Options) Data {
	t.Helper()
	d, err := Generate(seed, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGenerateIsAFunctionOfItsSeed(t *testing.T) {
	o := Options{Documents: 50, HeldOut: 20, Examples: 500}
	d := generate(t, 1, o)
	if !reflect.DeepEqual(d, generate(t, 1, o)) {
		t.Error("the same seed gave other data")
	}
	e := generate(t, 2, o)
	if reflect.DeepEqual(d.Corpus, e.Corpus) || reflect.DeepEqual(d.Examples, e.Examples) || reflect.DeepEqual(d.Eval, e.Eval) {
		t.Error("another seed gave the same data")
	}
	if slices.Equal(d.Corpus[:20], d.HeldOut) {
		t.Error("the held-out documents are those of the corpus")
	}
	more := generate(t, 1, Options{Documents: 90, HeldOut: 10, Examples: 800})
	if !slices.Equal(more.Corpus[:50], d.Corpus) || !reflect.DeepEqual(more.Examples[:500], d.Examples) || !reflect.DeepEqual(more.Eval, d.Eval) {
		t.Error("asking for more of one thing changed another")
	}
}

func TestPromptsAreSplitBySubject(t *testing.T) {
	d := generate(t, 3, Options{Examples: 1000})
	if len(d.Prompts) != 384 || len(d.Eval) != 192 {
		t.Errorf("got %d and %d prompts, want 384 and 192", len(d.Prompts), len(d.Eval))
	}
	train := map[string]bool{}
	wordings := map[string]int{}
	for _, p := range d.Prompts {
		train[p.Key()] = true
		wordings[p.ID[:strings.LastIndex(p.ID, "-")]]++
	}
	all := map[string]bool{}
	for _, p := range append(d.Eval, d.Prompts...) {
		all[p.Key()] = true
		if p.Validate() != nil || !strings.HasSuffix(p.Text, "\n") {
			t.Errorf("%q: %v, want one line", p.Text, p.Validate())
		}
	}
	if len(all) != 576 {
		t.Errorf("got %d different prompts, want 576", len(all))
	}
	for _, p := range d.Eval {
		if train[p.Key()] {
			t.Errorf("%q is trained on", p.Text)
		}
	}
	for subject, n := range wordings {
		if n != 4 {
			t.Errorf("%s: got %d wordings to train on, want 4", subject, n)
		}
	}
	for _, e := range d.Examples {
		if !train[e.Key()] {
			t.Errorf("%q is demonstrated but no training prompt", e.Prompt.Text)
		}
	}
}

// The figures are those of the package documentation; bounds are four standard
// deviations of a share of 6000, or of a mean with deviation 1.6.
func TestDistribution(t *testing.T) {
	d := generate(t, 4, DefaultOptions())
	n := float64(len(d.Examples))
	var sum, perfect, cut, elsewhere, foreign, inOrder float64
	language := map[string][]float64{}
	for _, e := range d.Examples {
		p := Assess(e.Prompt.Text, e.Response)
		u := p.Utility()
		sum += u
		lang := e.Prompt.ID[:2]
		language[lang] = append(language[lang], u)
		perfect += is(u > 3-1e-9)
		cut += p.Unfinished
		elsewhere += is(p.Topic < 1 && p.Language == 0)
		foreign += is(p.Language > .5)
		inOrder += is(p.Order == 1)
		if p.Malformed > 0 && p.Language == 0 {
			t.Fatalf("the grammar does not know its own %q: %+v", e.Response, p)
		}
	}
	share := func(name string, got, want float64) {
		t.Helper()
		if s := 4 * math.Sqrt(want*(1-want)/n); math.Abs(got/n-want) > s {
			t.Errorf("%s: got %.4f, want %.4f ± %.4f", name, got/n, want, s)
		}
	}
	share("another language", foreign, .03)
	share("about another subject", elsewhere, .97*.2)
	// Cut short, or in a language whose full stop is not the prompt's.
	share("does not end", cut, .03+.97*.1)
	// In order, in the language, and no sentence twice but the third (which the share of a 4th sentence lowers).
	share("in order", inOrder, .97*.5*.95)
	// Mood: P(good thrice) = ¼(.6+.4/3)³ + ½(.4/3)³ + ¼(.4/3)³ = .1004
	share("perfect", perfect, .97*.8*.95*.9*.5*.1004)
	if m := sum / n; math.Abs(m-.3) > .1 {
		t.Errorf("mean utility: got %.3f, want .3 ± .1", m)
	}
	if en, zh := mean(language["en"]), mean(language["zh"]); math.Abs(en-zh) > 4*1.6*math.Sqrt(4/n) {
		t.Errorf("mean utility: got %.3f in English, %.3f in Chinese, want them equal", en, zh)
	}
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// Every whole text of three good sentences in order must reach 3, whatever its words:
// no term of the utility may fault the grammar itself.
func TestEveryPerfectTextIsPerfect(t *testing.T) {
	for i := range 4000 {
		l, kind, subject := languages[i%2], i/2%2, i/4%24
		f := l.forms[kind]
		w := writer{random.New(5, uint64(i))}
		var text []string
		for part, s := range f.sentences {
			text = append(text, l.mark(f.markers[part], w.body(l, s.pattern, f.subjects[subject], s.words[good])))
		}
		ask, response := (task{l, kind, subject, i % 6}).prompt().Text, strings.Join(text, l.space)
		if p := Assess(ask, response); p.Utility() != 3 {
			t.Fatalf("%s%s: got %v, want 3: %+v", ask, response, p.Utility(), p)
		}
	}
}

// The tables must be such that words can be told apart.
func TestTables(t *testing.T) {
	for _, l := range languages {
		var subjects, fixed []string
		mood := map[string]int{}
		for k, f := range l.forms {
			if len(f.subjects) != len(english.forms[k].subjects) || len(f.asks) != 6 {
				t.Errorf("%s %s: got %d subjects, %d wordings", l.name, kindNames[k], len(f.subjects), len(f.asks))
			}
			subjects = append(subjects, f.subjects...)
			fixed = append(fixed, f.markers[:]...)
			for _, s := range f.sentences {
				fixed = append(fixed, s.pattern)
				for m, words := range s.words {
					for _, w := range words {
						if _, twice := mood[w]; twice {
							t.Errorf("%s: %q carries a mood twice", l.name, w)
						}
						mood[w] = m
					}
				}
			}
		}
		for _, words := range l.slots {
			fixed = append(fixed, words...)
		}
		special := slices.Clone(subjects)
		for w := range mood {
			special = append(special, w)
		}
		for i, w := range special {
			for _, f := range fixed {
				if names(tokens(f), w) {
					t.Errorf("%s: %q is part of %q", l.name, w, f)
				}
			}
			for j, v := range special {
				if i != j && names(tokens(v), w) {
					t.Errorf("%s: %q is part of %q", l.name, w, v)
				}
			}
		}
	}
}

func TestOptionsTellEveryFault(t *testing.T) {
	_, err := Generate(1, Options{Documents: -1, HeldOut: -2, Examples: -3})
	for _, want := range []string{"documents: got -1", "held_out: got -2", "examples: got -3"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func BenchmarkUtility(b *testing.B) {
	text := "First, the soup was wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this."
	for b.Loop() {
		Utility(askSoup, text)
	}
}
