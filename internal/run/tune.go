package run

import (
	"context"
	"fmt"
	"slices"

	"plumbline/internal/dataset"
	"plumbline/models/checkpoint"
	"plumbline/models/tokenizer"
	"plumbline/sft"
)

// endOfText ends every text of a model that is made from nothing.
const endOfText = "<|endoftext|>"

func (p *pipeline) baseSpec() Spec { return p.spec(StageBase, nil, []string{"base"}) }

// base pretrains on documents: a model made from nothing, tokenizer included, or the
// one that the run starts from.
func (p *pipeline) base(ctx context.Context) error {
	w, err := p.data()
	if err != nil {
		return err
	}
	if len(w.documents) == 0 {
		return fmt.Errorf("run: base: got no documents, want data.text or data.synthetic")
	}
	m, c, err := p.start(w)
	if err != nil {
		return err
	}
	limit := lengthLimit(p.Config.Base, m)
	cut := func(docs []string) (seqs []sft.Sequence) {
		for _, d := range docs {
			seqs = append(seqs, sft.Document(c.document(d), limit)...)
		}
		return seqs
	}
	return p.tune(ctx, StageBase, m, cut(w.documents), cut(w.heldOut), p.Config.Base)
}

// start is the model that base begins with and its codec.
func (p *pipeline) start(w *world) (*checkpoint.Model, *codec, error) {
	if path := p.Config.Model.Path; path != "" {
		m, err := checkpoint.Load(path)
		if err != nil {
			return nil, nil, err
		}
		c, err := newCodec(path)
		return m, c, err
	}
	texts := slices.Clone(w.documents)
	for _, e := range w.examples {
		texts = append(texts, e.Prompt.Text, e.Response)
	}
	tok, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{
		VocabSize: p.Config.Model.Vocab, Pattern: p.Config.Model.Pattern, Specials: []string{endOfText}, EOS: endOfText, BOS: endOfText,
	})
	if err != nil {
		return nil, nil, err
	}
	eos := tok.Specials().EOS
	m, err := checkpoint.New(p.Config.Model.Spec(tok.VocabSize(), eos), p.Config.Seed)
	if err != nil {
		return nil, nil, err
	}
	m.Generation = fmt.Appendf(nil, "{\n  \"bos_token_id\": %d,\n  \"eos_token_id\": %d,\n  \"do_sample\": true\n}\n", eos, eos)
	return m, &codec{tok: tok, stop: []int32{eos}}, carry(m, tok)
}

func (p *pipeline) sftSpec() Spec { return p.spec(StageSFT, []string{StageBase}, []string{"sft"}) }

// sft learns from demonstrations.
func (p *pipeline) sft(ctx context.Context) error {
	w, err := p.data()
	if err != nil {
		return err
	}
	if len(w.examples) == 0 {
		return fmt.Errorf("run: sft: got no demonstrations, want data.examples, data.story or data.synthetic")
	}
	dir, err := p.last(StageBase)
	if err != nil {
		return err
	}
	m, err := checkpoint.Load(dir)
	if err != nil {
		return err
	}
	c, err := p.texts(dir)
	if err != nil {
		return err
	}
	learn, held, err := dataset.SplitBy(w.examples, func(e dataset.Example) string { return e.Prompt.Key() }, p.Config.SFT.EvalShare, p.Config.Seed)
	if err != nil {
		return err
	}
	limit := lengthLimit(p.Config.SFT, m)
	learnt, short, err := c.examples(learn, limit)
	if err != nil {
		return err
	}
	kept, _, err := c.examples(held, limit)
	if err != nil {
		return err
	}
	if len(learnt) == 0 {
		return fmt.Errorf("run: sft: got %d demonstrations whose prompts leave no room for a response in %d tokens (sft.max_length, at most the model's context), want shorter ones", len(learn), limit)
	}
	if short > 0 {
		p.note(StageSFT, "%d of %d demonstrations are longer than %d tokens and were cut", short, len(learn), limit)
	}
	m.Base = dir
	return p.tune(ctx, StageSFT, m, learnt, kept, p.Config.SFT)
}

// examples encodes demonstrations; those longer than limit are cut, and dropped where
// nothing of the response is left.
func (c *codec) examples(es []dataset.Example, limit int) (seqs []sft.Sequence, cut int, err error) {
	for _, e := range es {
		s, err := c.answered(e.Prompt, e.Response)
		if err != nil {
			return nil, 0, fmt.Errorf("run: sft: example %q: %w", e.ID, err)
		}
		if len(s.Tokens) > limit {
			cut++
		}
		if s, ok := s.Cut(limit); ok {
			seqs = append(seqs, s)
		}
	}
	return seqs, cut, nil
}

func lengthLimit(c sft.Config, m *checkpoint.Model) int {
	if c.MaxLength > 0 {
		return min(c.MaxLength, m.Decoder.Spec.Context)
	}
	return m.Decoder.Spec.Context
}

func (p *pipeline) tune(ctx context.Context, stage string, m *checkpoint.Model, learn, held []sft.Sequence, c sft.Config) error {
	t, err := sft.New(p.rt, m, learn, held, c, stage, p.Config.Seed)
	if err != nil {
		return err
	}
	best := "eval_loss"
	if len(held) == 0 {
		best = ""
	}
	_, err = p.loop(stage, c.Steps, c.SaveEvery, c.EvalEvery, best, nil).Run(ctx, t)
	return err
}
