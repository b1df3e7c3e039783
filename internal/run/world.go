package run

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"plumbline/internal/dataset"
	"plumbline/internal/dataset/synthetic"
)

// world is all the data of a run, cut into what is learnt from and what is kept for
// evaluation.
type world struct {
	documents []string // to pretrain on; text for ptx
	heldOut   []string // documents for perplexity
	examples  []dataset.Example
	prompts   []dataset.Prompt // for sampling and PPO
	unseen    []dataset.Prompt // for evaluation
}

// readWorld reads or generates the data. The same prompt or document is never on both
// sides.
func readWorld(c Config) (world, error) {
	if c.Data.Synthetic != nil {
		d, err := synthetic.Generate(c.Seed, *c.Data.Synthetic)
		return world{d.Corpus, d.HeldOut, d.Examples, d.Prompts, d.Eval}, err
	}
	var w world
	documents, err := readAll(c.Data.Text, c.Data.Read, dataset.Texts)
	if err != nil {
		return w, err
	}
	if w.documents, w.heldOut, err = dataset.SplitBy(documents, func(s string) string { return s }, c.Data.EvalShare, c.Seed); err != nil {
		return w, err
	}
	if w.examples, err = readAll(c.Data.Examples, c.Data.Read, dataset.Examples); err != nil {
		return w, err
	}
	prompts, err := readAll(c.Data.Prompts, c.Data.Read, dataset.Prompts)
	if err != nil {
		return w, err
	}
	if w.prompts, w.unseen, err = dataset.Split(prompts, c.Data.EvalShare, c.Seed); err != nil {
		return w, err
	}
	if c.Data.Story != nil && len(w.examples) == 0 {
		w.tell(*c.Data.Story)
	}
	return w, nil
}

// tell makes demonstrations and prompts out of documents: the first words are the
// prompt, the rest the response.
func (w *world) tell(s StoryConfig) {
	for i, d := range w.documents {
		if p, r, ok := beginning(d, s.PromptWords); ok {
			prompt := dataset.Prompt{ID: fmt.Sprintf("story-%05d", i), Text: p}
			w.examples = append(w.examples, dataset.Example{ID: prompt.ID, Prompt: prompt, Response: r})
		}
	}
	if len(w.prompts)+len(w.unseen) > 0 {
		return
	}
	for _, e := range w.examples {
		w.prompts = append(w.prompts, e.Prompt)
	}
	for i, d := range w.heldOut {
		if p, _, ok := beginning(d, s.PromptWords); ok {
			w.unseen = append(w.unseen, dataset.Prompt{ID: fmt.Sprintf("unseen-%05d", i), Text: p})
		}
	}
	w.prompts, w.unseen = distinct(w.prompts, nil), distinct(w.unseen, w.prompts)
}

// distinct drops prompts that occur before or in others.
func distinct(prompts, others []dataset.Prompt) []dataset.Prompt {
	seen := map[string]bool{}
	for _, p := range others {
		seen[p.Text] = true
	}
	return slices.DeleteFunc(slices.Clone(prompts), func(p dataset.Prompt) bool {
		again := seen[p.Text]
		seen[p.Text] = true
		return again
	})
}

// beginning cuts a document after n words; the white space goes to the prompt, where a
// tokenizer with trailing spaces expects it. ok is false where nothing would be left.
func beginning(doc string, n int) (prompt, rest string, ok bool) {
	at := 0
	for range n {
		word := strings.IndexAny(doc[at:], " \n\t")
		if word < 0 {
			return "", "", false
		}
		at += word
		at += len(doc[at:]) - len(strings.TrimLeft(doc[at:], " \n\t"))
	}
	return doc[:at], doc[at:], at < len(doc)
}

func readAll[T any](paths []string, o dataset.Options, read func(string, dataset.Options) iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for _, p := range paths {
		part, err := dataset.Collect(read(p, o))
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}
