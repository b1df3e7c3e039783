package main

import (
	"encoding/json"
	"strings"
	"testing"

	"plumbline/labeling/load"
)

// benched runs label bench with --json and reads what it measured.
func benched[T any](t *testing.T, args ...string) (r T) {
	t.Helper()
	code, out, stderr := plumb(t, append(append([]string{"label", "bench"}, args...), "--json")...)
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil {
		t.Fatalf("label bench %v: got %d, %q, %v:\n%s", args, code, out, err, stderr)
	}
	return r
}

func TestLabelBench_Store(t *testing.T) {
	r := benched[load.StoreReport](t, "store", "--annotators", "4", "--overlap", "2", "--for", "300ms")
	if !r.Clean() || r.Stored == 0 || r.Stored != r.Acknowledged || r.Locked+r.Errors > 0 || r.Submit.N != r.Stored {
		t.Errorf("got %+v, want some judgements and nothing wrong", r)
	}
}

// The server is a process of its own: this program again.
func TestLabelBench_SSH(t *testing.T) {
	t.Setenv("PLUMB_TEST_MAIN", "1")
	r := benched[load.SSHReport](t, "ssh", "--annotators", "4", "--overlap", "2", "--think", "0", "--for", "2s", "--ramp", "0", "--sleepers", "0")
	if !r.Clean() || r.Acknowledged == 0 || r.Errors > 0 || r.NextItem.N != r.Acknowledged {
		t.Errorf("got %+v, want some judgements and nothing wrong", r)
	}
}

func TestLabelBench_Refuses(t *testing.T) {
	for _, c := range []struct{ args, fault string }{
		{"store --annotators 0", "--annotators: got 0, want 1 to 10000"},
		{"store --annotators 2 --overlap 3", "--overlap: got 3"},
		{"store --for 0", "--for: got 0s, want > 0"},
		{"ssh --think -1s", "think: got -1s"},
		{"ssh --sleepers 1", "sleepers: got 1"},
	} {
		args := append([]string{"label", "bench"}, strings.Fields(c.args)...)
		if code, _, stderr := plumb(t, args...); code != exitUsage || !strings.Contains(stderr, c.fault) {
			t.Errorf("%s: got %d, %q, want %d, %q", c.args, code, stderr, exitUsage, c.fault)
		}
	}
}
