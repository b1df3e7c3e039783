package powercut

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"plumbline/labeling"
)

// ledger is what follows from the notes up to a moment.
type ledger struct {
	mu       sync.Mutex
	prepared bool               // the project is there, with items and annotators
	sent     map[string]note    // by id: every submission, and whether it was acknowledged
	skipped  map[skip]bool      // whether it was acknowledged
	stands   map[int64]standing // by annotator
	rows     int                // acknowledged, in control_test.go
}

type skip struct{ item, who int64 }

// standing is what an annotator is at.
type standing struct {
	holds *note // the claim that was granted, with the latest draft; nil: none, or it is not known
	asked *note // what was asked for and not answered yet, or nil
}

func newLedger() *ledger {
	return &ledger{sent: map[string]note{}, skipped: map[skip]bool{}, stands: map[int64]standing{}}
}

func (l *ledger) clone() *ledger {
	return &ledger{prepared: l.prepared, sent: maps.Clone(l.sent), skipped: maps.Clone(l.skipped), stands: maps.Clone(l.stands), rows: l.rows}
}

// write implements notes.
func (l *ledger) write(n note) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n.Op {
	case opPrepare:
		l.prepared = true
	case opRow:
		l.rows = n.Row
	case opSubmit:
		l.sent[n.Submit.ID] = n
	case opSkip:
		l.skipped[skip{n.Item, n.Who}] = n.Acked
	default: // concerns its annotator alone
	}
	l.stands[n.Who] = l.stands[n.Who].after(n)
	return nil
}

func (s standing) after(n note) standing {
	switch {
	case !n.Acked && s.asked != nil && s.asked.Op != opClaim: // a power cut left it open what became of that
		return standing{asked: &n}
	case !n.Acked:
		return standing{s.holds, &n}
	case n.Op == opClaim:
		return standing{holds: &n}
	case n.Op == opDraft && s.holds != nil:
		held := *s.holds
		held.Draft = n.Draft
		return standing{holds: &held}
	}
	return standing{}
}

// read adds the note that a record may be.
func (l *ledger) read(r record) error {
	if r.kind != kindNote {
		return nil
	}
	var n note
	if err := json.Unmarshal(r.data, &n); err != nil {
		return fmt.Errorf("note: %w", err)
	}
	return l.write(n)
}

// acked lists the submissions that were acknowledged, by id.
func (l *ledger) acked() (out []note) {
	for _, id := range slices.Sorted(maps.Keys(l.sent)) {
		if n := l.sent[id]; n.Acked {
			out = append(out, n)
		}
	}
	return out
}

// contents is what a store was found to hold.
type contents struct {
	handles map[int64]string // of annotators
	slots   []labeling.Slot
	judged  []labeling.JudgedItem
	skips   []labeling.Skipped
}

// compare tells what is not there although it was acknowledged ("lost ..."), what is
// there and was never sent, and what contradicts itself.
func (l *ledger) compare(c contents) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if len(c.judged) != items || len(c.handles) != people || len(c.slots) != items*overlap {
		fault("lost: got %d items, %d slots, %d annotators, want %d, %d, %d", len(c.judged), len(c.slots), len(c.handles), items, items*overlap, people)
	}
	faults = append(faults, l.compareSkips(c)...)
	stored := map[string]bool{}
	first := map[place][]string{} // who judged, but for corrections
	for _, j := range c.judged {
		faults = append(faults, judgedOnce(j)...)
		for _, g := range j.Judgements {
			if stored[g.ID] = true; g.Supersedes == "" {
				at := place{j.Item.ID, g.Slot}
				first[at] = append(first[at], g.Annotator)
			}
			if n, ok := l.sent[g.ID]; !ok {
				fault("judgement %s: nobody sent it", g.ID)
			} else if want := n.judgement(c, g.Current); !reflect.DeepEqual(g, want) {
				fault("lost: judgement %s: got %+v, want %+v", g.ID, g, want)
			}
		}
	}
	for _, s := range c.slots {
		if who := first[place{s.ItemID, s.N}]; len(who) > 1 || (len(who) == 1) != (s.State == labeling.SlotDone) || len(who) == 1 && who[0] != c.handles[s.Annotator] {
			fault("slot %d: %s by %q, judged by %q", s.ID, s.State, c.handles[s.Annotator], who)
		}
	}
	for _, n := range l.acked() {
		if !stored[n.Submit.ID] {
			fault("lost: judgement %s of item %d by annotator %d", n.Submit.ID, n.Item, n.Who)
		}
	}
	return faults
}

type place struct {
	item int64
	slot int
}

// judgedOnce checks that no item has too many judgements, two by one annotator, or two
// that are current in one slot.
func judgedOnce(j labeling.JudgedItem) (faults []string) {
	by, current := map[string]int{}, map[int]int{}
	n := 0
	for _, g := range j.Judgements {
		if g.Supersedes == "" {
			by[g.Annotator]++
			n++
		}
		if g.Current {
			current[g.Slot]++
		}
	}
	if n > overlap || len(by) < n {
		faults = append(faults, fmt.Sprintf("item %d: judged %d times, by %v", j.Item.ID, n, by))
	}
	for slot, n := range current {
		if n > 1 {
			faults = append(faults, fmt.Sprintf("item %d: slot %d has %d current judgements", j.Item.ID, slot, n))
		}
	}
	return faults
}

// compareSkips checks that those acknowledged are there once, no other is, and nobody
// judged what they skipped.
func (l *ledger) compareSkips(c contents) (faults []string) {
	ids := map[string]int64{}
	for id, handle := range c.handles {
		ids[handle] = id
	}
	stored := map[skip]int{}
	for _, s := range c.skips {
		k := skip{s.ItemID, ids[s.Annotator]}
		stored[k]++
		if _, sent := l.skipped[k]; !sent || stored[k] > 1 || s.Reason != skipReason {
			faults = append(faults, fmt.Sprintf("skip of item %d by %s, %q: nobody sent it, or once only", s.ItemID, s.Annotator, s.Reason))
		}
	}
	for k, acked := range l.skipped {
		if acked && stored[k] == 0 {
			faults = append(faults, fmt.Sprintf("lost: skip of item %d by annotator %d", k.item, k.who))
		}
	}
	for _, j := range c.judged {
		for _, g := range j.Judgements {
			if stored[skip{j.Item.ID, ids[g.Annotator]}] > 0 {
				faults = append(faults, fmt.Sprintf("item %d: judged by %s, who skipped it", j.Item.ID, g.Annotator))
			}
		}
	}
	return faults
}

// judgement is what a submission must have become.
func (n note) judgement(c contents, current bool) labeling.Judgement {
	s := n.Submit
	slot := slices.IndexFunc(c.slots, func(x labeling.Slot) bool { return x.ID == s.Lease.Slot && x.ItemID == n.Item })
	g := labeling.Judgement{
		ID: s.ID, ItemID: n.Item, Slot: -1, Annotator: c.handles[n.Who], Shown: n.Shown, Answer: s.Answer, Guideline: 1,
		Active: s.Active, Wall: s.Wall, At: time.UnixMilli(s.At.UnixMilli()).UTC(), Supersedes: s.Supersedes, Current: current,
	}
	if slot >= 0 {
		g.Slot = c.slots[slot].N
	}
	return g
}
