package screen

import (
	"maps"
	"slices"
	"time"

	"plumbline/labeling"
)

// The screen must have at least this size.
const (
	MinWidth  = 40
	MinHeight = 12
	paneFrom  = 50 // columns that a response needs to stand beside others
)

// Keys that follow faster than a hand can are a paste or a stuck key.
const (
	pasteGap = 60 * time.Millisecond  // from a choice to Enter, or to the next question's
	settle   = 150 * time.Millisecond // from an item's appearance to a choice
)

// Options are what stays the same from item to item.
type Options struct {
	Lang             Lang   // empty means English
	Title            string // project and annotator
	Task             labeling.Task
	Guideline        string
	GuidelineVersion int  // 0: not told
	GuidelineSeen    int  // the version that the annotator judged by last; 0: none
	Color            bool // marks may have a colour; they never need it
	Linear           bool // for screen readers and plain terminals: no layout, no styles
}

// Content is an item to judge, as it was stored: Show cleans it. In its answers a
// candidate is named by its place on the screen, from 1.
type Content struct {
	Prompt     labeling.Prompt
	Candidates []string        // from left to right, at least one
	Answer     labeling.Answer // entered before a disconnect, or to be corrected
	Correcting bool
	Phase      labeling.Phase

	// In the tutorial: the known answer and its reason, shown after the annotator's.
	Expected map[string]labeling.Response
	Why      string

	// For the final word: what others answered. It stays hidden until asked for, so that
	// it does not sway.
	Votes []labeling.Answer
}

// Progress is shown in the corner.
type Progress struct {
	Mine, Done, Wanted int // items judged by the annotator, by all, and wanted
	Days               int // in a row on which the annotator judged
	Tested, Tests      int // items of the screening test: answered, and in all
	Seconds            int // per item, the median of this sitting; 0: not known
}

type mode int

const (
	loading mode = iota
	judging
	saving
	failed
	finished
	welcoming  // the first page of all
	told       // the test is over
	commenting //
	reasoning  // why an item is skipped
	reading    // a page that any key closes
	explaining // what was expected, in the tutorial
)

// State is all there is to the screen. Its methods return the next state.
type State struct {
	o             *Options
	w             *words
	questions     []question // of the task
	width, height int

	mode     mode
	undoing  mode // where to return to if there is nothing to undo
	serial   int  // of the item, so that linear.go can tell a new one
	item     *Content
	shown    []labeling.CandidateID // 1 … number of candidates
	answer   labeling.Answer        // in places; its maps are never changed, but replaced
	question int                    // the one asked, in Task.Questions
	level    bool                   // ranking: the next candidate stands level with the last
	focus    int                    // candidate, from 0
	other    int                    // the one that had the focus before: what differences are from

	guideline guideline
	progress  Progress
	note      string
	notes     int    // how many there were, so that linear.go tells the same one again
	trouble   string // why saving failed
	passed    bool   // the test
	input     string // comment or reason being typed
	page      page   // what is being read
	mouse     bool

	prompt  doc
	panes   []doc // by place; replaced, never changed
	scroll  []int // likewise
	compare bool

	sinceShown, sinceChoice time.Duration
	hopped                  bool     // the last choice led on to another question or candidate
	calm                    *entered // before keys began to come faster than a hand can
}

// entered is an answer, and where it was being given.
type entered struct {
	answer          labeling.Answer
	question, focus int
	level           bool
}

// guideline is its text, and which version the annotator knows.
type guideline struct {
	text          string
	version, seen int
}

func (g guideline) changed() bool { return g.seen != 0 && g.seen != g.version }

// page is a text that covers the screen.
type page struct {
	title  string
	doc    doc
	scroll int
}

// New is a screen that waits for its size and its first item.
func New(o Options) State {
	w, ok := lexicon[o.Lang]
	if !ok {
		o.Lang, w = English, lexicon[English]
	}
	o.Title = cleanLine(o.Title)
	s := State{o: &o, w: w, questions: inWords(o.Task, o.Lang), item: &Content{}, guideline: guideline{o.Guideline, o.GuidelineVersion, o.GuidelineSeen}}
	return s.Resize(80, 24)
}

// Resize lays the screen out for a terminal of w columns and h rows.
func (s State) Resize(w, h int) State {
	s.width, s.height = w, h
	return s.layout()
}

// Show begins a new item.
func (s State) Show(c Content) State {
	s.mode, s.note, s.trouble, s.input = judging, "", "", ""
	s.serial++
	s.item = &c
	s.prompt = newDoc(c.Prompt.String())
	n := len(c.Candidates)
	s.panes, s.scroll, s.shown = make([]doc, n), make([]int, n), make([]labeling.CandidateID, n)
	for i, text := range c.Candidates {
		s.panes[i], s.shown[i] = newDoc(text), place(i)
	}
	s.focus, s.other, s.compare = 0, min(1, n-1), false
	s.sinceShown, s.sinceChoice, s.hopped, s.calm = 0, 0, false, nil
	s = s.adopt(c.Answer)
	return s.ask(max(0, s.open(0))).layout()
}

// Loading waits for the next item; keys are swallowed.
func (s State) Loading() State {
	s.mode = loading
	return s
}

// Failed keeps the answer of a save that did not work: Enter sends it again.
func (s State) Failed(why string) State {
	s.mode, s.note = failed, ""
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

// Welcome explains the task to who sees it for the first time; then comes the action
// Begin.
func (s State) Welcome() State {
	s.mode = welcoming
	s.page = s.newPage(s.w.welcome, s.welcomeText())
	return s
}

// Result tells whether the screening test was passed; then comes the action Begin, or
// Finish.
func (s State) Result(passed bool) State {
	s.mode, s.passed = told, passed
	text := s.w.notPassed
	if passed {
		text = s.w.passed
	}
	s.page = s.newPage(s.w.test, text)
	return s
}

// Guide replaces the guideline by a newer version. The annotator is told until they
// have read it.
func (s State) Guide(text string, version int) State {
	if s.guideline.seen == 0 {
		s.guideline.seen = s.guideline.version
	}
	s.guideline.text, s.guideline.version = text, version
	return s
}

// Notice shows a remark until the next key.
func (s State) Notice(n Note) State { return s.remark(s.w.notes[n]) }

func (s State) remark(text string) State {
	s.note = text
	s.notes++
	return s
}

// Progressed updates the counts.
func (s State) Progressed(p Progress) State {
	s.progress = p
	return s
}

// Answer is what is entered so far, in places. Before the action Save it may have an
// order that is not complete.
func (s State) Answer() labeling.Answer {
	a := s.answer
	a.Responses = maps.Clone(a.Responses)
	return a
}

// Reason is why the item is skipped, after the action Skip.
func (s State) Reason() string { return s.input }

// layout wraps everything for the present size.
func (s State) layout() State {
	s.prompt = s.prompt.wrapped(s.width - 2)
	s.panes = slices.Clone(s.panes)
	for i := range s.panes {
		s.panes[i] = s.panes[i].wrapped(s.columns(i))
	}
	s.page.doc = s.page.doc.wrapped(s.width - 2)
	return s.clamp()
}

// clamp keeps scrolling within the texts.
func (s State) clamp() State {
	s.scroll = slices.Clone(s.scroll)
	for i := range s.scroll {
		s.scroll[i] = min(max(s.scroll[i], 0), max(0, len(s.panes[i].lines)-s.rows()))
	}
	s.page.scroll = min(max(s.page.scroll, 0), max(0, len(s.page.doc.lines)-s.pageRows()))
	return s
}

// beside tells whether the responses stand side by side.
func (s State) beside() bool {
	n := len(s.panes)
	return n > 1 && s.width >= paneFrom*n && !s.o.Linear
}

// boxed is the width of a pane with its box, of those side by side.
func (s State) boxed(i int) int {
	w := s.width / len(s.panes)
	if i < s.width%len(s.panes) {
		w++
	}
	return w
}

// columns is the width of a pane's text.
func (s State) columns(i int) int {
	if s.beside() {
		return s.boxed(i) - 4 // "│ text │"
	}
	return s.width
}

// promptRows is how many rows the prompt takes: never more than a quarter.
func (s State) promptRows() int {
	return min(len(s.prompt.lines), max(2, s.height/4))
}

// rows is the height of a pane's text.
func (s State) rows() int {
	used := 4 // header, question, scale, hints
	if s.overviewed() {
		used++
	}
	if s.beside() {
		used += 2 // top and bottom of the box
	} else {
		used++ // title
	}
	return max(1, s.height-used-s.promptRows())
}

func (s State) pageRows() int { return max(1, s.height-2) }
