package labeling_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

func TestExports(t *testing.T) {
	s := newStore(t, 1)
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(twoLines), "x"); err != nil {
		t.Fatal(err)
	}
	judgeAll(t, s, map[string][]int{"a": {-3}, "b": {2}})
	last, j, err := s.Last(t.Context(), "p", 1, 0) // item a: b has priority
	if err != nil {
		t.Fatal(err)
	}
	submit(t, s, last, 4, j.ID)
	_, now, err := s.Last(t.Context(), "p", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	// What TRL reads: prompt, chosen, rejected as strings, or as messages in a conversation.
	trl := export(t, s, labeling.FormatTRL)
	want := `{"id":"a","prompt":"Say <hi> & go","chosen":"hi","rejected":"ho","margin":1,"weight":1,"judgement_ids":["` + now.ID + `"]}`
	if trl[0] != want {
		t.Errorf("trl: got %s, want %s", trl[0], want)
	}
	if want := `"prompt":[{"role":"user","content":"你好"}],"chosen":[{"role":"assistant","content":"你好！"}],"rejected":[{"role":"assistant","content":""}]`; !strings.Contains(trl[1], want) {
		t.Errorf("trl: got %s, want it to have %s", trl[1], want)
	}
	var c struct {
		Prompt      struct{ Messages []labeling.Message }
		Candidates  []string
		Preferences []struct{ Chosen, Rejected int }
	}
	if err := json.Unmarshal([]byte(export(t, s, labeling.FormatComparisons)[1]), &c); err != nil || len(c.Prompt.Messages) != 1 || len(c.Candidates) != 2 || c.Preferences[0].Rejected != 1 {
		t.Errorf("comparisons: got %+v, %v", c, err)
	}
	raw := export(t, s, labeling.FormatJudgements)
	if len(raw) != 3 || !strings.Contains(raw[0], `"current":false`) || !strings.Contains(raw[1], `"supersedes":"`+j.ID+`","current":true`) {
		t.Errorf("judgements: got %s", raw)
	}
	for _, key := range []string{`"annotator":"ann0"`, `"strength":4`, `"active_ms":1000`, `"wall_ms":2000`, `"at":"2026-03-01T09:00:00Z"`, `"sources":[`, `"guideline":1`} {
		if !strings.Contains(raw[1], key) {
			t.Errorf("judgements: got %s, want it to have %s", raw[1], key)
		}
	}
	if _, err := labeling.Export(t.Context(), s, labeling.ExportOptions{Project: "p", Format: "csv"}, io.Discard); err == nil || !strings.Contains(err.Error(), "judgements") {
		t.Errorf("an unknown format: got %v, want the known ones named", err)
	}
}

// export returns the lines, having checked the record of them.
func export(t *testing.T, s *store.Store, f labeling.Format) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.jsonl")
	run, err := labeling.ExportFile(t.Context(), s, labeling.ExportOptions{Project: "p", Format: f}, path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if run.SHA256 != hex.EncodeToString(sum[:]) || run.Lines != len(lines) || run.Bytes != int64(len(b)) || run.Head == "" {
		t.Errorf("record: got %+v for %d lines, %d bytes, hash %x", run, len(lines), len(b), sum)
	}
	return lines
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errBroken }

func TestExportThatFailsLeavesNothing(t *testing.T) {
	s := newStore(t, 1)
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(twoLines), "x"); err != nil {
		t.Fatal(err)
	}
	judgeAll(t, s, map[string][]int{"a": {1}, "b": {1}})
	if _, err := labeling.Export(t.Context(), s, labeling.ExportOptions{Project: "p", Format: labeling.FormatTRL}, fullDisk{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the writer's error", err)
	}
	dir := t.TempDir()
	if _, err := labeling.ExportFile(t.Context(), s, labeling.ExportOptions{Project: "nobody's", Format: labeling.FormatTRL}, filepath.Join(dir, "out")); !errors.Is(err, labeling.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("got %v left behind", left)
	}
}
