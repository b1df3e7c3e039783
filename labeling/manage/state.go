package manage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/quality"
	"plumbline/labeling/screen"
)

// The screen must have at least this size.
const (
	MinWidth  = 40
	MinHeight = 12
)

// maxInput bounds a reason or a search, in bytes.
const maxInput = labeling.MaxComment

// Options are what stays the same.
type Options struct {
	Lang  screen.Lang // empty means English
	Title string      // who manages
}

type mode int

const (
	watching  mode = iota
	detailed       // one person in full
	reading        // the keys
	asking         // for the reason of a change
	searching      // for a handle
)

// State is all there is to the screen. Its methods return the next state.
type State struct {
	o    Options
	w    words
	size struct{ w, h int }

	mode    mode
	picture Picture
	taken   bool          // there is a picture
	age     time.Duration // of the picture
	now     time.Time
	trouble string // why there is no newer one
	note    string // until the next key

	rows    []Person // those of the picture that are searched for, sorted
	sort    column
	reverse bool
	search  string
	chosen  string // handle
	top     int    // first row seen
	scroll  int    // of a page

	dismissed map[dismissal]bool
	pending   Action // while asking
	back      mode   // from asking
	input     string
}

// dismissal is a proposal that the manager did not follow: for as long as its evidence
// is the same.
type dismissal struct {
	handle, evidence string
	rule             quality.Rule
}

// New is a screen that waits for its first picture.
func New(o Options) State {
	if _, ok := lexicon[o.Lang]; !ok {
		o.Lang = screen.English
	}
	o.Title = cleanLine(o.Title)
	s := State{o: o, w: lexicon[o.Lang], sort: byConcern}
	return s.Resize(80, 24)
}

// Resize lays the screen out for a terminal of w columns and h rows.
func (s State) Resize(w, h int) State {
	s.size.w, s.size.h = w, h
	return s.clamp()
}

// unseen tells whether the terminal is too small to show anything: nothing is to be
// changed there.
func (s State) unseen() bool { return s.size.w < MinWidth || s.size.h < MinHeight }

// Show brings a new picture. The person chosen stays chosen.
func (s State) Show(p Picture) State {
	s.picture, s.taken, s.trouble = p, true, ""
	s.age = 0
	return s.arrange()
}

// At says what time it is.
func (s State) At(now time.Time) State {
	s.now = now
	if s.taken {
		s.age = max(0, now.Sub(s.picture.Stats.At))
	}
	return s
}

// Trouble says why there is no newer picture; the last one stays.
func (s State) Trouble(why string) State {
	s.trouble = cleanLine(why)
	return s
}

// Changed says what became of an action, and shows it: the next picture may take a while.
func (s State) Changed(a Action, err error) State {
	switch {
	case err != nil:
		s.note = fmt.Sprintf(s.w.failedBy, err)
	case a.Kind == Requeue:
		s.note = fmt.Sprintf(s.w.gaveBack, a.Handle)
	default:
		s.note = fmt.Sprintf(s.w.became[a.Status], a.Handle)
	}
	s.note = cleanLine(s.note)
	if err != nil {
		return s
	}
	s.picture.People = slices.Clone(s.picture.People)
	for i, p := range s.picture.People {
		if p.Handle != a.Handle {
			continue
		}
		if p.Held, p.Lapsed = 0, 0; a.Kind == Amend {
			p.Status = a.Status
		}
		s.picture.People[i] = p
	}
	return s.arrange()
}

// Width is the number of columns.
func (s State) Width() int { return s.size.w }

// arrange searches and sorts the people.
func (s State) arrange() State {
	s.rows = nil
	for _, p := range s.picture.People {
		if strings.Contains(strings.ToLower(p.Handle), strings.ToLower(s.search)) {
			s.rows = append(s.rows, p)
		}
	}
	order := columns[s.sort].order
	slices.SortStableFunc(s.rows, func(a, b Person) int {
		c := order(s, a, b)
		if s.reverse {
			c = -c
		}
		return c
	})
	return s.clamp()
}

// clamp keeps the choice and the scrolling within what there is.
func (s State) clamp() State {
	if s.mode == detailed || s.mode == reading {
		s.scroll = min(max(s.scroll, 0), max(0, len(s.page())-s.pageRows()))
	}
	if len(s.rows) == 0 {
		s.top = 0
		return s
	}
	at := max(0, s.at())
	s.chosen = s.rows[at].Handle
	n := s.tableRows()
	s.top = min(max(s.top, at-n+1), at)
	s.top = min(s.top, max(0, len(s.rows)-n))
	return s
}

// at is the row that is chosen, -1 if it is gone.
func (s State) at() int {
	return slices.IndexFunc(s.rows, func(p Person) bool { return p.Handle == s.chosen })
}

// person is who is chosen.
func (s State) person() (p Person, ok bool) {
	if i := s.at(); i >= 0 {
		return s.rows[i], true
	}
	return p, false
}

// open lists the proposals about a person that were not dismissed.
func (s State) open(p Person) (out []quality.Proposal) {
	for _, r := range p.Proposals {
		if !s.dismissed[newDismissal(r)] {
			out = append(out, r)
		}
	}
	return out
}

func newDismissal(p quality.Proposal) dismissal {
	return dismissal{p.Annotator, p.Evidence.In("en"), p.Rule}
}

// waiting counts the people about whom something is proposed.
func (s State) waiting() (n int) {
	for _, p := range s.picture.People {
		if len(s.open(p)) > 0 {
			n++
		}
	}
	return n
}

// dismiss drops the proposals about a person.
func (s State) dismiss(p Person) State {
	s.dismissed = maps.Clone(s.dismissed)
	if s.dismissed == nil {
		s.dismissed = map[dismissal]bool{}
	}
	for _, r := range s.open(p) {
		s.dismissed[newDismissal(r)] = true
	}
	s.note = cleanLine(fmt.Sprintf(s.w.droppedProposal, p.Handle))
	return s.arrange()
}
