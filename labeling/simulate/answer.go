package simulate

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"plumbline/labeling"
)

// Utility is how good a response to a prompt truly is; more is better. It is called
// from several goroutines at once.
type Utility func(prompt, candidate string) float64

// opinion is what an annotator thinks of an item, and how long that takes.
type opinion struct {
	answer labeling.Answer
	right  bool // prefers the better candidate, or there is none
	took   time.Duration
}

// judge is an annotator's opinion of an item:
//
//	by side alone     with probability |LeftBias|
//	P(better | gap)   = Skill, or σ(gap / Temperature)
//	strength          = 1 + ⌊4·gap/Scale⌋, at most 4, when right; 1 or 2 when wrong
//	time              log-normal, median Seconds, σ = ½
//
// where gap ≥ 0 is the difference of the utilities. Equal ones are a tie where the
// project has ties, else a coin decides, negligibly.
func (c Config) judge(a Annotator, q labeling.Question, w labeling.Assignment, u Utility) (opinion, error) {
	draw := c.draws(a, w.Item)
	bySide, choice, degree, pace := draw.Float64(), draw.Float64(), draw.Float64(), draw.NormFloat64()
	o := opinion{took: time.Duration(a.Seconds * math.Exp(pace/2) * float64(time.Second)).Truncate(time.Millisecond)}
	gap, better, worse, err := compare(w.Item, u)
	prefer := func(id labeling.CandidateID, strength int) labeling.Answer {
		return labeling.Prefer(q.Key, id, pick(id == better, worse, better), strength)
	}
	switch {
	case err != nil:
		return o, err
	case bySide < math.Abs(a.LeftBias):
		o.answer = prefer(bySideOf(a, w.Shown), 1+int(4*degree))
	case gap == 0 && q.Ties:
		o.answer = labeling.Equal(q.Key, better, worse)
	case gap == 0:
		o.answer = prefer(pick(choice < .5, better, worse), 1)
	case choice < a.chance(gap):
		o.answer = prefer(better, min(1+int(min(4*gap/c.Scale, 3)), labeling.MaxStrength))
	default:
		o.answer = prefer(worse, 1+int(2*degree))
	}
	best, _ := o.answer.Responses[q.Key].Best()
	o.right = gap == 0 || best == better
	return o, nil
}

// draws is the randomness of one annotator at one item.
func (c Config) draws(a Annotator, it labeling.Item) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256([]byte(c.name(a, it)))))
}

// name tells one annotator's answer to one item from every other, also from those to
// an item of the same id with other content.
func (c Config) name(a Annotator, it labeling.Item) string {
	s := fmt.Sprintf("%d %q %q %q", c.Seed, a.Handle, it.Ref, it.Prompt.String())
	for _, k := range it.Candidates {
		s += fmt.Sprintf(" %q", k.Text)
	}
	return s
}

// compare finds the better of two candidates; the first where they are equal.
func compare(it labeling.Item, u Utility) (gap float64, better, worse labeling.CandidateID, err error) {
	prompt := it.Prompt.String()
	x, y := u(prompt, it.Candidates[0].Text), u(prompt, it.Candidates[1].Text)
	if gap = math.Abs(x - y); !(gap >= 0 && gap <= math.MaxFloat64) {
		return 0, 0, 0, fmt.Errorf("labeling/simulate: utility: item %q: got %v and %v, want finite numbers", it.Ref, x, y)
	}
	if y > x {
		return gap, it.Candidates[1].ID, it.Candidates[0].ID, nil
	}
	return gap, it.Candidates[0].ID, it.Candidates[1].ID, nil
}

func (a Annotator) chance(gap float64) float64 {
	if a.Temperature > 0 {
		return 1 / (1 + math.Exp(-gap/a.Temperature))
	}
	return a.Skill
}

func bySideOf(a Annotator, shown []labeling.CandidateID) labeling.CandidateID {
	return pick(a.LeftBias > 0, shown[0], shown[len(shown)-1])
}

func pick(first bool, a, b labeling.CandidateID) labeling.CandidateID {
	if first {
		return a
	}
	return b
}
