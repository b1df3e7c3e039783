package screen

import (
	"fmt"
	"strings"

	"plumbline/labeling"
)

func (s State) newPage(title, text string) page {
	return page{title: title, doc: newDoc(text).wrapped(s.width - 2)}
}

// read covers the screen with a text until a key closes it.
func (s State) read(title, text string) State {
	s.mode = reading
	s.page = s.newPage(title, text)
	return s
}

// helpText is the list of keys.
func (s State) helpText() string {
	var b strings.Builder
	for _, q := range s.questions {
		fmt.Fprintf(&b, "%s\n", q.label)
		if q.help != "" {
			fmt.Fprintf(&b, "%s\n", q.help)
		}
		fmt.Fprintf(&b, "%s\n\n", s.keysOf(q))
	}
	b.WriteString(s.w.keys)
	return b.String()
}

// keysOf lists the keys that answer a question.
func (s State) keysOf(q question) string {
	switch q.Kind {
	case labeling.AskPreference:
		if q.Ties {
			return s.w.preferenceKeys + "\n" + s.w.tieKeys
		}
		return s.w.preferenceKeys
	case labeling.AskRanking:
		if q.Ties {
			return s.w.rankingKeys + "\n" + s.w.levelKeys
		}
		return s.w.rankingKeys
	}
	var out []string
	for n := 1; n <= q.Top(); n++ {
		out = append(out, s.step(q, n))
	}
	return strings.Join(out, "   ")
}

// step is a mark and what it means.
func (s State) step(q question, n int) string {
	text := fmt.Sprint(n)
	switch {
	case q.Kind == labeling.AskChoice:
		return text + " " + q.options[n-1]
	case len(q.ends) == 2 && n == 1:
		return text + " " + q.ends[0]
	case len(q.ends) == 2 && n == q.Top():
		return text + " " + q.ends[1]
	}
	return text
}

// welcomeText explains the task.
func (s State) welcomeText() string {
	return s.w.welcomeText + "\n\n" + s.helpText()
}

// feedback sets the annotator's answer beside the known one.
func (s State) feedback() string {
	var b strings.Builder
	verdict := s.w.wrong
	if s.answer.Agrees(s.item.Expected) {
		verdict = s.w.right
	}
	fmt.Fprintf(&b, "%s\n", verdict)
	for _, q := range s.questions {
		want, ok := s.item.Expected[q.Key]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", q.label)
		fmt.Fprintf(&b, s.w.youSaid+"\n", s.said(q, s.answer.Responses[q.Key]))
		fmt.Fprintf(&b, s.w.expected+"\n", s.said(q, want))
	}
	if s.item.Why != "" {
		fmt.Fprintf(&b, "\n%s\n", s.item.Why)
	}
	return b.String()
}

// votesText is what others answered, without their names.
func (s State) votesText() string {
	var b strings.Builder
	for i, v := range s.item.Votes {
		fmt.Fprintf(&b, "%s\n", fmt.Sprintf(s.w.vote, i+1))
		for _, q := range s.questions {
			if r, ok := v.Responses[q.Key]; ok {
				fmt.Fprintf(&b, "  %s %s\n", q.label, s.said(q, r))
			}
		}
		if v.Flagged {
			fmt.Fprintf(&b, "  %s\n", s.w.flagged)
		}
		if v.Comment != "" {
			fmt.Fprintf(&b, "  %s\n", fmt.Sprintf(s.w.comment, v.Comment))
		}
	}
	return b.String()
}

// doc is a cleaned text and its lines at the present width.
type doc struct {
	text   []rune
	hidden int    // characters made visible
	marks  []bool // runes to mark, or nil
	lines  []line
}

func newDoc(raw string) doc {
	clean, hidden := Clean(raw)
	return doc{text: []rune(clean), hidden: hidden}
}

func (d doc) wrapped(w int) doc {
	d.lines = wrap(d.text, max(w, 2))
	return d
}
