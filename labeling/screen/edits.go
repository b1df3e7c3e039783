package screen

import (
	"time"

	"plumbline/labeling"
)

// While a response is rewritten, drafts are kept now and then, so that a broken
// connection costs a few words at most.
const (
	draftKeys = 20
	draftRest = 2 * time.Second // a pause that long is worth a draft
)

// beginEdit opens the edit there is, else that of the better response, else that of the
// one in focus.
func (s State) beginEdit() State {
	if !s.o.Task.Edit {
		return s.Notice(NoEdits)
	}
	s.of = s.focus
	if q, ok := s.o.Task.Main(); ok {
		if best, ok := s.answer.Responses[q.Key].Best(); ok {
			s.of = int(best) - 1
		}
	}
	text := s.item.Candidates[s.of]
	if e := s.answer.Edit; e != nil {
		s.of, text = int(e.Of)-1, e.Text
	}
	s.mode, s.drafts = editing, 0
	s.edit = newEditor(text, false, labeling.MaxEdit)
	return s
}

// original is the response as it was before the edit.
func (s State) original() string {
	return newEditor(s.item.Candidates[s.of], false, labeling.MaxEdit).text()
}

// keepEdit takes what is written into the answer. No text, or the original, is no edit.
func (s State) keepEdit() State {
	s.answer.Edit = nil
	if text := s.edit.text(); text != "" && text != s.original() {
		s.answer.Edit = &labeling.Edit{Of: place(s.of), Text: text}
	}
	return s
}

// unkept tells whether leaving the edit would lose anything.
func (s State) unkept() bool {
	kept := s.original()
	if s.answer.Edit != nil {
		kept = s.answer.Edit.Text
	}
	return s.edit.text() != kept
}

// write applies a key to the edit.
func (s State) write(k string, since time.Duration) (State, Action) {
	s.note = ""
	switch k {
	case "ctrl+s", "alt+enter":
		return s.endEdit(true)
	case "esc":
		if !s.unkept() {
			return s.endEdit(false)
		}
		s.mode = dropping
		return s, None
	}
	w, h := s.editSize()
	next, ok, full := s.edit.key(k, w, h)
	s.edit = next
	switch {
	case full:
		return s.Notice(EditFull), None
	case !ok:
		return s, None
	}
	if s.drafts++; s.drafts >= draftKeys || since >= draftRest || k == "enter" {
		s.drafts = 0
		return s, Draft
	}
	return s, None
}

func (s State) endEdit(keep bool) (State, Action) {
	if keep {
		s = s.keepEdit()
	}
	s.mode, s.edit = judging, editor{}
	return s, Draft
}

// dropKey answers whether the edit is to be kept; any other key goes on with it.
func (s State) dropKey(k string) (State, Action) {
	switch k {
	case "enter", "ctrl+s":
		return s.endEdit(true)
	case "d":
		return s.endEdit(false)
	}
	s.mode = editing
	return s, None
}

func (s State) paste(text string) (State, Action) {
	next, ok := s.edit.insert(text)
	if !ok {
		return s.Notice(EditFull), None
	}
	s.edit, s.drafts = next.follow(s.editSize()), 0
	return s, Draft
}
