package models_test

import (
	"fmt"
	"log"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/models"
)

// A decoder of your own, its loss on two sequences of unequal length and a step.
func Example() {
	d, err := models.New(models.Spec{
		Vocab: 50, Width: 16, Layers: 2, Heads: 4, KV: 2, Head: 4, FFN: 32, Context: 64, Norm: models.RMSNorm, Eps: 1e-5,
		Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 4}, Activation: models.SwiGLU, InitStd: .02,
	}, 1)
	must(err)
	var r batch.Ragged
	must(r.Add([]int32{1, 7, 8, 9}, []float32{0, 1, 1, 1}))
	must(r.Add([]int32{3, 5, 2}, []float32{0, 1, 1}))
	from, to := r.Predicted()

	rt := engine.NewRuntime(0)
	defer rt.Close()
	scored := engine.NewAxis("scored", len(to))
	rows, targets, weights := engine.NewInts(scored), engine.NewInts(scored), engine.NewFloats(scored)
	in, b := models.NewInputs(r.Len(), r.Seqs()), engine.NewBuilder(rt, engine.Train)
	w, bias := d.Head()
	step, err := b.Build(b.CrossEntropy(b.Gather(d.Hidden(b, in, models.Options{}), rows), w, bias, targets, weights))
	must(err)
	opt := engine.NewAdamW(rt, d.Trainable(), engine.AdamWConfig{Beta1: .9, Beta2: .999, Eps: 1e-8})
	for range 100 {
		must(in.Set(&r), rows.Set(from), targets.Set(to), weights.Set([]float32{.2, .2, .2, .2, .2}), step.Run())
		_, err = opt.Update(.01)
		must(err)
	}
	fmt.Printf("%d tokens, loss below 0.01: %v\n", r.Len(), step.Loss() < .01)
	// Output: 7 tokens, loss below 0.01: true
}

func must(errs ...error) {
	for _, err := range errs {
		if err != nil {
			log.Fatal(err)
		}
	}
}
