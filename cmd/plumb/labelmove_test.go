package main

import (
	"path/filepath"
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/simulate"
	"plumbline/labeling/store/storetest"
)

func TestLabelMove_ThereAndBack(t *testing.T) {
	db, server := labels(t, 4), storetest.Postgres(t)
	must[simulate.Report](t, "simulate", db, "--scorer", "vader", "--annotators", "2")
	want := must[labeling.Audit](t, "audit", db)
	back := filepath.Join(t.TempDir(), "back.db")
	for _, pair := range [][2]string{{db, server}, {server, back}} {
		if m := must[moved](t, "move", pair[0], pair[1]); m.Head != want.Head || m.Judgements != 8 {
			t.Errorf("move: got %+v, want head %s", m, want.Head)
		}
		if a := must[labeling.Audit](t, "audit", pair[1]); a.Head != want.Head || len(a.Faults) > 0 {
			t.Errorf("audit: got %+v, want head %s", a, want.Head)
		}
	}
	if code, _, stderr := plumb(t, "label", "move", db, back); code != 1 || !strings.Contains(stderr, "not empty") {
		t.Errorf("into a store that is not empty: got %d, %q", code, stderr)
	}
}
