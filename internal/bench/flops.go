package bench

import "plumbline/models"

// ForwardFLOP is the floating-point operations of a forward pass over sequences of the
// given length, a multiply-add being two:
//
//	2·S·Σ(out·in of a block's linear layers)·layers      S = sequences · length
//	+ 4·H·h·length(length+1)/2·sequences·layers          scores and values, the causal half
//	+ 2·d·V·predicted                                    output matrix
//
// predicted counts the positions whose next token is predicted. Norms, activations and
// the softmax are left out; they are not matrix products and below 1 % of it.
func ForwardFLOP(s models.Spec, sequences, length, predicted int) float64 {
	up := s.FFN
	if s.Activation == models.SwiGLU {
		up *= 2 // gate beside up
	}
	linear := s.Width*(s.Heads+2*s.KV)*s.Head + s.Heads*s.Head*s.Width + s.Width*(up+s.FFN)
	tokens, pairs := float64(sequences*length), float64(sequences)*float64(length)*float64(length+1)/2
	blocks := 2*tokens*float64(linear) + 4*pairs*float64(s.Heads*s.Head)
	return float64(s.Layers)*blocks + 2*float64(s.Width)*float64(s.Vocab)*float64(predicted)
}

// TrainFLOP is those of forward and backward of a training step in which every token but
// the first of a sequence is predicted: the backward pass needs each product twice, once
// for the input's gradient and once for the weight's. What an implementation computes
// again is not counted.
func TrainFLOP(s models.Spec, sequences, length int) float64 {
	return 3 * ForwardFLOP(s, sequences, length, sequences*(length-1))
}
