package reward

import (
	"fmt"
	"math"

	"plumbline/internal/eval"
)

// Bin is a row of the reliability table: pairs the model is about equally sure of.
type Bin struct {
	Low        float64       `json:"low"`  // confidence, in [½, 1]
	High       float64       `json:"high"` // the last bin holds its upper bound
	N          int           `json:"n"`
	Confidence float64       `json:"confidence"` // mean; 0 in an empty bin
	Accuracy   eval.Interval `json:"accuracy"`   // zero in an empty bin
}

// Quality is how well scores predict held-out preferences.
type Quality struct {
	Pairs    int           `json:"pairs"`    // judged pairs, ties among them
	Ties     int           `json:"ties"`     // pairs judged a tie
	Accuracy eval.Interval `json:"accuracy"` // of pairs that are no ties: share with the chosen scored higher, by Wilson
	LogLoss  float64       `json:"log_loss"` // mean over all pairs, nats; ln 2 = .693 is a coin
	ECE      float64       `json:"ece"`      // expected calibration error of pairs that are no ties, in [0, 1]
	Bins     []Bin         `json:"bins"`
}

// reliabilityBins is how many bins of equal width divide [½, 1].
const reliabilityBins = 10

// Measure judges scores against held-out pairs. A model that is calibrated is right in
// a share c of the pairs where max(σ(d), σ(-d)) = c, d the difference of scores:
//
//	ECE = Σ_bins n_b/N·|accuracy_b - confidence_b|
//
// Every pair counts alike, whatever its weight or margin; equal scores count as wrong.
// Guo et al. 2017, arXiv:1706.04599, eq. 3. At least one pair must be no tie.
func Measure(scores []float64, pairs []Pair, level float64) (Quality, error) {
	q := Quality{Pairs: len(pairs), Bins: make([]Bin, reliabilityBins)}
	right := make([]int, reliabilityBins)
	for i, p := range pairs {
		if min(p.Chosen, p.Rejected) < 0 || max(p.Chosen, p.Rejected) >= len(scores) {
			return Quality{}, fmt.Errorf("reward: measure: pair %d: got rows %d and %d, want 0 to %d", i, p.Chosen, p.Rejected, len(scores)-1)
		}
		d := scores[p.Chosen] - scores[p.Rejected]
		loss, _ := bradleyTerry(d, Pair{Tie: p.Tie})
		q.LogLoss += loss / float64(len(pairs))
		if p.Tie {
			q.Ties++
			continue
		}
		confidence := max(sigmoid(d), sigmoid(-d))
		b := min(int((confidence-.5)*2*reliabilityBins), reliabilityBins-1)
		q.Bins[b].N++
		q.Bins[b].Confidence += confidence
		if d > 0 {
			right[b]++
		}
	}
	err := q.finish(right, level)
	return q, err
}

// finish turns the sums of the bins into means.
func (q *Quality) finish(right []int, level float64) (err error) {
	n, total := q.Pairs-q.Ties, 0
	for b := range q.Bins {
		bin := &q.Bins[b]
		bin.Low, bin.High = binBound(b), binBound(b+1)
		total += right[b]
		if bin.N == 0 {
			continue
		}
		bin.Confidence /= float64(bin.N)
		if bin.Accuracy, err = eval.Wilson(right[b], bin.N, level); err != nil {
			return err
		}
		q.ECE += float64(bin.N) / float64(n) * math.Abs(bin.Accuracy.Estimate-bin.Confidence)
	}
	if n == 0 {
		return fmt.Errorf("reward: measure: got %d pairs, %d of them ties, want one that is not", q.Pairs, q.Ties)
	}
	q.Accuracy, err = eval.Wilson(total, n, level)
	return err
}

func binBound(b int) float64 { return .5 + .5*float64(b)/reliabilityBins }
