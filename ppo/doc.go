// Package ppo improves a policy against a reward while a penalty holds it near a
// reference: proximal policy optimisation as Ziegler et al. 2019 and InstructGPT use
// it for language models. Read it in the order a rollout moves:
//
//	config.go     every setting with its unit and range
//	scorer.go     rollouts -> scores, by a reward model, by text, or a sum of these
//	rollout.go    prompts -> rollouts, with what scorer, reference and critic say of them
//	reward.go     score and β·KL -> one reward per token
//	advantage.go  rewards, values -> advantages, returns; whitening
//	loss.go       clipped policy loss, clipped value loss, entropy bonus, and their gradients
//	kl.go         the controllers of β
//	policy.go     the policy's graph; its log-probs against the sampler's
//	update.go     the optimiser steps of policy and critic
//	trainer.go    one update: sample, judge, improve; evaluation, saving
//	oracle/       proof: the optimum of a language that can be solved
//
// Shapes: N rollouts, T response tokens of one of them, S = ΣT laid end to end.
// Values that belong to tokens are rows [N][T]; a loss takes them laid end to end
// [S]. There is no padding, hence no mask: every number belongs to a real token.
//
// The mathematics is in float64 and pure; the objectives at the end of loss.go speak
// the engine's float32.
//
// The figures of an update, all of its rollouts before they are learnt from unless
// said otherwise:
//
//	score               mean score, as the scorer gave it
//	reward              mean of score - penalty for a missing EOS - β·k1
//	kl, kl_k3           nats per sequence to the reference, by k1 and k3
//	kl_coef             β that was used
//	length, eos_share   response tokens; share that ended with EOS
//	explained_variance  of the returns, by the critic
//	logprob_mismatch    max |log π_sampler - log π_trainer| before the first step: 0
//	policy_loss, entropy, clip_frac, grad_norm, ptx_loss   means over the policy's steps
//	drift               KL(π_old‖π) by k3, nats per token, at the last minibatch seen
//	policy_steps        optimiser steps made; fewer than planned after an early stop
//	value_loss, critic_grad_norm   means over the critic's steps
//	lr, critic_lr, tokens          rates; tokens of prompts and responses
package ppo
