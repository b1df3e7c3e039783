package screen

import (
	"slices"
	"time"
)

// The screen must have at least this size.
const (
	MinWidth  = 40
	MinHeight = 12
	wideFrom  = 100 // columns from which A and B stand side by side
)

// Keys that follow faster than a hand can are a paste or a stuck key.
const (
	pasteGap = 60 * time.Millisecond  // from a choice to Enter
	settle   = 150 * time.Millisecond // from an item's appearance to a choice
)

// maxInput bounds a comment or reason, in bytes.
const maxInput = 4000

// Options are what stays the same from item to item.
type Options struct {
	Lang      Lang   // empty means English
	Title     string // project and annotator
	Guideline string
	Ties      bool // "equally good" is an answer
	Color     bool
	Linear    bool // for screen readers and plain terminals: no layout, no styles
}

// Verdict is what the annotator has entered about the pair shown.
type Verdict struct {
	Choice  int // -4 … -1 A is better, 1 … 4 B is better, 0 nothing chosen; 4 is significantly
	Tie     bool
	Flagged bool
	Comment string
}

func (v Verdict) chosen() bool { return v.Choice != 0 || v.Tie }

// Content is a pair to judge, as it was stored: Show cleans it.
type Content struct {
	Prompt     string
	A, B       string  // A stands left
	Verdict    Verdict // entered before a disconnect, or to be corrected
	Correcting bool
}

// Progress is shown in the corner.
type Progress struct{ Mine, Done, Wanted int }

type mode int

const (
	loading mode = iota
	judging
	saving
	failed
	finished
	commenting
	reasoning // why an item is skipped
	reading   // help, guideline or prompt
)

// State is all there is to the screen. Its methods return the next state.
type State struct {
	o    Options
	w    words
	size struct{ w, h int }

	mode     mode
	undoing  mode // where to return to if there is nothing to undo
	serial   int  // of the item, so that linear.go can tell a new one
	verdict  Verdict
	correct  bool
	progress Progress
	note     Note
	trouble  string // why saving failed
	input    string // comment or reason being typed
	page     page   // what is being read

	prompt  doc
	pane    [2]doc // A, B
	scroll  [2]int
	focus   int // 0 A, 1 B
	compare bool

	sinceShown, sinceChoice time.Duration
}

// page is a text that covers the screen.
type page struct {
	title  string
	doc    doc
	scroll int
}

// New is a screen that waits for its size and its first item.
func New(o Options) State {
	if _, ok := lexicon[o.Lang]; !ok {
		o.Lang = English
	}
	o.Title = cleanLine(o.Title)
	s := State{o: o, w: lexicon[o.Lang]}
	return s.Resize(80, 24)
}

// Resize lays the screen out for a terminal of w columns and h rows.
func (s State) Resize(w, h int) State {
	s.size.w, s.size.h = w, h
	return s.layout()
}

// Show begins a new item.
func (s State) Show(c Content) State {
	s.mode, s.note, s.trouble = judging, NoNote, ""
	s.serial++
	s.prompt, s.pane = newDoc(c.Prompt), [2]doc{newDoc(c.A), newDoc(c.B)}
	s.verdict, s.correct = c.Verdict, c.Correcting
	s.verdict.Comment = cleanLine(s.verdict.Comment)
	s.scroll, s.focus, s.compare = [2]int{}, 0, false
	s.sinceShown, s.sinceChoice = 0, 0
	return s.layout()
}

// Loading waits for the next item; keys are swallowed.
func (s State) Loading() State {
	s.mode = loading
	return s
}

// Failed keeps the answer of a save that did not work: Enter sends it again.
func (s State) Failed(why string) State {
	s.mode, s.note = failed, NoNote
	s.trouble = cleanLine(why)
	return s
}

// NoUndo returns to what was seen before the action Undo.
func (s State) NoUndo() State {
	s.mode = s.undoing
	return s.Notice(NothingToUndo)
}

// Finished says that nothing is left.
func (s State) Finished() State {
	s.mode = finished
	return s
}

// Notice shows a remark until the next key.
func (s State) Notice(n Note) State {
	s.note = n
	return s
}

// Progressed updates the counts.
func (s State) Progressed(p Progress) State {
	s.progress = p
	return s
}

// Verdict is what is entered.
func (s State) Verdict() Verdict { return s.verdict }

// Reason is why the item is skipped, after the action Skip.
func (s State) Reason() string { return s.input }

// Width is the number of columns.
func (s State) Width() int { return s.size.w }

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

// layout wraps everything for the present size.
func (s State) layout() State {
	s.prompt = s.prompt.wrapped(s.size.w - 2)
	for i := range s.pane {
		s.pane[i] = s.pane[i].wrapped(s.columns())
	}
	s.page.doc = s.page.doc.wrapped(s.size.w - 2)
	return s.clamp()
}

// clamp keeps scrolling within the texts.
func (s State) clamp() State {
	for i := range s.pane {
		s.scroll[i] = min(max(s.scroll[i], 0), max(0, len(s.pane[i].lines)-s.rows()))
	}
	s.page.scroll = min(max(s.page.scroll, 0), max(0, len(s.page.doc.lines)-s.pageRows()))
	return s
}

func (s State) wide() bool { return s.size.w >= wideFrom && !s.o.Linear }

// columns is the width of a pane's text.
func (s State) columns() int {
	if s.wide() {
		return (s.size.w-1)/2 - 4 // "│ text │"
	}
	return s.size.w
}

// promptRows is how many rows the prompt takes: never more than a quarter.
func (s State) promptRows() int {
	return min(len(s.prompt.lines), max(2, s.size.h/4))
}

// rows is the height of a pane's text.
func (s State) rows() int {
	used := 4 // header, scale, verdict, hints
	if s.wide() {
		used += 2 // top and bottom of the box
	} else {
		used++ // title
	}
	return max(1, s.size.h-used-s.promptRows())
}

func (s State) pageRows() int { return max(1, s.size.h-2) }

// toggleDiff marks the words that differ, or takes the marks away.
func (s State) toggleDiff() State {
	s.compare = !s.compare
	var marks [2][]bool
	if s.compare {
		var ok bool
		if marks[0], marks[1], ok = differ(s.pane[0].text, s.pane[1].text); !ok {
			s.compare, s.note = false, TooLongForDiff
		}
	}
	s.pane[0].marks, s.pane[1].marks = marks[0], marks[1]
	return s
}

// read covers the screen with a text.
func (s State) read(title string, d doc) State {
	s.mode = reading
	s.page = page{title: title, doc: d.wrapped(s.size.w - 2)}
	return s
}

// helpText is the list of keys.
func (s State) helpText() doc {
	d := newDoc(s.w.keys)
	if s.o.Ties {
		d.text = slices.Concat(d.text, []rune("\n"+tieHelp[s.o.Lang]))
	}
	return d
}
