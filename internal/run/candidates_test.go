package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/random"
	"plumbline/internal/shared"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/reward"
)

// team is a runtime that ends with the test.
func team(t testing.TB, threads int) *engine.Runtime {
	rt := engine.NewRuntime(threads)
	t.Cleanup(rt.Close)
	return rt
}

// tales are prompts that a model of children's stories goes on with.
func tales(n int) (all []dataset.Prompt) {
	names := []string{"Tom", "Mia", "Ben", "Lily"}
	for i := range n {
		name := names[i%len(names)]
		all = append(all, dataset.Prompt{ID: fmt.Sprintf("%s-%d", name, i), Text: fmt.Sprintf("%s had %d red", name, i+2)})
	}
	return all
}

// stories are candidates of the small story model.
func stories(t testing.TB, temperatures ...float64) Candidates {
	c := DefaultCandidates()
	c.Arms = Arms([]string{shared.Path(t, "models", "tinystories-656k")}, temperatures)
	c.MaxTokens, c.Seed = 8, 5
	return c
}

// written draws candidates and reads what was written.
func written(t testing.TB, c Candidates, rt *engine.Runtime, prompts []dataset.Prompt) ([]item, Drawn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "candidates.jsonl")
	sum, err := c.Write(t.Context(), rt, prompts, nil, path)
	if err != nil {
		t.Fatal(err)
	}
	return readItems(t, path), sum
}

func readItems(t testing.TB, path string) (items []item) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	for dec := json.NewDecoder(f); dec.More(); {
		var it item
		if err := dec.Decode(&it); err != nil {
			t.Fatal(err)
		}
		items = append(items, it)
	}
	return items
}

// The likeliest answers of two models were recorded by a forward pass in NumPy
// (golden.json of each): an item holds both, each with what it comes from, and prompt and
// candidate make the recorded text.
func TestCandidates_AsRecorded(t *testing.T) {
	type golden struct {
		Prompt string
		Text   string `json:"greedy_text"`
	}
	var want [2][]golden
	for i, name := range []string{"tinystories-656k", "stories260K"} {
		want[i] = shared.Cases(t, func(golden) bool { return true }, "models", name, "golden.json")
	}
	c := DefaultCandidates()
	c.Arms = Arms([]string{shared.Path(t, "models", "tinystories-656k"), shared.Path(t, "models", "stories260K", "stories260K.bin")}, []float64{0})
	c.MaxTokens = 48
	var prompts []dataset.Prompt
	for i, g := range want[0] {
		if g.Prompt != want[1][i].Prompt {
			t.Fatalf("the two models were recorded on %q and %q", g.Prompt, want[1][i].Prompt)
		}
		prompts = append(prompts, dataset.Prompt{ID: "p", Text: g.Prompt})
	}
	items, sum := written(t, c, team(t, 2), prompts)
	if len(items) != len(prompts) || sum.Redrawn != 0 || sum.Answers != 2*len(prompts) {
		t.Fatalf("got %d items of %d prompts, %+v", len(items), len(prompts), sum)
	}
	for i, it := range items {
		said := map[string]string{}
		for _, a := range it.Candidates {
			said[a.Source] = it.Prompt.(string) + a.Text
		}
		for k, source := range []string{"tinystories-656k@T=0.0", "stories260K.bin@T=0.0"} {
			if got, want := said[source], strings.TrimPrefix(want[k][i].Text, " "); got != want {
				t.Errorf("item %d, %s: got %q, want %q", i, source, got, want)
			}
		}
	}
}

// Answer n of the stage has always been sequence n of the generator at the stage's seed,
// which a generator at hand tells.
func TestCandidates_DrawWhatTheStageAlwaysDrew(t *testing.T) {
	c, rt, prompts := stories(t, 1), team(t, 2), tales(6)
	items, _ := written(t, c, rt, prompts)
	s, err := OpenSpeaker(rt, c.Arms[0].Model, "", 64)
	if err != nil {
		t.Fatal(err)
	}
	o := generate.Options{MaxNew: c.MaxTokens, Temperature: 1, Seed: random.New(c.Seed, random.Key("sample")).Uint64()}
	want, err := s.respond(t.Context(), prompts, 2, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, it := range items {
		for k, a := range it.Candidates {
			if a.Text != want[i][k].Text {
				t.Errorf("prompt %d, candidate %d: got %q, want %q", i, k, a.Text, want[i][k].Text)
			}
		}
	}
}

// Neither threads nor the size of batches show in the file.
func TestCandidates_SameWhateverDrawsThem(t *testing.T) {
	c, prompts := stories(t, .8, 1.2), tales(9)
	c.K, c.Priority = 3, ByDiversity
	want, _ := written(t, c, team(t, 1), prompts)
	c.Batch = 4
	got, _ := written(t, c, team(t, 2), prompts)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	c.Seed++
	if other, _ := written(t, c, team(t, 2), prompts); fmt.Sprint(other) == fmt.Sprint(want) {
		t.Error("another seed gave the same candidates")
	}
}

// Cut off in the middle, with the last line of the journal half written, the drawing goes
// on where it was, ends in the same bytes and leaves nothing else behind.
func TestCandidates_GoOn(t *testing.T) {
	c, rt, prompts := stories(t, .7, 1), team(t, 1), tales(40)
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	if _, err := c.Write(t.Context(), rt, prompts, nil, whole); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "candidates.jsonl")
	ctx, interrupt := context.WithCancel(t.Context())
	c.Batch, c.Tell = 8, func(done, _ int) {
		if done == 30 {
			interrupt()
		}
	}
	if _, err := c.Write(ctx, rt, prompts, nil, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the interruption", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no file yet", err)
	}
	j, err := os.OpenFile(journalPath(path), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.WriteString(`{"draw":79,"text":"half a l`); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	c.Tell = nil
	sum, err := c.Write(t.Context(), rt, prompts, nil, path)
	if err != nil || sum.Kept < 30 || sum.Kept+sum.Answers != 80+sum.Redrawn {
		t.Errorf("got %+v, %v, want 30 or more of 80 answers kept", sum, err)
	}
	if got, want := shared.Files(t, filepath.Dir(path)), shared.Files(t, filepath.Dir(whole)); len(got) != 1 || got["candidates.jsonl"] != want["whole.jsonl"] {
		t.Errorf("got other bytes than an undisturbed drawing, or other files")
	}
}

// The journal of another drawing is none of this one's, not even what lies behind the
// place where this one's begins.
func TestJournal_OfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "candidates.jsonl")
	for _, key := range []string{"one", "two", "two"} {
		j, err := openJournal(path, key)
		if err != nil {
			t.Fatal(err)
		}
		if len(j.drawn) > 0 {
			t.Errorf("%s: got %v, want nothing", key, j.drawn)
		}
		if key == "one" {
			err = j.add(0, "not theirs")
		}
		if err := errors.Join(err, j.close()); err != nil {
			t.Fatal(err)
		}
	}
}

// Where the journal cannot be written the drawing stops and says why: the rest of the
// hours would not be safe.
func TestCandidates_JournalCannotBeWritten(t *testing.T) {
	c := stories(t, 1)
	j, err := openJournal(filepath.Join(t.TempDir(), "candidates.jsonl"), "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := j.file.Close(); err != nil {
		t.Fatal(err)
	}
	d := &drawing{Candidates: c, rt: team(t, 1), prompts: tales(200), journal: j}
	if _, err := d.items(t.Context()); !errors.Is(err, os.ErrClosed) || d.sum.Answers > 300 {
		t.Errorf("got %v after %d answers of 400, want the write that failed, soon", err, d.sum.Answers)
	}
}

func TestCandidates_FingerprintOfAllThatAnswersDependOn(t *testing.T) {
	model := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(model, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := DefaultCandidates()
	c.Arms = Arms([]string{model}, []float64{1})
	print := func(c Candidates, prompts []dataset.Prompt) string {
		key, err := c.fingerprint(prompts)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	was := print(c, tales(2))
	free := c
	free.Batch, free.Redraws, free.Priority, free.Rewards = 3, 9, ByMargin, []string{"r"}
	if print(free, tales(2)) != was {
		t.Error("batch, redraws, priority or reward models changed it: no answer depends on them")
	}
	for what, change := range map[string]func(*Candidates){
		"seed":        func(c *Candidates) { c.Seed++ },
		"k":           func(c *Candidates) { c.K++ },
		"max_tokens":  func(c *Candidates) { c.MaxTokens++ },
		"temperature": func(c *Candidates) { c.Arms = Arms([]string{model}, []float64{.5}) },
	} {
		if d := c; print(func() Candidates { change(&d); return d }(), tales(2)) == was {
			t.Errorf("%s did not change it", what)
		}
	}
	if print(c, tales(3)) == was {
		t.Error("prompts did not change it")
	}
	if err := os.WriteFile(model, []byte("other weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	if print(c, tales(2)) == was {
		t.Error("the model's file did not change it")
	}
}

// Two greedy copies of one model say the same, and neither would say anything else: such
// prompts make no item, and the error says what to do. Beside them a sampled answer
// differs; the item is short.
func TestCandidates_RepeatsAreDropped(t *testing.T) {
	model := shared.Path(t, "models", "tinystories-656k")
	other := filepath.Join(t.TempDir(), "copy")
	if err := os.Symlink(model, other); err != nil {
		t.Fatal(err)
	}
	c := stories(t, 0)
	c.Arms = Arms([]string{model, other}, []float64{0})
	rt, path := team(t, 1), filepath.Join(t.TempDir(), "out.jsonl")
	if sum, err := c.Write(t.Context(), rt, tales(3), nil, path); err == nil || !strings.Contains(err.Error(), "got no prompt of 3 with 2 different answers") || sum.Dropped != 3 || sum.Redrawn != 0 {
		t.Errorf("got %+v, %v, want every prompt dropped and nothing drawn again", sum, err)
	}
	c.Arms = append(c.Arms, Arm{model, 1, "sampled"})
	c.K = 3
	items, sum := written(t, c, rt, tales(3))
	if sum.Items != 3 || sum.Short != 3 || sum.Dropped != 0 {
		t.Errorf("got %+v, want three short items", sum)
	}
	for _, it := range items {
		if len(it.Candidates) != 2 || it.Candidates[0].Text == it.Candidates[1].Text {
			t.Errorf("got %+v, want two that differ", it.Candidates)
		}
	}
	c.Least = 3
	if sum, err := c.Write(t.Context(), rt, tales(3), nil, path); err == nil || sum.Dropped != 3 {
		t.Errorf("where three must differ: got %+v, %v", sum, err)
	}
}

// One token is answered often, so that answers repeat. Each redraw is a draw of its own,
// so that in the end more differ; what differed at once stays.
func TestCandidates_RepeatsAreDrawnAgain(t *testing.T) {
	c, rt, prompts := stories(t, .7), team(t, 1), tales(60)
	c.MaxTokens, c.Redraws = 1, 0
	once, sum := written(t, c, rt, prompts)
	if sum.Dropped < 5 || sum.Redrawn != 0 || sum.Items+sum.Dropped != 60 {
		t.Fatalf("got %+v, want repeats", sum)
	}
	c.Redraws = 20
	again, more := written(t, c, rt, prompts)
	if more.Dropped >= sum.Dropped/2 || more.Redrawn < sum.Dropped || more.Answers != 120+more.Redrawn {
		t.Errorf("got %+v after %+v, want most of the repeats gone", more, sum)
	}
	ids := map[string]bool{}
	for _, it := range again {
		ids[it.ID] = true
	}
	for _, it := range once {
		if !ids[it.ID] {
			t.Errorf("%+v is gone", it)
		}
	}
}

func TestCandidates_WhichAreDrawnAgain(t *testing.T) {
	d := drawing{Candidates: Candidates{Arms: []Arm{{Temperature: 0}, {Temperature: 1}}}}
	say := func(arm int, text string) answered { return answered{arm: arm, text: text} }
	d.pools = [][]answered{
		{say(1, "a"), say(1, " a\n"), say(1, "b"), say(1, "a")}, // the first stays
		{say(1, "a"), say(0, "a"), say(1, "b")},                 // the likeliest stays
		{say(0, "a"), say(0, "a"), say(1, "c")},                 // the likeliest stays the likeliest
	}
	if got, want := fmt.Sprint(d.repeats()), "[{0 1} {0 3} {1 0}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	d.dropRepeats()
	if got, want := fmt.Sprint(len(d.pools[0]), len(d.pools[1]), len(d.pools[2])), "2 2 2"; got != want {
		t.Errorf("got pools of %s, want %s", got, want)
	}
}

// scorer makes a reward model of the story model: a new head, as the seed has it.
func scorer(t testing.TB, rt *engine.Runtime, seed uint64) (dir string) {
	t.Helper()
	lm, err := checkpoint.Load(shared.Path(t, "models", "tinystories-656k"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := reward.New(rt, lm, seed, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Of six answers, which a drawing of six candidates shows, the one that the reward models
// score highest is kept and says so, and another, now this, now that.
func TestCandidates_BestOf(t *testing.T) {
	rt, prompts := team(t, 2), tales(12)
	first, second := scorer(t, rt, 1), scorer(t, rt, 2)
	c := stories(t, 1)
	c.K = 6
	all, _ := written(t, c, rt, prompts)
	c.K, c.BestOf, c.Rewards = 2, 6, []string{first, second}
	pairs, _ := written(t, c, rt, prompts)
	others := map[int]bool{}
	for i, it := range pairs {
		scores := scoreBy(t, rt, prompts[i], all[i].Candidates, first, second)
		best, at := slices.Max(scores), -1
		for _, a := range it.Candidates {
			k := slices.IndexFunc(all[i].Candidates, func(b candidate) bool { return b.Text == a.Text })
			if k < 0 || k < at {
				t.Fatalf("item %d: %q is none of the six, or not in their order", i, a.Text)
			}
			at = k
			if marked := a.Source == "tinystories-656k@T=1.0 best of 6"; marked != (scores[k] == best) {
				t.Errorf("item %d: %s has %v of %v", i, a.Source, scores[k], scores)
			} else if !marked {
				others[k] = true
			}
		}
	}
	if len(others) < 3 {
		t.Errorf("the other is one of %v only", others)
	}
}

// scoreBy is the mean score of reward models, each of which reads prompt, answer and EOS
// by itself.
func scoreBy(t testing.TB, rt *engine.Runtime, q dataset.Prompt, all []candidate, dirs ...string) []float64 {
	t.Helper()
	scores := make([]float64, len(all))
	for _, dir := range dirs {
		m, err := reward.Load(rt, dir, models.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := newCodec(dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range all {
			s, err := c.answered(q, a.Text)
			if err != nil {
				t.Fatal(err)
			}
			x, err := m.Score([][]int32{s.Tokens}, 4096)
			if err != nil {
				t.Fatal(err)
			}
			scores[i] += x[0] / float64(len(dirs))
		}
	}
	return scores
}

// What is no reward model is found out before anything is drawn.
func TestCandidates_NoRewardModel(t *testing.T) {
	c := stories(t, 1)
	c.Priority, c.Rewards = ByMargin, []string{c.Arms[0].Model}
	sum, err := c.Write(t.Context(), team(t, 1), tales(2), nil, filepath.Join(t.TempDir(), "c.jsonl"))
	if err == nil || !strings.Contains(err.Error(), "got no tensor score.weight, want a reward model") || sum.Answers != 0 {
		t.Errorf("got %+v, %v, want the language model refused", sum, err)
	}
}

// The file has the priorities that the scores of the shown candidates give by the
// definitions.
func TestCandidates_PrioritiesOfRealScores(t *testing.T) {
	rt, prompts := team(t, 2), tales(5)
	first, second := scorer(t, rt, 1), scorer(t, rt, 2)
	c := stories(t, 1)
	c.Rewards, c.Priority = []string{first, second}, ByMargin
	margins, _ := written(t, c, rt, prompts)
	c.Priority = ByDisagreement
	variances, _ := written(t, c, rt, prompts)
	for i, it := range margins {
		one, two := scoreBy(t, rt, prompts[i], it.Candidates, first), scoreBy(t, rt, prompts[i], it.Candidates, second)
		g, h := one[0]-one[1], two[0]-two[1]
		if want := -math.Abs(g+h) / 2; math.Abs(it.Priority-want) > 1e-6 {
			t.Errorf("margin of item %d: got %v, want %v", i, it.Priority, want)
		}
		if want := (g - h) * (g - h) / 2; math.Abs(variances[i].Priority-want) > 1e-6 {
			t.Errorf("variance of item %d: got %v, want %v", i, variances[i].Priority, want)
		}
		if variances[i].ID != it.ID {
			t.Errorf("item %d is another by another priority: %s, %s", i, variances[i].ID, it.ID)
		}
	}
}

func TestPriorities_ByHand(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		scores                [][]float64 // [K][M]
		closeness, difference float64
	}{
		{"one model", [][]float64{{1.5}, {-.5}}, -2, math.NaN()},
		{"gaps 1, -1, 3 of mean 1: (0 + 4 + 4) / 2", [][]float64{{1, 2, 4}, {0, 3, 1}}, -1, 4},
		{"three candidates, gaps 1, 3, 2", [][]float64{{0}, {1}, {3}}, -2, math.NaN()},
		{"variances 2, 0, 2; margins 2, 2, 0", [][]float64{{0, 0}, {1, 3}, {2, 2}}, -4. / 3, 4. / 3},
		{"agreed", [][]float64{{3, 5}, {1, 3}}, -2, 0},
	} {
		if got := overPairs(tt.scores, closeness); math.Abs(got-tt.closeness) > 1e-12 {
			t.Errorf("%s: closeness: got %v, want %v", tt.name, got, tt.closeness)
		}
		if math.IsNaN(tt.difference) {
			continue // of one model there is no variance, nor is it asked for
		}
		if got := overPairs(tt.scores, disagreement); math.Abs(got-tt.difference) > 1e-12 {
			t.Errorf("%s: disagreement: got %v, want %v", tt.name, got, tt.difference)
		}
	}
}

func TestFarthest_OnTheCircle(t *testing.T) {
	rt := team(t, 2)
	for _, tt := range []struct {
		degrees, want []float64
	}{
		// from 0: 180 is 2 away; from both 90 is 1; then 10 is 1 - cos 10
		{[]float64{0, 10, 180, 90}, []float64{2, 0.01519224698779198, 2, 1}},
		// from 0: 180; then 60 and 120 are .5 from the nearest, and from each other
		{[]float64{0, 60, 120, 180}, []float64{2, .5, .5, 2}},
		{[]float64{30, 30}, []float64{2, 0}},
		{[]float64{30}, []float64{2}},
		{nil, nil},
	} {
		var vectors [][]float32
		for _, a := range tt.degrees {
			sin, cos := math.Sincos(a * math.Pi / 180)
			vectors = append(vectors, []float32{float32(cos), float32(sin)})
		}
		got := farthest(rt.Team, vectors)
		if len(got) != len(tt.want) {
			t.Fatalf("%v: got %v, want %v", tt.degrees, got, tt.want)
		}
		for i := range got {
			if math.Abs(got[i]-tt.want[i]) > 1e-6 {
				t.Errorf("%v: got %v, want %v", tt.degrees, got, tt.want)
				break
			}
		}
	}
}

// "aaaa" has aa three times, aaa twice and aaaa once: 3, 2 and 1 over √14.
func TestGramVector_ByHand(t *testing.T) {
	var sizes []float64
	for _, x := range gramVector("aaaa") {
		if x != 0 {
			sizes = append(sizes, math.Abs(float64(x))*math.Sqrt(14))
		}
	}
	slices.Sort(sizes)
	if len(sizes) != 3 || math.Abs(sizes[0]-1) > 1e-6 || math.Abs(sizes[1]-2) > 1e-6 || math.Abs(sizes[2]-3) > 1e-6 {
		t.Errorf("got %v, want 1, 2, 3", sizes)
	}
	for _, text := range []string{"", "中"} { // nothing to count
		if v := gramVector(text); dot(v, v) != 0 {
			t.Errorf("%q: got %v, want nothing", text, v)
		}
	}
	texts := []string{"小狗在公园里跑。", "小狗在花园里跑。", "The dog ran in the park.", "The dog ran in a park.", "Stock prices fell by 3 %."}
	v := spread(team(t, 2).Team, texts)
	near, far := dot(v[0], v[1]), dot(v[0], v[2])
	if en := dot(v[2], v[3]); near < .4 || en < .6 || math.Abs(float64(far)) > .3 || dot(v[2], v[4]) > .4 {
		t.Errorf("got %v and %v for texts alike, %v and %v for others", near, en, far, dot(v[2], v[4]))
	}
}

// Three arms in pairs: each answers two thirds of the items, no pool has one twice, and
// each meets each. Five answers of two arms: as often as can be.
func TestDeal_Even(t *testing.T) {
	met := map[[2]int]int{}
	used := make([]int, 3)
	for _, pool := range deal(300, 2, 3, 1) {
		a, b := pool[0].arm, pool[1].arm
		met[[2]int{min(a, b), max(a, b)}]++
		used[a]++
		used[b]++
	}
	if fmt.Sprint(used) != "[200 200 200]" || len(met) != 3 {
		t.Errorf("got %v, %v, want 200 answers each and three kinds of pairs", used, met)
	}
	for pair, n := range met {
		if n < 70 {
			t.Errorf("got %v together %d times of 300, want about 100", pair, n)
		}
	}
	total := make([]int, 2)
	for _, pool := range deal(7, 5, 2, 1) {
		for _, a := range pool {
			total[a.arm]++
		}
		if gap := total[0] - total[1]; gap < -1 || gap > 1 {
			t.Fatalf("got %v on the way, want a difference of 1 at most", total)
		}
	}
}

func TestArms_Names(t *testing.T) {
	for _, tt := range []struct {
		dirs []string
		want string
	}{
		{[]string{"runs/a/sft/last", "runs/a/ppo/best/"}, "sft@T=0.7 ppo@T=0.7"},
		{[]string{"runs/a/sft/last", "runs/b/sft/last"}, "runs/a/sft/last@T=0.7 runs/b/sft/last@T=0.7"},
		{[]string{"runs/a/sft/step-000100", "runs/a/sft/step-000200"}, "step-000100@T=0.7 step-000200@T=0.7"},
		{[]string{"last", "./stories260K.bin"}, "last@T=0.7 stories260K.bin@T=0.7"},
	} {
		var names []string
		for _, a := range Arms(tt.dirs, []float64{.7}) {
			names = append(names, a.Source)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.dirs, got, tt.want)
		}
	}
	if arms := Arms([]string{"a", "b"}, []float64{0, 1, 1.25}); len(arms) != 6 || arms[5].Source != "b@T=1.25" || arms[3].Source != "b@T=0.0" {
		t.Errorf("got %v, want all models at all temperatures", arms)
	}
}

func TestCandidates_ValidateReportsEveryFault(t *testing.T) {
	c := DefaultCandidates()
	c.Arms = []Arm{{"m", math.NaN(), "m"}, {"n", 1, "n@T=1.0"}, {"n", 1, "n@T=1.0"}}
	c.K, c.BestOf, c.Redraws, c.MaxTokens, c.Batch, c.Priority = 10, 3, -1, 0, 0, "best"
	err := c.Validate()
	for _, want := range []string{"temperature: got NaN", "n@T=1.0 twice", "k: got 10, want 2 to 9", "best_of: got 3", "redraws: got -1", "max_tokens: got 0", "batch: got 0", `priority: got "best", want one of none, random`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
	sound := func(change func(*Candidates)) error {
		c := DefaultCandidates()
		c.Arms = Arms([]string{"m"}, []float64{1})
		change(&c)
		return c.Validate()
	}
	for want, change := range map[string]func(*Candidates){
		"model: got none": func(c *Candidates) { c.Arms = nil },
		"temperature: got 0 alone, want > 0, or several models": func(c *Candidates) { c.Arms = Arms([]string{"m"}, []float64{0}) },
		"least: got 3, want 2 to k (2)":                         func(c *Candidates) { c.Least = 3 },
		"rewards: got 0, want 1: best_of needs one":             func(c *Candidates) { c.BestOf = 4 },
		"rewards: got 1, want 2: priority disagreement":         func(c *Candidates) { c.Priority, c.Rewards = ByDisagreement, []string{"r"} },
		"rewards: got 1, want 0: best_of is 0":                  func(c *Candidates) { c.Rewards = []string{"r"} },
	} {
		if err := sound(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := sound(func(*Candidates) {}); err != nil {
		t.Errorf("got %v, want no fault", err)
	}
}

// Prompts that say the same are one, however they are written, and n of them are those of
// the seed.
func TestChoosePrompts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.jsonl")
	text := ""
	for i := range 20 {
		text += fmt.Sprintf("{\"prompt\": \"p%d\"}\n{\"prompt\": \" p%d\"}\n", i, i)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	choose := func(n int, seed uint64) string {
		ps, err := ChoosePrompts([]string{path, path}, dataset.Options{}, n, seed)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range ps {
			names = append(names, p.Text)
		}
		return strings.Join(names, " ")
	}
	if all := choose(0, 1); len(strings.Fields(all)) != 20 || !strings.HasPrefix(all, "p0 p1 p2 ") || choose(99, 1) != all {
		t.Errorf("got %s, want twenty in their order", all)
	}
	if a, b := choose(5, 1), choose(5, 2); len(strings.Fields(a)) != 5 || a == b || a != choose(5, 1) {
		t.Errorf("got %s and %s, want five, by the seed", a, b)
	}
}

// Any bytes may lie where the journal is: what is sound at their beginning is taken, and
// what is added is there the next time.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("{\"drawing\":\"k\"}\n{\"draw\":3,\"text\":\"a\"}\n{\"draw\":4,\"te"))
	f.Add([]byte("{\"drawing\":\"other\"}\n{\"draw\":3,\"text\":\"a\"}\n"))
	f.Add([]byte("{\"drawing\":\"k\"}\nnull\n{\"draw\":18446744073709551615,\"text\":\"\\ud800\"}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "c.jsonl")
		if err := os.WriteFile(journalPath(path), b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(path, "k")
		if err != nil {
			t.Fatal(err)
		}
		had := len(j.drawn)
		if err := errors.Join(j.add(1<<60, "new"), j.close()); err != nil {
			t.Fatal(err)
		}
		again, err := openJournal(path, "k")
		if err != nil {
			t.Fatal(err)
		}
		if len(again.drawn) < max(1, had) || again.drawn[1<<60] != "new" {
			t.Errorf("got %d answers, had %d, want what was added too", len(again.drawn), had)
		}
		if err := again.remove(); err != nil {
			t.Error(err)
		}
	})
}
