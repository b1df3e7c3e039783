package main

import (
	"path/filepath"
	"strings"
	"testing"

	"plumbline/labeling"
)

// What others judged goes in without their verdict, and an import again adds nothing.
func TestLabelImport_OfOthers(t *testing.T) {
	db := filepath.Join(t.TempDir(), "labels.db")
	done(t, "label", "init", db)
	prefs := write(t, "prefs.jsonl", `{"prompt": "Q", "chosen": "A", "rejected": "B"}`+"\n")
	if r := must[labeling.Imported](t, "import", db, prefs); r != (labeling.Imported{Items: 1, Added: 1}) {
		t.Errorf("got %+v", r)
	}
	if r := must[labeling.Imported](t, "import", db, prefs, "--format", "preference"); r != (labeling.Imported{Items: 1}) {
		t.Errorf("again: got %+v", r)
	}
	ranked := write(t, "ranked.jsonl", `{"prompt": "R", "output": ["A", "B", "C"]}`+"\n")
	if r := must[labeling.Imported](t, "import", db, ranked, "--split", "--gold"); r != (labeling.Imported{Items: 3, Added: 3}) {
		t.Errorf("three of which two are shown: got %+v, want three pairs", r)
	}
}

func TestLabelImport_Faults(t *testing.T) {
	db := labels(t, 1)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-", "--gold"}, "--gold or --split with standard input"},
		{[]string{write(t, "x.xlsx", "x")}, `got suffix ".xlsx"`},
		{[]string{write(t, "x.jsonl", `{"prompt": "Q", "chosen": "A", "rejected": "B"}`), "--format", "trl"}, `got format "trl", want one of: plumb`},
		{[]string{write(t, "x.parquet", "no parquet at all")}, "x.parquet: parquet: "},
	} {
		code, _, stderr := plumb(t, append([]string{"label", "import", db}, tt.args...)...)
		if code != 1 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: got %d, %q, want 1, %q", tt.args, code, stderr, tt.want)
		}
	}
}
