package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"plumbline/internal/shared"
)

// By exhaustive sums over a distribution: Σ π·k = KL for both estimators.
func TestKLEstimatorsAreUnbiased(t *testing.T) {
	pi, rho := []float64{.7, .2, .1}, []float64{.3, .3, .4}
	want := .7*math.Log(.7/.3) + .2*math.Log(.2/.3) + .1*math.Log(.1/.4)
	var k1, k3 float64
	for i := range pi {
		d := math.Log(pi[i] / rho[i])
		k1 += pi[i] * K1(d)
		k3 += pi[i] * K3(d)
	}
	near(t, "k1", k1, want, 1e-12)
	near(t, "k3", k3, want, 1e-12)
}

func nearAll(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		near(t, fmt.Sprintf("%s[%d]", what, i), got[i], want[i], 1e-9)
	}
}

// unpad keeps what is real of padded rows.
func unpad(padded, mask [][]float64) [][]float64 {
	out := make([][]float64, len(padded))
	for i := range padded {
		for t, x := range padded[i] {
			if mask[i][t] == 1 {
				out[i] = append(out[i], x)
			}
		}
	}
	return out
}

// float64 formulas on torch 2.15 (data/golden/README.md).
func TestGoldenKLEstimators(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "golden", "alignment", "kl.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Estimator string
			Inputs    map[string][][]float64
			Expected  struct {
				PerToken       [][]float64 `json:"per_token"`
				MaskedMean     float64     `json:"masked_mean"`
				PerSequenceSum []float64   `json:"per_sequence_sum"`
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	estimators := map[string]func(float64) float64{"k1": K1, "k3": K3}
	seen := 0
	for _, c := range file.Cases {
		k, ok := estimators[c.Estimator]
		if !ok {
			continue // k2, which nothing here uses
		}
		seen++
		logprob, ref, want := unpad(c.Inputs["logprobs"], c.Inputs["mask"]), unpad(c.Inputs["ref_logprobs"], c.Inputs["mask"]), unpad(c.Expected.PerToken, c.Inputs["mask"])
		for i := range want {
			for j := range want[i] {
				near(t, fmt.Sprintf("%s[%d][%d]", c.Estimator, i, j), k(logprob[i][j]-ref[i][j]), want[i][j], 1e-9)
			}
		}
		e, err := EstimateKL(logprob, ref)
		if err != nil {
			t.Fatal(err)
		}
		mean := 0.0
		for _, s := range c.Expected.PerSequenceSum {
			mean += s / float64(len(want))
		}
		if c.Estimator == "k3" {
			near(t, "k3 per sequence", e.K3, mean, 1e-9)
			near(t, "k3 per token", e.TokenK3, c.Expected.MaskedMean, 1e-9)
			nearAll(t, "k3 sums", e.SumsK3, c.Expected.PerSequenceSum)
			continue
		}
		near(t, "k1 per sequence", e.K1, mean, 1e-9)
		near(t, "k1 per token", e.TokenK1, c.Expected.MaskedMean, 1e-9)
		nearAll(t, "k1 sums", e.SumsK1, c.Expected.PerSequenceSum)
	}
	if seen != len(estimators) {
		t.Errorf("got goldens of %d estimators, want %d", seen, len(estimators))
	}
}
