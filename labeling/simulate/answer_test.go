package simulate

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"plumbline/labeling"
)

// byDigit is a utility that stands in the text.
func byDigit(_, s string) float64 { return float64(s[0]-'0') / 4 }

// anItem has a candidate per text, and shows them in turn from each side.
func anItem(i int, texts ...string) labeling.Assignment {
	w := labeling.Assignment{Item: labeling.Item{Ref: fmt.Sprint("i", i), Prompt: labeling.Prompt{Text: fmt.Sprint("p", i)}}}
	for k, s := range texts {
		w.Item.Candidates = append(w.Item.Candidates, labeling.Candidate{ID: labeling.CandidateID(k + 1), Text: s})
		w.Shown = append(w.Shown, labeling.CandidateID((k+i)%len(texts)+1))
	}
	return w
}

// A crowd of the settings that were there from the first answers for ever as it did
// then: the hash is that of the version before there were any others.
func TestCrowdsOfOldAnswerAsTheyDid(t *testing.T) {
	c := DefaultConfig()
	c.Seed = 7
	crowd := append(Crowd(3, Annotator{Handle: "sim", Skill: .85, Seconds: 30}),
		Annotator{Handle: "bt", Temperature: .5, Seconds: 12},
		Annotator{Handle: "left", Skill: .7, LeftBias: .4, Seconds: 20},
		Annotator{Handle: "right", Skill: .7, LeftBias: -.4, Seconds: 20})
	h := sha256.New()
	for _, ties := range []bool{false, true} {
		for i := range 200 {
			w := anItem(i, fmt.Sprint(i%7, "a"), fmt.Sprint(i%5, "b"))
			for _, a := range crowd {
				o, err := c.judge(a, labeling.PairTask(ties), w, byDigit, moment{})
				if err != nil {
					t.Fatal(err)
				}
				line := []any{w.Item.Ref, a.Handle, o.answer, o.right, o.took, labeling.DerivedID(c.name(a, w.Item, moment{}))}
				if err := json.NewEncoder(h).Encode(line); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	r := runner{Config: c}
	r.Annotators = crowd
	for i := range 50 {
		fmt.Fprintln(h, r.order(fmt.Sprint("i", i))) //nolint:errcheck // a hash takes everything
	}
	const want = "1cb487c6d0624129f1e6c2852a66b49d220237092287f33b021b8bcc61f97b8c"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// answers lets an annotator judge n items with the same candidates and counts what the
// function makes of each answer.
func answers[K comparable](t *testing.T, a Annotator, task labeling.Task, n int, m moment, texts []string, of func(labeling.Assignment, labeling.Answer) K) map[K]float64 {
	t.Helper()
	c, counts := DefaultConfig(), map[K]float64{}
	a.Handle, a.Seconds = "a", 9
	for i := range n {
		w := anItem(i, texts...)
		o, err := c.judge(a, task, w, byDigit, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.answer.Validate(task, w.Shown); err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
		counts[of(w, o.answer)] += 1 / float64(n)
	}
	return counts
}

func order(_ labeling.Assignment, a labeling.Answer) string {
	return fmt.Sprint(a.Responses["r"].Order)
}

// near compares a share of 10,000 draws: five standard deviations.
func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > .025 {
		t.Errorf("%s: got %.4f, want %.4f ± .025", name, got, want)
	}
}

const draws = 10_000

func ranking(ties bool) labeling.Task {
	return labeling.Task{Questions: []labeling.Question{{Key: "r", Kind: labeling.AskRanking, Ties: ties}}}
}

// The utilities are 0, 1 and 2, so that at temperature 1 the model of Plackett and Luce has
//
//	P(3 2 1) = e²/(1+e+e²) · e/(1+e) = .6652·.7311 = .4864
//	P(3 1 2) = .6652·.2689           = .1789
//	P(1 2 3) = 1/(1+e+e²) · e/(e+e²) = .0900·.2689 = .0242
func TestRankingsArePlackettLuce(t *testing.T) {
	got := answers(t, Annotator{Temperature: 1}, ranking(false), draws, moment{}, []string{"0", "4", "8"}, order)
	near(t, "best to worst", got["[[3] [2] [1]]"], .4864)
	near(t, "the best, then wrong", got["[[3] [1] [2]]"], .1789)
	near(t, "worst to best", got["[[1] [2] [3]]"], .0242)

	got = answers(t, Annotator{Skill: .8}, ranking(false), draws, moment{}, []string{"0", "4"}, order)
	near(t, "skill .8 at a gap of Scale", got["[[2] [1]]"], .8)

	got = answers(t, Annotator{Skill: 1}, ranking(true), 100, moment{}, []string{"4", "0", "4"}, order)
	near(t, "equal utilities share a place", got["[[1 3] [2]]"], 1)
	got = answers(t, Annotator{Skill: 1}, ranking(false), draws, moment{}, []string{"4", "0", "4"}, order)
	near(t, "without ties a coin decides", got["[[1] [3] [2]]"], .5)
	near(t, "without ties a coin decides", got["[[3] [1] [2]]"], .5)
}

func rating(points int) labeling.Task {
	return labeling.Task{Candidates: 1, Questions: []labeling.Question{{Key: "m", Kind: labeling.AskRating, Points: points}}}
}

func points(_ labeling.Assignment, a labeling.Answer) int { return a.Responses["m"].Marks[1] }

// Four points have the thresholds -½, 0 and ½ at a Scale of 1. With utility 0 and
// temperature ½ the ordered logit has P(1) = σ(-½/½) = .2689 and P(2) = σ(0) - P(1) = .2311.
func TestRatingsCrossThresholds(t *testing.T) {
	q := rating(4).Questions[0]
	for u, want := range map[float64]int{-9: 1, -.51: 1, -.49: 2, .01: 3, .49: 3, .51: 4, 9: 4} {
		if got := mark(q, u, 1); got != want {
			t.Errorf("utility %v: got %d points, want %d", u, got, want)
		}
	}
	choice := labeling.Question{Kind: labeling.AskChoice, Options: []labeling.Option{{Key: "yes"}, {Key: "no"}}}
	if yes, no := mark(choice, .1, 1), mark(choice, -.1, 1); yes != 1 || no != 2 {
		t.Errorf("choice: got options %d and %d, want the first for the better", yes, no)
	}
	got := answers(t, Annotator{Temperature: .5}, rating(4), draws, moment{}, []string{"0"}, points)
	near(t, "1 point", got[1], .2689)
	near(t, "2 points", got[2], .2311)
	got = answers(t, Annotator{Skill: 1}, rating(4), 100, moment{}, []string{"8"}, points)
	near(t, "a utility of 2, without error", got[4], 1)
	got = answers(t, Annotator{Skill: .5}, rating(4), draws, moment{}, []string{"8"}, points)
	near(t, "no skill", got[1], .25)
}

var pair = labeling.PairTask(false)

func best(_ labeling.Assignment, a labeling.Answer) labeling.CandidateID {
	id, _ := a.Responses["preference"].Best()
	return id
}

// The second candidate is better and shorter.
func TestHabitsOfMind(t *testing.T) {
	texts := []string{"0 long", "4"}
	longer := answers(t, Annotator{Skill: 1, LengthBias: .4}, pair, draws, moment{}, texts, best)
	near(t, "the longer in 40 of 100", longer[1], .4)
	shorter := answers(t, Annotator{Skill: 0, LengthBias: -.4}, pair, draws, moment{}, texts, best)
	near(t, "the shorter in 40 of 100", shorter[2], .4)
	same := answers(t, Annotator{Skill: 1, LengthBias: 1}, pair, 100, moment{}, []string{"0", "4"}, best)
	near(t, "equally long", same[2], 1)

	for at, want := range map[float64]float64{0: .9, .5: .8, 1: .7} { // ½ + (.9-½)·(1-½·t)
		got := answers(t, Annotator{Skill: .9, Drift: .5}, pair, draws, moment{t: at}, texts, best)
		near(t, fmt.Sprintf("drift ½ at %v", at), got[2], want)
	}
	got := answers(t, Annotator{Skill: 1, Drift: 1}, ranking(false), draws, moment{t: 1}, []string{"0", "4", "8"}, order)
	near(t, "a ranking when all skill has gone", got["[[1] [2] [3]]"], 1./6)

	again := func(seen int) map[labeling.CandidateID]float64 {
		return answers(t, Annotator{Skill: .5}, pair, 1, moment{seen: seen}, texts, best)
	}
	different := false
	for seen := range 20 {
		different = different || again(seen)[1] != again(0)[1]
	}
	if !different {
		t.Error("a repeat is always answered as the item was")
	}
}

// keys is an answer as the keys that were pressed: places, not candidates.
func keys(w labeling.Assignment, a labeling.Answer) string {
	s := ""
	for _, k := range []string{"safety", "preference"} {
		r := a.Responses[k]
		for i, id := range w.Shown {
			s += fmt.Sprint(r.Marks[id], r.Rank(id), i, " ")
		}
		s += fmt.Sprint(r.Strength, ";")
	}
	return s
}

func TestWhoDoesNotRead(t *testing.T) {
	texts := []string{"0 long", "4"}
	random := answers(t, Annotator{Skill: 1, Spammer: SpamRandom}, pair, draws, moment{}, texts, best)
	near(t, "random", random[2], .5)
	if n := len(answers(t, Annotator{Skill: 1, Spammer: SpamRandom}, pair, 1000, moment{}, texts, keys)); n != 8 {
		t.Errorf("random: got %d different keys, want all 8", n)
	}
	for _, s := range []Spammer{SpamSide, SpamFirst} {
		if got := answers(t, Annotator{Skill: 1, Spammer: s}, pair, 100, moment{}, texts, keys); len(got) != 1 {
			t.Errorf("%s: got keys %v, want always the same", s, got)
		}
	}
	first := answers(t, Annotator{Skill: 1, Spammer: SpamFirst}, rating(7), 100, moment{}, texts[:1], points)
	near(t, "first of a rating", first[1], 1)

	ties := labeling.PairTask(true)
	lazy := answers(t, Annotator{Skill: 1, Lazy: .6}, ties, draws, moment{}, []string{"4", "4"}, keys)
	if len(lazy) != 2 {
		t.Errorf("lazy: got %v, want the tie that it is and the keys of this streak", lazy)
	}
	tie := answers(t, Annotator{Skill: 1, Lazy: .6}, ties, draws, moment{}, []string{"4", "4"}, func(_ labeling.Assignment, a labeling.Answer) bool {
		return a.Responses["preference"].Tie()
	})
	near(t, "lazy: read", tie[true], .4)
	streaks := map[string]bool{}
	for at := range 10 {
		got := answers(t, Annotator{Lazy: 1}, pair, 20, moment{t: float64(at) * 2 / streak}, texts, keys)
		if len(got) != 1 {
			t.Errorf("lazy: got keys %v in one streak, want the same", got)
		}
		for k := range got {
			streaks[k] = true
		}
	}
	if len(streaks) < 3 { // of 8 keys; 2 or fewer in ten streaks: C(8,2)·(¼)^10 < .0001
		t.Errorf("lazy: got keys %v in ten streaks, want them to change", streaks)
	}
}

// Whatever the task and whoever the annotator, the answer is one that the store takes.
func TestEveryTaskIsAnswered(t *testing.T) {
	crowd := []Annotator{
		{Skill: .8},
		{Skill: 0},
		{Skill: 1},
		{Temperature: .3, Drift: 1},
		{Skill: .8, LeftBias: .5, LengthBias: -.5},
		{Spammer: SpamRandom},
		{Spammer: SpamSide},
		{Spammer: SpamFirst},
		{Skill: .8, Lazy: .5},
	}
	for _, name := range labeling.TaskNames() {
		task, err := labeling.BuiltinTask(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"0 a", "1 bb", "4 ccc", "1 dddd"}
		if task.Candidates > 0 {
			texts = texts[:task.Candidates]
		}
		for _, a := range crowd {
			answers(t, a, task, 200, moment{t: .7}, texts, func(labeling.Assignment, labeling.Answer) bool { return true })
		}
	}
}

// A safe response is never behind one that is not, whatever the annotator wanted to say.
func TestGuardsAreKept(t *testing.T) {
	q := labeling.Question{Kind: labeling.AskRanking}
	r := guarded(q, labeling.Response{Order: [][]labeling.CandidateID{{1}, {2, 3}, {4}}}, []labeling.CandidateID{3, 4})
	if got, want := fmt.Sprint(r.Order), "[[3] [4] [1] [2]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p := labeling.Question{Kind: labeling.AskPreference}
	r = guarded(p, labeling.Response{Order: [][]labeling.CandidateID{{1}, {2}}, Strength: 4}, []labeling.CandidateID{2})
	if got, want := fmt.Sprint(r.Order, r.Strength), "[[2] [1]] 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
