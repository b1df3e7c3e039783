package reward

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"plumbline/internal/batch"
	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/train"
)

// Item is a comparison as the model reads it.
type Item struct {
	ID          string
	Candidates  [][]int32 // prompt and response, the final EOS included
	Preferences []dataset.Preference
}

// Encode tokenises comparisons. encode gives the ids of a prompt and one response to
// it, as the model will see them when it scores: with the EOS.
func Encode(comparisons []dataset.Comparison, encode func(p dataset.Prompt, response string) ([]int32, error)) ([]Item, error) {
	items := make([]Item, len(comparisons))
	for i, c := range comparisons {
		items[i] = Item{ID: c.ID, Preferences: c.Preferences}
		for k, response := range c.Candidates {
			ids, err := encode(c.Prompt, response)
			if err != nil {
				return nil, fmt.Errorf("reward: comparison %q: candidate %d: %w", c.ID, k, err)
			}
			items[i].Candidates = append(items[i].Candidates, ids)
		}
	}
	return items, nil
}

// Trainer makes the steps of a train.Loop from comparisons.
type Trainer struct {
	c         Config
	model     *Model
	opt       *engine.AdamW
	order     *train.Order
	train     []Item
	held      []Item
	reference [][]int32
}

var (
	_ train.Trainer   = (*Trainer)(nil)
	_ train.Evaluator = (*Trainer)(nil)
)

// NewTrainer prepares to train m: all of it, or with LoRA adapters, which are added to
// it here, and the head. held is for evaluation and must share no prompt with learn
// (dataset.Split). The norm is measured on reference, sequences that the reference
// policy wrote; nil takes the held-out candidates. stage and seed decide the order.
func NewTrainer(rt *engine.Runtime, m *Model, learn, held []Item, reference [][]int32, c Config, stage string, seed uint64) (*Trainer, error) {
	if err := errors.Join(c.Validate(), c.LoRA.Validate()); err != nil {
		return nil, fmt.Errorf("reward: %w", err)
	}
	if len(learn) == 0 || len(held) == 0 {
		return nil, fmt.Errorf("reward: got %d comparisons to learn from and %d held out, want ≥ 1 of each", len(learn), len(held))
	}
	for _, items := range [][]Item{learn, held} {
		if _, err := layOut(items); err != nil {
			return nil, err
		}
		if _, err := split(items, c.MicroTokens); err != nil { // now, not in the middle of an epoch
			return nil, err
		}
	}
	order, err := train.NewOrder(seed, stage, len(learn))
	if err != nil {
		return nil, err
	}
	if reference == nil {
		for _, item := range held {
			reference = append(reference, item.Candidates...)
		}
	}
	if c.LoRA.Rank > 0 {
		if err := m.AddLoRA(c.LoRA, seed); err != nil {
			return nil, err
		}
	}
	learn = c.scale(learn)
	return &Trainer{c: c, model: m, opt: c.OptimizerConfig.New(rt, m.Trainable()), order: order, train: learn, held: held, reference: reference}, nil
}

// scale multiplies the judged margins by the config's factor.
func (c Config) scale(items []Item) []Item {
	out := slices.Clone(items)
	for i := range out {
		out[i].Preferences = slices.Clone(out[i].Preferences)
		for j := range out[i].Preferences {
			out[i].Preferences[j].Margin *= c.Margin
		}
	}
	return out
}

// Steps is how many steps the epochs take.
func (c Config) Steps(comparisons int) int {
	return (c.Epochs*comparisons + c.BatchSize - 1) / c.BatchSize
}

// Step learns from the next batch_size comparisons.
func (t *Trainer) Step(ctx context.Context, step int) (train.Metrics, error) {
	var items []Item
	for _, i := range t.order.Batch(step, t.c.BatchSize) {
		items = append(items, t.train[i])
	}
	all, err := layOut(items)
	if err != nil {
		return nil, err
	}
	parts, err := split(items, t.c.MicroTokens)
	if err != nil {
		return nil, err
	}
	sums := sums{window: Weight(all.pairs)}
	for _, part := range parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := t.learn(part, &sums); err != nil {
			return nil, err
		}
	}
	if math.IsNaN(sums.loss) || math.IsInf(sums.loss, 0) {
		return nil, fmt.Errorf("reward: the loss is %v: lower lr or warm up longer", sums.loss)
	}
	lr := t.c.At(step, t.c.Steps(len(t.train)))
	norm, err := t.opt.Update(lr)
	if err != nil {
		return nil, err
	}
	return train.Metrics{
		"loss": sums.loss, "accuracy": sums.right / sums.window, "score": sums.scores / float64(len(all.seqs)),
		"lr": lr, "grad_norm": norm, "tokens": float64(sums.tokens),
	}, nil
}

// sums add up over the micro-batches of a step.
type sums struct {
	window              float64
	loss, right, scores float64
	tokens              int
}

func (t *Trainer) learn(items []Item, s *sums) error {
	l, err := layOut(items)
	if err != nil {
		return err
	}
	r := &batch.Ragged{}
	for _, seq := range l.seqs {
		if err := r.Add(seq, nil); err != nil {
			return fmt.Errorf("reward: %w", err)
		}
	}
	objective := Objective{Pairs: l.pairs, Center: t.c.CenterCoef, Window: s.window}
	loss, err := t.model.Learn(r, r.Last(), func(in, grad [][]float32) (float64, error) {
		s.right += agreement(in[0], l.pairs)
		for _, v := range in[0] {
			s.scores += float64(v)
		}
		return objective.Loss(in, grad)
	})
	s.loss += loss
	s.tokens += r.Len()
	return err
}

// agreement is the weight of the pairs that scores order as people did; a tie is half
// right.
func agreement(scores []float32, pairs []Pair) (right float64) {
	for _, p := range pairs {
		switch {
		case p.Tie:
			right += .5 * p.Weight
		case scores[p.Chosen] > scores[p.Rejected]:
			right += p.Weight
		}
	}
	return right
}

// laidOut is items as a batch: their candidates in order, and pairs of rows.
type laidOut struct {
	seqs  [][]int32
	pairs []Pair
}

// layOut fails for an item without a preference that counts.
func layOut(items []Item) (l laidOut, err error) {
	for _, item := range items {
		pairs, err := PairsOf(dataset.Comparison{ID: item.ID, Candidates: make([]string, len(item.Candidates)), Preferences: item.Preferences}, len(l.seqs))
		if err != nil {
			return l, err
		}
		if len(pairs) == 0 {
			return l, fmt.Errorf("reward: comparison %q: got no preference of weight > 0, want ≥ 1", item.ID)
		}
		l.seqs = append(l.seqs, item.Candidates...)
		l.pairs = append(l.pairs, pairs...)
	}
	return l, nil
}

// split groups items into micro-batches; an item is never cut.
func split(items []Item, microTokens int) ([][]Item, error) {
	lengths := make([]int, len(items))
	for i, item := range items {
		for _, c := range item.Candidates {
			lengths[i] += len(c)
		}
		if lengths[i] > microTokens {
			return nil, fmt.Errorf("reward: comparison %q: got %d tokens in all candidates, want ≤ micro_tokens (%d)", item.ID, lengths[i], microTokens)
		}
	}
	groups, err := train.Microbatches(lengths, microTokens)
	parts := make([][]Item, len(groups))
	for g, ids := range groups {
		for _, i := range ids {
			parts[g] = append(parts[g], items[i])
		}
	}
	return parts, err
}

// majority leaves of each item what most annotators said of two candidates: a model
// cannot agree with both sides of a dispute. Two sides of equal weight are a tie.
func majority(items []Item) []Item {
	out := make([]Item, len(items))
	for n, item := range items {
		out[n] = item
		out[n].Preferences = nil
		for _, p := range item.Preferences {
			i := slices.IndexFunc(out[n].Preferences, func(q dataset.Preference) bool {
				return min(p.Chosen, p.Rejected) == min(q.Chosen, q.Rejected) && max(p.Chosen, p.Rejected) == max(q.Chosen, q.Rejected)
			})
			switch {
			case i < 0:
				out[n].Preferences = append(out[n].Preferences, p)
			case p.Weight > out[n].Preferences[i].Weight:
				out[n].Preferences[i] = p
			case p.Weight == out[n].Preferences[i].Weight:
				out[n].Preferences[i].Tie = true
			}
		}
	}
	return out
}

// Quality measures the model against the majority in each held-out comparison, at
// confidence level .95.
func (t *Trainer) Quality() (Quality, error) {
	l, err := layOut(majority(t.held))
	if err != nil {
		return Quality{}, err
	}
	scores, err := t.model.RawScores(l.seqs, t.c.MicroTokens)
	if err != nil {
		return Quality{}, err
	}
	return Measure(scores, l.pairs, .95)
}

// Evaluate gives eval_accuracy, eval_log_loss (best is lowest) and eval_ece of the
// held-out comparisons.
func (t *Trainer) Evaluate(context.Context, int) (train.Metrics, error) {
	q, err := t.Quality()
	if err != nil {
		return nil, err
	}
	return train.Metrics{"eval_accuracy": q.Accuracy.Estimate, "eval_log_loss": q.LogLoss, "eval_ece": q.ECE}, nil
}

// Save measures the norm and writes the model and the optimiser.
func (t *Trainer) Save(dir string, _ *train.State) error {
	scores, err := t.model.RawScores(t.reference, t.c.MicroTokens)
	if err != nil {
		return err
	}
	if t.model.Norm, err = FitNorm(scores); err != nil {
		return err
	}
	if err := t.model.Save(dir); err != nil {
		return err
	}
	return train.SaveOptimizers(dir, map[string]train.Moments{"reward": t.opt})
}

// Load puts back what Save wrote.
func (t *Trainer) Load(dir string, _ train.State) error {
	if err := t.model.Restore(dir); err != nil {
		return err
	}
	return train.LoadOptimizers(dir, map[string]train.Moments{"reward": t.opt})
}
