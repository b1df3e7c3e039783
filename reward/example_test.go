package reward_test

import (
	"context"
	"fmt"
	"log"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/reward"
)

// A reward model learns from comparisons that token 2 is better than token 3.
func Example() {
	rt := engine.NewRuntime(0)
	defer rt.Close()
	lm, err := checkpoint.New(models.Spec{
		Family: "llama", Vocab: 8, Width: 16, Layers: 1, Heads: 2, KV: 2, Head: 8, FFN: 32, Context: 16, InitStd: .02, Eps: 1e-5,
		Norm: models.RMSNorm, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 8}, Activation: models.SwiGLU,
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	m, err := reward.New(rt, lm, 1, models.Options{})
	if err != nil {
		log.Fatal(err)
	}
	data := []reward.Item{{ID: "a", Candidates: [][]int32{{0, 2, 1}, {0, 3, 1}}, Preferences: []dataset.Preference{{Chosen: 0, Rejected: 1, Weight: 1}}}}
	c := reward.DefaultConfig()
	c.Epochs, c.BatchSize, c.LR = 20, 1, .01
	t, err := reward.NewTrainer(rt, m, data, data, nil, c, "reward", 1)
	for step := 1; err == nil && step <= c.Steps(len(data)); step++ {
		_, err = t.Step(context.Background(), step)
	}
	scores, err2 := m.Score([][]int32{{0, 2, 1}, {0, 3, 1}}, 64)
	fmt.Println(err, err2, scores[0]-scores[1] > 2)
	// Output: <nil> <nil> true
}
