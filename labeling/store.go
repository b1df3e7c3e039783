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
	Queue
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
	// Enrol returns the annotator of that handle, stored if new. ErrConflict where a
	// person and a program would share a handle.
	Enrol(ctx context.Context, a Annotator) (Annotator, error)
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
	Done    int // judged by all
	Wanted  int // slots
}

// Queue hands out work: what an annotator's screen needs.
type Queue interface {
	// Claim leases a slot: the annotator's own lease if there is one, else an open
	// slot (first of an item with the annotator's draft), else one whose lease lapsed.
	// Nobody gets an item twice, or one they skipped. ErrNoWork, ErrNotActive.
	Claim(ctx context.Context, r ClaimRequest) (Assignment, error)
	// Renew prolongs a lease. ErrLeaseLost.
	Renew(ctx context.Context, l Lease, d time.Duration) error
	// Release gives a lease back; the draft stays. A lost lease is no error.
	Release(ctx context.Context, l Lease) error
	// SaveDraft keeps an unfinished answer with the item. ErrLeaseLost.
	SaveDraft(ctx context.Context, l Lease, a Answer) error
	// Submit stores an answer and returns once it is on the disk. Sending the same
	// submission again is a success that changes nothing; another answer under its id
	// is ErrConflict. A lapsed lease is good as long as nobody took it. ErrLeaseLost,
	// ErrConflict where the judgement to correct was corrected already, ErrNotFound.
	Submit(ctx context.Context, s Submission) error
	// Skip gives an item to others for good, with the reason. ErrLeaseLost.
	Skip(ctx context.Context, l Lease, reason string) error
	// Last is the annotator's latest current judgement but back others, and its item
	// as shown then; the lease has no token and serves to correct it. ErrNotFound.
	Last(ctx context.Context, project string, annotator int64, back int) (Assignment, Judgement, error)
	// Progress counts for an annotator.
	Progress(ctx context.Context, project string, annotator int64) (Progress, error)
}

// JudgedItem is an item with all its judgements: by slot, corrections after what
// they correct.
type JudgedItem struct {
	Item       Item
	Judgements []Judgement
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
	SHA256  string    `json:"sha256"` // of the bytes written
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
	// Judged yields every item of a project in order of import, as of one moment.
	Judged(ctx context.Context, project string) iter.Seq2[JudgedItem, error]
	// Slots lists a project's slots by item and number.
	Slots(ctx context.Context, project string) ([]Slot, error)
	// Skips lists what was skipped, by item and annotator.
	Skips(ctx context.Context, project string) ([]Skipped, error)
	// Annotators lists everybody, in order of enrolment.
	Annotators(ctx context.Context) ([]Annotator, error)
	// RecordExport stores the record of an export and completes it.
	RecordExport(ctx context.Context, r ExportRun) (ExportRun, error)
	// Audit verifies the event chain and everything it vouches for. anchor is the head
	// noted at an earlier time, which must still be in the chain, or empty.
	Audit(ctx context.Context, anchor string) (Audit, error)
}
