package quality

import (
	"context"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/internal/random"
	"plumbline/labeling"
	"plumbline/labeling/store"
)

// archive is a store of what a test made up.
type archive struct {
	labeling.Exportable
	project labeling.Project
	people  []labeling.Annotator
	items   []labeling.JudgedItem
	slots   []labeling.Slot
	skips   []labeling.Skipped
}

func (a *archive) Project(context.Context, string) (labeling.Project, error) { return a.project, nil }

func (a *archive) Annotators(context.Context) ([]labeling.Annotator, error) { return a.people, nil }

func (a *archive) Slots(context.Context, string) ([]labeling.Slot, error) { return a.slots, nil }

func (a *archive) Skips(context.Context, string) ([]labeling.Skipped, error) { return a.skips, nil }

func (a *archive) Judged(context.Context, string) iter.Seq2[labeling.JudgedItem, error] {
	return func(yield func(labeling.JudgedItem, error) bool) {
		for _, j := range a.items {
			if !yield(j, nil) {
				return
			}
		}
	}
}

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// item adds an item with n candidates, the first one the longest.
func (a *archive) item(kind labeling.ItemKind, n int) *labeling.JudgedItem {
	id := int64(len(a.items) + 1)
	j := labeling.JudgedItem{Item: labeling.Item{ID: id, Kind: kind, Prompt: labeling.Prompt{Text: "p"}}}
	for i := range n {
		j.Item.Candidates = append(j.Item.Candidates, labeling.Candidate{ID: 100*labeling.CandidateID(id) + labeling.CandidateID(i), Text: strings.Repeat("x", n-i)})
	}
	a.items = append(a.items, j)
	return &a.items[len(a.items)-1]
}

// says adds a judgement, half a minute after the item's number of minutes.
func says(j *labeling.JudgedItem, who string, shown []labeling.CandidateID, answer labeling.Answer, took time.Duration) {
	j.Judgements = append(j.Judgements, labeling.Judgement{
		ItemID: j.Item.ID, Annotator: who, Shown: shown, Answer: answer, Active: took, Current: true,
		At: start.Add(time.Duration(j.Item.ID) * time.Minute),
	})
}

func order(ids ...labeling.CandidateID) [][]labeling.CandidateID {
	return slices.Collect(slices.Chunk(ids, 1))
}

func ids(it labeling.Item) (out []labeling.CandidateID) {
	for _, c := range it.Candidates {
		out = append(out, c.ID)
	}
	return out
}

func stats(t *testing.T, a *archive) Stats {
	t.Helper()
	s, err := compute(t.Context(), a, "p", start.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Three annotators, two items: on the first all agree, on the second two of three, by way
// of a real store. Pairs that agree: 3 of 3 and 1 of 3, together 4 of 6.
func TestStatsOfAStore(t *testing.T) {
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	p := labeling.DefaultProject("p")
	p.Overlap = 3
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	in := `{"id":"a","prompt":"p","candidates":[{"text":"x"},{"text":"y"}]}
{"id":"b","prompt":"p","candidates":[{"text":"x"},{"text":"y"}]}
{"id":"c","prompt":"p","candidates":[{"text":"x"},{"text":"y"}]}`
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(in), "x"); err != nil {
		t.Fatal(err)
	}
	votes := map[string][]int{"a": {0, 0, 0}, "b": {0, 0, 1}} // by annotator; c is skipped
	cydLeft := 0
	for who, handle := range []string{"ann", "bob", "cyd"} {
		a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: handle})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: a.ID, For: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if w.Item.Ref == "c" {
				if err := s.Skip(t.Context(), w.Lease, "dull"); err != nil {
					t.Fatal(err)
				}
				continue
			}
			i := votes[w.Item.Ref][who]
			chosen, other := w.Item.Candidates[i].ID, w.Item.Candidates[1-i].ID
			if handle == "cyd" && chosen == w.Shown[0] {
				cydLeft++
			}
			err = s.Submit(t.Context(), labeling.Submission{
				ID: labeling.NewID(), Lease: w.Lease, Active: time.Duration(who+1) * time.Second,
				Answer: labeling.Prefer("preference", chosen, other, 2),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := Compute(t.Context(), s, "p")
	if err != nil {
		t.Fatal(err)
	}
	if c := got.Counts; c.Items != 3 || c.Touched != 2 || c.Judgements != 6 || c.Skips != 3 || c.Corrections != 0 {
		t.Errorf("counts: got %+v", c)
	}
	if q := got.Queue; q.Done != 6 || q.Open != 3 || q.Leased != 0 {
		t.Errorf("queue: got %+v", q)
	}
	if p := got.Pace; p.LastHour != 6 || p.Finish == nil || p.Finish.Before(got.At) {
		t.Errorf("pace: got %+v", p)
	}
	if a := got.Questions[0].Agreement; a.K != 4 || a.N != 6 || math.Abs(a.P-2./3) > 1e-12 {
		t.Errorf("agreement: got %+v, want 4 of 6", a)
	}
	cyd := got.Annotators[2]
	if cyd.Handle != "cyd" || cyd.Judged != 2 || cyd.Skipped != 1 || cyd.Left.K != cydLeft || cyd.Left.N != 2 || cyd.Seconds != 3 {
		t.Errorf("cyd: got %+v, want 2 judged, %d of them left, 3 s each", cyd, cydLeft)
	}
	if o := cyd.Questions[0].Agreement; o.K != 2 || o.N != 4 {
		t.Errorf("cyd agrees with %d of %d, want 2 of 4", o.K, o.N)
	}
}

// Two annotators say of five pairs, on the scale from -4 to 4 with 0 for a tie:
//
//	ann  -4 -4  0  1  4
//	bob  -3 -4  0 -1  4
//
// By class (first, first, tie, second, second; first, first, tie, first, second) they
// agree in 4 of 5. By hand, with the mirror images: n = 20; first and second are given 8
// times each, a tie 4 times; pairs that differ among all (400 - 64 - 64 - 16)/2 = 128,
// among units 2: α = 1 - 19·2/128. By rank: ±4, ±3, ±1 and 0 are given 5, 1, 2 and 4
// times, mid-ranks 10 ± 7.5, ± 4.5, ± 3 and 10; among units 2·((7.5-4.5)² + (3+3)²) = 90,
// among all 20·2·(5·7.5² + 4.5² + 2·3²) = 12780: α = 1 - 19·90/12780.
func TestPreference(t *testing.T) {
	a := &archive{project: labeling.Project{Name: "p", Task: labeling.PairTask(true), Overlap: 2}}
	for _, pair := range [][2]int{{-4, -3}, {-4, -4}, {0, 0}, {1, -1}, {4, 4}} {
		j := a.item(labeling.KindTask, 2)
		for who, v := range pair {
			says(j, []string{"ann", "bob"}[who], ids(j.Item), preference(j.Item, v), time.Second)
		}
	}
	// None of these counts: flagged, corrected, withdrawn.
	j := &a.items[0]
	says(j, "cyd", ids(j.Item), labeling.Answer{Flagged: true}, time.Second)
	for _, withdrawn := range []bool{false, true} {
		says(j, "dan", ids(j.Item), preference(j.Item, 4), time.Second)
		last := &j.Judgements[len(j.Judgements)-1]
		last.Current, last.Withdrawn = false, withdrawn
	}
	s := stats(t, a)
	q := s.Questions[0]
	if q.Answers != 10 || q.Agreement.K != 4 || q.Agreement.N != 5 || len(q.Alpha) != 2 {
		t.Fatalf("got %+v, want 4 of 5 pairs of 10 answers alike, at two levels", q)
	}
	for i, want := range []float64{1 - 19*2./128, 1 - 19*90./12780} {
		if got := q.Alpha[i]; math.Abs(got.Alpha-want) > 1e-12 || got.Units != 5 {
			t.Errorf("%s: got %+v, want alpha %.4f of 5 units", got.Level, got, want)
		}
	}
	if c := s.Counts; c.Flagged != 1 || c.Corrections != 1 || c.Withdrawn != 1 || c.Ties != 2 || c.Judgements != 11 {
		t.Errorf("got %+v, want 1 flagged, 1 corrected, 1 withdrawn, 2 ties of 11", c)
	}
	// Cohen, by hand: observed 4/5; with the mirror images each gives the sides 4 times, the tie 2.
	if got, chance := *s.Annotators[0].Questions[0].Kappa, .16+.16+.04; math.Abs(got-(.8-chance)/(1-chance)) > 1e-12 {
		t.Errorf("kappa: got %v, want %v", got, (.8-chance)/(1-chance))
	}
	// Fleiss, by hand: observed 4/5; classes 8, 8, 4 of 20.
	if got, chance := *q.Fleiss, .16+.16+.04; math.Abs(got-(.8-chance)/(1-chance)) > 1e-12 {
		t.Errorf("Fleiss' kappa: got %v, want %v", got, (.8-chance)/(1-chance))
	}
	// ann prefers the first, which is longer, in 2 of 4 without the tie; bob in 3 of 4.
	if l := s.Annotators[1].Longer; l.K != 3 || l.N != 4 || math.Abs(l.PValue-.625) > 1e-12 || s.Crowd.Longer.K != 5 || s.Crowd.Longer.N != 8 {
		t.Errorf("the longer one: got %+v, of all %+v, want 3 of 4, p = .625, of all 5 of 8", l, s.Crowd.Longer)
	}
}

// preference is an answer on the scale from -4, the first one, to 4, the second.
func preference(it labeling.Item, v int) labeling.Answer {
	x, y := it.Candidates[0].ID, it.Candidates[1].ID
	switch {
	case v < 0:
		return labeling.Prefer("preference", x, y, -v)
	case v > 0:
		return labeling.Prefer("preference", y, x, v)
	}
	return labeling.Equal("preference", x, y)
}

// Rankings of three, a > b > c and b > a = c: they agree about none of a-b, about none of
// a-c (one says equal), and about b-c.
func TestRanking(t *testing.T) {
	task, err := labeling.BuiltinTask("ranking")
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{project: labeling.Project{Name: "p", Task: task, Overlap: 2}}
	j := a.item(labeling.KindTask, 3)
	x, y, z := j.Item.Candidates[0].ID, j.Item.Candidates[1].ID, j.Item.Candidates[2].ID
	shown := []labeling.CandidateID{z, y, x}
	rank := func(o [][]labeling.CandidateID) labeling.Answer {
		return labeling.Answer{Responses: map[string]labeling.Response{"ranking": {Order: o}}}
	}
	says(j, "ann", shown, rank(order(x, y, z)), time.Second)
	says(j, "bob", shown, rank([][]labeling.CandidateID{{y}, {x, z}}), time.Second)
	s := stats(t, a)
	if q := s.Questions[0]; q.Agreement.K != 1 || q.Agreement.N != 3 || q.Alpha[0].Level != Nominal || q.Alpha[0].Units != 3 {
		t.Errorf("got %+v, want 1 of 3 pairs alike", q)
	}
	// ann's best stands right of the worst and is longer; bob has no single worst.
	if ann, bob := s.Annotators[0], s.Annotators[1]; ann.Left.K != 0 || ann.Left.N != 1 || ann.Longer.K != 1 || bob.Left.N != 0 {
		t.Errorf("sides: got %+v and %+v", ann.Left, bob.Left)
	}
	for range 8 { // where both agree, so that both are believed
		j := a.item(labeling.KindTask, 3)
		for _, who := range []string{"ann", "bob"} {
			says(j, who, ids(j.Item), rank(order(ids(j.Item)...)), time.Second)
		}
	}
	p, err := Probabilities(t.Context(), a, "p", "")
	if err != nil || len(p) != 27 {
		t.Fatalf("got %d pairs, %v, want 3 of each of 9 items", len(p), err)
	}
	disputed, agreed := p[labeling.Duel{Item: 1, A: 0, B: 1}], p[labeling.Duel{Item: 1, A: 1, B: 2}]
	if agreed < .9 || disputed < .2 || disputed > .8 {
		t.Errorf("got %.3f for the pair both agree on, %.3f for the one they do not, want about 1 and about ½", agreed, disputed)
	}
}

// LaMDA's chain: a candidate that is not sensible is not asked about further, which is a
// missing value, not a disagreement.
func TestMarksWithConditions(t *testing.T) {
	task, err := labeling.BuiltinTask("lamda")
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{project: labeling.Project{Name: "p", Task: task, Overlap: 2}}
	j := a.item(labeling.KindTask, 2)
	x, y := j.Item.Candidates[0].ID, j.Item.Candidates[1].ID
	for who, specific := range []map[labeling.CandidateID]int{{x: 1, y: 2}, {x: 1}} {
		says(j, []string{"ann", "bob"}[who], ids(j.Item), labeling.Answer{Responses: map[string]labeling.Response{
			"sensible": {Marks: map[labeling.CandidateID]int{x: 1, y: 1 + who}}, "specific": {Marks: specific},
		}}, time.Second)
	}
	s := stats(t, a)
	if q := s.Questions[0]; q.Key != "sensible" || q.Agreement.K != 1 || q.Agreement.N != 2 {
		t.Errorf("sensible: got %+v, want 1 of 2", q)
	}
	if q := s.Questions[1]; q.Agreement.K != 1 || q.Agreement.N != 1 || q.Answers != 3 {
		t.Errorf("specific: got %+v, want 1 of 1, of 3 answers", q)
	}
	if _, err := Probabilities(t.Context(), a, "p", "sensible"); err == nil || !strings.Contains(err.Error(), "want a preference or ranking") {
		t.Errorf("probabilities of marks: got %v", err)
	}
}

func TestRatingLevels(t *testing.T) {
	task, err := labeling.BuiltinTask("likert")
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{project: labeling.Project{Name: "p", Task: task, Overlap: 4}}
	// Krippendorff 2011, example D: ordinal .815, interval .849.
	for u := range exampleC.Units {
		j := a.item(labeling.KindTask, 1)
		for who, v := range exampleC.Units[u] {
			says(j, fmt.Sprint("a", who), ids(j.Item), labeling.Answer{Responses: map[string]labeling.Response{
				"quality": {Marks: map[labeling.CandidateID]int{j.Item.Candidates[0].ID: int(v - '0')}},
			}}, time.Second)
		}
	}
	got := stats(t, a).Questions[0].Alpha
	if len(got) != 2 || math.Abs(got[0].Alpha-.815) > 5e-4 || math.Abs(got[1].Alpha-.849) > 5e-4 {
		t.Errorf("got %+v, want ordinal .815, interval .849", got)
	}
}

// Gold, attention checks and repeats count for the annotator, not for the project.
func TestControlItems(t *testing.T) {
	a := &archive{project: labeling.Project{Name: "p", Task: labeling.PairTask(false), Overlap: 1}, people: []labeling.Annotator{{Handle: "ann"}}}
	work := a.item(labeling.KindTask, 2)
	says(work, "ann", ids(work.Item), preference(work.Item, -1), 4*time.Second)
	for _, k := range []struct {
		kind labeling.ItemKind
		says int
	}{{labeling.KindGold, -1}, {labeling.KindGold, 2}, {labeling.KindAttention, -3}, {labeling.KindTutorial, 3}} {
		j := a.item(k.kind, 2)
		j.Item.Expected = preference(j.Item, -1).Responses
		says(j, "ann", ids(j.Item), preference(j.Item, k.says), 2*time.Second)
	}
	for _, v := range []int{-4, 1} {
		j := a.item(labeling.KindRepeat, 2)
		j.Item.Origin = work.Item.ID
		says(j, "ann", []labeling.CandidateID{j.Item.Candidates[1].ID, j.Item.Candidates[0].ID}, preference(j.Item, v), 2*time.Second)
	}
	a.slots = []labeling.Slot{
		{ItemID: 1, State: labeling.SlotDone},
		{ItemID: 1, State: labeling.SlotOpen},
		{ItemID: 1, State: labeling.SlotLeased, Until: start.Add(24*time.Hour + 90*time.Second)},
		{ItemID: 1, State: labeling.SlotLeased, Until: start.Add(24*time.Hour + 30*time.Second)},
		{ItemID: 1, State: labeling.SlotLeased, Until: start.Add(24*time.Hour - 10*time.Second)},
		{ItemID: 2, State: labeling.SlotOpen}, // gold
		{ItemID: 6, State: labeling.SlotLeased},
	}
	a.skips = []labeling.Skipped{{Annotator: "ann"}}
	s := stats(t, a)
	ann := s.Annotators[0]
	if ann.Gold.K != 1 || ann.Gold.N != 2 || ann.Attention.K != 1 || ann.Attention.N != 1 || ann.Consistent.K != 1 || ann.Consistent.N != 2 {
		t.Errorf("got gold %+v, attention %+v, consistent %+v, want 1 of 2, 1 of 1, 1 of 2", ann.Gold, ann.Attention, ann.Consistent)
	}
	if ann.Judged != 1 || ann.Skipped != 1 || ann.Seconds != 2 || ann.Left.N != 6 || ann.Left.K != 4 || ann.Status != labeling.StatusActive {
		t.Errorf("got %+v, want 1 judged, 1 skipped, 2 s, 4 of 6 left", ann)
	}
	if c := s.Counts; c.Items != 1 || c.Judgements != 1 || c.Touched != 1 || s.Questions[0].Answers != 1 {
		t.Errorf("got %+v and %d answers, want one item, one judgement", c, s.Questions[0].Answers)
	}
	if p, err := Probabilities(t.Context(), a, "p", ""); err != nil || len(p) != 1 {
		t.Errorf("got probabilities %v, %v, want one for the item to judge", p, err)
	}
	if want := (Queue{Open: 1, Leased: 3, Lapsed: 1, Done: 1, NextLapse: 30, LapsedFor: 10}); s.Queue != want {
		t.Errorf("got %+v, want %+v", s.Queue, want)
	}
	if p := s.Pace; p.LastHour != 0 || p.Finish != nil || p.PerHour != 1 || p.HoursLeft != 4 {
		t.Errorf("got %+v, want nothing in the last hour, one an hour before, 4 hours left", p)
	}
}

// judge is an annotator who has a skill, goes by the left side instead in some cases, and
// takes some seconds.
type judge struct {
	handle            string
	skill, left, pace float64
	tires             int // the item from which on answers are random, or 0
}

// crowd makes up a project of pairs.
func crowd(items, overlap int, judges []judge) (a *archive, truth []int) {
	rng := random.New(5)
	a = &archive{project: labeling.Project{Name: "p", Task: labeling.PairTask(false), Overlap: overlap}}
	for _, j := range judges {
		a.people = append(a.people, labeling.Annotator{Handle: j.handle})
	}
	for i := range items {
		j := a.item(labeling.KindTask, 2)
		truth = append(truth, rng.IntN(2))
		for _, who := range rng.Perm(len(judges))[:overlap] {
			p := judges[who]
			shown := ids(j.Item)
			if rng.IntN(2) == 1 {
				slices.Reverse(shown)
			}
			said := truth[i]
			if p.tires > 0 && i >= p.tires {
				said = rng.IntN(2)
			} else if rng.Float64() >= p.skill {
				said = 1 - said
			}
			if rng.Float64() < p.left {
				said = slices.Index(ids(j.Item), shown[0])
			}
			says(j, p.handle, shown, preference(j.Item, 2*said-1), time.Duration(p.pace*math.Exp(rng.NormFloat64()/2)*float64(time.Second)))
		}
	}
	return a, truth
}

// honest is n annotators like InstructGPT's.
func honest(n int) (out []judge) {
	for i := range n {
		out = append(out, judge{fmt.Sprintf("good-%02d", i), .84, 0, 30, 0})
	}
	return out
}

// Of 20 annotators one answers at random in the last tenth of the project. A majority of
// four others is right in (.84⁴ + 4·.84³·.16)/(that + the same of .16) = .984 of the cases
// where there is one, so the one goes with it in .95·.984 + .05·.016 = .94, then in ½.
func TestDriftInACrowd(t *testing.T) {
	judges := append(honest(19), judge{"late", .95, 0, 30, 2700})
	a, _ := crowd(3000, 5, judges)
	for _, p := range stats(t, a).Annotators {
		var rules []Rule
		for _, x := range p.Proposals {
			rules = append(rules, x.Rule)
		}
		if p.Handle == "late" {
			if !slices.Equal(rules, []Rule{RuleDrift}) || math.Abs(p.Drift.Before.P-.936) > .03 || math.Abs(p.Drift.Recent.P-.5) > .12 {
				t.Errorf("late: got %v, %.2f before, %.2f in the end, want drift from about .94 to ½", rules, p.Drift.Before.P, p.Drift.Recent.P)
			}
		} else if len(rules) > 0 {
			t.Errorf("%s: got %v, want nothing", p.Handle, p.Proposals)
		}
	}
}

// Five annotators, each twice as fast as the next: by hand, the logarithms of their
// seconds are 2, 1, 0, -1, -2 steps from the median, so MAD is 1 step. Of the first two
// one always prefers the longer one; SciPy 1.18.1, fisher_exact([[10, 0], [1, 9]]).
func TestCompare(t *testing.T) {
	var people []*person
	for i := range 5 {
		p := newPerson(labeling.Annotator{}, 0)
		p.Seconds = 5 * math.Pow(2, float64(i))
		people = append(people, p)
	}
	people[0].Longer.Share, people[1].Longer.Share = Share{K: 10, N: 10}, Share{K: 1, N: 10}
	c := compare(people, "preference")
	for i, p := range people {
		if want := float64(i-2) / 1.4826; math.Abs(p.SpeedZ-want) > 1e-12 {
			t.Errorf("%v s: got z = %v, want %v", p.Seconds, p.SpeedZ, want)
		}
	}
	if math.Abs(c.Seconds-20) > 1e-9 || c.Longer.K != 11 || c.Longer.N != 20 || c.Annotators != 5 {
		t.Errorf("got %+v, want 20 s in the median, 11 of 20 longer ones", c)
	}
	for i, want := range []float64{0.00011907597046915932, 0.00011907597046915932, 1} {
		if got := people[i].LongerOdds; !near(got, want) {
			t.Errorf("annotator %d: got p = %v, want %v", i, got, want)
		}
	}
}

// An adjudication is the truth, unless it only flags the item; ties count half to each side.
func TestAdjudicationAndTies(t *testing.T) {
	a := &archive{project: labeling.Project{Name: "p", Task: labeling.PairTask(true), Overlap: 2}}
	for i := range 40 {
		j := a.item(labeling.KindTask, 2)
		v := []int{-2, 2, 0, -2}[i%4]
		for _, who := range []string{"ann", "bob", "cyd"} {
			says(j, who, ids(j.Item), preference(j.Item, v), time.Second)
		}
	}
	a.items[0].Adjudication = &labeling.Adjudication{Answer: preference(a.items[0].Item, 3)}
	flagged := preference(a.items[3].Item, 3)
	flagged.Flagged = true
	a.items[3].Adjudication = &labeling.Adjudication{Answer: flagged}
	p, err := Probabilities(t.Context(), a, "p", "")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, 0, .5, 1} { // second by adjudication, second, tie, first
		if got := p[labeling.Duel{Item: int64(i + 1), A: 0, B: 1}]; math.Abs(got-want) > .02 {
			t.Errorf("item %d: got %.3f, want %v", i+1, got, want)
		}
	}
	if s := stats(t, a); s.Counts.Adjudicated != 2 {
		t.Errorf("got %d adjudicated, want 2", s.Counts.Adjudicated)
	}
}

// Of 40 honest annotators, nobody is proposed; of 10 who do not read, everybody, for what
// they do.
func TestProposals(t *testing.T) {
	judges := honest(40)
	for i := range 5 {
		judges = append(judges, judge{fmt.Sprintf("coin-%d", i), .5, 0, 30, 0}, judge{fmt.Sprintf("left-%d", i), .5, .9, 3, 0})
	}
	a, _ := crowd(3000, 3, judges)
	s := stats(t, a)
	want := map[string][]Rule{"good": nil, "coin": {RuleSkill}, "left": {RuleSkill, RuleSide, RuleSpeed}}
	for _, p := range s.Annotators {
		var got []Rule
		for _, x := range p.Proposals {
			got = append(got, x.Rule)
			if x.Evidence.In("en") == "" || x.Evidence["zh"] == "" || x.Annotator != p.Handle {
				t.Errorf("%s: got %+v, want a name and evidence in both languages", p.Handle, x)
			}
		}
		if kind, _, _ := strings.Cut(p.Handle, "-"); !slices.Equal(got, want[kind]) {
			t.Errorf("%s: got %v, want %v: %+v", p.Handle, got, want[kind], p.Proposals)
		}
	}
}

// Where the better one always comes first, as in files of chosen and rejected ones, two of
// .84 skill still agree in .7312, which is .4624 beyond chance, and know .68.
func TestOrderOfCandidatesDoesNotMatter(t *testing.T) {
	a, truth := crowd(4000, 3, honest(10))
	for i := range a.items {
		if truth[i] == 1 {
			slices.Reverse(a.items[i].Item.Candidates)
		}
	}
	s := stats(t, a)
	for _, r := range s.Questions[0].Alpha[:1] {
		if math.Abs(r.Alpha-.4624) > .03 || math.Abs(*s.Questions[0].Fleiss-.4624) > .03 {
			t.Errorf("got %+v, Fleiss' kappa %.3f, want about .46", r, *s.Questions[0].Fleiss)
		}
	}
	for _, p := range s.Annotators {
		if o := p.Questions[0]; math.Abs(*o.Insight-.68) > .1 || math.Abs(*o.Kappa-.4624) > .1 || math.Abs(o.Skill-.84) > .05 || len(p.Proposals) > 0 {
			t.Errorf("%s: got insight %.3f, kappa %.3f, skill %.3f, want about .68, .46, .84; %v", p.Handle, *o.Insight, *o.Kappa, o.Skill, p.Proposals)
		}
	}
}

// What weights are for: with 40 % who answer at random, the likelier side by Probabilities
// is the better one more often than the majority's, and the probabilities mean what they
// say: of those near p, about p are right.
func TestProbabilities(t *testing.T) {
	judges := honest(30)
	for i := range 20 {
		judges = append(judges, judge{fmt.Sprintf("coin-%02d", i), .5, 0, 30, 0})
	}
	a, truth := crowd(2000, 5, judges)
	p, err := Probabilities(t.Context(), a, "p", "preference")
	if err != nil {
		t.Fatal(err)
	}
	var majority, weighted, promised, kept, unsure float64
	for i, j := range a.items {
		c, _ := labeling.Compare(j, "preference")
		if m, ok := c.Majority(0, 1); ok && m.Chosen == truth[i] {
			majority++
		}
		first := p[labeling.Duel{Item: j.Item.ID, A: 0, B: 1}]
		right := 0.
		if (first > .5) == (truth[i] == 0) {
			right = 1
		}
		weighted += right
		if sure := max(first, 1-first); sure > .7 && sure < .95 {
			promised += sure
			kept += right
			unsure++
		}
	}
	if weighted < majority+80 {
		t.Errorf("got %v of 2000 right, by majority %v, want at least 80 more", weighted, majority)
	}
	if promised, kept = promised/unsure, kept/unsure; unsure < 300 || math.Abs(promised-kept) > .05 {
		t.Errorf("of %v pairs with a chance between .7 and .95, %.3f on average, %.3f came true", unsure, promised, kept)
	}
}

// 50,000 judgements by 500 annotators, as a live view reads them every few seconds.
func BenchmarkCompute(b *testing.B) {
	a, _ := crowd(16667, 3, honest(500))
	for b.Loop() {
		if _, err := compute(b.Context(), a, "p", start); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(3*16667*float64(b.N)/b.Elapsed().Seconds(), "judgements/s")
}
