package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// The kinds of events that vouch for a row; steal is the only one that does not.
const (
	kindProject      = "project"
	kindGuideline    = "guideline"
	kindAnnotator    = "annotator"
	kindChange       = "change"
	kindItem         = "item"
	kindSkip         = "skip"
	kindJudgement    = "judgement"
	kindAdjudication = "adjudication"
	kindWithdrawal   = "withdrawal"
	kindExport       = "export"
	kindSteal        = "steal"
)

// digest is a SHA-256 over fields that cannot run into one another.
func digest(fields ...any) string {
	h := sha256.New()
	var size [8]byte
	for _, f := range fields {
		s := fmt.Sprint(f)
		binary.BigEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// event is one entry of the log. digest is of what it vouches for, hash of the entry
// and of the hash before it:
//
//	hash_n = SHA-256(hash_{n-1}, n, at, actor, kind, subject, digest)
type event struct {
	seq     int64
	at      int64
	actor   int64 // 0 is the program
	kind    string
	subject string
	digest  string
	prev    string
	hash    string
}

func (e event) sum() string {
	return digest(e.prev, e.seq, e.at, e.actor, e.kind, e.subject, e.digest)
}

func (e event) insert() statement {
	return statement{
		`INSERT INTO event (seq, at, actor, kind, subject, digest, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
		[]any{e.seq, e.at, optional(e.actor), e.kind, e.subject, e.digest, e.prev, e.hash},
	}
}

// record has an event appended to the log with the transaction.
func (t *txn) record(at time.Time, actor int64, kind string, subject any, digest string) {
	t.events = append(t.events, event{at: at.UnixMilli(), actor: actor, kind: kind, subject: fmt.Sprint(subject), digest: digest})
}

// append writes the events that were recorded, and keeps other hosts from doing so until
// the transaction ends: the numbers of the log have no gaps.
func (t *txn) append() error {
	if err := t.lockLog(t); err != nil {
		return err
	}
	if len(t.events) == 0 {
		return nil
	}
	seq, hash, err := t.head()
	if err != nil {
		return err
	}
	var all []statement
	for _, e := range t.events {
		seq++
		e.seq, e.prev = seq, hash
		e.hash = e.sum()
		hash = e.hash
		all = append(all, e.insert())
	}
	if err := t.ExecAll(all...); err != nil {
		return err
	}
	t.events = t.events[:0]
	return nil
}

// head is the last event's number and hash; 0 and nothing in an empty log.
func (t *txn) head() (seq int64, hash string, err error) {
	err = t.QueryRow(`SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1`).Scan(&seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return seq, hash, err
}
