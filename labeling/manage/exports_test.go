package manage

import (
	"testing"

	"plumbline/labeling"
)

// Of bob's four judgements one was corrected before the first export and one after it: a
// raw export then has five of his in it, one of comparisons four. What is exported after
// they were withdrawn has none, and ada's never count.
func TestExportsSayWhatIsStale(t *testing.T) {
	s := disputed(t, 3)
	bob := enrol(t, s, "bob", "")
	correct := func(back int) {
		t.Helper()
		a, j, err := s.Last(t.Context(), "p", bob, back)
		if err != nil {
			t.Fatal(err)
		}
		submit(t, s, a, j.Answer, j.ID)
	}
	export := func(f labeling.Format) {
		t.Helper()
		if _, err := s.RecordExport(t.Context(), labeling.ExportRun{Project: "p", Format: f, SHA256: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	correct(0)
	export(labeling.FormatJudgements)
	export(labeling.FormatComparisons)
	correct(1)
	if w, err := s.Withdraw(t.Context(), "bob", 0, "did not read"); err != nil || w.Judgements != 4 {
		t.Fatalf("got %+v, %v, want 4 judgements withdrawn", w, err)
	}
	export(labeling.FormatTRL)
	got, err := Exports(t.Context(), s, "p")
	if err != nil || len(got) != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, want := range []Export{
		{labeling.ExportRun{Format: labeling.FormatJudgements}, 5},
		{labeling.ExportRun{Format: labeling.FormatComparisons}, 4},
		{labeling.ExportRun{Format: labeling.FormatTRL}, 0},
	} {
		if got[i].Format != want.Format || got[i].Withdrawn != want.Withdrawn {
			t.Errorf("got %+v, want %s with %d", got[i], want.Format, want.Withdrawn)
		}
	}
}
