package run

import (
	"fmt"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/eval"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/lm"
	"plumbline/sft"
)

// PerplexityOptions say what perplexity is measured of, on what.
type PerplexityOptions struct {
	Model     string
	Tokenizer string          // its file; "" = that of the model
	Text      []string        // files of documents
	Read      dataset.Options // how they are read
	MaxLength int             // longer documents are cut, in tokens; 0 = the model's context
	Boot      eval.Bootstrap  // over documents
}

// PerplexityResult is the perplexity of a model on texts. The token that ends a document
// counts, its first token counts where the model's texts begin with BOS.
type PerplexityResult struct {
	Model      string        `json:"model"`
	Documents  int           `json:"documents"`
	Tokens     int           `json:"tokens"` // predicted ones
	Perplexity eval.Interval `json:"perplexity"`
}

// Perplexity measures how well a model predicts texts, by documents.
func Perplexity(rt *engine.Runtime, o PerplexityOptions) (PerplexityResult, error) {
	r := PerplexityResult{Model: o.Model}
	documents, err := readAll(o.Text, o.Read, dataset.Texts)
	if err != nil {
		return r, err
	}
	if len(documents) < 2 {
		return r, fmt.Errorf("run: perplexity: got %d documents in %v, want ≥ 2 for an interval; a separator may cut them", len(documents), o.Text)
	}
	m, err := checkpoint.Load(o.Model)
	if err != nil {
		return r, err
	}
	c, err := modelCodec(o.Model, m.Base, o.Tokenizer)
	if err != nil {
		return r, err
	}
	limit := m.Decoder.Spec.Context
	if o.MaxLength > 0 {
		limit = min(limit, o.MaxLength)
	}
	var pieces []eval.Text
	var from []int // the document of each piece
	for i, d := range documents {
		for _, s := range sft.Document(c.document(d), limit) {
			pieces, from = append(pieces, eval.Text{Tokens: s.Tokens, From: 1}), append(from, i)
		}
	}
	logprobs, err := eval.LogProbs(lm.New(rt, m.Decoder, models.Options{}), pieces, 1, max(4096, limit))
	if err != nil {
		return r, err
	}
	sums, counts := make([]float64, len(documents)), make([]int, len(documents))
	for i, row := range logprobs {
		counts[from[i]] += len(row)
		sums[from[i]] += sum(row)
	}
	r.Documents = len(documents)
	r.Tokens = sum(counts)
	r.Perplexity, err = o.Boot.Perplexity(sums, counts)
	return r, err
}

// sum adds numbers up in order.
func sum[T int | float64](x []T) (s T) {
	for _, v := range x {
		s += v
	}
	return s
}
