package train_test

import (
	"math"
	"strings"
	"testing"

	"plumbline/internal/train"
)

// The decay is that of transformers 4.57 optimization.py at its step t-1; the factors
// were computed from its lambdas by hand: max(0, (N-k)/(N-W)) for linear,
// ½(1+cos(π(k-W)/(N-W))) for cosine, times (1-m) plus m for a minimum m.
func TestSchedule_At(t *testing.T) {
	for _, tt := range []struct {
		name  string
		s     train.Schedule
		steps int
		want  map[int]float64 // step -> rate
	}{
		{"constant with warm-up", train.Schedule{Kind: "constant", LR: 2, Warmup: 4}, 8, map[int]float64{1: .5, 2: 1, 4: 2, 5: 2, 8: 2}},
		{"linear, N=10 W=2", train.Schedule{Kind: "linear", LR: 1, Warmup: 2}, 10, map[int]float64{1: .5, 2: 1, 3: 1, 4: 7. / 8, 10: 1. / 8}},
		{"cosine, N=6 W=2", train.Schedule{Kind: "cosine", LR: 1, Warmup: 2}, 6, map[int]float64{2: 1, 3: 1, 4: .8535533905932737, 5: .5, 6: .14644660940672627}},
		{"cosine down to a tenth", train.Schedule{Kind: "cosine", LR: 10, MinRatio: .1}, 2, map[int]float64{1: 10, 2: 5.5}},
		{"all warm-up", train.Schedule{Kind: "linear", LR: 1, Warmup: 4}, 4, map[int]float64{1: .25, 4: 1}},
	} {
		for step, want := range tt.want {
			if got := tt.s.At(step, tt.steps); math.Abs(got-want) > 1e-15 {
				t.Errorf("%s: step %d: got %v, want %v", tt.name, step, got, want)
			}
		}
	}
}

func TestOptimizerConfig_ValidateReportsAll(t *testing.T) {
	if err := train.DefaultOptimizer(1e-4).Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	nan := math.NaN()
	bad := train.OptimizerConfig{
		Schedule: train.Schedule{Kind: "cosin", LR: nan, Warmup: -1, MinRatio: nan},
		Beta1:    1, Beta2: nan, Eps: 0, WeightDecay: nan, MaxGradNorm: math.Inf(1),
	}
	got := bad.Validate().Error()
	for _, key := range []string{"schedule", "lr", "warmup", "min_ratio", "beta1", "beta2", "eps", "weight_decay", "max_grad_norm"} {
		if !strings.Contains("\n"+got, "\n"+key+": got ") {
			t.Errorf("no fault of %s in:\n%s", key, got)
		}
	}
}
