// Package ppo improves a policy against a reward while a penalty holds it near a
// reference: proximal policy optimisation as Ziegler et al. 2019 and InstructGPT
// use it for language models. Read it in the order a rollout moves:
//
//	config.go     every setting with its unit and range
//	reward.go     score and β·KL -> one reward per token
//	advantage.go  rewards, values -> advantages, returns; whitening
//	loss.go       clipped policy loss, clipped value loss, entropy bonus, and their gradients
//	kl.go         the controllers of β
//
// Shapes: N rollouts, T response tokens of one of them, S = ΣT laid end to end.
// Values that belong to tokens are rows [N][T]; a loss takes them laid end to end
// [S]. There is no padding, hence no mask: every number belongs to a real token.
//
// The mathematics is in float64 and pure; only the objectives at the end of loss.go
// speak the engine's float32.
package ppo
