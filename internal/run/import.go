package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"plumbline/internal/dataset"
	"plumbline/labeling"
)

// ItemsFormat is the name of labelling's own lines among the formats of an import.
const ItemsFormat = "items"

// ImportOptions say how a file becomes items to judge.
type ImportOptions struct {
	Project  string // empty: the only one
	Format   string // ItemsFormat, a shape of dataset.Items, or "": what the first row looks like
	Gold     bool   // what the file says of the candidates is the known answer of gold items; otherwise it is dropped
	Question string // that it answers; empty: the task's main one
	Split    bool   // an item of more candidates than the task shows becomes one for each choice of that many
}

// ImportFile adds the items of a file to a project: labelling's own lines, or any shape
// that dataset.Items reads. An item of others is known by its id, if it has one, and its
// content, so that the same content is one item wherever in the file it stands, and an
// import again adds only what is new.
func ImportFile(ctx context.Context, c labeling.Catalogue, path string, o ImportOptions) (labeling.Imported, error) {
	p, err := c.Project(ctx, o.Project)
	if err != nil {
		return labeling.Imported{}, err
	}
	if o.Format == "" {
		if o.Format, err = itemsFormat(path); err != nil {
			return labeling.Imported{}, err
		}
	}
	if o.Format == ItemsFormat {
		return importLines(ctx, c, p, path, o)
	}
	im := importing{o, p.Task, filepath.Base(path)}
	if o.Gold {
		q, err := labeling.MainQuestion(p.Task, o.Question)
		if err == nil && q.Marks() {
			err = fmt.Errorf("got a %s, want a preference or ranking: the file says which candidate is better", q.Kind)
		}
		if err != nil {
			return labeling.Imported{}, fmt.Errorf("run: import: gold: question %s: %w", q.Key, err)
		}
		im.Question = q.Key
	}
	return labeling.ImportItems(ctx, c, p, im.items(dataset.Items(path, dataset.Options{Format: o.Format})))
}

// importLines reads labelling's own lines, which say themselves what is known.
func importLines(ctx context.Context, c labeling.Catalogue, p labeling.Project, path string, o ImportOptions) (labeling.Imported, error) {
	if o.Gold || o.Split {
		return labeling.Imported{}, fmt.Errorf("run: import: %s: got gold or split with items in our own lines, which have kind and expected themselves", path)
	}
	in, err := dataset.Open(path)
	if err != nil {
		return labeling.Imported{}, err
	}
	done, err := labeling.Import(ctx, c, p.Name, in, path)
	return done, errors.Join(err, in.Close())
}

// itemsFormat is ItemsFormat for a file whose first object has candidates that nobody has
// compared, else "". A file that cannot be read is for its reader to refuse.
func itemsFormat(path string) (string, error) {
	in, err := dataset.Open(path)
	if err != nil {
		return "", err
	}
	d := json.NewDecoder(in)
	first, err := d.Token()
	inList := err == nil && first == json.Delim('[')
	if inList {
		first, err = d.Token()
	}
	isItem := err == nil && first == json.Delim('{') && hasItem(d)
	switch err := in.Close(); {
	case err != nil || !isItem:
		return "", err
	case inList:
		return "", fmt.Errorf("run: import: %s: got items in a list, want one object a line, as jq -c '.[]' writes them", path)
	}
	return ItemsFormat, nil
}

// hasItem tells whether an object, of which the opening brace is read, is an item of ours.
func hasItem(d *json.Decoder) (candidates bool) {
	for d.More() {
		key, err := d.Token()
		if err != nil || d.Decode(&json.RawMessage{}) != nil {
			return false
		}
		switch key {
		case "candidates":
			candidates = true
		case "preferences":
			return false
		}
	}
	return candidates
}

// importing turns what others wrote into items.
type importing struct {
	ImportOptions
	task labeling.Task
	file string // its name
}

func (im importing) items(read iter.Seq2[dataset.Item, error]) iter.Seq2[labeling.Placed, error] {
	return func(yield func(labeling.Placed, error) bool) {
		for it, err := range read {
			if err != nil {
				yield(labeling.Placed{}, err)
				return
			}
			for _, chosen := range im.choices(len(it.Candidates)) {
				placed, err := im.item(it, chosen)
				if err != nil {
					err = fmt.Errorf("%s: %w", it.Place, err)
				}
				if !yield(placed, err) {
					return
				}
			}
		}
	}
}

// choices are the candidates that are shown together: all of k, or each choice of as many
// as the task shows.
func (im importing) choices(k int) [][]int {
	all := make([]int, k)
	for i := range all {
		all[i] = i
	}
	if n := im.task.Candidates; im.Split && n > 0 && n < k {
		return choose(all, n)
	}
	return [][]int{all}
}

// choose lists the ways to choose n of all, in order.
func choose(all []int, n int) (out [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for i := range len(all) - n + 1 {
		for _, rest := range choose(all[i+1:], n-1) {
			out = append(out, append([]int{all[i]}, rest...))
		}
	}
	return out
}

// item is the item of some of the candidates.
func (im importing) item(it dataset.Item, chosen []int) (placed labeling.Placed, err error) {
	placed.Place, placed.Prompt.Text = it.Place, it.Prompt.Text
	named := item{Prompt: it.Prompt.Text}
	if it.Prompt.Messages != nil {
		named.Prompt = it.Prompt.Messages
	}
	for _, m := range it.Prompt.Messages {
		placed.Prompt.Messages = append(placed.Prompt.Messages, labeling.Message(m))
	}
	for _, i := range chosen {
		c := labeling.Candidate{Text: it.Candidates[i]}
		if it.Sources != nil {
			c.Source = it.Sources[i]
		}
		placed.Candidates = append(placed.Candidates, c)
		named.Candidates = append(named.Candidates, candidate{c.Text, c.Source})
	}
	if im.Gold {
		order, err := known(it.Known, chosen)
		if err != nil {
			return placed, err
		}
		placed.Kind, placed.Expected = labeling.KindGold, map[string]labeling.Response{im.Question: {Order: order}}
	}
	placed.Ref, err = contentName(cmp.Or(it.ID, im.file), named)
	return placed, err
}

// known is the order of some of the candidates that preferences say, in places among
// those from 1. Of several opinions on a pair the heaviest counts; what is no order is an
// error.
func known(said []dataset.Preference, chosen []int) (order [][]labeling.CandidateID, err error) {
	better := make([]int, len(chosen)) // how many are better
	var pairs []dataset.Preference
	for i, a := range chosen {
		for j, b := range chosen[:i] {
			p, ok := heaviest(said, a, b)
			if !ok {
				return nil, fmt.Errorf("gold: the file does not say which of candidates %d and %d is better, want an order of all", b+1, a+1)
			}
			places := dataset.Preference{Chosen: i, Rejected: j, Tie: p.Tie}
			if p.Chosen == b {
				places.Chosen, places.Rejected = j, i
			}
			if !p.Tie {
				better[places.Rejected]++
			}
			pairs = append(pairs, places)
		}
	}
	for _, p := range pairs {
		if ahead := better[p.Rejected] - better[p.Chosen]; p.Tie != (ahead == 0) || ahead < 0 {
			return nil, errors.New("gold: what the file says of the candidates is no order: it goes in a circle")
		}
	}
	for rank := range chosen {
		var group []labeling.CandidateID
		for i, n := range better {
			if n == rank {
				group = append(group, labeling.CandidateID(i+1))
			}
		}
		if group != nil {
			order = append(order, group)
		}
	}
	return order, nil
}

// heaviest is the opinion on a pair that weighs more than each other one.
func heaviest(said []dataset.Preference, a, b int) (most dataset.Preference, ok bool) {
	for _, p := range said {
		if min(p.Chosen, p.Rejected) != min(a, b) || max(p.Chosen, p.Rejected) != max(a, b) {
			continue
		}
		switch {
		case p.Weight > most.Weight:
			most, ok = p, true
		case p.Weight == most.Weight:
			ok = false
		}
	}
	return most, ok
}
