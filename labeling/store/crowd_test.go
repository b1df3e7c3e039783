package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// newReal is a store on the wall clock with items and annotators.
func newReal(t testing.TB, where string, items, overlap, people int) (*Store, []int64) {
	t.Helper()
	s, err := Create(t.Context(), where, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := labeling.DefaultProject("p")
	p.Overlap = overlap
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddItems(t.Context(), "p", testItems(items)); err != nil {
		t.Fatal(err)
	}
	var who []int64
	for i := range people {
		a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: fmt.Sprintf("p%02d", i)})
		if err != nil {
			t.Fatal(err)
		}
		who = append(who, a.ID)
	}
	return s, who
}

// badCrowd counts what its annotators were told.
type badCrowd struct {
	t                              *testing.T
	saved, late, retried, skipped  atomic.Int64
	walkedAway, released, emptyNow atomic.Int64
}

const shortLease = 40 * time.Millisecond

// work is one annotator: answers, answers late, sends twice, skips, gives back, walks away.
func (c *badCrowd) work(ctx context.Context, s *Store, who int64, r *rand.Rand) {
	for {
		if p, err := s.Progress(ctx, "p", who); err != nil || p.Done == p.Wanted {
			if err != nil {
				c.t.Error(err)
			}
			return
		}
		a, err := s.Claim(ctx, labeling.ClaimRequest{Project: "p", Annotator: who, For: shortLease})
		switch {
		case errors.Is(err, labeling.ErrNoWork):
			c.emptyNow.Add(1)
			time.Sleep(5 * time.Millisecond)
			continue
		case err != nil:
			c.t.Error(err)
			return
		}
		c.turn(ctx, s, a, r)
	}
}

func (c *badCrowd) turn(ctx context.Context, s *Store, a labeling.Assignment, r *rand.Rand) {
	nap := func(max int) { time.Sleep(time.Duration(r.IntN(max)) * time.Millisecond) }
	switch x := r.IntN(100); {
	case x < 15:
		c.walkedAway.Add(1)
		nap(60)
		return
	case x < 18:
		c.told(s.Skip(ctx, a.Lease, "unsure"), &c.skipped)
		return
	case x < 23:
		c.told(s.Release(ctx, a.Lease), &c.released)
		return
	case x < 38:
		nap(90)
	default:
		nap(10)
	}
	answer := left(a)
	if !c.told(s.Submit(ctx, answer), &c.saved) {
		return
	}
	if r.IntN(4) == 0 {
		c.told(s.Submit(ctx, answer), &c.retried)
	}
}

// told counts an answer of the store; only a lost lease may go wrong.
func (c *badCrowd) told(err error, n *atomic.Int64) bool {
	switch {
	case err == nil:
		n.Add(1)
		return true
	case errors.Is(err, labeling.ErrLeaseLost):
		c.late.Add(1)
	default: // "database is locked" among others
		c.t.Error(err)
	}
	return false
}

// Sixty-four careless annotators on leases of 40 ms, half of them through a second
// handle as another process would: every item ends with exactly its judgements, by
// different people, and everyone who was told "saved" is among them.
func TestCrowdOf64(t *testing.T) { storetest.Engines(t, testCrowdOf64) }

func testCrowdOf64(t *testing.T, where string) {
	const items, overlap, people = 80, 3, 64
	s, who := newReal(t, where, items, overlap, people)
	defer s.Close() //nolint:errcheck // the test is over
	other, err := Open(t.Context(), where, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // the test is over
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := &badCrowd{t: t}
	var wg sync.WaitGroup
	for i, id := range who {
		wg.Go(func() { c.work(ctx, []*Store{s, other}[i%2], id, rand.New(rand.NewPCG(uint64(i), 1))) })
	}
	wg.Wait()
	t.Logf("saved %d, late %d, sent twice %d, skipped %d, released %d, walked away %d", c.saved.Load(), c.late.Load(), c.retried.Load(), c.skipped.Load(), c.released.Load(), c.walkedAway.Load())
	if n := c.saved.Load(); n != items*overlap {
		t.Errorf("saved: got %d, want %d", n, items*overlap)
	}
	for j, err := range s.Judged(ctx, "p") {
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]bool{}
		for _, g := range j.Judgements {
			by[g.Annotator] = true
		}
		if len(j.Judgements) != overlap || len(by) != overlap {
			t.Errorf("%s: got %d judgements by %d annotators, want %d", j.Item.Ref, len(j.Judgements), len(by), overlap)
		}
	}
	if a, err := s.Audit(ctx, ""); err != nil || len(a.Faults) > 0 {
		t.Errorf("audit: %v, %q", err, a.Faults)
	}
}

// A test that needs other processes starts its own program with one of these set.
const (
	crashEnv = "LABELING_STORE_CRASH_DB"
	crowdEnv = "LABELING_STORE_CROWD_DB"
)

// TestMain is also a child of such a test.
func TestMain(m *testing.M) {
	if where := os.Getenv(crashEnv); where != "" {
		fmt.Fprintln(os.Stderr, crashChild(where)) // it never ends by itself
		os.Exit(1)
	}
	if where := os.Getenv(crowdEnv); where != "" {
		if err := crowdChild(where); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// crashChild judges with 16 annotators and prints the id of every judgement once the
// store has said that it is saved.
func crashChild(where string) error {
	ctx := context.Background()
	s, err := Open(ctx, where, Options{})
	if err != nil {
		return err
	}
	people, err := s.Annotators(ctx)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for _, p := range people {
		go func() {
			for {
				a, err := s.Claim(ctx, labeling.ClaimRequest{Project: "p", Annotator: p.ID, For: time.Minute})
				if err != nil {
					failed <- err
					return
				}
				sub := left(a)
				if err := s.Submit(ctx, sub); err != nil {
					failed <- err
					return
				}
				os.Stdout.WriteString(sub.ID + "\n") //nolint:errcheck // the parent counts what arrives
			}
		}()
	}
	return <-failed
}

// A process killed at any moment loses nothing it was told is saved, and leaves
// nothing half done.
func TestKilledUnderLoad(t *testing.T) { storetest.Engines(t, testKilledUnderLoad) }

func testKilledUnderLoad(t *testing.T, where string) {
	s, _ := newReal(t, where, 300, 8, 16)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acked := map[string]bool{}
	for range 5 {
		killChild(t, where, acked)
	}
	s, err := Open(t.Context(), where, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	stored := 0
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range j.Judgements {
			delete(acked, g.ID)
			stored++
		}
	}
	if len(acked) > 0 || stored == 0 {
		t.Errorf("%d acknowledged judgements are gone, %d are there", len(acked), stored)
	}
	if a, err := s.Audit(t.Context(), ""); err != nil || len(a.Faults) > 0 {
		t.Errorf("audit: %v, %q", err, a.Faults)
	}
	t.Logf("%d judgements over 5 kills", stored)
}

// killChild runs the child, waits for a number of judgements and kills it.
func killChild(t *testing.T, where string, acked map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+where)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 20 + rand.IntN(200); n > 0 && lines.Scan(); n-- {
		acked[lines.Text()] = true
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what was said before the kill counts, but for a torn last line
		if len(lines.Text()) == 36 {
			acked[lines.Text()] = true
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("child: got %v, want killed", err)
	}
}

// BenchmarkStore is 64 annotators without think time: a claim and a submit each.
func BenchmarkStore(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkStore(b, storetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { benchmarkStore(b, storetest.Postgres(b)) })
}

func benchmarkStore(b *testing.B, where string) {
	b.Helper()
	s, who := newReal(b, where, b.N/15+100, 15, 64)
	defer s.Close() //nolint:errcheck // the benchmark is over
	var todo, locked atomic.Int64
	todo.Store(int64(b.N))
	claims := make([][]time.Duration, len(who))
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, id := range who {
		wg.Go(func() {
			for todo.Add(-1) >= 0 {
				began := time.Now()
				a, err := s.Claim(b.Context(), labeling.ClaimRequest{Project: "p", Annotator: id, For: time.Minute})
				claims[i] = append(claims[i], time.Since(began))
				if err == nil {
					err = s.Submit(b.Context(), left(a))
				}
				if err != nil && s.engine.again(err) {
					locked.Add(1)
				} else if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Sorted(slices.Values(slices.Concat(claims...)))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "claim-p99-ms")
	b.ReportMetric(float64(locked.Load()), "locked")
}
