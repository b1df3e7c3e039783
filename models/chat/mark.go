package chat

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"plumbline/internal/dataset"
)

// Noncharacters of Unicode frame each content while it is rendered: mark, number, mark
// or end, so that the rendered text shows where it went. They sit inside the content's
// outer white space, which templates strip.
const (
	mark    = "\uFDD0"
	markEnd = "\uFDD1"
)

var marks = regexp.MustCompile(mark + `(\d+)([` + mark + markEnd + `])`)

// content is where a message's content, or what the template left of it, stands in the
// rendered text. start is -1 where the template dropped the beginning.
type content struct {
	message    int
	start, end int
}

// renderMarked is render with the places of all contents, in order.
func (t *Template) renderMarked(messages []dataset.Message, prompt bool) (string, []content, error) {
	framed := make([]dataset.Message, len(messages))
	for i, m := range messages {
		if strings.Contains(m.Content, mark) || strings.Contains(m.Content, markEnd) {
			return "", nil, fmt.Errorf("message %d: got a noncharacter (U+FDD0 or U+FDD1), want text", i)
		}
		framed[i] = dataset.Message{Role: m.Role, Content: frame(m.Content, i)}
	}
	text, err := t.render(messages, prompt)
	if err != nil {
		return "", nil, err
	}
	marked, err := t.render(framed, prompt)
	if err != nil {
		return "", nil, err
	}
	clean, contents, err := unmark(marked)
	if err == nil && clean != text {
		err = fmt.Errorf("the template treats contents by what is in them: got %.40q, want %.40q", diff(clean, text), diff(text, clean))
	}
	return text, contents, err
}

// frame leaves what a template may strip outside; of nothing it leaves nothing.
func frame(s string, i int) string {
	core := strings.TrimSpace(s)
	if core == "" {
		return s
	}
	at := strings.Index(s, core)
	n := strconv.Itoa(i)
	return s[:at] + mark + n + mark + core + mark + n + markEnd + s[at+len(core):]
}

// unmark takes the marks out and says what they framed.
func unmark(marked string) (string, []content, error) {
	var b strings.Builder
	var out []content
	open := -1 // index into out
	at := 0
	for _, m := range marks.FindAllStringSubmatchIndex(marked, -1) {
		b.WriteString(marked[at:m[0]])
		at = m[1]
		i, err := strconv.Atoi(marked[m[2]:m[3]])
		if err != nil {
			return "", nil, err
		}
		opens := marked[m[4]:m[5]] == mark
		switch {
		case open >= 0 && (opens || out[open].message != i):
			return "", nil, fmt.Errorf("message %d: the template cuts its content short", out[open].message)
		case opens:
			open = len(out)
			out = append(out, content{i, b.Len(), -1})
		case open >= 0:
			out[open].end = b.Len()
			open = -1
		default:
			out = append(out, content{i, -1, b.Len()})
		}
	}
	if open >= 0 {
		return "", nil, fmt.Errorf("message %d: the template cuts its content short", out[open].message)
	}
	b.WriteString(marked[at:])
	return b.String(), out, nil
}

// diff is a from where it first differs from b.
func diff(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[n:]
}
