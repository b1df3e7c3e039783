package generate

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"plumbline/internal/shared"
)

// The golden distributions come from transformers' LogitsProcessor classes (its
// version is in the file).
func TestDistributionAgainstTransformers(t *testing.T) {
	raw, err := os.ReadFile(shared.Path(t, "golden", "generation", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Tolerance struct{ Probabilities struct{ Atol float64 } }
		Logits    []float32
		History   []int32
		Cases     []struct {
			Settings      map[string]float64
			Kept          int
			Probabilities []float64
		}
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) < 20 {
		t.Fatalf("got %d cases, want at least 20", len(g.Cases))
	}
	for _, c := range g.Cases {
		t.Run(strings.Trim(fmt.Sprint(c.Settings), "map[]"), func(t *testing.T) {
			p := make([]float64, len(g.Logits))
			Distribution(p, g.Logits, g.History, options(t, c.Settings))
			kept := 0
			for i, q := range p {
				if q > 0 {
					kept++
				}
				if math.Abs(q-c.Probabilities[i]) > g.Tolerance.Probabilities.Atol {
					t.Errorf("token %d: got %.7f, want %.7f", i, q, c.Probabilities[i])
				}
			}
			if kept != c.Kept {
				t.Errorf("kept: got %d tokens, want %d", kept, c.Kept)
			}
		})
	}
}

func options(t *testing.T, settings map[string]float64) Options {
	t.Helper()
	o := Options{MaxNew: 1, Temperature: 1}
	for k, v := range settings {
		switch k {
		case "temperature":
			o.Temperature = v
		case "top_k":
			o.TopK = int(v)
		case "top_p":
			o.TopP = v
		case "min_p":
			o.MinP = v
		case "typical_p":
			o.TypicalP = v
		case "repetition_penalty":
			o.RepetitionPenalty = v
		case "no_repeat_ngram_size":
			o.NoRepeatNgram = int(v)
		default:
			t.Fatalf("unknown setting %q", k)
		}
	}
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestValidateReportsEveryFault(t *testing.T) {
	err := Options{MaxNew: 0, Temperature: math.NaN(), TopP: 2, MinP: -1}.Validate()
	for _, key := range []string{"max_tokens", "temperature", "top_p", "min_p"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("got %v, want a fault of %s", err, key)
		}
	}
}
