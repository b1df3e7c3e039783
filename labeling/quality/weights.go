package quality

import (
	"context"
	"fmt"

	"plumbline/labeling"
)

// Probabilities is how likely it is, for each pair of candidates that was judged, that the
// first is the better one, given who said what and how often they are right: the posterior
// of Dawid & Skene's model, half of "equally good" to each side. Gold items and
// adjudications are taken as true. The question is the main one if empty; one of marks is
// an error.
func Probabilities(ctx context.Context, a labeling.Exportable, project, question string) (labeling.Probabilities, error) {
	r, err := gather(ctx, a, project)
	if err != nil {
		return nil, err
	}
	q, err := labeling.MainQuestion(r.project.Task, question)
	if err != nil {
		return nil, err
	}
	if q.Marks() {
		return nil, fmt.Errorf("quality: probabilities: question %s: got a %s, want a preference or ranking", q.Key, q.Kind)
	}
	l := r.ledger(q.Key)
	c, err := l.consensus(len(r.people))
	if err != nil {
		return nil, err
	}
	out := labeling.Probabilities{}
	for i, u := range l.units {
		if u.gold || len(u.said) == 0 {
			continue
		}
		p := c.Posterior[i][firstBetter]
		if q.Ties {
			p += c.Posterior[i][equallyGood] / 2
		}
		out[u.duel] = p
	}
	return out, nil
}

func (r *records) ledger(key string) *ledger {
	for _, l := range r.ledgers {
		if l.question.Key == key {
			return l
		}
	}
	return nil
}
