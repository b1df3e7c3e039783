package labeling

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Answer is what an annotator decided, in candidate ids.
type Answer struct {
	Preferred CandidateID `json:"preferred,omitempty"` // the better candidate; 0 in a tie
	Strength  int         `json:"strength,omitempty"`  // how much better, 1..MaxStrength; 0 in a tie
	Tie       bool        `json:"tie,omitempty"`       // equally good
	Flagged   bool        `json:"flagged,omitempty"`   // something is wrong with the item
	Comment   string      `json:"comment,omitempty"`
}

// MaxComment bounds a comment, in bytes.
const MaxComment = 4000

// Validate reports every fault of an answer about the candidates shown.
func (a Answer) Validate(t Task, shown []CandidateID) error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("labeling: answer: %s: got %v, want %s", key, got, want))
		}
	}
	if a.Tie {
		rule(t.Ties, "tie", true, "a preference: the project has no ties")
		rule(a.Preferred == 0 && a.Strength == 0, "tie", "a preference too", "one of both")
	} else {
		rule(slices.Contains(shown, a.Preferred), "preferred", a.Preferred, fmt.Sprintf("one of %v", shown))
		rule(a.Strength >= 1 && a.Strength <= MaxStrength, "strength", a.Strength, fmt.Sprintf("1 to %d", MaxStrength))
	}
	rule(len(a.Comment) <= MaxComment && utf8.ValidString(a.Comment), "comment", fmt.Sprintf("%d bytes", len(a.Comment)), fmt.Sprintf("at most %d of UTF-8", MaxComment))
	return errors.Join(errs...)
}

// Role says what an annotator may do.
type Role string

// The roles of annotators.
const (
	RoleAnnotator   Role = "annotator"
	RoleAdjudicator Role = "adjudicator"
	RoleManager     Role = "manager"
)

// Annotator is a person, or a program with a known skill, who judges.
type Annotator struct {
	ID        int64 // given by the store
	Handle    string
	Role      Role // empty means RoleAnnotator
	Simulated bool
}

// Validate reports every fault of the annotator.
func (a Annotator) Validate() error {
	var errs []error
	if a.Handle == "" || len(a.Handle) > 100 || !utf8.ValidString(a.Handle) {
		errs = append(errs, fmt.Errorf("labeling: annotator: handle: got %.40q, want 1 to 100 bytes of text", a.Handle))
	}
	if !slices.Contains([]Role{"", RoleAnnotator, RoleAdjudicator, RoleManager}, a.Role) {
		errs = append(errs, fmt.Errorf("labeling: annotator: role: got %q, want annotator, adjudicator or manager", a.Role))
	}
	return errors.Join(errs...)
}

// SlotState is where a slot is on its way from open to judged.
type SlotState string

// A slot is open, leased to somebody who is at it, or done.
const (
	SlotOpen   SlotState = "open"
	SlotLeased SlotState = "leased"
	SlotDone   SlotState = "done"
)

// Slot is one judgement wanted: an item has as many as its project's overlap, so
// that no item can be judged too often.
type Slot struct {
	ID        int64
	ItemID    int64
	N         int // 0 .. overlap-1
	State     SlotState
	Annotator int64 // who holds or has judged it; 0 while open
}

// Lease is the right to judge one slot until a time. Its token changes with every
// claim, so that of two terminals of one annotator only the newer one can submit.
type Lease struct {
	Slot      int64
	Annotator int64
	Token     string
	Until     time.Time
}

// Assignment is an item as one annotator is to see it.
type Assignment struct {
	Lease Lease
	Item  Item
	Shown []CandidateID // from left to right
	Draft *Answer       // what the annotator had entered before a disconnect, or nil
}

// Submission is an answer on its way into the store.
type Submission struct {
	ID         string // UUID made by the client: sending it again changes nothing
	Lease      Lease
	Answer     Answer
	Active     time.Duration // at the item with the terminal in focus
	Wall       time.Duration // from showing the item to the answer
	At         time.Time     // when it was answered; zero means now
	Supersedes string        // the id of the judgement it corrects; then the lease needs no token
}

// Judgement is a stored answer. It never changes; a correction is a new one that
// supersedes it.
type Judgement struct {
	ID         string
	ItemID     int64
	Slot       int // which of the item's slots, from 0
	Annotator  string
	Simulated  bool
	Shown      []CandidateID // from left to right
	Answer     Answer
	Guideline  int // version
	Active     time.Duration
	Wall       time.Duration
	At         time.Time
	Supersedes string
	Current    bool // not superseded
}

// NewID is a fresh id for a submission.
func NewID() string { return uuid.NewString() }

// DerivedID is an id that depends on nothing but its name, for programs whose
// answers must come out the same in every run (UUID version 5).
func DerivedID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("plumbline:judgement:"+name)).String()
}
