// Package oracle proves PPO on a language small enough to solve. Read it in order:
//
//	problem.go  the language, its score, its best policy in closed form
//	learner.go  PPO made of package ppo's functions, on tables in place of models
//
// There are V tokens, at most T of them in a text, and a table of logits as the
// policy. With score R and β the best policy is known,
//
//	π* ∝ π_ref·exp(R/β),   J* = mean over prompts of β·log Σ π_ref·exp(R/β)
//
// so that what PPO learns from samples alone is held against the optimum of
// J = E[R] - β·KL(π‖π_ref). An implementation with one of the usual silent faults (k3
// in the reward, the score on every token, a critic that sees the action, a reference
// at another temperature) learns too, and ends below it.
package oracle
