package ppo

import (
	"fmt"
	"math"

	"plumbline/internal/eval"
)

// Term is one loss over S tokens, as a sum: terms of several micro-batches add up,
// and one division by the tokens of them all makes the mean.
type Term struct {
	Sum     float64   // Σ over tokens
	Grad    []float64 // [S] ∂Sum/∂input
	Clipped int       // tokens whose loss is the clipped branch
}

// PolicyTerm is PPO's clipped surrogate:
//
//	ρ_t = exp(log π_t - log π_old,t)
//	L_t = max(-A_t·ρ_t, -A_t·clip(ρ_t, 1-ε, 1+ε))
//
// logprob, old and advantage are [S]; clip is ε in (0, 1). Grad is with respect to
// logprob: -A·ρ, and 0 where the clipped branch is the greater. Schulman et al. 2017,
// arXiv:1707.06347, eq. 7.
func PolicyTerm(logprob, old, advantage []float64, clip float64) (Term, error) {
	if err := sameLength("policy loss", len(logprob), len(old), len(advantage)); err != nil {
		return Term{}, err
	}
	term := Term{Grad: make([]float64, len(logprob))}
	for t, a := range advantage {
		ratio := math.Exp(logprob[t] - old[t])
		free, held := -a*ratio, -a*min(max(ratio, 1-clip), 1+clip)
		if held > free {
			term.Sum += held
			term.Clipped++
			continue
		}
		term.Sum += free
		term.Grad[t] = free
	}
	return term, nil
}

// ValueTerm is the clipped value loss:
//
//	L_t = ½·max((V_t - R_t)², (clip(V_t, V_old,t ± c) - R_t)²)
//
// value, old and ret are [S]; clip is c > 0 in reward units. Grad is with respect to
// value. It keeps the critic from moving further in one update than the rollouts
// justify. Ziegler et al. 2019, lm-human-preferences, train_policy.py.
func ValueTerm(value, old, ret []float64, clip float64) (Term, error) {
	if err := sameLength("value loss", len(value), len(old), len(ret)); err != nil {
		return Term{}, err
	}
	term := Term{Grad: make([]float64, len(value))}
	for t, r := range ret {
		free := value[t] - r
		held := min(max(value[t], old[t]-clip), old[t]+clip) - r
		if held*held > free*free {
			term.Sum += held * held / 2
			term.Clipped++
			continue
		}
		term.Sum += free * free / 2
		term.Grad[t] = free
	}
	return term, nil
}

func sameLength(what string, n, old, target int) error {
	if n == 0 || old != n || target != n {
		return fmt.Errorf("ppo: %s: got %d predictions, %d old ones, %d targets, want equal, ≥ 1", what, n, old, target)
	}
	return nil
}

// PolicyObjective is the policy's loss for the engine. Its fields are set before each
// run; Loss is an engine.LossFunc over one node [S, 2] of (logprob, entropy) in nats:
//
//	L = Σ_t (L_t - c_H·H_t) / Window
//
// The counters add up over the runs of a window until Reset.
type PolicyObjective struct {
	ClipRange   float64   // ε
	EntropyCoef float64   // c_H ≥ 0, reward per nat
	Old         []float64 // [S] log π_old
	Advantage   []float64 // [S] whitened
	Window      int       // tokens of the whole accumulation window, ≥ S

	tokens, clipped int
	entropy, drift  float64
}

// Loss evaluates the objective and fills its gradient.
func (o *PolicyObjective) Loss(in, grad [][]float32) (float64, error) {
	if len(in) != 1 || len(in[0]) != 2*len(o.Old) || o.Window < len(o.Old) {
		return 0, fmt.Errorf("ppo: policy objective: got %d inputs, %d old logprobs, a window of %d tokens, want one [%d, 2] and a window that holds it",
			len(in), len(o.Old), o.Window, len(o.Old))
	}
	logprob := make([]float64, len(o.Old))
	entropy := 0.0
	for t := range logprob {
		logprob[t] = float64(in[0][2*t])
		entropy += float64(in[0][2*t+1])
	}
	term, err := PolicyTerm(logprob, o.Old, o.Advantage, o.ClipRange)
	if err != nil {
		return 0, err
	}
	w := 1 / float64(o.Window)
	for t, g := range term.Grad {
		grad[0][2*t] = float32(g * w)
		grad[0][2*t+1] = float32(-o.EntropyCoef * w)
	}
	o.count(term, logprob, entropy)
	return w * (term.Sum - o.EntropyCoef*entropy), nil
}

func (o *PolicyObjective) count(term Term, logprob []float64, entropy float64) {
	o.tokens += len(logprob)
	o.clipped += term.Clipped
	o.entropy += entropy
	for t, l := range logprob {
		o.drift += eval.K3(o.Old[t] - l)
	}
}

// PolicyStats are means over the tokens of a window.
type PolicyStats struct {
	ClipFrac float64 // share of tokens on the clipped branch
	Entropy  float64 // nats per token
	Drift    float64 // KL(π_old‖π), k3, nats per token: what early stopping watches
}

// Reset returns the means since the last Reset and starts anew.
func (o *PolicyObjective) Reset() PolicyStats {
	n := float64(max(1, o.tokens))
	s := PolicyStats{ClipFrac: float64(o.clipped) / n, Entropy: o.entropy / n, Drift: o.drift / n}
	o.tokens, o.clipped, o.entropy, o.drift = 0, 0, 0, 0
	return s
}

// ValueObjective is the critic's loss for the engine: Loss is an engine.LossFunc over
// one node [S, 1] of values, ΣL_t/Window.
type ValueObjective struct {
	ClipRange float64   // c, reward units
	Old       []float64 // [S] V_old
	Return    []float64 // [S]
	Window    int       // tokens of the whole accumulation window, ≥ S
}

// Loss evaluates the objective and fills its gradient.
func (o *ValueObjective) Loss(in, grad [][]float32) (float64, error) {
	if len(in) != 1 || len(in[0]) != len(o.Old) || o.Window < len(o.Old) {
		return 0, fmt.Errorf("ppo: value objective: got %d inputs, %d old values, a window of %d tokens, want one [%d, 1] and a window that holds it",
			len(in), len(o.Old), o.Window, len(o.Old))
	}
	value := make([]float64, len(o.Old))
	for t := range value {
		value[t] = float64(in[0][t])
	}
	term, err := ValueTerm(value, o.Old, o.Return, o.ClipRange)
	if err != nil {
		return 0, err
	}
	w := 1 / float64(o.Window)
	for t, g := range term.Grad {
		grad[0][t] = float32(g * w)
	}
	return w * term.Sum, nil
}
