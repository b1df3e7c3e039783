package eval

import (
	"fmt"

	"plumbline/internal/batch"
	"plumbline/internal/train"
	"plumbline/models/lm"
)

// Text is a sequence of ids of which a model scores Tokens[From:], each token given all
// before it. 1 ≤ From < len(Tokens).
type Text struct {
	Tokens []int32
	From   int
}

// LogProbs are the log-probabilities of the scored tokens of each text, in nats, with
// logits divided by temperature. microTokens ≥ the longest text bounds the memory and
// changes nothing.
func LogProbs(m *lm.Model, texts []Text, temperature float64, microTokens int) ([][]float64, error) {
	lengths := make([]int, len(texts))
	for i, x := range texts {
		if x.From < 1 || x.From >= len(x.Tokens) {
			return nil, fmt.Errorf("eval: logprobs: text %d: got %d tokens, scored from %d, want 1 ≤ from < tokens", i, len(x.Tokens), x.From)
		}
		lengths[i] = len(x.Tokens)
	}
	groups, err := train.Microbatches(lengths, microTokens)
	if err != nil {
		return nil, fmt.Errorf("eval: logprobs: %w", err)
	}
	rows := make([][]float64, 0, len(texts))
	for _, g := range groups {
		part, err := logProbs(m, texts[g[0]:g[len(g)-1]+1], temperature)
		if err != nil {
			return nil, fmt.Errorf("eval: logprobs: %w", err)
		}
		rows = append(rows, part...)
	}
	return rows, nil
}

// logProbs runs texts as one batch.
func logProbs(m *lm.Model, texts []Text, temperature float64) ([][]float64, error) {
	r := &batch.Ragged{}
	for _, x := range texts {
		mask := make([]float32, len(x.Tokens))
		for i := x.From; i < len(mask); i++ {
			mask[i] = 1
		}
		if err := r.Add(x.Tokens, mask); err != nil {
			return nil, err
		}
	}
	flat, err := m.LogProbs(r, temperature)
	if err != nil {
		return nil, err
	}
	rows := make([][]float64, len(texts))
	for i, x := range texts {
		n := len(x.Tokens) - x.From
		rows[i] = make([]float64, n)
		for t, l := range flat[:n] {
			rows[i][t] = float64(l)
		}
		flat = flat[n:]
	}
	return rows, nil
}

// PerplexityOf is the perplexity of a model on held-out texts.
func (b Bootstrap) PerplexityOf(m *lm.Model, texts []Text, microTokens int) (Interval, error) {
	rows, err := LogProbs(m, texts, 1, microTokens)
	if err != nil {
		return Interval{}, err
	}
	sums, counts := make([]float64, len(rows)), make([]int, len(rows))
	for i, row := range rows {
		counts[i] = len(row)
		for _, l := range row {
			sums[i] += l
		}
	}
	return b.Perplexity(sums, counts)
}

// KLTo is the divergence to a reference on responses that a policy sampled: texts score
// the responses, logprob is as they were sampled at the temperature.
func (b Bootstrap) KLTo(ref *lm.Model, texts []Text, logprob [][]float64, temperature float64, microTokens int) (KL, error) {
	rows, err := LogProbs(ref, texts, temperature, microTokens)
	if err != nil {
		return KL{}, err
	}
	return b.KL(logprob, rows)
}
