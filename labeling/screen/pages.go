package screen

import (
	"fmt"
	"slices"
	"strings"

	"plumbline/labeling"
)

// cover covers the screen with a page.
func (s State) cover(m mode, title string, t *text) State {
	s.mode = m
	s.page = page{title: title, doc: doc{text: t}.laid(s.width - 3)}
	return s
}

// uncover returns to the item.
func (s State) uncover() State {
	s.mode, s.page = judging, page{}
	return s
}

// promptStart is the beginning of the prompt: of a conversation its last message, which
// is what the responses answer.
func (s State) promptStart() *text {
	messages := s.item.Prompt.Messages
	if len(messages) == 0 {
		return s.text(s.item.Prompt.Text)
	}
	last := messages[len(messages)-1]
	title := s.role(last.Role)
	if n := len(messages) - 1; n > 0 {
		title += " " + fmt.Sprintf(s.w.earlier, n)
	}
	return join([]string{title}, []*text{s.text(last.Content)})
}

// promptText is the whole prompt.
func (s State) promptText() *text {
	messages := s.item.Prompt.Messages
	if len(messages) == 0 {
		return s.text(s.item.Prompt.Text)
	}
	var titles []string
	var texts []*text
	for _, m := range messages {
		titles, texts = append(titles, s.role(m.Role)), append(texts, s.text(m.Content))
	}
	return join(titles, texts)
}

// role is who speaks, in the language of the interface.
func (s State) role(key string) string {
	if name, ok := s.w.roles[key]; ok {
		return name
	}
	return brief(key)
}

func (s State) guideTitle() string {
	if s.guideline.version > 0 {
		return fmt.Sprintf(s.w.guideVersion, s.guideline.version)
	}
	return s.w.guide
}

// helpText is what is asked and the keys.
func (s State) helpText() *text {
	titles, texts := s.taskTexts()
	return join(append(titles, s.w.keysTitle), append(texts, s.w.keys.text(s)))
}

// taskTexts explains each question and the keys that answer it.
func (s State) taskTexts() (titles []string, texts []*text) {
	for _, q := range s.questions {
		notes := []string{}
		if q.help != "" {
			notes = append(notes, q.help)
		}
		if q.When != nil {
			cond := s.named(q.When.Question)
			notes = append(notes, fmt.Sprintf(s.w.onlyWhere, cond.label, cond.option(q.When.Is)))
		}
		if q.Guard != nil {
			cond := s.named(q.Guard.Question)
			notes = append(notes, fmt.Sprintf(s.w.guarded, cond.option(q.Guard.Is)))
		}
		if q.Optional {
			notes = append(notes, s.w.optional)
		}
		t := s.keysOf(q)
		if len(notes) > 0 {
			t = join([]string{"", ""}, []*text{rawText(strings.Join(notes, "\n")), t})
		}
		titles, texts = append(titles, q.label), append(texts, t)
	}
	return titles, texts
}

// text is the keys that mean anything now, one below the other.
func (l keyList) text(s State) *text {
	t := &text{}
	var body strings.Builder
	for _, k := range l {
		if k.has != nil && !k.has(s) {
			continue
		}
		at := body.Len()
		body.WriteString(k.does)
		t.blocks = append(t.blocks, block{
			from: at, to: body.Len(), first: Fit(k.key, keyColumn) + " ", rest: strings.Repeat(" ", keyColumn+1),
		})
		body.WriteByte('\n')
	}
	t.body = body.String()
	return t
}

const keyColumn = 9 // cells

// spoken is the keys in words.
func (l keyList) spoken() string {
	var out []string
	for _, k := range l {
		out = append(out, k.key+": "+k.does)
	}
	return strings.Join(out, "\n")
}

// keysOf lists the keys that answer a question.
func (s State) keysOf(q question) *text {
	var keys keyList
	switch q.Kind {
	case labeling.AskPreference:
		keys = s.w.preferenceKeys
		if q.Ties {
			keys = slices.Concat(keys, s.w.tieKeys)
		}
	case labeling.AskRanking:
		keys = s.w.rankingKeys
		if q.Ties {
			keys = slices.Concat(keys, s.w.levelKeys)
		}
	default:
		return rawText(s.markKeys(q))
	}
	return keys.text(s)
}

// markKeys lists the marks that can be given.
func (s State) markKeys(q question) string {
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

// welcomeText explains the work to who has never done it.
func (s State) welcomeText() *text {
	titles, texts := s.taskTexts()
	return join(
		append([]string{""}, append(titles, s.guideTitle())...),
		append([]*text{newText(s.w.welcomeText, s.o.Linear)}, append(texts, newText(s.guideline.text, s.o.Linear))...))
}

// reasonText is the reasons to skip that are offered.
func (s State) reasonText() *text {
	var b strings.Builder
	for i, r := range s.w.reasons {
		fmt.Fprintf(&b, "%d  %s\n", i+1, r)
	}
	fmt.Fprintf(&b, "\n%s", s.w.reasonHelp)
	return rawText(b.String())
}

// feedback sets the annotator's answer beside the known one.
func (s State) feedback() *text {
	verdict := s.w.wrong
	if s.answer.Agrees(s.item.Expected) {
		verdict = s.w.right
	}
	titles, texts := []string{verdict}, []*text{nil}
	for _, q := range s.questions {
		if want, ok := s.item.Expected[q.Key]; ok {
			titles = append(titles, q.label)
			texts = append(texts, rawText(fmt.Sprintf(s.w.youSaid, s.said(q, s.answer.Responses[q.Key]))+"\n"+
				fmt.Sprintf(s.w.expected, s.said(q, want))))
		}
	}
	if s.item.Why != "" {
		titles, texts = append(titles, s.w.why), append(texts, newText(s.item.Why, s.o.Linear))
	}
	return join(titles, texts)
}

// votesText is what others answered, without their names.
func (s State) votesText() *text {
	var titles []string
	var texts []*text
	for i, v := range s.item.Votes {
		var lines []string
		for _, q := range s.questions {
			if r, ok := v.Responses[q.Key]; ok {
				lines = append(lines, q.label+" · "+s.said(q, r))
			}
		}
		lines = append(lines, s.extras(v, CleanLine(v.Comment))...)
		titles = append(titles, fmt.Sprintf(s.w.vote, i+1))
		texts = append(texts, rawText(strings.Join(lines, "\n")))
	}
	return join(titles, texts)
}

// extras is what an answer has besides its responses, in words. comment is its comment,
// cleaned.
func (s State) extras(a labeling.Answer, comment string) (out []string) {
	if a.Edit != nil {
		out = append(out, fmt.Sprintf(s.w.edited, letter(a.Edit.Of)))
	}
	if a.Flagged {
		out = append(out, s.w.flagged)
	}
	if comment != "" {
		out = append(out, fmt.Sprintf(s.w.comment, comment))
	}
	return out
}
