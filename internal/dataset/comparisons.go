package dataset

import (
	"iter"
	"slices"
	"strings"
)

const asks = promptKeys

// several are the keys of a list of answers.
const several = "outputs|responses|output|answers|completions"

var comparisonShapes = []shape[Comparison]{
	{"plumb", []string{"prompt", "candidates", "preferences"}, native},
	{"argilla", []string{"fields", "responses|suggestions"}, known(argilla)},
	{"openassistant", []string{"message_tree_id", "prompt"}, known(messageTree)},
	{"ultrafeedback", []string{asks, "completions"}, known(ultraFeedback)},
	{"preference", []string{asks, "chosen", "rejected"}, preference},
	{"transcript", []string{"chosen", "rejected"}, implicit},
	{"judged", []string{asks, "output_1", "output_2", "label|preference"}, judged},
	{"kwise", []string{asks, several, "ranks"}, kwise},
	{"ranked", []string{asks, several}, ranked},
}

// Comparisons reads preferences: .json, .jsonl, .csv, .tsv or .parquet in the shapes
//
//	plumb          our own: {prompt: {text|messages}, candidates, preferences}
//	argilla        Argilla's records, of fields and a ranking of them in responses or, if
//	               nobody answered, suggestions
//	openassistant  message trees: a comparison of every message with ranked replies
//	ultrafeedback  {instruction, completions: [{response, overall_score}]}
//	preference     {prompt|instruction|conversations|…, chosen, rejected}: strings, messages,
//	               or lists of strings, where every chosen one beats every rejected one
//	transcript     {chosen, rejected}: whole conversations, as hh-rlhf's text or as messages;
//	               the prompt is what they have in common
//	judged         {…, output_1, output_2, label|preference}: 1 or 2 is preferred, 0 or 1.5 a tie
//	kwise          {…, responses: [texts], ranks: [from 1, the best]}; equal ranks are ties
//	ranked         {…, output: [best, …, worst]}: every pair in that order
//
// Each preference weighs 1, or as much as an export of labelling says of its judgements
// (weight, judgement_ids); margin is read where there is one. Answers marked one by one
// (KTO) are not comparisons.
func Comparisons(path string, o Options) iter.Seq2[Comparison, error] {
	return read(path, o.Format, comparisonShapes)
}

// known are the comparisons among items to judge: those that the file says something of.
func known(items func(row) ([]Item, error)) func(row) ([]Comparison, error) {
	return func(r row) (all []Comparison, err error) {
		found, err := items(r)
		if err != nil {
			return nil, err
		}
		for _, it := range found {
			if len(it.Known) == 0 {
				continue
			}
			c, err := compared(r, Comparison{Prompt: it.Prompt, Candidates: it.Candidates, Preferences: it.Known})
			if err != nil {
				return nil, err
			}
			if len(found) > 1 {
				c[0].ID, c[0].Prompt.ID = it.ID, it.ID
			}
			all = append(all, c...)
		}
		return all, nil
	}
}

// compared is a comparison, once it is known to be a sound one.
func compared(r row, c Comparison) ([]Comparison, error) {
	c.ID, c.Prompt.ID = r.id(), r.id()
	if r.has("judgement_ids") {
		if err := r.decode("judgement_ids", &c.JudgementIDs, "a list of strings"); err != nil {
			return nil, err
		}
	}
	if err := c.Validate(); err != nil {
		return nil, r.errorf("comparison", "%w", err)
	}
	return []Comparison{c}, nil
}

func native(r row) ([]Comparison, error) {
	var c Comparison
	var err error
	if c.Prompt, err = r.prompt(); err != nil {
		return nil, err
	}
	if c.Candidates, err = r.list("candidates", "a list of strings"); err != nil {
		return nil, err
	}
	if err := r.decode("preferences", &c.Preferences, "a list of {chosen, rejected, weight, margin, tie}"); err != nil {
		return nil, err
	}
	return compared(r, c)
}

func preference(r row) ([]Comparison, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	chosen, err := r.answersTo("chosen", p)
	if err != nil {
		return nil, err
	}
	rejected, err := r.answersTo("rejected", p)
	if err != nil {
		return nil, err
	}
	like, err := r.strength()
	if err != nil {
		return nil, err
	}
	c := Comparison{Prompt: p, Candidates: slices.Concat(chosen, rejected)}
	for i := range chosen {
		for j := range rejected {
			like.Chosen, like.Rejected = i, len(chosen)+j
			c.Preferences = append(c.Preferences, like)
		}
	}
	return compared(r, c)
}

// strength is how much a chosen answer is better: TRL's margin, and of our own exports,
// which name their judgements, the weight.
func (r row) strength() (p Preference, err error) {
	p.Weight = 1
	if r.has("margin") {
		p.Margin, err = r.number("margin", "a number")
	}
	if err == nil && r.has("weight") && r.has("judgement_ids") {
		p.Weight, err = r.number("weight", "a number")
	}
	return p, err
}

// answersTo are the answers under key: one string or message, a list of strings, or a
// conversation that repeats the prompt before its answer.
func (r row) answersTo(key string, p Prompt) ([]string, error) {
	if r.opens(key) == '[' {
		if list, err := r.list(key, ""); err == nil {
			return list, nil
		}
	}
	if r.opens(key) != '[' {
		s, err := r.response(key)
		return []string{s}, err
	}
	m, err := r.messages(key)
	if err != nil {
		return nil, err
	}
	if len(m) == 0 || m[len(m)-1].Role != "assistant" {
		return nil, r.errorf(key, "got %d messages, want the assistant's last", len(m))
	}
	before, last := m[:len(m)-1], m[len(m)-1]
	if len(before) > 0 && (Prompt{Messages: before}).Key() != p.Key() && !p.isTurn(before) {
		return nil, r.errorf(key, "got a conversation that does not begin with the prompt")
	}
	return []string{last.Content}, nil
}

// isTurn says whether m is the prompt's text as a single user turn.
func (p Prompt) isTurn(m []Message) bool {
	return len(m) == 1 && m[0].Role == "user" && trim(m[0].Content) == trim(p.Text)
}

// implicit finds the prompt in what two whole conversations have in common.
func implicit(r row) ([]Comparison, error) {
	a, restA, err := r.whole("chosen")
	if err != nil {
		return nil, err
	}
	b, restB, err := r.whole("rejected")
	if err != nil {
		return nil, err
	}
	n := 0
	for n < len(a)-1 && n < len(b)-1 && a[n] == b[n] {
		n++
	}
	if a[n].Role != "assistant" || b[n].Role != "assistant" {
		return nil, r.errorf("rejected", "got turn %d of the %s and the %s, want two answers to the same prompt", n+1, a[n].Role, b[n].Role)
	}
	if (n < len(a)-1 && restA[n] == "") || (n < len(b)-1 && restB[n] == "") {
		return nil, r.errorf("rejected", "got conversations that part at message %d, want only the last to differ", n+1)
	}
	like, err := r.strength()
	if err != nil {
		return nil, err
	}
	like.Rejected = 1
	return compared(r, Comparison{Prompt: Prompt{Messages: a[:n:n]}, Candidates: []string{restA[n], restB[n]}, Preferences: []Preference{like}})
}

// whole is a conversation and rest[i], the text from turn i on. Transcripts may part
// before their last turn (5 of 1156 in a file of hh-rlhf do): the candidate is then all
// the text that follows. Messages have no such text, so only their last rest is set.
func (r row) whole(key string) (m []Message, rest []string, err error) {
	if r.opens(key) == '"' {
		text, err := r.str(key)
		if err != nil {
			return nil, nil, err
		}
		if m, rest = transcript(text); len(m) == 0 {
			return nil, nil, r.errorf(key, "got %s, want a transcript with Human: and Assistant: turns, or a prompt key beside it", excerpt([]byte(text)))
		}
		return m, rest, nil
	}
	if m, err = r.messages(key); err != nil {
		return nil, nil, err
	}
	if len(m) == 0 {
		return nil, nil, r.errorf(key, "got no messages, want ≥ 2")
	}
	rest = make([]string, len(m))
	rest[len(m)-1] = m[len(m)-1].Content
	return m, rest, nil
}

func judged(r row) ([]Comparison, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	one, err := r.str("output_1")
	if err != nil {
		return nil, err
	}
	two, err := r.str("output_2")
	if err != nil {
		return nil, err
	}
	key := r.first("label|preference")
	if key == "" {
		key = "label"
	}
	verdict, err := r.number(key, "1, 2 or a tie (0, 1.5)")
	if err != nil {
		return nil, err
	}
	won, ok := map[float64]Preference{
		1:   {Chosen: 0, Rejected: 1, Weight: 1},
		2:   {Chosen: 1, Rejected: 0, Weight: 1},
		0:   {Chosen: 0, Rejected: 1, Weight: 1, Tie: true},
		1.5: {Chosen: 0, Rejected: 1, Weight: 1, Tie: true},
	}[verdict]
	if !ok {
		return nil, r.errorf(key, "got %v, want 1, 2 or a tie (0, 1.5)", verdict)
	}
	return compared(r, Comparison{Prompt: p, Candidates: []string{one, two}, Preferences: []Preference{won}})
}

func ranked(r row) ([]Comparison, error) {
	c, err := r.answered()
	if err != nil {
		return nil, err
	}
	ranks := make([]int, len(c.Candidates))
	for i := range ranks {
		ranks[i] = i + 1
	}
	c.Preferences = preferencesOf(ranks)
	return compared(r, c)
}

func kwise(r row) ([]Comparison, error) {
	c, err := r.answered()
	if err != nil {
		return nil, err
	}
	var ranks []int
	if err := r.decode("ranks", &ranks, "a list of whole numbers, 1 the best"); err != nil {
		return nil, err
	}
	if len(ranks) != len(c.Candidates) {
		return nil, r.errorf("ranks", "got %d, want one of each of %d responses", len(ranks), len(c.Candidates))
	}
	c.Preferences = preferencesOf(ranks)
	return compared(r, c)
}

// answered is a prompt with its list of answers.
func (r row) answered() (c Comparison, err error) {
	if c.Prompt, err = r.prompt(); err != nil {
		return c, err
	}
	key := r.first(several)
	if key == "" {
		key = "outputs"
	}
	c.Candidates, err = r.list(key, "a list of answers")
	return c, err
}

// preferencesOf are those of people who ranked the same candidates, the lower the better:
// of each pair, which is better by how large a share of them, or that they are equal.
func preferencesOf(rankings ...[]int) (all []Preference) {
	if len(rankings) == 0 {
		return nil
	}
	one := 1 / float64(len(rankings))
	for i := range rankings[0] {
		for j := i + 1; j < len(rankings[0]); j++ {
			better, worse, tie := Preference{Chosen: i, Rejected: j}, Preference{Chosen: j, Rejected: i}, Preference{Chosen: i, Rejected: j, Tie: true}
			for _, ranks := range rankings {
				switch {
				case ranks[i] < ranks[j]:
					better.Weight += one
				case ranks[i] > ranks[j]:
					worse.Weight += one
				default:
					tie.Weight += one
				}
			}
			for _, p := range []Preference{better, worse, tie} {
				if p.Weight > 0 {
					all = append(all, p)
				}
			}
		}
	}
	return all
}

func trim(s string) string { return strings.TrimSpace(s) }
