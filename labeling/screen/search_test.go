package screen

import (
	"strings"
	"testing"
)

func TestSearch(t *testing.T) {
	d := doc{text: newText("The cat.\n\nA **CAT**\nand another cat\nor 猫", false)}.laid(40)
	for _, c := range []struct {
		query string
		line  int
		want  []string
		hit   int
	}{
		{"cat", 0, []string{"cat", "CAT", "cat"}, 0},
		{"cat", 2, []string{"cat", "CAT", "cat"}, 1}, // the first on or behind the line
		{"cat", 9, []string{"cat", "CAT", "cat"}, 2}, // behind the last: the last
		{"cat  and", 0, []string{"CAT\nand"}, 0},     // whichever space is between
		{"猫", 0, []string{"猫"}, 0},
		{"c.t", 0, nil, 0}, // a query is no pattern
		{"**", 0, nil, 0},  // what is searched is what is shown
		{"", 0, nil, 0},
	} {
		got := d.search(c.query, c.line)
		var words []string
		for _, f := range got.found {
			words = append(words, got.body[f.from:f.to])
		}
		if strings.Join(words, "|") != strings.Join(c.want, "|") || got.hit != c.hit {
			t.Errorf("%q from line %d: got %q, at %d, want %q, at %d", c.query, c.line, words, got.hit, c.want, c.hit)
		}
	}
}

func TestSearchGoesAround(t *testing.T) {
	long := strings.Repeat("line\n", 30) + "needle\n" + strings.Repeat("line\n", 30) + "needle"
	s := opened(Options{}, 80, 24).Show(Content{Prompt: prompt("p"), Candidates: []string{long, "one needle"}})
	see := func(keys, note string) {
		t.Helper()
		s, _ = press(s, keys)
		if view := s.View(); s.note != note || note != "" && !strings.Contains(view, "needle") {
			t.Errorf("%s: got %q in\n%s", keys, s.note, view)
		}
	}
	see("/ n e e d l e enter", "1 of 2 · . next · , before · Esc ends")
	see(".", "2 of 2 · . next · , before · Esc ends")
	see(".", "1 of 2 · . next · , before · Esc ends")
	see(",", "2 of 2 · . next · , before · Esc ends")
	if s.scroll[0] != 62-s.rows() {
		t.Errorf("got line %d, want the last ones", s.scroll[0])
	}
	see("space .", "1 of 1 · . next · , before · Esc ends") // the other response, the same words
	see("esc .", "")
	if len(s.panes[1].found) != 0 {
		t.Error("Esc leaves the marks")
	}
	s, _ = press(s, "/ x y z enter")
	if s.note != "Not found: xyz" {
		t.Errorf("got %q", s.note)
	}
}

// What is looked for on a page is not looked for in the responses.
func TestSearchOnAPageIsItsOwn(t *testing.T) {
	s, _ := press(opened(Options{}, 80, 24), "/ b l u e enter p / s k y enter")
	if s.note != "1 of 1 · . next · , before · Esc ends" || s.mode != reading {
		t.Errorf("on the page: got %q", s.note)
	}
	s, _ = press(s, "esc")
	if s.mode != reading || len(s.page.doc.found) != 0 {
		t.Error("Esc closes the page with the search")
	}
	s, _ = press(s, "esc .")
	if s.mode != judging || s.note != "2 of 3 · . next · , before · Esc ends" {
		t.Errorf("back at the item: got %q", s.note)
	}
}

func TestRawTextIsSearchedAsWritten(t *testing.T) {
	s := opened(Options{}, 80, 24).Show(sorting)
	s, _ = press(s, "/ * * enter")
	if s.note != "Not found: **" {
		t.Errorf("rendered: got %q", s.note)
	}
	s, _ = press(s, "r .")
	if s.note != "2 of 2 · . next · , before · Esc ends" {
		t.Errorf("raw: got %q", s.note)
	}
}
