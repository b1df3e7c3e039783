package oracle

import (
	"math"
	"math/rand/v2"
	"slices"

	"plumbline/ppo"
)

// Gate is the share of J* - J_ref that correct PPO reaches from every seed and that
// none of the known silent faults reaches from any.
const Gate = .995

// Share trains PPO from one seed and returns the share of J* - J_ref it reached: 0 is
// the reference, 1 the optimum. It takes about 0.2 s.
func Share(seed uint64) (float64, error) {
	problem := newProblem(7)
	l := correct(problem)
	if err := l.learn(seed); err != nil {
		return 0, err
	}
	return problem.share(&l.policy), nil
}

// learner is PPO on tables. Its first fields are where the mutants of the tests differ.
type learner struct {
	choose         func(logprob []float64, rng *rand.Rand) int
	rewards        func(logprob, ref []float64, score, beta float64) ([]float64, error)
	refTemperature float64
	valueAt        func(at, token int) int // the critic's number before token is taken

	problem *problem
	config  ppo.Config
	policy  table
	critic  table
	adam    [2]adam
}

// correct is PPO as it should be.
func correct(problem *problem) *learner {
	config := ppo.DefaultConfig()
	config.Updates, config.Rollouts, config.LR, config.CriticLR = 600, 256, .05, .05
	config.ValueClip = 10 // scores are of order 1 and values start at 0
	return &learner{
		choose: sample, rewards: ppo.TokenRewards, refTemperature: 1, valueAt: func(at, _ int) int { return at * vocab },
		problem: problem, config: config, policy: problem.ref,
	}
}

func sample(logprob []float64, rng *rand.Rand) int {
	x := rng.Float64()
	for a, l := range logprob {
		if x -= math.Exp(l); x < 0 {
			return a
		}
	}
	return len(logprob) - 1
}

// rollouts are one update's N texts and, row by row, what belongs to their tokens.
type rollouts struct {
	texts                          []text
	logprob, value, advantage, ret [][]float64
}

// roll samples an update's rollouts and estimates their advantages and returns.
func (l *learner) roll(rng *rand.Rand) (r rollouts, err error) {
	policy, ref := l.policy.logProbs(1), l.problem.ref.logProbs(l.refTemperature)
	rewards := make([][]float64, l.config.Rollouts)
	for i := range rewards {
		x := text{prompt: i % prompts}
		for !x.done() {
			x = x.with(l.choose(policy.row(x.next()), rng))
		}
		r.texts = append(r.texts, x)
		r.logprob = append(r.logprob, policy.along(x))
		r.value = append(r.value, l.values(x))
		if rewards[i], err = l.rewards(r.logprob[i], ref.along(x), l.problem.score.of(x), beta); err != nil {
			return r, err
		}
	}
	r.advantage, r.ret, err = ppo.Advantages(rewards, r.value, l.config)
	return r, err
}

// values is the critic along a text.
func (l *learner) values(x text) []float64 {
	out := make([]float64, len(x.tokens))
	for t, a := range x.tokens {
		out[t] = l.critic[l.valueAt(x.at[t], a)]
	}
	return out
}

// learn runs all updates; the rates fall linearly to zero.
func (l *learner) learn(seed uint64) error {
	for u := range l.config.Updates {
		r, err := l.roll(rand.New(rand.NewPCG(seed, uint64(u))))
		if err != nil {
			return err
		}
		left := 1 - float64(u)/float64(l.config.Updates)
		for range l.config.Epochs {
			if err := l.step(r, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// step is one optimiser step over all rollouts, the rates scaled by left.
func (l *learner) step(r rollouts, left float64) error {
	logprobs := l.policy.logProbs(1)
	var logprob, value []float64
	for _, x := range r.texts {
		logprob = append(logprob, logprobs.along(x)...)
		value = append(value, l.values(x)...)
	}
	policy, err := ppo.PolicyTerm(logprob, slices.Concat(r.logprob...), slices.Concat(r.advantage...), l.config.ClipRange)
	if err != nil {
		return err
	}
	critic, err := ppo.ValueTerm(value, slices.Concat(r.value...), slices.Concat(r.ret...), l.config.ValueClip)
	if err != nil {
		return err
	}
	var dPolicy, dCritic table
	s := 0
	tokens := float64(len(value))
	for _, x := range r.texts {
		for t, a := range x.tokens {
			dCritic[l.valueAt(x.at[t], a)] += critic.Grad[s] / tokens
			logSoftmaxGrad(dPolicy.row(x.at[t]), logprobs.row(x.at[t]), a, policy.Grad[s]/tokens)
			s++
		}
	}
	l.adam[0].step(&l.policy, &dPolicy, left*l.config.LR)
	l.adam[1].step(&l.critic, &dCritic, left*l.config.CriticLR)
	return nil
}

// logSoftmaxGrad adds g·∂(logprob of token)/∂logits.
func logSoftmaxGrad(grad, logprob []float64, token int, g float64) {
	for b, l := range logprob {
		grad[b] -= g * math.Exp(l)
	}
	grad[token] += g
}

// adam is Kingma & Ba 2015 with the usual constants.
type adam struct {
	m, v table
	n    int
}

func (o *adam) step(x, grad *table, lr float64) {
	o.n++
	for i, g := range grad {
		o.m[i] = .9*o.m[i] + .1*g
		o.v[i] = .999*o.v[i] + .001*g*g
		m, v := o.m[i]/(1-math.Pow(.9, float64(o.n))), o.v[i]/(1-math.Pow(.999, float64(o.n)))
		x[i] -= lr * m / (math.Sqrt(v) + 1e-5)
	}
}
