package screen

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"plumbline/labeling"
)

// maxHits bounds how many places are marked.
const maxHits = 1000

// search marks the places where a query occurs, whatever its case and whichever space is
// between its words, and goes to the first one on or behind line.
func (d doc) search(query string, line int) doc {
	d.found, d.hit = nil, 0
	words := strings.Fields(query)
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	if len(words) == 0 || d.text == nil {
		return d
	}
	r, err := regexp.Compile("(?i)" + strings.Join(words, `\s+`))
	if err != nil {
		return d // too long to be a pattern
	}
	for _, m := range r.FindAllStringIndex(d.body, maxHits) {
		d.found = append(d.found, span{m[0], m[1], reversed})
	}
	hit := 0
	for hit < len(d.found)-1 && d.lineOf(d.found[hit].from) < line {
		hit++
	}
	return d.goTo(hit)
}

// goTo makes a place the one that was gone to.
func (d doc) goTo(hit int) doc {
	if len(d.found) > 0 {
		d.found = slices.Clone(d.found)
		d.found[d.hit].look = reversed
		d.hit = hit
		d.found[d.hit].look = reversed | bold
	}
	return d
}

// seek asks what to look for in the text shown.
func (s State) seek() State {
	s.input = newEditor(s.lookedFor(), true, labeling.MaxComment)
	s.under, s.mode = s.mode, seeking
	return s
}

// lookedFor is what is looked for in the text shown.
func (s State) lookedFor() string {
	if s.mode.page() {
		return s.page.query
	}
	return s.query
}

// find marks a query in the text shown and goes to the first place; "" takes the marks
// away.
func (s State) find(query string) State {
	query = strings.TrimSpace(query)
	if s.mode.page() {
		s.page.query = query
		s.page.doc = s.page.doc.search(query, s.page.scroll)
		return s.toHit()
	}
	s.query = query
	return s.marked().toHit()
}

// nextHit goes to the next place, or the one before, around the end.
func (s State) nextHit(step int) State {
	d := s.searched()
	if n := len(d.found); n > 0 {
		s = s.withSearched(d.goTo((d.hit + step + n) % n))
	}
	return s.toHit()
}

// searched is the text that searches are about.
func (s State) searched() doc {
	switch {
	case s.mode.page():
		return s.page.doc
	case len(s.panes) == 0:
		return doc{}
	}
	return s.panes[s.focus]
}

func (s State) withSearched(d doc) State {
	if s.mode.page() {
		s.page.doc = d
		return s
	}
	s.panes = slices.Clone(s.panes)
	s.panes[s.focus] = d
	return s
}

// toHit scrolls to the place that was gone to, and says which it is.
func (s State) toHit() State {
	d := s.searched()
	switch {
	case s.lookedFor() == "":
		return s
	case len(d.found) == 0:
		return s.remark(fmt.Sprintf(s.w.notFound, brief(s.lookedFor())))
	}
	line := d.lineOf(d.found[d.hit].from)
	if s.mode.page() {
		s.page.scroll = toSee(line, s.page.scroll, s.pageRows(), d.lines())
	} else {
		s.scroll = slices.Clone(s.scroll)
		s.scroll[s.focus] = toSee(line, s.scroll[s.focus], s.rows(), d.lines())
	}
	s = s.remark(fmt.Sprintf(s.w.hit, d.hit+1, len(d.found)))
	s.hits = s.notes
	return s
}

// toSee is the first line that shows a line, scrolled no more than needed.
func toSee(line, at, rows, lines int) int {
	if line < at || line >= at+rows {
		at = line - rows/3
	}
	return within(at, rows, lines)
}
