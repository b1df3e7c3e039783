package load

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// The server is killed again and again while eight people judge over SSH and four
// through the store itself, in a process that is killed too. In the end every judgement
// that a screen, or the store, said was saved is there, no slot has two, and the history
// holds.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	path, s, f := plot(t, FieldConfig{Items: 100 + 120*kills, Overlap: 3, People: 12, Seed: 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f.People = f.People[:8] // the others are the process's
	var saved []Saved
	acked := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 1))
	for range kills {
		saved = append(saved, killedRound(t, path, f, time.Duration(600+r.IntN(900))*time.Millisecond, acked)...)
		if t.Failed() {
			return
		}
	}
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	v, err := Check(t.Context(), s, "p", saved)
	if err != nil || !v.Clean() {
		t.Errorf("got %+v, %v, want nothing wrong", v, err)
	}
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range j.Judgements {
			delete(acked, g.ID)
		}
	}
	if len(acked) > 0 || len(saved) < 4*kills {
		t.Errorf("%d judgements that the store acknowledged are gone; %d were acknowledged on screens, want ≥ %d", len(acked), len(saved), 4*kills)
	}
	t.Logf("%d kills, %d judgements, %d of them acknowledged on screens", kills, v.Stored, len(saved))
}

// killedRound is one life of the server.
func killedRound(t *testing.T, path string, f *Field, life time.Duration, acked map[string]bool) []Saved {
	t.Helper()
	cmd, addr := server(t, path)
	direct, out := child(t, "judge", path, fromEnv+"=8", pauseEnv+"=40ms")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	d := newSSHDriver(f, SSHConfig{Addr: addr, Disconnects: .1, Doubles: .1})
	d.begin(ctx)
	d.coming.Wait()
	if err := d.problem.Load(); err != nil {
		t.Errorf("nobody may give up before the kill: %v", *err)
	}
	close(d.sat)
	time.Sleep(life)
	kill(t, cmd)
	stop() // nobody need try to come back
	if err := direct.Process.Kill(); err != nil {
		t.Error(err)
	}
	for out.Scan() {
		if id := out.Text(); len(id) == 36 { // not cut short
			acked[id] = true
		}
	}
	if err := direct.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the process that judges: got %v, want killed", err)
	}
	d.people.Wait()
	return d.saved.all
}

// How a child judges: with everybody but the first so many, and with so long a pause.
const (
	fromEnv  = "LABELING_LOAD_FROM"
	pauseEnv = "LABELING_LOAD_PAUSE"
)

// judgeChild judges through the store and prints what it was told is saved.
func judgeChild(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	people, err := s.Annotators(ctx)
	if err != nil {
		return err
	}
	from, _ := strconv.Atoi(os.Getenv(fromEnv))              // not set: 0
	each, _ := time.ParseDuration("0" + os.Getenv(pauseEnv)) // not set: 0
	f := &Field{seed: 1}
	failed := make(chan error)
	for _, p := range people[from:] {
		go func() { failed <- f.judgeOn(ctx, s, Person{ID: p.ID, Handle: p.Handle}, each) }()
	}
	return <-failed
}

func (f *Field) judgeOn(ctx context.Context, s labeling.Store, p Person, each time.Duration) error {
	for {
		time.Sleep(each)
		w, err := s.Claim(ctx, labeling.ClaimRequest{Project: "p", Annotator: p.ID, For: time.Minute})
		if err != nil {
			return err
		}
		sub, _, err := f.answer(p, w)
		if err != nil {
			return err
		}
		if err := s.Submit(ctx, sub); err != nil {
			return err
		}
		os.Stdout.WriteString(sub.ID + "\n") //nolint:errcheck // the parent counts what arrives
	}
}
