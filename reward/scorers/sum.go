package scorers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Weighted is a scorer and its factor in a sum.
type Weighted struct {
	Scorer Scorer
	Weight float64 // finite, not 0
}

// Sum is Σ weight·score over its parts, each of them on its own scale.
type Sum struct{ parts []Weighted }

// NewSum adds scorers up. No part, a missing scorer or a weight that is 0 or not finite
// is an error.
func NewSum(parts ...Weighted) (Sum, error) {
	var errs []error
	if len(parts) == 0 {
		errs = append(errs, errors.New("scorers: sum: got no parts, want ≥ 1"))
	}
	for i, p := range parts {
		if p.Scorer == nil {
			errs = append(errs, fmt.Errorf("scorers: sum: part %d: got no scorer", i+1))
		}
		if !usable(p.Weight) {
			errs = append(errs, fmt.Errorf("scorers: sum: part %d: weight: got %v, want finite and not 0", i+1, p.Weight))
		}
	}
	return Sum{parts}, errors.Join(errs...)
}

func usable(weight float64) bool { return math.Abs(weight) > 0 && !math.IsInf(weight, 0) }

// Name is the sum as a formula: "1·vader + 0.5·rules".
func (s Sum) Name() string {
	terms := make([]string, len(s.parts))
	for i, p := range s.parts {
		terms[i] = fmt.Sprintf("%g·%s", p.Weight, p.Scorer.Name())
	}
	return strings.Join(terms, " + ")
}

// Score asks the parts in order. A part's fault is the sum's.
func (s Sum) Score(ctx context.Context, prompts, responses []string) ([]float64, error) {
	sum := make([]float64, len(responses))
	for _, p := range s.parts {
		scores, err := p.Scorer.Score(ctx, prompts, responses)
		if err != nil {
			return nil, err
		}
		if err := checked(p.Scorer.Name(), scores, len(responses)); err != nil {
			return nil, err
		}
		for i, v := range scores {
			sum[i] += p.Weight * v
		}
	}
	return sum, checked(s.Name(), sum, len(responses))
}

// Close closes every part.
func (s Sum) Close() error {
	var errs []error
	for _, p := range s.parts {
		errs = append(errs, Close(p.Scorer))
	}
	return errors.Join(errs...)
}
