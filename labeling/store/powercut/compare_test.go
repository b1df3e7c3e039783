package powercut

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
)

// scene is a store's contents and a ledger that agree: p00 judged item 1 and corrected
// that, p01 skipped item 2 and was about to judge item 3.
type scene struct {
	*ledger
	contents
}

func newScene() scene {
	s := scene{newLedger(), contents{handles: map[int64]string{}}}
	for i := range people {
		s.handles[int64(i+1)] = fmt.Sprintf("p%02d", i)
	}
	for i := range items {
		id := int64(i + 1)
		s.judged = append(s.judged, labeling.JudgedItem{Item: labeling.Item{ID: id}})
		for n := range overlap {
			s.slots = append(s.slots, labeling.Slot{ID: id*100 + int64(n), ItemID: id, N: n, State: labeling.SlotOpen})
		}
	}
	s.send("first", 1, 1, 0, "", true)
	s.send("second", 1, 1, 0, "first", true)
	s.item(1).Judgements[0].Current = false
	s.ledger.write(note{Op: opSkip, Acked: true, Who: 2, Item: 2}) //nolint:errcheck // a ledger takes every note
	s.skips = []labeling.Skipped{{ItemID: 2, Annotator: "p01", Reason: skipReason}}
	s.send("third", 2, 3, 0, "", false)
	return s
}

func (s *scene) item(id int64) *labeling.JudgedItem { return &s.judged[id-1] }
func (s *scene) slot(item int64, n int) *labeling.Slot {
	return &s.slots[int(item-1)*overlap+n]
}

// send notes a submission, and stores it if it was acknowledged.
func (s *scene) send(id string, who, item int64, slot int, supersedes string, acked bool) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	sub := labeling.Submission{ID: id, Lease: labeling.Lease{Slot: s.slot(item, slot).ID, Annotator: who}, Answer: labeling.Prefer("preference", 1, 2, 3), At: at, Supersedes: supersedes}
	s.ledger.write(note{Op: opSubmit, Acked: acked, Who: who, Item: item, Submit: &sub}) //nolint:errcheck // a ledger takes every note
	if acked {
		s.store(labeling.Judgement{ID: id, ItemID: item, Slot: slot, Annotator: s.handles[who], Answer: sub.Answer, Guideline: 1, At: at, Supersedes: supersedes, Current: true})
		s.slot(item, slot).State, s.slot(item, slot).Annotator = labeling.SlotDone, who
	}
}

func (s *scene) store(g labeling.Judgement) {
	j := s.item(g.ItemID)
	j.Judgements = append(j.Judgements, g)
}

// Every difference between what was acknowledged and what is stored is found, and no
// other.
func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(s *scene)
		want   string // of one of the faults; empty: there is none
	}{
		{"as it should be", func(*scene) {}, ""},
		{"what had no answer is there", func(s *scene) {
			s.send("third", 2, 3, 0, "", true)
		}, ""},
		{"a judgement is gone", func(s *scene) { s.item(1).Judgements = nil; s.slot(1, 0).State = labeling.SlotOpen }, "lost: judgement first"},
		{"a correction is gone", func(s *scene) { s.item(1).Judgements = s.item(1).Judgements[:1] }, "lost: judgement second"},
		{"an answer is another", func(s *scene) { s.item(1).Judgements[1].Answer.Comment = "x" }, "lost: judgement second"},
		{"a time is another", func(s *scene) { s.item(1).Judgements[1].Active++ }, "lost: judgement second"},
		{"nobody sent it", func(s *scene) { s.store(labeling.Judgement{ID: "fourth", ItemID: 5, Annotator: "p05"}) }, "judgement fourth: nobody sent it"},
		{"a slot is judged twice", func(s *scene) { s.send("fourth", 4, 1, 0, "", true) }, "slot 100: done"},
		{"a slot has two judgements that count", func(s *scene) { s.item(1).Judgements[0].Current = true }, "slot 0 has 2 current"},
		{"an annotator judges an item twice", func(s *scene) { s.send("fourth", 1, 1, 1, "", true) }, "item 1: judged 2 times"},
		{"an item is judged too often", func(s *scene) {
			for n := range overlap {
				s.send(fmt.Sprint(n), int64(n+3), 1, n, "", true)
			}
		}, "item 1: judged 6 times"},
		{"a slot is open again", func(s *scene) { s.slot(1, 0).State = labeling.SlotOpen }, "slot 100: open"},
		{"a slot is done by nobody", func(s *scene) { s.slot(4, 1).State = labeling.SlotDone }, "slot 401: done"},
		{"a slot is done by somebody else", func(s *scene) { s.slot(1, 0).Annotator = 9 }, "slot 100: done"},
		{"a skip is gone", func(s *scene) { s.skips = nil }, "lost: skip of item 2"},
		{"a skip is there twice", func(s *scene) { s.skips = slices.Repeat(s.skips, 2) }, "skip of item 2"},
		{"nobody skipped it", func(s *scene) {
			s.skips = append(s.skips, labeling.Skipped{ItemID: 7, Annotator: "p03", Reason: skipReason})
		}, "skip of item 7"},
		{"somebody judges what they skipped", func(s *scene) { s.send("fourth", 2, 2, 0, "", true) }, "item 2: judged by p01, who skipped it"},
		{"an item is gone", func(s *scene) { s.judged = s.judged[:items-1] }, "lost: got 59 items"},
		{"an annotator is gone", func(s *scene) { delete(s.handles, 24) }, "lost: got 60 items, 300 slots, 23 annotators"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene()
			tt.change(&s)
			got := s.compare(s.contents)
			if found := slices.ContainsFunc(got, func(f string) bool { return strings.Contains(f, tt.want) }); found != (tt.want != "") || !found && len(got) > 0 {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
