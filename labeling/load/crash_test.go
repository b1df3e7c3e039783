package load

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline/labeling/store"
)

// The server is killed again and again while eight people judge over SSH and four
// through the store itself, in a process that is killed too. In the end every judgement
// that a screen, or the store, said was saved is there, no slot has two, and the history
// holds.
func TestKilledUnderLoad(t *testing.T) {
	path, s, f := plot(t, FieldConfig{Items: 100 + 120*kills, Overlap: 3, People: 12, Seed: 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f.People = f.People[:8] // the others are the process's
	var saved []Saved
	acked := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 1))
	for range kills {
		saved = append(saved, killedRound(t, path, f, time.Duration(400+r.IntN(800))*time.Millisecond, acked)...)
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
	if len(acked) > 0 || len(saved) < 2*kills {
		t.Errorf("%d judgements that the store acknowledged are gone; %d were acknowledged on screens, want ≥ %d", len(acked), len(saved), 2*kills)
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
	if err := direct.Process.Kill(); err != nil {
		t.Error(err)
	}
	for out.Scan() {
		if id, at, ok := strings.Cut(out.Text(), " "); ok && len(at) == 19 {
			acked[id] = true
		}
	}
	if err := direct.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the process that judges: got %v, want killed", err)
	}
	d.people.Wait()
	return d.saved.all
}
