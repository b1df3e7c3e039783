package kernel

import (
	"math"
	"testing"
)

func TestLogProbRowsAgainstFloat64(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, v := range []int{1, 2, 15, 33, 1024, 4097, 50257} {
			const rows, invTemp = 5, 1.25
			x, targets := normal(rows*v, 1), index(rows, v, 2)
			for i := range x {
				x[i] = 4*x[i] + 7
			}
			x64 := wide(x)
			logprob, entropy, lse := make([]float32, rows), make([]float32, rows), make([]float32, rows)
			logprob64, entropy64, lse64 := make([]float64, rows), make([]float64, rows), make([]float64, rows)
			team.LogProbRows(logprob, entropy, lse, x, targets, rows, v, invTemp)
			refLogProb(logprob64, entropy64, lse64, x64, targets, rows, v, invTemp)
			near(t, name("logprob ", v), logprob, logprob64, 5e-7)
			near(t, name("entropy ", v), entropy, entropy64, 2e-6)
			near(t, name("lse ", v), lse, lse64, 3e-7)

			if v == 1 {
				continue // the gradient is 0 but for rounding
			}
			dl, dh := normal(rows, 3), normal(rows, 4)
			alone := clone(x)
			team.LogProbGradRows(alone, targets, lse, nil, dl, nil, rows, v, invTemp)
			want := clone(x64)
			refLogProbGrad(want, targets, lse64, nil, wide(dl), nil, rows, v, invTemp)
			near(t, name("grad of logprob ", v), alone, want, 2e-6)
			team.LogProbGradRows(x, targets, lse, entropy, dl, dh, rows, v, invTemp)
			refLogProbGrad(x64, targets, lse64, entropy64, wide(dl), wide(dh), rows, v, invTemp)
			near(t, name("grad of both ", v), x, x64, 5e-6)
		}
	})
}

// A banned token has a logit of -Inf: probability 0, gradient 0, nothing is NaN.
func TestLogProbRowsWithBannedTokens(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		inf := float32(math.Inf(-1))
		x := []float32{0, inf, 0, inf, inf}
		logprob, entropy, lse := make([]float32, 1), make([]float32, 1), make([]float32, 1)
		team.LogProbRows(logprob, entropy, lse, x, []int32{2}, 1, 5, 2)
		near(t, "logprob", logprob, []float64{-math.Ln2}, 1e-7)
		near(t, "entropy", entropy, []float64{math.Ln2}, 1e-7)
		team.LogProbGradRows(x, []int32{2}, lse, entropy, []float32{1}, []float32{1}, 1, 5, 2)
		near(t, "grad", x, []float64{-1, 0, 1, 0, 0}, 1e-6)
	})
}

func TestLogProbRowsDoNotDependOnTheBatch(t *testing.T) {
	one, three := NewTeam(1), NewTeam(3)
	defer one.Close()
	defer three.Close()
	onBuilds(t, func(t *testing.T) {
		for _, v := range []int{17, 1024, 5000} {
			const rows = 23
			logits, targets, dl := normal(rows*v, 1), index(rows, v, 2), normal(rows, 3)
			run := func(team *Team, lo, hi int) (all, grad []float32) {
				n := hi - lo
				x, all := clone(logits[lo*v:hi*v]), make([]float32, 3*n)
				team.LogProbRows(all[:n], all[n:2*n], all[2*n:], x, targets[lo:hi], n, v, 0.7)
				team.LogProbGradRows(x, targets[lo:hi], all[2*n:], all[n:2*n], dl[lo:hi], dl[lo:hi], n, v, 0.7)
				return all, x
			}
			want, grad := run(one, 0, rows)
			got, dx := run(three, 0, rows)
			same(t, name("team ", v), got, want)
			same(t, name("team grad ", v), dx, grad)
			for i := range rows {
				got, dx := run(three, i, i+1)
				same(t, name("row ", i), got, []float32{want[i], want[rows+i], want[2*rows+i]})
				same(t, name("row grad ", i), dx, grad[i*v:(i+1)*v])
			}
		}
	})
}

func TestArgmaxIsTheFirstOfEquals(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, v := range []int{1, 7, 100, 50257} {
			x := normal(3*v, 1)
			want := []int32{int32(v - 1), int32(v / 2), 0}
			for r, at := range want {
				x[r*v+int(at)] = 9
				x[(r+1)*v-1] = 9
			}
			got := make([]int32, 3)
			team.Argmax(got, x, 3, v)
			for r := range want {
				if got[r] != want[r] {
					t.Errorf("V %d row %d: got %d, want %d", v, r, got[r], want[r])
				}
			}
		}
		got := make([]int32, 1)
		team.Argmax(got, []float32{-5, -3, -4, -3}, 1, 4)
		if got[0] != 1 {
			t.Errorf("negative row: got %d, want 1", got[0])
		}
	})
}
