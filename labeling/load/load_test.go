package load

import (
	"strings"
	"testing"

	"plumbline/labeling/store/storetest"
)

// Without think time, and with every fourth answer sent twice, a store gives out
// everything once and keeps it.
func TestStore(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		s, f := plotAt(t, where, FieldConfig{Items: 200, Overlap: 3, People: 16, Seed: 1})
		r, err := Store(t.Context(), s, f, StoreConfig{Resend: 4})
		if err != nil || !r.Clean() || r.Locked+r.Errors > 0 || r.Acknowledged != 600 || r.Stored != 600 {
			t.Errorf("got %+v, %v, want 600 acknowledged and stored, nothing wrong", r, err)
		}
		complete(t, s, f)
		t.Logf("%.0f/s, claim %+v, submit %+v", r.SubmitsPerSecond, r.Claim, r.Submit)
	})
}

// Eight people over SSH, on lines that break and with fingers that press twice: every
// slot is judged once, nothing that a screen said is lost, and who comes back after a
// broken line finds the item, and on it what they had chosen.
func TestCrowdOverSSH(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, where string) {
		c := FieldConfig{Items: 60, Overlap: 2, People: 8, Seed: 1}
		if strings.Contains(where, "://") { // the screen is the same
			c.Items, c.Overlap = 30, 1
		}
		s, f := plotAt(t, where, c)
		cmd, addr := server(t, where)
		r, err := SSH(t.Context(), s, f, SSHConfig{Addr: addr, PID: cmd.Process.Pid, Disconnects: .2, Doubles: .2})
		if n := c.Items * c.Overlap; err != nil || !r.Clean() || r.Errors > 0 || r.Acknowledged != n || r.Stored != n {
			t.Fatalf("got %+v, %v, want %d acknowledged and stored, nothing wrong", r, err, n)
		}
		if r.Disconnects == 0 || r.SameDraft != r.Disconnects || r.Doubles == 0 { // of 30: none with a probability of .001
			t.Errorf("got %d broken lines, %d of them back at the same draft, %d double presses, want a fifth of all, all, a fifth", r.Disconnects, r.SameDraft, r.Doubles)
		}
		complete(t, s, f)
		t.Logf("%+v", r)
		kill(t, cmd)
	})
}
