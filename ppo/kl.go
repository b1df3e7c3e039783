package ppo

// KLController sets β, the price of a nat. With Target 0 it is fixed; otherwise it
// follows the measured divergence (Ziegler et al. 2019, sec. 2.2):
//
//	β <- β·(1 + clip(KL/Target - 1, ±0.2)·n/Horizon)
//
// Target is in nats per sequence, Horizon > 0 in sequences: the time constant.
type KLController struct {
	Beta    float64
	Target  float64
	Horizon float64
}

// Update moves β after n sequences that diverged by kl nats each on average.
func (c *KLController) Update(kl float64, n int) {
	if c.Target == 0 {
		return
	}
	miss := min(max(kl/c.Target-1, -0.2), 0.2)
	c.Beta *= 1 + miss*float64(n)/c.Horizon
}
