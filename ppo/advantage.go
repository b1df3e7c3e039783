package ppo

import (
	"fmt"
	"math"
)

// GAE is generalised advantage estimation over one rollout of T tokens:
//
//	δ_t = r_t + γ·V_{t+1} - V_t,   V_T = 0
//	A_t = δ_t + γλ·A_{t+1}
//	R_t = A_t + V_t
//
// value[t] is the critic's estimate before token t is taken: read at the token that
// comes before it. gamma and lambda are in [0, 1]. The text ends at the last token,
// whether by EOS or cut off, so nothing is expected after it. Schulman et al. 2015,
// arXiv:1506.02438, eq. 16.
func GAE(reward, value []float64, gamma, lambda float64) (advantage, ret []float64, err error) {
	if len(reward) == 0 || len(value) != len(reward) {
		return nil, nil, fmt.Errorf("ppo: gae: got %d rewards, %d values, want equal, ≥ 1", len(reward), len(value))
	}
	advantage, ret = make([]float64, len(reward)), make([]float64, len(reward))
	next, after := 0.0, 0.0 // V_{t+1}, A_{t+1}
	for t := len(reward) - 1; t >= 0; t-- {
		after = reward[t] + gamma*next - value[t] + gamma*lambda*after
		next = value[t]
		advantage[t], ret[t] = after, after+value[t]
	}
	return advantage, ret, nil
}

// Advantages turns the rewards of a batch of rollouts into what the losses need:
// whitened advantages and returns, both shaped like rewards and values, [N][T].
// Returns are taken before the advantages are whitened: the critic learns rewards in
// their own units. With c.WhitenRewards the rewards are scaled first, their mean kept.
func Advantages(rewards, values [][]float64, c Config) (advantages, returns [][]float64, err error) {
	if err := sameRows(rewards, values, "rewards", "values"); err != nil {
		return nil, nil, fmt.Errorf("ppo: advantages: %w", err)
	}
	if c.WhitenRewards {
		if rewards, err = Whiten(rewards, true); err != nil {
			return nil, nil, err
		}
	}
	advantages, returns = make([][]float64, len(rewards)), make([][]float64, len(rewards))
	for i := range rewards {
		if advantages[i], returns[i], err = GAE(rewards[i], values[i], c.Gamma, c.Lambda); err != nil {
			return nil, nil, err
		}
	}
	if advantages, err = Whiten(advantages, false); err != nil {
		return nil, nil, err
	}
	return advantages, returns, nil
}

// Whiten scales the values of all rows together to variance 1, and to mean 0 unless
// keepMean:
//
//	y = (x - mean)/√(var + 1e-8) [+ mean]
//
// var is the unbiased one over all S tokens. It returns new rows; fewer than two
// values have no variance and are an error.
func Whiten(rows [][]float64, keepMean bool) ([][]float64, error) {
	mean, variance, n := moments(rows)
	if n < 2 {
		return nil, fmt.Errorf("ppo: whiten: got %d values, want ≥ 2", n)
	}
	shift := 0.0
	if keepMean {
		shift = mean
	}
	scale := 1 / math.Sqrt(variance+1e-8)
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = make([]float64, len(row))
		for t, x := range row {
			out[i][t] = (x-mean)*scale + shift
		}
	}
	return out, nil
}

// moments are the mean and the unbiased variance of all n values of rows.
func moments(rows [][]float64) (mean, variance float64, n int) {
	for _, row := range rows {
		for _, x := range row {
			mean += x
			n++
		}
	}
	mean /= float64(n)
	for _, row := range rows {
		for _, x := range row {
			variance += (x - mean) * (x - mean)
		}
	}
	return mean, variance / float64(n-1), n
}

// ExplainedVariance tells how much of the returns' variance the critic foresaw:
//
//	1 - Var(R - V)/Var(R)
//
// 1 is perfect, 0 no better than a constant, below 0 worse than one. values and
// returns are [N][T] of one batch. Where the returns do not vary there is nothing to
// explain and it is 0.
func ExplainedVariance(values, returns [][]float64) (float64, error) {
	if err := sameRows(values, returns, "values", "returns"); err != nil {
		return 0, fmt.Errorf("ppo: explained variance: %w", err)
	}
	miss := make([][]float64, len(values))
	for i := range values {
		miss[i] = make([]float64, len(values[i]))
		for t := range miss[i] {
			miss[i][t] = returns[i][t] - values[i][t]
		}
	}
	_, left, _ := moments(miss)
	_, all, n := moments(returns)
	if n < 2 || all == 0 {
		return 0, nil
	}
	return 1 - left/all, nil
}
