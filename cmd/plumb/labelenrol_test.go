package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Who is new is tested where the project tests; those who judge others are not.
func TestLabelEnrol_NewAnnotatorsAreTested(t *testing.T) {
	for name, c := range map[string]struct {
		init, enrol []string
		want        string
	}{
		"where the project tests": {[]string{"--screening", "4", "--pass", "3"}, nil, "screening"},
		"where it does not":       {nil, nil, "active"},
		"unless told otherwise":   {[]string{"--screening", "4"}, []string{"--status", "active"}, "active"},
		"but for adjudicators":    {[]string{"--screening", "4"}, []string{"--role", "adjudicator"}, "active"},
	} {
		db := filepath.Join(t.TempDir(), "labels.db")
		if code, _, stderr := plumb(t, append([]string{"label", "init", db}, c.init...)...); code != 0 {
			t.Fatal(stderr)
		}
		_, out, stderr := plumb(t, append([]string{"label", "enrol", db, "ada", "--json"}, c.enrol...)...)
		if !strings.Contains(out, `"status":"`+c.want+`"`) {
			t.Errorf("%s: got %s%s, want status %s", name, out, stderr, c.want)
		}
	}
}
