package ppo_test

import (
	"context"
	"fmt"
	"log"

	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/ppo"
	"plumbline/reward"
)

// A policy learns to stop at once: every token costs 1.
func Example() {
	rt := engine.NewRuntime(0)
	defer rt.Close()
	policy, err := checkpoint.New(models.Spec{
		Family: "llama", Vocab: 8, Width: 16, Layers: 1, Heads: 2, KV: 2, Head: 8, FFN: 32, Context: 16, InitStd: .02, Eps: 1e-5,
		Norm: models.RMSNorm, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 8}, Activation: models.SwiGLU,
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	critic, err := reward.New(rt, policy, 1, models.Options{})
	if err != nil {
		log.Fatal(err)
	}
	cost := func(_ context.Context, rollouts []generate.Rollout) (scores []float64, err error) {
		for _, r := range rollouts {
			scores = append(scores, -float64(len(r.Response)))
		}
		return scores, nil
	}
	c := ppo.DefaultConfig()
	c.Updates, c.Rollouts, c.MaxNewTokens, c.LR, c.CriticLR = 30, 16, 8, .01, .01
	t, err := ppo.New(rt, ppo.Setup{Policy: policy, Reference: policy.Decoder.Clone(), Critic: critic, Score: cost, Stop: []int32{1}, Prompts: []ppo.Prompt{{Tokens: []int32{0}}}}, c, "ppo", 1)
	for step := 1; err == nil && step <= c.Updates; step++ {
		_, err = t.Step(context.Background(), step)
	}
	m, err2 := t.Step(context.Background(), c.Updates)
	fmt.Println(err, err2, m["length"] < 1.5)
	// Output: <nil> <nil> true
}
