package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// length is a utility that is easy to see through.
func length(_, candidate string) float64 { return float64(len(candidate)) }

// newProject makes a store with items whose better candidate is sometimes the first,
// sometimes the second, and once neither.
func newProject(ctx context.Context, path string, items, overlap int) (*store.Store, error) {
	s, err := store.Create(ctx, path, store.Options{})
	if err != nil {
		return nil, err
	}
	p := labeling.DefaultProject("p")
	p.Overlap = overlap
	if _, err := s.CreateProject(ctx, p); err != nil {
		return nil, err
	}
	var lines strings.Builder
	for i := range items {
		a, b := strings.Repeat("x", 1+i%3), strings.Repeat("y", 1+i%5)
		fmt.Fprintf(&lines, `{"id":"i%d","prompt":"p%d","candidates":[{"text":"%s"},{"text":"%s"}]}`+"\n", i, i, a, b)
	}
	_, err = labeling.Import(ctx, s, "p", strings.NewReader(lines.String()), "items")
	return s, err
}

func mustProject(t *testing.T, items, overlap int) *store.Store {
	t.Helper()
	s, err := newProject(t.Context(), filepath.Join(t.TempDir(), "labels.db"), items, overlap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func export(t *testing.T, s labeling.Store) string {
	t.Helper()
	var b bytes.Buffer
	for _, f := range labeling.Formats() {
		if _, err := labeling.Export(t.Context(), s, labeling.ExportOptions{Project: "p", Format: f}, &b); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestSameSeedSameExport(t *testing.T) {
	var got []string
	for _, seed := range []uint64{1, 1, 2} {
		s := mustProject(t, 60, 3)
		c := DefaultConfig()
		c.Seed = seed
		r, err := Run(t.Context(), s, c, length)
		if err != nil || r.Judged != 180 || r.Open != 0 {
			t.Fatalf("got %+v, %v, want 180 judged", r, err)
		}
		got = append(got, export(t, s))
	}
	if got[0] != got[1] {
		t.Error("two runs of one seed differ")
	}
	if got[0] == got[2] {
		t.Error("two seeds give the same")
	}
}

const childEnv = "LABELING_SIMULATE_DB"

// TestMain is also the child of the kill test: import and simulation, from wherever an
// earlier child was killed.
func TestMain(m *testing.M) {
	path := os.Getenv(childEnv)
	if path == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	s, err := newProject(ctx, path, 600, 3)
	if err == nil {
		_, err = Run(ctx, s, DefaultConfig(), length)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestKilledAnywhereAndRepeatedGivesTheSameExport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "killed.db")
	kills := 0
	for done := false; !done; {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+path)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		delay := time.Duration(50+rand.IntN(250)) * time.Millisecond
		if kills >= 6 {
			delay = time.Minute
		}
		kill := time.AfterFunc(delay, func() { cmd.Process.Kill() }) //nolint:errcheck // it may be done
		err := cmd.Wait()
		kill.Stop()
		var exit *exec.ExitError
		switch {
		case err == nil:
			done = true
		case errors.As(err, &exit) && !exit.Exited():
			kills++
		default:
			t.Fatal(err)
		}
	}
	killed, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer killed.Close() //nolint:errcheck // the test is over
	calm := mustProject(t, 600, 3)
	if _, err := Run(t.Context(), calm, DefaultConfig(), length); err != nil {
		t.Fatal(err)
	}
	if export(t, killed) != export(t, calm) {
		t.Errorf("after %d kills the export differs from that of an undisturbed run", kills)
	}
	if a, err := killed.Audit(t.Context(), ""); err != nil || len(a.Faults) > 0 {
		t.Errorf("audit: %v, %q", err, a.Faults)
	}
	t.Logf("killed %d times", kills)
}

func TestPeopleKeepWhatTheyHave(t *testing.T) {
	s := mustProject(t, 10, 2)
	ann, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	claim := func() labeling.Assignment {
		w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: ann.ID, For: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := claim()
	if err := s.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: w.Lease, Answer: labeling.Prefer("preference", w.Shown[0], w.Shown[1], 4)}); err != nil {
		t.Fatal(err)
	}
	held := claim()
	r, err := Run(t.Context(), s, DefaultConfig(), length)
	if err != nil || r.Judged != 18 || r.Open != 1 {
		t.Errorf("got %+v, %v, want 18 of 20 judged and ann's lease left", r, err)
	}
	if err := s.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: held.Lease, Answer: labeling.Prefer("preference", held.Shown[0], held.Shown[1], 4)}); err != nil {
		t.Errorf("ann's lease: got %v", err)
	}
	if r, err := Run(t.Context(), s, DefaultConfig(), length); err != nil || r.Judged != 0 || r.Before != 18 {
		t.Errorf("again: got %+v, %v, want nothing left to do", r, err)
	}
}

// shares judges n items without a store and returns how often the annotator was right
// and preferred the left, and the median seconds.
func shares(t *testing.T, a Annotator, gap float64, n int) (right, left float64, strengths map[int]int) {
	t.Helper()
	c := DefaultConfig()
	strengths = map[int]int{}
	for i := range n {
		it := labeling.Item{Ref: fmt.Sprint(i), Prompt: labeling.Prompt{Text: "p"}, Candidates: []labeling.Candidate{{ID: 1, Text: "good"}, {ID: 2, Text: "bad"}}}
		shown := []labeling.CandidateID{1, 2}
		if i%2 == 1 {
			shown = []labeling.CandidateID{2, 1}
		}
		o, err := c.judge(a, labeling.PairTask(false), labeling.Assignment{Item: it, Shown: shown}, func(_, s string) float64 {
			if s == "good" {
				return gap
			}
			return 0
		}, moment{})
		if err != nil {
			t.Fatal(err)
		}
		r := o.answer.Responses["preference"]
		best, _ := r.Best()
		if best == 1 {
			right++
		}
		if best == shown[0] {
			left++
		}
		strengths[r.Strength]++
	}
	return right / float64(n), left / float64(n), strengths
}

func TestAnnotatorsAreAsDeclared(t *testing.T) {
	const n = 20000
	const tol = 5 * .5 / 141.4 // five standard deviations of a share of 20,000
	for _, c := range []struct {
		name        string
		a           Annotator
		gap         float64
		right, left float64
	}{
		{"skill .85", Annotator{Handle: "a", Skill: .85, Seconds: 9}, 1, .85, .5},
		{"no skill", Annotator{Handle: "a", Skill: .5, Seconds: 9}, 1, .5, .5},
		{"Bradley-Terry, gap 2, temperature 1: σ(2)", Annotator{Handle: "a", Temperature: 1, Seconds: 9}, 2, .8808, .5},
		{"always left", Annotator{Handle: "a", Skill: 1, LeftBias: 1, Seconds: 9}, 1, .5, 1},
		{"right in 40 of 100, else sure: .6 + .4/2, .6/2", Annotator{Handle: "a", Skill: 1, LeftBias: -.4, Seconds: 9}, 1, .8, .3},
		{"equal utilities", Annotator{Handle: "a", Skill: 1, Seconds: 9}, 0, .5, .5},
	} {
		right, left, _ := shares(t, c.a, c.gap, n)
		if math.Abs(right-c.right) > tol || math.Abs(left-c.left) > tol {
			t.Errorf("%s: got %.4f right, %.4f left, want %.4f and %.4f ± %.3f", c.name, right, left, c.right, c.left, tol)
		}
	}
	for gap, want := range map[float64]int{.1: 1, .3: 2, .6: 3, .8: 4, 50: 4} {
		if _, _, s := shares(t, Annotator{Handle: "a", Skill: 1, Seconds: 9}, gap, 10); s[want] != 10 {
			t.Errorf("gap %v: got strengths %v, want all %d", gap, s, want)
		}
	}
}

func TestTimesFollowTheAnnotatorNotTheClock(t *testing.T) {
	s := mustProject(t, 101, 1)
	c := DefaultConfig()
	c.Annotators = Crowd(1, Annotator{Handle: "slow", Skill: 1, Seconds: 60})
	if _, err := Run(t.Context(), s, c, length); err != nil {
		t.Fatal(err)
	}
	below, rank := 0, 0
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		g := j.Judgements[0]
		if g.Active < time.Minute {
			below++
		}
		if want := c.Start.Add(time.Duration(rank) * 2 * time.Minute).Add(g.Active); !g.At.Equal(want) {
			t.Errorf("item %d: got %v, want %v", rank, g.At, want)
		}
		rank++
	}
	if below < 25 || below > 76 { // binomial(101, ½), five standard deviations
		t.Errorf("%d of 101 took less than the median", below)
	}
}

func TestRunRefuses(t *testing.T) {
	s := mustProject(t, 2, 3)
	bad := Config{Annotators: []Annotator{{Skill: math.NaN(), LeftBias: 2}, {Handle: "x", Temperature: -1, Seconds: 1}, {Handle: "x", Seconds: 1}}}
	_, err := Run(t.Context(), s, bad, length)
	for _, key := range []string{"scale", "start", "annotators[0].handle", "annotators[0].skill", "annotators[0].left_bias", "annotators[0].seconds", "annotators[1].temperature", "annotators[2].handle"} {
		if err == nil || !strings.Contains(err.Error(), key+": got") {
			t.Errorf("got %v, want a fault of %s", err, key)
		}
	}
	few := DefaultConfig()
	few.Annotators = few.Annotators[:2]
	if _, err := Run(t.Context(), s, few, length); err == nil || !strings.Contains(err.Error(), "got 2, want ≥ 3") {
		t.Errorf("two annotators for three slots: got %v", err)
	}
	nan := func(string, string) float64 { return math.NaN() }
	if _, err := Run(t.Context(), s, DefaultConfig(), nan); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("a utility of NaN: got %v", err)
	}
}
