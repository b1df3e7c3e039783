package manage

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"plumbline/labeling"
)

// Kind is what a key asks of the shell.
type Kind int

// The kinds of actions.
const (
	None    Kind = iota
	Refresh      // take a new picture now
	Amend        // give Handle the Status, with Reason
	Requeue      // give back what is leased to Handle
	Leave        // the manager wants to go
)

// Action is what the shell is to do.
type Action struct {
	Kind   Kind
	Handle string
	Status labeling.Status
	Reason string
}

// Key applies one key press: a single character, or a name such as "enter" or "pgdown".
func (s State) Key(k string) (State, Action) {
	s.note = ""
	switch {
	case k == "ctrl+c", k == "q" && s.unseen():
		return s, Action{Kind: Leave}
	case s.unseen():
		return s, Action{}
	}
	switch s.mode {
	case asking, searching:
		return s.typed(k)
	case detailed, reading:
		if next, ok := s.scrolled(k); ok {
			return next, Action{}
		}
		if s.mode == reading || k == "esc" || k == "enter" || k == "q" {
			s.mode, s.scroll = watching, 0
			return s.clamp(), Action{}
		}
	case watching:
		if next, ok := s.moved(k); ok {
			return next, Action{}
		}
	}
	return s.command(k)
}

// command handles the keys that do the same in the table and in front of one person.
func (s State) command(k string) (State, Action) {
	switch k {
	case "q":
		return s, Action{Kind: Leave}
	case "?", "？":
		s.mode, s.scroll = reading, 0
		return s, Action{}
	case "g":
		return s, Action{Kind: Refresh}
	}
	p, ok := s.person()
	if !ok {
		return s, Action{}
	}
	switch k {
	case "p":
		return s.change(p, labeling.StatusPaused)
	case "r":
		return s.change(p, labeling.StatusActive)
	case "b":
		return s.change(p, labeling.StatusBlocked)
	case "y":
		return s.confirm(p)
	case "x":
		if len(s.open(p)) > 0 {
			return s.dismiss(p), Action{}
		}
		s.note = s.w.noProposal
	case "u":
		if p.Held > 0 {
			return s, Action{Kind: Requeue, Handle: p.Handle}
		}
		s.note = s.w.noLeases
	}
	return s, Action{}
}

// moved handles the keys of the table.
func (s State) moved(k string) (State, bool) {
	switch k {
	case "up", "k":
		return s.step(-1), true
	case "down", "j":
		return s.step(1), true
	case "pgup":
		return s.step(-s.tableRows()), true
	case "pgdown", " ":
		return s.step(s.tableRows()), true
	case "home":
		return s.step(-len(s.rows)), true
	case "end":
		return s.step(len(s.rows)), true
	case "s":
		s.sort, s.reverse = (s.sort+1)%columnCount, false
		return s.arrange(), true
	case "S":
		s.reverse = !s.reverse
		return s.arrange(), true
	case "tab":
		return s.nextConcern(), true
	case "/":
		s.mode, s.input = searching, s.search
		return s, true
	case "esc":
		s.search = ""
		return s.arrange(), true
	case "enter":
		if _, ok := s.person(); ok {
			s.mode, s.scroll = detailed, 0
		}
		return s, true
	}
	return s, false
}

// step chooses the person n rows further down.
func (s State) step(n int) State {
	if len(s.rows) > 0 {
		s.chosen = s.rows[min(max(s.at()+n, 0), len(s.rows)-1)].Handle
	}
	return s.clamp()
}

// nextConcern chooses the next person about whom something is proposed.
func (s State) nextConcern() State {
	from := s.at()
	for i := range s.rows {
		if p := s.rows[(from+1+i)%len(s.rows)]; len(s.open(p)) > 0 {
			s.chosen = p.Handle
			return s.clamp()
		}
	}
	s.note = s.w.noProposal
	return s
}

// scrolled handles the keys of a page.
func (s State) scrolled(k string) (State, bool) {
	step, ok := map[string]int{
		"up": -1, "k": -1, "down": 1, "j": 1, "pgup": -s.pageRows(), "pgdown": s.pageRows(), " ": s.pageRows(),
		"home": -1 << 30, "end": 1 << 30,
	}[k]
	s.scroll += step
	return s.clamp(), ok
}

// change asks for the reason of a change of status.
func (s State) change(p Person, to labeling.Status) (State, Action) {
	if p.Status == to {
		s.note = cleanLine(fmt.Sprintf(s.w.alreadySo, p.Handle, s.w.status[to]))
		return s, Action{}
	}
	s.pending = Action{Kind: Amend, Handle: p.Handle, Status: to}
	s.back, s.mode, s.input = s.mode, asking, ""
	return s, Action{}
}

// confirm follows what is proposed about a person; the evidence is the reason.
func (s State) confirm(p Person) (State, Action) {
	open := s.open(p)
	if len(open) == 0 {
		s.note = s.w.noProposal
		return s, Action{}
	}
	var why []string
	for _, r := range open {
		why = append(why, string(r.Rule)+": "+r.Evidence.In("en"))
	}
	return s, Action{Kind: Amend, Handle: p.Handle, Status: labeling.StatusPaused, Reason: strings.Join(why, "; ")}
}

// typed edits the reason, or what is searched for.
func (s State) typed(k string) (State, Action) {
	switch k {
	case "enter":
		return s.typedAll()
	case "esc":
		if s.mode == asking {
			s.mode = s.back
		} else {
			s.mode, s.search = watching, ""
		}
		s.input = ""
		return s.arrange(), Action{}
	case "backspace", "ctrl+h":
		_, n := utf8.DecodeLastRuneInString(s.input)
		s.input = s.input[:len(s.input)-n]
	case "ctrl+u":
		s.input = ""
	default:
		if utf8.RuneCountInString(k) == 1 {
			return s.Paste(k), Action{}
		}
	}
	return s.searched(), Action{}
}

func (s State) typedAll() (State, Action) {
	if s.mode == searching {
		s.mode, s.input = watching, ""
		return s.arrange(), Action{}
	}
	a := s.pending
	a.Reason = strings.TrimSpace(s.input)
	s.mode, s.input, s.pending = s.back, "", Action{}
	return s, a
}

// Paste takes text that arrived all at once. It means something only where text is asked
// for.
func (s State) Paste(text string) State {
	clean := cleanLine(text)
	if s.mode != asking && s.mode != searching || len(s.input)+len(clean) > maxInput {
		return s
	}
	s.input += clean
	return s.searched()
}

// searched looks for what is typed while it is typed.
func (s State) searched() State {
	if s.mode != searching {
		return s
	}
	s.search = s.input
	return s.arrange()
}
