package labeling

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Role says what an annotator may do.
type Role string

// The roles of annotators.
const (
	RoleAnnotator   Role = "annotator"
	RoleAdjudicator Role = "adjudicator"
	RoleManager     Role = "manager"
)

// Status says whether an annotator may work.
type Status string

// A new annotator works, or is tested first where the project screens; a manager pauses
// or blocks, and the test blocks who fails it.
const (
	StatusScreening Status = "screening"
	StatusActive    Status = "active"
	StatusPaused    Status = "paused"
	StatusBlocked   Status = "blocked"
)

// Annotator is a person, or a program with a known skill, who judges.
type Annotator struct {
	ID        int64 // given by the store
	Handle    string
	Role      Role   // empty means RoleAnnotator
	Status    Status // empty means StatusActive
	Simulated bool
	Keys      []string // SHA-256 fingerprints of SSH keys, as ssh-keygen -l prints them
}

// Validate reports every fault of the annotator.
func (a Annotator) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("labeling: annotator: %s: got %v, want %s", key, got, want))
		}
	}
	rule(goodName(a.Handle, 100), "handle", fmt.Sprintf("%.40q", a.Handle), "1 to 100 bytes of printable text")
	rule(slices.Contains([]Role{"", RoleAnnotator, RoleAdjudicator, RoleManager}, a.Role), "role", fmt.Sprintf("%q", a.Role), "annotator, adjudicator or manager")
	rule(slices.Contains([]Status{"", StatusScreening, StatusActive, StatusPaused, StatusBlocked}, a.Status), "status", fmt.Sprintf("%q", a.Status), "screening, active, paused or blocked")
	for _, k := range a.Keys {
		rule(fingerprint.MatchString(k), "key", fmt.Sprintf("%.60q", k), "SHA256: and 43 letters, as ssh-keygen -l prints it")
	}
	return errors.Join(errs...)
}

var fingerprint = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)

// goodName tells whether a name can be shown, and kept by every engine.
func goodName(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Change is what a manager changes about an annotator; zero values leave it.
type Change struct {
	Role    Role
	Status  Status
	AddKey  string // a fingerprint; one of another annotator is ErrConflict
	DropKey string
	// GiveBack returns what is leased to them to the others, what they took along too.
	GiveBack bool
	By       int64  // the manager; 0 is whoever runs the program on the store itself
	Reason   string // at most MaxComment bytes
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
	N         int // 0 .. overlap-1; larger where it was opened anew, or is for one annotator alone
	State     SlotState
	Annotator int64     // who holds or has judged it; 0 while open
	Until     time.Time // when the lease lapses; zero unless leased
	Offline   bool      // leased by CheckOut
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
	Phase Phase
	Votes []Answer // for an adjudicator: what the annotators said; else nil
}

// Phase says what an item is to the annotator. Gold, attention checks and repeats among
// the work look like work.
type Phase string

// An annotator who is screened first sees the tutorial, where each answer is explained,
// and then the test.
const (
	PhaseTutorial  Phase = "tutorial" // Item.Expected and Item.Why are there, to be shown after the answer
	PhaseScreening Phase = "screening"
	PhaseWork      Phase = "work"
)

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
	Current    bool // neither superseded nor withdrawn
	Withdrawn  bool // its annotator's judgements do not count any more
}

// Adjudication is the final word on an item that annotators disagreed about or flagged.
// A later one replaces it.
type Adjudication struct {
	ID        string // UUID made by the client: sending it again changes nothing
	ItemID    int64
	Annotator int64 // an adjudicator or manager
	Handle    string
	Answer    Answer
	At        time.Time // zero means now
}

// Withdrawal is the record that an annotator's judgements no longer count.
type Withdrawal struct {
	Annotator  string    `json:"annotator"`
	By         string    `json:"by,omitempty"` // empty is whoever ran the program on the store itself
	Reason     string    `json:"reason,omitempty"`
	At         time.Time `json:"at"`
	Judgements int       `json:"judgements"` // how many counted until then
}

// NewID is a fresh id for a submission.
func NewID() string { return uuid.NewString() }

// DerivedID is an id that depends on nothing but its name, for programs whose
// answers must come out the same in every run (UUID version 5).
func DerivedID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("plumbline:judgement:"+name)).String()
}
