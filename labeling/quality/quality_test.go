package quality

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

func TestWilson(t *testing.T) {
	// Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718}} {
		s := Share{K: c.k, N: c.n}.WithInterval()
		if math.Abs(s.Low-c.low) > 5e-5 || math.Abs(s.High-c.high) > 5e-5 {
			t.Errorf("%d of %d: got %.4f to %.4f, want %.4f to %.4f", c.k, c.n, s.Low, s.High, c.low, c.high)
		}
	}
	if s := (Share{}).WithInterval(); s.Low != 0 || s.High != 1 {
		t.Errorf("nothing of nothing: got %v", s)
	}
}

// Three annotators, two items: on the first all agree, on the second two of three.
// Pairs that agree: 3 of 3 and 1 of 3, together 4 of 6.
func TestStats(t *testing.T) {
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	p := labeling.DefaultProject("p")
	p.Overlap = 3
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	in := `{"id":"a","prompt":"p","candidates":[{"text":"x"},{"text":"y"}]}
{"id":"b","prompt":"p","candidates":[{"text":"x"},{"text":"y"}]}
{"id":"c","prompt":"p","candidates":[{"text":"x"},{"text":"y"}]}`
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(in), "x"); err != nil {
		t.Fatal(err)
	}
	votes := map[string][]int{"a": {0, 0, 0}, "b": {0, 0, 1}} // by annotator; c is skipped
	cydLeft := 0
	for who, handle := range []string{"ann", "bob", "cyd"} {
		a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: handle})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: a.ID, For: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if w.Item.Ref == "c" {
				if err := s.Skip(t.Context(), w.Lease, "dull"); err != nil {
					t.Fatal(err)
				}
				continue
			}
			chosen := w.Item.Candidates[votes[w.Item.Ref][who]].ID
			if handle == "cyd" && chosen == w.Shown[0] {
				cydLeft++
			}
			answer := labeling.Prefer("preference", chosen, w.Item.Candidates[1-votes[w.Item.Ref][who]].ID, 2)
			answer.Flagged = handle == "bob"
			err = s.Submit(t.Context(), labeling.Submission{
				ID: labeling.NewID(), Lease: w.Lease, Active: time.Duration(who+1) * time.Second,
				Answer: answer,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := Compute(t.Context(), s, "p")
	if err != nil {
		t.Fatal(err)
	}
	if got.Items != 3 || got.Touched != 2 || got.Done != 6 || got.Open != 3 || got.Leased != 0 || got.Flagged != 2 || got.Skips != 3 || got.Corrections != 0 {
		t.Errorf("got %+v", got)
	}
	if got.Agreement.K != 4 || got.Agreement.N != 6 || math.Abs(got.Agreement.P-2./3) > 1e-12 {
		t.Errorf("agreement: got %+v, want 4 of 6", got.Agreement)
	}
	cyd := got.Annotators[2]
	if cyd.Handle != "cyd" || cyd.Judged != 2 || cyd.Skipped != 1 || cyd.Left.K != cydLeft || cyd.Left.N != 2 || cyd.Seconds != 3 {
		t.Errorf("cyd: got %+v, want 2 judged, %d of them left, 3 s each", cyd, cydLeft)
	}
}

func TestMedian(t *testing.T) {
	for want, v := range map[float64][]float64{0: nil, 7: {7}, 2: {9, 1, 2}, 2.5: {3, 2, 1, 4}} {
		if got := median(v); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
