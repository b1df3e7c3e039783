package load

import (
	"testing"
)

// Without think time, and with every fourth answer sent twice, a store gives out
// everything once and keeps it.
func TestStore(t *testing.T) {
	_, s, f := plot(t, FieldConfig{Items: 200, Overlap: 3, People: 16, Seed: 1})
	r, err := Store(t.Context(), s, f, StoreConfig{Resend: 4})
	if err != nil || !r.Clean() || r.Locked+r.Errors > 0 || r.Acknowledged != 600 || r.Stored != 600 {
		t.Errorf("got %+v, %v, want 600 acknowledged and stored, nothing wrong", r, err)
	}
	complete(t, s, f)
	t.Logf("%.0f/s, claim %+v, submit %+v", r.SubmitsPerSecond, r.Claim, r.Submit)
}

// Eight people over SSH, on lines that break and with fingers that press twice: every
// slot is judged once, nothing that a screen said is lost, and who comes back after a
// broken line finds the item, and on it what they had chosen.
func TestCrowdOverSSH(t *testing.T) {
	t.Parallel()
	path, s, f := plot(t, FieldConfig{Items: 60, Overlap: 2, People: 8, Seed: 1})
	cmd, addr := server(t, path)
	r, err := SSH(t.Context(), s, f, SSHConfig{Addr: addr, PID: cmd.Process.Pid, Disconnects: .2, Doubles: .2})
	if err != nil || !r.Clean() || r.Errors > 0 || r.Acknowledged != 120 || r.Stored != 120 {
		t.Fatalf("got %+v, %v, want 120 acknowledged and stored, nothing wrong", r, err)
	}
	if r.Disconnects < 5 || r.SameDraft != r.Disconnects || r.Doubles < 5 { // binomial(120, .2)
		t.Errorf("got %d broken lines, %d of them back at the same draft, %d double presses, want about 24, all, about 24", r.Disconnects, r.SameDraft, r.Doubles)
	}
	complete(t, s, f)
	t.Logf("%+v", r)
	kill(t, cmd)
}
