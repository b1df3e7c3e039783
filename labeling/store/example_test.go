package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// Two candidates are imported, judged and exported.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "labels")
	check(err)
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	s, err := store.Create(ctx, filepath.Join(dir, "labels.db"), store.Options{})
	check(err)
	defer s.Close() //nolint:errcheck // everything was acknowledged

	_, err = s.CreateProject(ctx, labeling.DefaultProject("demo"))
	check(err)
	items := `{"id": "q1", "prompt": "2 + 2?", "candidates": [{"text": "5"}, {"text": "4"}]}`
	_, err = labeling.Import(ctx, s, "demo", strings.NewReader(items), "items.jsonl")
	check(err)

	ann, err := s.Enrol(ctx, labeling.Annotator{Handle: "ann"})
	check(err)
	a, err := s.Claim(ctx, labeling.ClaimRequest{Project: "demo", Annotator: ann.ID, For: 10 * time.Minute})
	check(err)
	better := labeling.Prefer("preference", a.Item.Candidates[1].ID, a.Item.Candidates[0].ID, 4)
	check(s.Submit(ctx, labeling.Submission{ID: labeling.DerivedID("example"), Lease: a.Lease, Answer: better}))

	_, err = labeling.Export(ctx, s, labeling.ExportOptions{Project: "demo", Format: labeling.FormatTRL}, os.Stdout)
	check(err)
	// Output:
	// {"id":"q1","prompt":"2 + 2?","chosen":"4","rejected":"5","margin":1,"weight":1,"judgement_ids":["590e7445-5662-51d1-8180-ea430a37b558"]}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
