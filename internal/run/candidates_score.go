package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"plumbline/internal/dataset"
	"plumbline/internal/random"
)

// scoredAtOnce is how many answers a reward model reads between two looks at the context.
const scoredAtOnce = 64

// score lets every reward model read every answer, a model in memory at a time.
func (d *drawing) score(ctx context.Context) error {
	var prompts []dataset.Prompt
	var said []string
	var all []*answered
	for i, pool := range d.pools {
		for slot := range pool {
			a := d.at(place{i, slot})
			prompts, said, all = append(prompts, d.prompts[i]), append(said, a.text), append(all, a)
		}
	}
	for _, dir := range d.Rewards {
		if err := d.scoreBy(ctx, dir, prompts, said, all); err != nil {
			return err
		}
	}
	return nil
}

func (d *drawing) scoreBy(ctx context.Context, dir string, prompts []dataset.Prompt, said []string, all []*answered) (err error) {
	r, err := ScorerSpec{Reward: dir}.open(d.rt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for lo := 0; lo < len(all); lo += scoredAtOnce {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+scoredAtOnce, len(all))
		scores, err := r.score(ctx, prompts[lo:hi], said[lo:hi])
		if err != nil {
			return err
		}
		for i, x := range scores {
			if x-x != 0 {
				return fmt.Errorf("reward %s: prompt %q: got a score of %v, want a finite one", dir, prompts[lo+i].ID, x)
			}
			all[lo+i].scores = append(all[lo+i].scores, x)
		}
	}
	return nil
}

// pick takes from a pool what is shown: all of it, or the best by the mean of the reward
// models and others at random, so that a pair tells the best of n from what the policy
// says of itself. The order stays that of the pool, which tells nothing.
func (d *drawing) pick(prompt int, pool []answered) []answered {
	if d.BestOf == 0 {
		return pool
	}
	best := 0
	for i := range pool {
		if mean(pool[i].scores) > mean(pool[best].scores) {
			best = i
		}
	}
	pool[best].best = true
	others := random.New(d.Seed, random.Key("sample.pick"), uint64(prompt)).Perm(len(pool))
	others = slices.DeleteFunc(others, func(i int) bool { return i == best })
	chosen := append([]int{best}, others[:min(d.K-1, len(others))]...)
	slices.Sort(chosen)
	var shown []answered
	for _, i := range chosen {
		shown = append(shown, pool[i])
	}
	return shown
}

func mean(x []float64) float64 { return sum(x) / float64(len(x)) }
