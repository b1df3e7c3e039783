package oracle

import (
	"math"
	"math/rand/v2"
	"testing"

	"plumbline/internal/eval"
	"plumbline/ppo"
)

const seeds = 5

func TestPPOReachesTheOptimum(t *testing.T) {
	for seed := range uint64(seeds) {
		share, err := Share(seed)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %.2f %% of J* - J_ref", seed, 100*share)
		if !(share >= Gate && share <= 1+1e-9) {
			t.Errorf("seed %d: got %.4f of J* - J_ref, want ≥ %v and ≤ 1", seed, share, Gate)
		}
	}
}

// Each mutant is a silent fault that was seen in a public implementation.
func TestGateSeesMutants(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*learner)
	}{
		{"k3 in the reward", func(l *learner) { l.rewards = k3Rewards }},
		{"score on every token", func(l *learner) { l.rewards = broadcastRewards }},
		{"greedy rollouts", func(l *learner) { l.choose = greedy }},
		{"the critic sees the action", func(l *learner) { l.valueAt = func(at, a int) int { return at*vocab + a } }},
		{"reference at another temperature", func(l *learner) { l.refTemperature = 1 / .7 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				l := correct(newProblem(7))
				c.spoil(l)
				if err := l.learn(seed); err != nil {
					t.Fatal(err)
				}
				share := l.problem.share(&l.policy)
				t.Logf("seed %d: %.2f %% of J* - J_ref", seed, 100*share)
				if share >= Gate {
					t.Errorf("seed %d: got %.4f of J* - J_ref, want < %v", seed, share, Gate)
				}
			}
		})
	}
}

func k3Rewards(logprob, ref []float64, score, beta float64) ([]float64, error) {
	r := make([]float64, len(logprob))
	for t := range r {
		r[t] = -beta * eval.K3(logprob[t]-ref[t])
	}
	r[len(r)-1] += score
	return r, nil
}

func broadcastRewards(logprob, ref []float64, score, beta float64) ([]float64, error) {
	r, err := ppo.TokenRewards(logprob, ref, score, beta)
	for t := range r[:len(r)-1] {
		r[t] += score
	}
	return r, err
}

func greedy(logprob []float64, _ *rand.Rand) int {
	best := 0
	for a, l := range logprob {
		if l > logprob[best] {
			best = a
		}
	}
	return best
}

// The closed form of J* agrees with the policy that the soft Bellman equation builds
// backwards, token by token: Q = score at the end, else V; V = β·log Σ π_ref·exp(Q/β).
func TestClosedFormIsTheSoftBellmanOptimum(t *testing.T) {
	p := newProblem(7)
	var best table
	for prompt := range prompts {
		p.softValue(text{prompt: prompt}, p.ref.logProbs(1), &best)
	}
	if got, want := p.objective(&best), p.best(); math.Abs(got-want) > 1e-12 {
		t.Errorf("J(π*): got %.15g, want %.15g", got, want)
	}
}

// softValue fills the logits of π* for every continuation of x and returns V*(x).
func (p *problem) softValue(x text, ref, best *table) float64 {
	if x.done() {
		return p.score.of(x)
	}
	z := 0.0
	for a := range vocab {
		logit := ref.row(x.next())[a] + p.softValue(x.with(a), ref, best)/beta
		best.row(x.next())[a] = logit
		z += math.Exp(logit)
	}
	return beta * math.Log(z)
}

func TestTextsAreComplete(t *testing.T) {
	p := newProblem(1)
	if want := prompts * (1 + 3 + 9 + 27); len(p.texts) != want {
		t.Errorf("got %d texts, want %d", len(p.texts), want)
	}
	total := 0.0
	ref := p.ref.logProbs(1)
	for _, x := range p.texts {
		total += math.Exp(sum(ref.along(x)))
	}
	if math.Abs(total-prompts) > 1e-12 {
		t.Errorf("the texts' probabilities: got a sum of %v, want %d", total, prompts)
	}
}
