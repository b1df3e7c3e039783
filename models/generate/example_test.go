package generate_test

import (
	"context"
	"fmt"
	"log"

	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/generate"
)

// Two prompts are continued together; each draws its own random numbers, so either
// alone would be continued in the same way.
func ExampleGenerator_Generate() {
	rt := engine.NewRuntime(1)
	defer rt.Close()
	dec, err := models.New(models.Spec{
		Family: "gpt2", Vocab: 50, Width: 16, Layers: 1, Heads: 2, KV: 2, Head: 8, FFN: 32, Context: 32, Norm: models.LayerNorm, Eps: 1e-5,
		Position: models.LearnedPositions, Activation: models.GELUTanh, QKVBias: true, OutBias: true, MLPBias: true, Tied: true, InitStd: .02,
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	g := generate.New(rt, dec, models.Options{}, 8)
	o := generate.Options{MaxNew: 5, Temperature: 1, Seed: 1}
	rollouts, err := g.Generate(context.Background(), [][]int32{{1, 2, 3}, {4}}, o, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rollouts {
		fmt.Println(r.Prompt, len(r.Response), len(r.LogProb), r.Finished)
	}
	// Output:
	// [1 2 3] 5 5 false
	// [4] 5 5 false
}
