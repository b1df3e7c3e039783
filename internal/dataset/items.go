package dataset

import (
	"fmt"
	"iter"
	"slices"
)

var itemShapes = []shape[Item]{
	{"plumb", []string{"prompt", "candidates", "preferences"}, compareAgain(native)},
	{"argilla", []string{"fields"}, argilla},
	{"openassistant", []string{"message_tree_id", "prompt"}, messageTree},
	{"ultrafeedback", []string{asks, "completions"}, ultraFeedback},
	{"preference", []string{asks, "chosen", "rejected"}, compareAgain(preference)},
	{"transcript", []string{"chosen", "rejected"}, compareAgain(implicit)},
	{"judged", []string{asks, "output_1", "output_2", "label|preference"}, compareAgain(judged)},
	{"numbered", []string{asks, "response_1|output_1|answer_1", "response_2|output_2|answer_2"}, numbered},
	{"kwise", []string{asks, several, "ranks"}, compareAgain(kwise)},
	{"kto", []string{"completion|messages|conversations", "label"}, rateAgain(marked)},
	{"ranked", []string{asks, several}, answersOrOne},
	{"prompt-completion", []string{"prompt", "completion|response"}, rateAgain(completion)},
	{"messages", []string{"messages|conversations"}, rateAgain(conversation)},
}

// Items reads what people are to judge: all that Comparisons reads, whoever judged it
// before, and
//
//	argilla            records that nobody has answered
//	numbered           {prompt|instruction|…, response_1, response_2, …}: also output_, answer_
//	kto                {prompt, completion, label} or {messages, label}
//	prompt-completion  {prompt, completion|response}, alpaca {instruction, output} and
//	messages           {messages|conversations}: one answer, to be rated
//
// What the file says of the candidates is in Item.Known.
func Items(path string, o Options) iter.Seq2[Item, error] {
	return read(path, o.Format, itemShapes)
}

// place is where a row begins.
func (r row) place() string { return fmt.Sprintf("%s:%d", r.file, r.line) }

// item is an item with the row's own id and place.
func (r row) item(p Prompt, candidates []string, known []Preference) Item {
	id, _ := r.ownID()
	return Item{ID: id, Place: r.place(), Prompt: p, Candidates: candidates, Known: known}
}

// compareAgain makes items of what was compared before.
func compareAgain(comparisons func(row) ([]Comparison, error)) func(row) ([]Item, error) {
	return func(r row) (all []Item, err error) {
		found, err := comparisons(r)
		for _, c := range found {
			all = append(all, r.item(c.Prompt, c.Candidates, c.Preferences))
		}
		return all, err
	}
}

// rateAgain makes items of answers that stand alone.
func rateAgain(examples func(row) ([]Example, error)) func(row) ([]Item, error) {
	return func(r row) (all []Item, err error) {
		found, err := examples(r)
		for i, e := range found {
			it := r.item(e.Prompt, []string{e.Response}, nil)
			if it.ID != "" && i > 0 {
				it.ID = e.ID
			}
			all = append(all, it)
		}
		return all, err
	}
}

// marked reads the answer that a label is about: a completion, or the last of a conversation.
func marked(r row) ([]Example, error) {
	if r.has("completion") {
		return completion(r)
	}
	all, err := conversation(r)
	return all[max(0, len(all)-1):], err
}

// answersOrOne reads a list of answers, best first, or a single one.
func answersOrOne(r row) ([]Item, error) {
	if key := r.first(several); key != "" && r.opens(key) != '[' {
		return rateAgain(completion)(r)
	}
	return compareAgain(ranked)(r)
}

// numbered reads answers under keys that end in 1, 2, and so on.
func numbered(r row) ([]Item, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	var answers []string
	for n := 1; ; n++ {
		key := r.first(fmt.Sprintf("response_%[1]d|output_%[1]d|answer_%[1]d", n))
		if key == "" {
			break
		}
		s, err := r.response(key)
		if err != nil {
			return nil, err
		}
		answers = append(answers, s)
	}
	if len(answers) < 2 {
		return nil, r.errorf("response_1", "got %d answers, want response_1, response_2 and so on", len(answers))
	}
	return []Item{r.item(p, answers, nil)}, nil
}

// promptsOf are the prompts of items, each once in a row.
func promptsOf(items func(row) ([]Item, error)) func(row) ([]Prompt, error) {
	return func(r row) (all []Prompt, err error) {
		found, err := items(r)
		for _, it := range found {
			if !slices.ContainsFunc(all, func(p Prompt) bool { return p.Key() == it.Prompt.Key() }) {
				all = append(all, it.Prompt)
			}
		}
		return all, err
	}
}
