package powercut

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// The project that the crowd works on.
const (
	project = "p"
	items   = 60
	overlap = 5
	people  = 24
)

// op is what was asked of the store.
type op string

const (
	opPrepare op = "prepare" // the project, its items and annotators
	opClaim   op = "claim"
	opDraft   op = "draft"
	opSkip    op = "skip"
	opRelease op = "release"
	opSubmit  op = "submit"
	opRow     op = "row" // of control_test.go
)

// note says that something is being asked for, or, if Acked, that it was granted.
type note struct {
	Op     op
	Acked  bool                   `json:",omitempty"`
	Who    int64                  `json:",omitempty"`
	Lease  labeling.Lease         `json:",omitzero"` // claim, draft, skip, release
	Item   int64                  `json:",omitempty"`
	Shown  []labeling.CandidateID `json:",omitempty"`
	Draft  *labeling.Answer       `json:",omitempty"` // draft; claim: what came along
	Submit *labeling.Submission   `json:",omitempty"`
	Row    int                    `json:",omitempty"`
}

// crowd judges, corrects, skips and drafts without an end, through two openings of the
// store as two processes would. The store is closed once before, which writes all of it
// into one file.
func crowd(n notes, path string) error {
	ctx := context.Background()
	s, err := store.Create(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	who, _, err := prepare(ctx, s)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	if err := n.write(note{Op: opPrepare, Acked: true}); err != nil {
		return err
	}
	one, err1 := store.Open(ctx, path, store.Options{})
	two, err2 := store.Open(ctx, path, store.Options{})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	failed := make(chan error)
	for i, id := range who {
		w := worker{notes: n, s: []labeling.Store{one, two}[i%2], who: id, r: rand.New(rand.NewPCG(rand.Uint64(), 0))}
		go func() { failed <- w.work(ctx) }()
	}
	go func() { failed <- readOn(ctx, one) }()
	return <-failed
}

// prepare makes the project, or finds it there. added counts the items that were not.
func prepare(ctx context.Context, s labeling.Store) (who []int64, added int, err error) {
	p := labeling.DefaultProject(project)
	p.Overlap = overlap
	if _, err := s.CreateProject(ctx, p); err != nil {
		return nil, 0, err
	}
	var all []labeling.Item
	for i := range items {
		all = append(all, labeling.Item{
			Ref: fmt.Sprintf("item-%03d", i), Prompt: labeling.Prompt{Text: fmt.Sprintf("prompt %d", i)},
			Candidates: []labeling.Candidate{{Text: "one"}, {Text: "two"}},
		})
	}
	if added, err = s.AddItems(ctx, project, all); err != nil {
		return nil, added, err
	}
	for i := range people {
		a, err := s.Enrol(ctx, labeling.Annotator{Handle: fmt.Sprintf("p%02d", i)})
		if err != nil {
			return nil, added, err
		}
		who = append(who, a.ID)
	}
	return who, added, nil
}

// readOn reads all the time, as a manager's screen does: the log cannot start anew then.
func readOn(ctx context.Context, s labeling.Store) error {
	for {
		for _, err := range s.Judged(ctx, project) {
			if err != nil {
				return err
			}
		}
		time.Sleep(time.Duration(rand.IntN(50)) * time.Millisecond)
	}
}

// worker is one annotator.
type worker struct {
	notes
	s   labeling.Store
	who int64
	r   *rand.Rand
}

func (w worker) work(ctx context.Context) error {
	for {
		if err := w.turn(ctx); err != nil {
			return fmt.Errorf("annotator %d: %w", w.who, err)
		}
	}
}

// turn is one item, or a correction where none is left.
func (w worker) turn(ctx context.Context) error {
	a, err := w.claim(ctx)
	if errors.Is(err, labeling.ErrNoWork) {
		return w.correct(ctx)
	}
	if err != nil {
		return err
	}
	return w.judge(ctx, a)
}

// judge answers an item, with drafts before and a correction after, or leaves it.
func (w worker) judge(ctx context.Context, a labeling.Assignment) error {
	for w.r.IntN(2) == 0 {
		draft := w.answer(a.Shown)
		draft.Edit = w.edit(a.Shown, 60_000) // so that the log is soon full and begins anew
		if err := w.about(a, opDraft, &draft, func() error { return w.s.SaveDraft(ctx, a.Lease, draft) }); err != nil {
			return err
		}
	}
	switch w.r.IntN(20) {
	case 0:
		return w.about(a, opSkip, nil, func() error { return w.s.Skip(ctx, a.Lease, skipReason) })
	case 1:
		return w.about(a, opRelease, nil, func() error { return w.s.Release(ctx, a.Lease) })
	}
	if err := w.submit(ctx, a, ""); err != nil || w.r.IntN(4) > 0 {
		return err
	}
	return w.correct(ctx)
}

const skipReason = "unsure"

// ask notes what is asked for, asks, and notes that it was granted.
func (w worker) ask(n note, do func() error) error {
	n.Who = w.who
	if err := w.write(n); err != nil {
		return err
	}
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", n.Op, err)
	}
	n.Acked = true
	return w.write(n)
}

func (w worker) about(a labeling.Assignment, o op, draft *labeling.Answer, do func() error) error {
	return w.ask(note{Op: o, Lease: a.Lease, Item: a.Item.ID, Shown: a.Shown, Draft: draft}, do)
}

func (w worker) claim(ctx context.Context) (a labeling.Assignment, err error) {
	if err := w.write(note{Op: opClaim, Who: w.who}); err != nil {
		return a, err
	}
	if a, err = w.s.Claim(ctx, labeling.ClaimRequest{Project: project, Annotator: w.who, For: time.Hour}); err != nil {
		return a, err
	}
	return a, w.write(note{Op: opClaim, Acked: true, Who: w.who, Lease: a.Lease, Item: a.Item.ID, Shown: a.Shown, Draft: a.Draft})
}

// correct supersedes one of the latest judgements, if there is one.
func (w worker) correct(ctx context.Context) error {
	a, old, err := w.s.Last(ctx, project, w.who, w.r.IntN(3))
	if errors.Is(err, labeling.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.submit(ctx, a, old.ID)
}

func (w worker) submit(ctx context.Context, a labeling.Assignment, supersedes string) error {
	sub := labeling.Submission{
		ID: labeling.NewID(), Lease: a.Lease, Answer: w.answer(a.Shown), Supersedes: supersedes,
		Active: time.Duration(w.r.IntN(60_000)) * time.Millisecond, Wall: time.Minute, At: time.UnixMilli(time.Now().UnixMilli()),
	}
	return w.ask(note{Op: opSubmit, Item: a.Item.ID, Shown: a.Shown, Submit: &sub}, func() error { return w.s.Submit(ctx, sub) })
}

// answer is any; some are long, so that they fill pages of their own.
func (w worker) answer(shown []labeling.CandidateID) labeling.Answer {
	i := w.r.IntN(2)
	a := labeling.Prefer("preference", shown[i], shown[1-i], 1+w.r.IntN(labeling.MaxStrength))
	switch w.r.IntN(8) {
	case 0:
		a.Comment = strings.Repeat("c", w.r.IntN(labeling.MaxComment))
	case 1:
		a.Edit = w.edit(shown, 10_000)
	case 2:
		a.Flagged = true
	}
	return a
}

func (w worker) edit(shown []labeling.CandidateID, size int) *labeling.Edit {
	return &labeling.Edit{Of: shown[0], Text: strings.Repeat("e", 1+w.r.IntN(size))}
}
