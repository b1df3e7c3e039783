package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"plumbline/internal/dataset"
	"plumbline/models/tokenizer"
)

// Encode is the ids of a conversation and their mask, both [T]; with prompt, the
// beginning of an answer stands at the end. mask is 1 on what the assistant says, the
// token that ends its turn included, and 0 elsewhere.
//
// Where an assistant's turn begins and ends is found by rendering the conversation up to
// there. A template that writes a turn differently once others follow (Qwen-3 drops
// earlier thoughts) is an error, for the model would be trained on text that it never
// sees when sampling; with prompt, such a turn counts as context, mask 0.
//
// ids up to a turn equal Encode(messages before it, true).
func (t *Template) Encode(messages []dataset.Message, prompt bool) (ids []int32, mask []float32, err error) {
	text, contents, err := t.renderMarked(messages, prompt)
	if err != nil {
		return nil, nil, fmt.Errorf("chat: %w", err)
	}
	var stable, all []turn
	for i, m := range messages {
		if m.Role != "assistant" {
			continue
		}
		said, err := t.turn(text, contents, messages, i)
		if err != nil && !(prompt && errors.Is(err, errUnstable)) {
			return nil, nil, fmt.Errorf("chat: message %d: %w", i, err)
		}
		all = append(all, said)
		if err == nil {
			stable = append(stable, said)
		}
	}
	if contents, err = settle(contents, all); err != nil {
		return nil, nil, fmt.Errorf("chat: %w", err)
	}
	ids, mask = t.tokens(text, contents, stable)
	return ids, mask, nil
}

// turn is text[start:end), from the end of the generation prompt to the end of the
// token that ends what the assistant says. With errUnstable only start is known, or -1.
type turn struct {
	message    int
	start, end int
}

var errUnstable = errors.New("the template renders it differently alone and with what follows; train on one answer at a time")

func (t *Template) turn(text string, contents []content, messages []dataset.Message, i int) (turn, error) {
	before, err := t.render(messages[:i], true)
	if err != nil {
		return turn{}, err
	}
	whole, err := t.render(messages[:i+1], false)
	if err != nil {
		return turn{}, err
	}
	if !strings.HasPrefix(whole, before) || !strings.HasPrefix(text, before) {
		return turn{i, -1, -1}, errUnstable
	}
	if !strings.HasPrefix(text, whole) {
		return turn{i, len(before), -1}, errUnstable
	}
	said := len(before)
	for _, c := range contents {
		if c.message == i {
			said = max(said, c.end)
		}
	}
	if said > len(whole) {
		return turn{}, errors.New("the template writes its content again after the turn")
	}
	return turn{i, len(before), said + t.endOfTurn(whole[said:])}, nil
}

// endOfTurn is how many bytes of what follows the content end the turn: up to the first
// special token, or all but trailing white space if there is none.
func (t *Template) endOfTurn(rest string) int {
	at, end := len(rest), len(strings.TrimRight(rest, " \t\r\n"))
	for _, s := range t.texts {
		if i := strings.Index(rest, s); i >= 0 && i < at {
			at, end = i, i+len(s)
		}
	}
	return end
}

// settle gives contents without a beginning the beginning of their turn.
func settle(contents []content, turns []turn) ([]content, error) {
	out := slices.Clone(contents)
	for k, c := range out {
		if c.start >= 0 {
			continue
		}
		i := slices.IndexFunc(turns, func(s turn) bool { return s.message == c.message })
		if i < 0 || turns[i].start < 0 {
			return nil, fmt.Errorf("message %d: the template drops the beginning of its content", c.message)
		}
		out[k].start = min(turns[i].start, c.end)
	}
	return out, nil
}

// tokens encodes the text piece by piece: what stands between turns, and each turn.
func (t *Template) tokens(text string, contents []content, turns []turn) (ids []int32, mask []float32) {
	at := 0
	piece := func(end int, weight float32) {
		follows := at > 0 && !t.endsInSpecial(text[:at])
		ids = append(ids, t.tok.EncodeParts(follows, parts(text, at, end, contents)...)...)
		for len(mask) < len(ids) {
			mask = append(mask, weight)
		}
		at = end
	}
	for _, s := range turns {
		piece(s.start, 0)
		piece(s.end, 1)
	}
	piece(len(text), 0)
	return ids, mask
}

func (t *Template) endsInSpecial(text string) bool {
	return slices.ContainsFunc(t.texts, func(s string) bool { return strings.HasSuffix(text, s) })
}

// parts cuts text[start:end) into what the template wrote and what people wrote.
func parts(text string, start, end int, contents []content) []tokenizer.Part {
	var out []tokenizer.Part
	at := start
	for _, c := range contents {
		from, to := max(c.start, at), min(c.end, end)
		if from >= to {
			continue
		}
		out = append(out, tokenizer.Part{Text: text[at:from]}, tokenizer.Part{Text: text[from:to], Plain: true})
		at = to
	}
	return append(out, tokenizer.Part{Text: text[at:end]})
}

// Stop is the ids at which an answer is over: EOS, and the token with which the
// template ends an assistant's turn, if that is another.
func (t *Template) Stop() ([]int32, error) {
	ids, mask, err := t.Encode([]dataset.Message{{Role: "user", Content: "a"}, {Role: "assistant", Content: "b"}}, false)
	if err != nil {
		return nil, err
	}
	var stop []int32
	if eos := t.tok.Specials().EOS; eos >= 0 {
		stop = append(stop, eos)
	}
	for i := len(ids) - 1; i >= 0; i-- {
		if mask[i] == 0 {
			continue
		}
		if t.special[ids[i]] && !slices.Contains(stop, ids[i]) {
			stop = append(stop, ids[i])
		}
		break
	}
	return stop, nil
}
