package labeling

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Errors that a Store answers with; compare with errors.Is.
var (
	// ErrNoWork: nothing is left, or nothing that this annotator may judge.
	ErrNoWork = errors.New("no work left for this annotator")
	// ErrLeaseLost: the lease lapsed and went to somebody else, or to another terminal.
	ErrLeaseLost = errors.New("the item went to somebody else")
	// ErrConflict: the same name was stored before with other content.
	ErrConflict = errors.New("already stored with other content")
	// ErrNotFound: no such project, annotator or judgement.
	ErrNotFound = errors.New("not found")
	// ErrNotActive: the annotator is paused or blocked.
	ErrNotActive = errors.New("the annotator is not active")
)

// ItemError says which item of a batch was refused.
type ItemError struct {
	Ref string
	Err error
}

func (e *ItemError) Error() string { return fmt.Sprintf("item %q: %v", e.Ref, e.Err) }
func (e *ItemError) Unwrap() error { return e.Err }

// Store keeps projects, hands out work and remembers every answer. All methods are
// safe for use by many goroutines, and several processes may share one store.
type Store interface {
	Catalogue
	Roster
	Queue
	Court
	Archive
	Close() error
}

// Catalogue says what is to be judged, and by whom.
type Catalogue interface {
	// CreateProject stores a project; again with the same settings it changes
	// nothing. A new guideline becomes its next version; other settings that differ
	// are ErrConflict.
	CreateProject(ctx context.Context, p Project) (Project, error)
	// Project finds a project by name; the empty name means the only one. ErrNotFound.
	Project(ctx context.Context, name string) (Project, error)
	// AddItems stores items, all or none, and returns how many were new. An item
	// stored before is skipped if it is the same; else an *ItemError with ErrConflict.
	AddItems(ctx context.Context, project string, items []Item) (added int, err error)
	// Enrol returns the annotator of that handle, stored if new; who is there already
	// stays as they are. ErrConflict where a person and a program would share a handle,
	// or two annotators a key.
	Enrol(ctx context.Context, a Annotator) (Annotator, error)
}

// Roster says who may come, and as what.
type Roster interface {
	// Amend changes an annotator and returns them as they are then. Leases of who may
	// not work any more are given back. ErrNotFound, ErrConflict.
	Amend(ctx context.Context, handle string, c Change) (Annotator, error)
	// AnnotatorByKey finds who enrolled with the fingerprint of an SSH key. ErrNotFound.
	AnnotatorByKey(ctx context.Context, fingerprint string) (Annotator, error)
}

// ClaimRequest asks for work.
type ClaimRequest struct {
	Project   string
	Annotator int64
	For       time.Duration // until the lease lapses, > 0
	Slot      int64         // this one only, or 0 for the next
}

// Progress counts the judgements of a project. Corrections do not count.
type Progress struct {
	Mine    int // judged by the annotator
	Skipped int // by the annotator
	Done    int // judged by all, of the items to judge
	Wanted  int // slots of those
	Days    int // on how many days in a row, up to the last judgement, the annotator judged
	Tested  int // gold items of the test that the annotator has answered or skipped
	Tests   int // gold items of the test; 0 for who is not being tested
}

// Queue hands out work: what an annotator's screen needs.
type Queue interface {
	// Claim leases a slot: the annotator's own lease if there is one, else an open
	// slot (first of an item with the annotator's draft), else one whose lease lapsed.
	// Nobody gets an item twice, or one they skipped, but for the hidden repeats. Gold
	// and repeats come in between, as the project's Control says; who is being screened
	// gets the tutorial, then the test. What an item is, is not told but in the tutorial.
	// Candidate.Source, Item.Priority and Item.Origin are never told. ErrNoWork, ErrNotActive.
	Claim(ctx context.Context, r ClaimRequest) (Assignment, error)
	// CheckOut leases up to n open slots of the work at once, to be judged without a
	// connection and handed in by Submit. Claim returns them to nobody before they lapse.
	// ErrNoWork, ErrNotActive.
	CheckOut(ctx context.Context, r ClaimRequest, n int) ([]Assignment, error)
	// Renew prolongs a lease. ErrLeaseLost.
	Renew(ctx context.Context, l Lease, d time.Duration) error
	// Release gives a lease back; the draft stays. A lost lease is no error.
	Release(ctx context.Context, l Lease) error
	// SaveDraft keeps an unfinished answer with the item. ErrLeaseLost.
	SaveDraft(ctx context.Context, l Lease, a Answer) error
	// Submit stores an answer and returns once it is on the disk. Sending the same
	// submission again is a success that changes nothing; another answer under its id
	// is ErrConflict. A lapsed lease is good as long as nobody took it. ErrLeaseLost,
	// ErrConflict where the judgement to correct was corrected or withdrawn already,
	// ErrNotActive where its annotator was paused or blocked since, ErrNotFound.
	Submit(ctx context.Context, s Submission) error
	// Skip gives an item to others for good, with the reason; one of the test counts as
	// answered wrong. ErrLeaseLost.
	Skip(ctx context.Context, l Lease, reason string) error
	// Last is the annotator's latest current judgement but back others, and its item
	// as shown then; the lease has no token and serves to correct it. ErrNotFound.
	Last(ctx context.Context, project string, annotator int64, back int) (Assignment, Judgement, error)
	// Progress counts for an annotator.
	Progress(ctx context.Context, project string, annotator int64) (Progress, error)
}

// Court settles what annotators could not, and whose word counts.
type Court interface {
	// Disputes yields the items that need a final word: fully judged without a majority
	// on the main question, or flagged; those with one already are not among them.
	Disputes(ctx context.Context, project string) iter.Seq2[JudgedItem, error]
	// Adjudicate stores a final word. Sending it again changes nothing. ErrNotFound,
	// ErrConflict, ErrNotActive for who is neither adjudicator nor manager.
	Adjudicate(ctx context.Context, a Adjudication) error
	// Withdraw takes all current judgements of an annotator out of what counts, blocks
	// the annotator, and opens as many slots anew. ErrNotFound.
	Withdraw(ctx context.Context, annotator string, by int64, reason string) (Withdrawal, error)
	// Withdrawals lists what was withdrawn, the oldest first.
	Withdrawals(ctx context.Context) ([]Withdrawal, error)
}

// JudgedItem is an item with all its judgements: by slot, corrections after what
// they correct.
type JudgedItem struct {
	Item         Item
	Judgements   []Judgement
	Adjudication *Adjudication // the final word, or nil
}

// Skipped is an item that an annotator would not judge.
type Skipped struct {
	ItemID    int64
	Annotator string
	Reason    string
	At        time.Time
}

// ExportRun is the record of an export, by which a checkpoint leads back to judgements.
type ExportRun struct {
	Project string    `json:"project"`
	Format  Format    `json:"format"`
	Note    string    `json:"note,omitempty"` // how it was made: question, split, weights
	SHA256  string    `json:"sha256"`         // of the bytes written
	Lines   int       `json:"lines"`
	Bytes   int64     `json:"bytes"`
	Head    string    `json:"head"` // of the event chain, set by the store: an anchor for Audit
	At      time.Time `json:"at"`   // set by the store
}

// Audit is the verdict on a store's history.
type Audit struct {
	Events     int      `json:"events"`
	Judgements int      `json:"judgements"`
	Head       string   `json:"head"`   // hash of the last event; note it elsewhere to anchor the chain
	Faults     []string `json:"faults"` // empty if nothing was tampered with
}

// Archive reads back what was judged.
type Archive interface {
	// Judged yields every item of a project in order of import, as of one moment: gold
	// and repeats too, which Item.Kind tells.
	Judged(ctx context.Context, project string) iter.Seq2[JudgedItem, error]
	// Slots lists a project's slots by item and number.
	Slots(ctx context.Context, project string) ([]Slot, error)
	// Skips lists what was skipped, by item and annotator.
	Skips(ctx context.Context, project string) ([]Skipped, error)
	// Annotators lists everybody, in order of enrolment.
	Annotators(ctx context.Context) ([]Annotator, error)
	// RecordExport stores the record of an export and completes it.
	RecordExport(ctx context.Context, r ExportRun) (ExportRun, error)
	// Exports lists what was exported from a project, the oldest first.
	Exports(ctx context.Context, project string) ([]ExportRun, error)
	// Audit verifies the event chain and everything it vouches for. anchor is the head
	// noted at an earlier time, which must still be in the chain, or empty.
	Audit(ctx context.Context, anchor string) (Audit, error)
}
