package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestLabelServe_Faults(t *testing.T) {
	db := labels(t, 1)
	key := filepath.Join(t.TempDir(), "host")
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"figures for everybody", []string{db, "--metrics", "0.0.0.0:9222"}, 2, "an address on loopback"},
		{"several at once", []string{db, "--listen", "here", "--sessions", "0"}, 2, "sessions: got 0"},
		{"missing store", []string{"nowhere.db"}, 1, "nowhere.db"},
		{"unknown project", []string{db, "--project", "other", "--host-key", key}, 1, `"other"`},
		{"a host key that is none", []string{db, "--host-key", write(t, "host", "no key")}, 1, "host"},
		{"an address of others", []string{db, "--listen", "203.0.113.1:22", "--host-key", key}, 1, "203.0.113.1"},
	} {
		code, _, stderr := plumb(t, append([]string{"label", "serve"}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: got %d, %q, want %d, %q", tt.name, code, stderr, tt.code, tt.want)
		}
	}
}
