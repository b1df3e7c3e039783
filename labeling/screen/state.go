package screen

import (
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline/labeling"
)

// The screen must have at least this size.
const (
	MinWidth  = 40
	MinHeight = 12
	paneFrom  = 50 // columns that a response needs to stand beside others
	wordsFrom = 16 // rows from which there is room for an overview of all questions
)

// Keys that follow faster than a hand can are a paste or a stuck key.
const (
	pasteGap = 60 * time.Millisecond  // before Enter, or before the choice that answers the next question
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
	editing
	dropping // asked whether an edit is to be kept
	commenting
	seeking   // what to look for in the text that was shown before
	reviewing // the item again, before what was expected is closed

	// A page covers the screen.
	reading    // until any key
	explaining // what was expected, in the tutorial
	welcoming  // the first page of all
	told       // the test is over
	reasoning  // why an item is skipped
)

func (m mode) page() bool { return m >= reading }

// State is all there is to the screen. Its methods return the next state.
type State struct {
	o             *Options
	w             *words
	questions     []question // of the task
	overviewWidth int        // cells of all of them in a row
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
	mouse     bool

	input  editor // of a comment, a reason, or what is looked for
	edit   editor // of a response
	of     int    // which one, from 0
	drafts int    // keys in it since the last draft
	query  string // what is looked for in the responses
	hits   int    // the remark that told of a place where it is
	under  mode   // where seeking returns to

	prompt  doc
	panes   []doc // by place; replaced, never changed
	scroll  []int // likewise
	page    page
	raw     bool // texts are shown as written
	compare bool

	sinceShown time.Duration
	gap        time.Duration // between the last two keys
	hopped     bool          // the last choice led on to another question or candidate
	calm       *entered      // before keys began to come faster than a hand can
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
	query  string // what is looked for in it
	prompt bool   // it is the prompt, which may be shown as written
}

// New is a screen that waits for its size and its first item.
func New(o Options) State {
	w, ok := lexicon[o.Lang]
	if !ok {
		o.Lang, w = English, lexicon[English]
	}
	o.Title = brief(o.Title)
	s := State{o: &o, w: w, questions: worded(o.Task, o.Lang), item: &Content{}, guideline: guideline{o.Guideline, o.GuidelineVersion, o.GuidelineSeen}}
	s.overviewWidth = s.overview().cells()
	return s.Resize(80, 24)
}

// Resize lays the screen out for a terminal of w columns and h rows.
func (s State) Resize(w, h int) State {
	s.width, s.height = w, h
	return s.layout()
}

// Show begins a new item.
func (s State) Show(c Content) State {
	s.mode, s.note, s.trouble, s.page = judging, "", "", page{}
	s.serial++
	if len(c.Candidates) == 0 {
		c.Candidates = []string{""}
	}
	s.item = &c
	n := len(c.Candidates)
	s.scroll, s.shown = make([]int, n), make([]labeling.CandidateID, n)
	for i := range s.shown {
		s.shown[i] = place(i)
	}
	s.focus, s.other, s.compare, s.raw, s.query = 0, min(1, n-1), false, false, ""
	s.sinceShown, s.gap, s.hopped, s.calm = 0, 0, false, nil
	s = s.load().adopt(c.Answer)
	return s.ask(max(0, s.open(0))).layout()
}

// load makes the texts of the item, rendered or as written.
func (s State) load() State {
	s.prompt = doc{text: s.promptStart()}
	s.panes = make([]doc, len(s.item.Candidates))
	for i, c := range s.item.Candidates {
		s.panes[i] = doc{text: s.text(c)}
	}
	return s
}

// text is what is shown of something that was written.
func (s State) text(written string) *text {
	if s.raw {
		return rawText(written)
	}
	return newText(written, s.o.Linear)
}

// Loading waits for the next item; keys are swallowed.
func (s State) Loading() State {
	s.mode = loading
	return s
}

// Failed keeps the answer of a save that did not work: Enter sends it again.
func (s State) Failed(why string) State {
	s.mode, s.note = failed, ""
	s.trouble = brief(why)
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
func (s State) Welcome() State { return s.cover(welcoming, s.w.welcome, s.welcomeText()) }

// Result tells whether the screening test was passed; then comes the action Begin, or
// Finish.
func (s State) Result(passed bool) State {
	s.passed = passed
	return s.cover(told, s.w.test, newText(map[bool]string{true: s.w.passed, false: s.w.notPassed}[passed], s.o.Linear))
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

// Answer is what is entered so far, in places; what is being written is part of it.
// Before the action Save it may have an order that is not complete.
func (s State) Answer() labeling.Answer {
	switch s.mode {
	case editing, dropping:
		s = s.keepEdit()
	case commenting:
		s.answer.Comment = strings.TrimSpace(s.input.text())
	default:
	}
	a := s.answer
	a.Responses = maps.Clone(a.Responses)
	return a
}

// Reason is why the item is skipped, after the action Skip.
func (s State) Reason() string { return strings.TrimSpace(s.input.text()) }

// layout lays everything out for the present size.
func (s State) layout() State {
	s.prompt = s.prompt.laid(s.width - 2)
	s.panes = slices.Clone(s.panes)
	for i := range s.panes {
		s.panes[i] = s.panes[i].laid(s.columns(i))
	}
	s.page.doc = s.page.doc.laid(s.width - 3)
	if s.mode == editing || s.mode == dropping {
		s.edit = s.edit.follow(s.editSize())
	}
	return s.clamp()
}

// clamp keeps scrolling within the texts.
func (s State) clamp() State {
	s.scroll = slices.Clone(s.scroll)
	for i := range s.scroll {
		s.scroll[i] = within(s.scroll[i], s.rows(), s.panes[i].lines())
	}
	s.page.scroll = within(s.page.scroll, s.pageRows(), s.page.doc.lines())
	return s
}

// within is the first line seen, so that none of the rows is behind the last line.
func within(at, rows, lines int) int { return max(0, min(at, lines-rows)) }

// unseen tells whether the terminal is too small to show anything: nothing is to be
// answered there.
func (s State) unseen() bool { return !s.o.Linear && (s.width < MinWidth || s.height < MinHeight) }

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
	return s.width - 2 // "text │"
}

// promptRows is how many rows the prompt takes: never more than a quarter.
func (s State) promptRows() int {
	return min(s.prompt.lines(), max(2, s.height/4))
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

// editSize is the columns and rows that an edit is written in.
func (s State) editSize() (w, h int) { return max(2, s.width-2), max(1, s.height-2) }
