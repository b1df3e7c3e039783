package scorers

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/internal/dataset/synthetic"
)

// of scores one response.
func of(t *testing.T, s Scorer, response string) float64 {
	t.Helper()
	got, err := s.Score(t.Context(), []string{""}, []string{response})
	if err != nil || len(got) != 1 {
		t.Fatalf("%s: got %v, %v, want one score", s.Name(), got, err)
	}
	return got[0]
}

// The authors' own README (cjhutto/vaderSentiment, "Output for the above example code").
func TestVADER(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64
	}{
		{"VADER is smart, handsome, and funny.", .8316},
		{"VADER is smart, handsome, and funny!", .8439},
		{"VADER is very smart, handsome, and funny.", .8545},
		{"VADER is VERY SMART, handsome, and FUNNY.", .9227},
		{"VADER is VERY SMART, handsome, and FUNNY!!!", .9342},
		{"VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!", .9469},
		{"VADER is not smart, handsome, nor funny.", -.7424},
		{"The book was good.", .4404},
		{"At least it isn't a horrible book.", .431},
		{"The book was only kind of good.", .3832},
		{"The plot was good, but the characters are uncompelling and the dialog is not great.", -.7042},
		{"Today SUX!", -.5461},
		{"Today only kinda sux! But I'll get by, lol", .5249},
		{"Make sure you :) or :D today!", .8633},
		{"Catch utf-8 emoji such as 💘 and 💋 and 😁", .7003},
		{"Not bad at all", .431},
		{"The\nbook\twas  good.\n", .4404}, // any white space, as Python's split
		{"", 0},
	} {
		if got := of(t, NewVADER(), c.text); math.Abs(got-c.want) > .5e-4 {
			t.Errorf("%q: got %.4f, want %.4f", c.text, got, c.want)
		}
	}
}

func FuzzVADER(f *testing.F) {
	f.Add("VADER is VERY SMART, :) least no kind of 💘")
	f.Add("\xff \x00 but at least")
	f.Fuzz(func(t *testing.T, text string) {
		if got := NewVADER().Of("", text); !(got >= -1 && got <= 1) {
			t.Errorf("%q: got %v, want within ±1", text, got)
		}
	})
}

func lexicon(t *testing.T, text string) *Lexicon {
	t.Helper()
	x, err := ReadLexicon("x.tsv", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestLexicon(t *testing.T) {
	x := lexicon(t, "# a comment\n\ngood\t2\textra\nbad\t-3\nwell-made\t1\ndon't\t-1\n喜欢\t2\n不喜欢\t-2\n好\t1\n")
	squash := func(s float64) float64 { return s / math.Sqrt(s*s+15) }
	for _, c := range []struct {
		name, text string
		sum        float64 // of the weights found, by hand
	}{
		{"none", "nothing here", 0},
		{"whole words in any case", "Good, GOOD goods", 4},
		{"both ways", "good and bad", -1},
		{"hyphens and apostrophes", "well-made; don't!", 0},
		{"anywhere in Chinese", "我很喜欢它", 2},
		{"the longest first", "我不喜欢它", -2},
		{"no character twice", "喜欢喜欢好", 5},
		{"mixed", "good好", 3},
	} {
		if got := x.Score(c.text); math.Abs(got-squash(c.sum)) > 1e-12 {
			t.Errorf("%s: %q: got %v, want %v", c.name, c.text, got, squash(c.sum))
		}
	}
	if got := lexicon(t, "a\t1e308").Score("a a a"); got != 1 {
		t.Errorf("huge weights: got %v, want 1", got)
	}
}

func TestLexiconFaults(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no weight", "good\t1\nbad\n", `x.tsv:2: got "bad", want word<TAB>weight`},
		{"no number", "good\tvery\n", `x.tsv:1: weight: got "very"`},
		{"NaN", "good\tNaN\n", `x.tsv:1: weight: got "NaN"`},
		{"infinite", "good\t1e999\n", `x.tsv:1: weight: got "1e999"`},
		{"twice", "good\t1\n\nGood\t2\n", `x.tsv:3: word: got "Good" again`},
		{"two words", "very good\t1\n", `x.tsv:1: word: got "very good", want a single word`},
		{"empty word", "\t1\n", `x.tsv:1: word: got ""`},
		{"empty", "# nothing\n", "x.tsv: got no words"},
		{"not UTF-8", "g\xffd\t1\n", "x.tsv:1: got bytes that are not UTF-8"},
		{"endless line", strings.Repeat("a", 1<<17), "x.tsv:1: bufio.Scanner: token too long"},
	} {
		_, err := ReadLexicon("x.tsv", strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := NewLexicon("absent.tsv"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: got %v, want that it does not exist", err)
	}
}

func FuzzLexicon(f *testing.F) {
	f.Add("good\t2\n喜欢\t1\n", "good 喜欢")
	f.Add("a\t1e308\nb\t-1e308\n", "a a a b")
	f.Fuzz(func(t *testing.T, file, text string) {
		x, err := ReadLexicon("x", strings.NewReader(file))
		if err != nil {
			return
		}
		if got := x.Score(text); !(got >= -1 && got <= 1) {
			t.Errorf("got %v, want within ±1", got)
		}
	})
}

func TestRules(t *testing.T) {
	all := Rules{MinWords: 3, MaxWords: 5, Must: []string{`\d`}, MustNot: []string{`(?i)sorry`}, EndsSentence: true, NoRepetition: true}
	for _, c := range []struct {
		name, text string
		rules      Rules
		want       float64 // rules kept, by hand, of those there are
	}{
		{"all kept", "It was 3 o'clock.", all, 1},
		{"all but one", "It was three o'clock.", all, 5. / 6},
		{"none but the ones of absence", "Sorry", all, 2. / 6}, // ≤ 5 words, and nothing said again
		{"Chinese characters count", "我很喜欢。", Rules{MinWords: 4, MaxWords: 4, EndsSentence: true}, 1},
		{"a quote after the end", `"It was."`, Rules{EndsSentence: true}, 1},
		{"a comma is no end", "It was,", Rules{EndsSentence: true}, 0},
		{"empty is no end", "", Rules{EndsSentence: true}, 0},
		{"half said again", "a A a a", Rules{NoRepetition: true}, .5},
	} {
		s, err := NewRules(c.rules)
		if err != nil {
			t.Fatal(err)
		}
		if got := of(t, s, c.text); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %q: got %v, want %v", c.name, c.text, got, c.want)
		}
	}
}

func TestUtilityIsTheWorlds(t *testing.T) {
	const ask, text = "Write a review of the soup.\n", "First, the soup was wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this."
	got, err := NewUtility().Score(t.Context(), []string{ask, ask}, []string{text, ""})
	if err != nil || got[0] != 3 || got[1] != -3 {
		t.Errorf("got %v, %v, want 3, -3", got, err)
	}
	if synthetic.Utility(ask, text) != got[0] {
		t.Error("the scorer and the world disagree")
	}
}

func length(_, response string) float64 { return float64(len(response)) }

func TestSum(t *testing.T) {
	s, err := NewSum(Weighted{Func{"length", length}, 2}, Weighted{Func{"one", func(_, _ string) float64 { return 1 }}, -.5})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Score(t.Context(), []string{"", ""}, []string{"abc", ""})
	if err != nil || got[0] != 5.5 || got[1] != -.5 {
		t.Errorf("got %v, %v, want 5.5, -0.5", got, err)
	}
	if s.Name() != "2·length + -0.5·one" {
		t.Errorf("got name %q", s.Name())
	}
}

// short answers for one pair less than asked.
type short struct{}

func (short) Name() string { return "short" }
func (short) Score(_ context.Context, _, responses []string) ([]float64, error) {
	return make([]float64, len(responses)-1), nil
}

func TestFaultsOfScores(t *testing.T) {
	sum := func(parts ...Weighted) Scorer {
		s, err := NewSum(parts...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	huge := Func{"huge", func(_, _ string) float64 { return math.MaxFloat64 }}
	for _, c := range []struct {
		name   string
		scorer Scorer
		want   string
	}{
		{"NaN", Func{"nan", func(_, r string) float64 { return math.Log(float64(len(r)) - 2) }}, "nan: response 2: got score NaN"},
		{"infinite in a sum", sum(Weighted{huge, 1}, Weighted{huge, 1}), "1·huge + 1·huge: response 1: got score +Inf"},
		{"too few", sum(Weighted{short{}, 1}), "short: got 1 scores, want 2"},
	} {
		_, err := c.scorer.Score(t.Context(), []string{"", ""}, []string{"abc", "a"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := NewVADER().Score(t.Context(), []string{""}, nil); err == nil || !strings.Contains(err.Error(), "got 1 prompts and 0 responses") {
		t.Errorf("unequal: got %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := NewVADER().Score(stopped, []string{""}, []string{""}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if _, err := NewSum(Weighted{nil, math.NaN()}, Weighted{huge, 0}); err == nil ||
		!strings.Contains(err.Error(), "part 1: got no scorer") || !strings.Contains(err.Error(), "part 1: weight: got NaN") || !strings.Contains(err.Error(), "part 2: weight: got 0") {
		t.Errorf("bad parts: got %v, want all three faults", err)
	}
}

func TestConfig(t *testing.T) {
	words := filepath.Join(t.TempDir(), "words.tsv")
	if err := os.WriteFile(words, []byte("good\t1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(
		Config{Kind: "vader", Weight: 1},
		Config{Kind: "lexicon", Weight: 2, Path: words},
		Config{Kind: "rules", Weight: -1, Rules: Rules{EndsSentence: true}},
	)
	if err != nil {
		t.Fatal(err)
	}
	// .4404 of VADER, 2·1/√16 of the lexicon, -1 for the full stop.
	if got := of(t, s, "The book was good."); math.Abs(got-(.4404+.5-1)) > .5e-4 {
		t.Errorf("got %v, want %v", got, .4404+.5-1)
	}
	if err := Close(s); err != nil {
		t.Error(err)
	}
	alone, err := New(Config{Kind: "utility", Weight: 1})
	if err != nil || alone.Name() != "utility" {
		t.Errorf("got %v, %v, want the scorer itself", alone, err)
	}
}

func TestConfigFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Config
		want []string
	}{
		{"nothing", Config{}, []string{`kind: got "", want vader, lexicon`, "weight: got 0"}},
		{"NaN", Config{Kind: "vader", Weight: math.NaN()}, []string{"weight: got NaN"}},
		{"needs", Config{Kind: "lexicon", Weight: 1}, []string{"path: got nothing, want a value with kind lexicon"}},
		{"needs a command", Config{Kind: "program", Weight: 1, Timeout: -1}, []string{"command: got nothing", "timeout: got -1ns, want ≥ 0"}},
		{"needs rules", Config{Kind: "rules", Weight: 1}, []string{"rules: got nothing"}},
		{"ignores", Config{Kind: "vader", Weight: 1, Path: "x", Command: []string{"y"}, Timeout: time.Second}, []string{"path: got x, want nothing with kind vader", "command: got [y]", "timeout: got 1s"}},
		{"bad rules", Config{Kind: "rules", Weight: 1, Rules: Rules{MinWords: 9, MaxWords: 3, Must: []string{"(", "ok"}, MustNot: []string{"["}}}, []string{"max_words: got 3, want ≥ min_words 9", "must[0]: error parsing regexp", "must_not[0]: error parsing regexp"}},
	} {
		_, err := New(c.c)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", c.name, err, want)
			}
		}
	}
	if _, err := New(); err == nil {
		t.Error("no scorers: got no error")
	}
}
