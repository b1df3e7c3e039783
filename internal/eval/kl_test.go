package eval

import (
	"fmt"
	"math"
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

type klCase struct {
	Estimator string
	Inputs    map[string][][]float64
	Expected  struct {
		PerToken       [][]float64 `json:"per_token"`
		MaskedMean     float64     `json:"masked_mean"`
		PerSequenceSum []float64   `json:"per_sequence_sum"`
	}
}

// float64 formulas on torch 2.15 (data/golden/README.md).
func TestGoldenKLEstimators(t *testing.T) {
	estimators := map[string]func(float64) float64{"k1": K1, "k3": K3} // nothing here uses k2
	cases := shared.Cases(t, func(c klCase) bool { return estimators[c.Estimator] != nil }, "golden", "alignment", "kl.json")
	for _, c := range cases {
		k := estimators[c.Estimator]
		logprob, ref, want := shared.Unpad(c.Inputs["logprobs"], c.Inputs["mask"]), shared.Unpad(c.Inputs["ref_logprobs"], c.Inputs["mask"]), shared.Unpad(c.Expected.PerToken, c.Inputs["mask"])
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
			shared.NearAll(t, "k3 sums", e.SumsK3, c.Expected.PerSequenceSum)
			continue
		}
		near(t, "k1 per sequence", e.K1, mean, 1e-9)
		near(t, "k1 per token", e.TokenK1, c.Expected.MaskedMean, 1e-9)
		shared.NearAll(t, "k1 sums", e.SumsK1, c.Expected.PerSequenceSum)
	}
	if len(cases) != len(estimators) {
		t.Errorf("got goldens of %d estimators, want %d", len(cases), len(estimators))
	}
}
