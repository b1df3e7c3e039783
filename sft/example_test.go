package sft_test

import (
	"context"
	"fmt"
	"log"

	"plumbline/internal/engine"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/sft"
)

// A model of nothing learns that 2 follows 1 and that then comes the end, 0.
func Example() {
	rt := engine.NewRuntime(1)
	defer rt.Close()
	m, err := checkpoint.New(models.Spec{
		Family: "gpt2", Vocab: 8, Width: 16, Layers: 1, Heads: 2, KV: 2, Head: 8, FFN: 32, Context: 8, Norm: models.LayerNorm, Eps: 1e-5,
		Position: models.LearnedPositions, Activation: models.GELUTanh, QKVBias: true, OutBias: true, MLPBias: true, Tied: true, InitStd: .02,
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	c := sft.DefaultConfig()
	c.Steps, c.BatchSize, c.OptimizerConfig = 100, 4, train.DefaultOptimizer(1e-2)
	t, err := sft.New(rt, m, []sft.Sequence{{Tokens: []int32{1, 2, 0}, Mask: []float32{0, 1, 1}}}, nil, c, "sft", 1)
	if err != nil {
		log.Fatal(err)
	}
	var last train.Metrics
	for step := 1; step <= c.Steps; step++ {
		if last, err = t.Step(context.Background(), step); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("loss below 0.1: %t\n", last["loss"] < .1)
	// Output: loss below 0.1: true
}
