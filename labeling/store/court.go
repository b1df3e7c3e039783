package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"plumbline/labeling"
)

// The states of an item.
const (
	stateOpen       = "open"       // to be judged still
	stateComplete   = "complete"   // fully judged, and annotators agree well enough
	stateAdjudicate = "adjudicate" // needs a final word
	stateFinal      = "final"      // has one
)

// touch is an item whose state may be another after the transaction. Where all that
// happened is that a slot was done, it is another only if that was the last one.
type touch struct {
	item     int64
	slotDone bool
}

// settle works out the states of the items that were touched.
func (t *txn) settle() error {
	if len(t.touched) == 0 {
		return nil
	}
	slotDone := map[int64]bool{}
	for _, x := range t.touched {
		only, again := slotDone[x.item]
		slotDone[x.item] = x.slotDone && (only || !again)
	}
	list, err := t.list(slices.Sorted(maps.Keys(slotDone)))
	if err != nil {
		return err
	}
	items, err := query(t, func(scan scanner) (i unsettled, err error) {
		return i, scan(&i.id, &i.project, &i.state, &i.missing)
	}, `SELECT i.id, i.project_id, i.state, EXISTS (SELECT 1 FROM slot s WHERE s.item_id = i.id AND s.state <> 'done')
		FROM item i WHERE i.id {in ?1} AND i.kind = 'task' ORDER BY i.id`, list)
	if err != nil {
		return err
	}
	for _, i := range items {
		if slotDone[i.id] && i.missing {
			continue
		}
		if err := t.settleItem(i, slotDone[i.id]); err != nil {
			return err
		}
	}
	return nil
}

// unsettled is an item of the work whose state may be another.
type unsettled struct {
	id, project int64
	state       string
	missing     bool // a judgement is
}

func (t *txn) settleItem(i unsettled, slotDone bool) error {
	p, err := t.settings(i.project)
	if err != nil {
		return err
	}
	state := stateComplete // what a single answer decides
	if !slotDone || p.overlap > 1 || i.state != stateOpen {
		j, err := judgedItem(t, i.id)
		if err != nil {
			return err
		}
		state = stateOf(j, p.question, i.missing)
	}
	if state == i.state {
		return nil
	}
	_, err = t.Exec(`UPDATE item SET state = ?2 WHERE id = ?1`, i.id, state)
	return err
}

// stateOf is the state of an item with all that was said about it.
func stateOf(j labeling.JudgedItem, question string, missing bool) string {
	switch {
	case j.Adjudication != nil:
		return stateFinal
	case flagged(j):
		return stateAdjudicate
	case missing:
		return stateOpen
	case !decided(j, question):
		return stateAdjudicate
	}
	return stateComplete
}

func flagged(j labeling.JudgedItem) bool {
	for _, g := range j.Judgements {
		if g.Current && g.Answer.Flagged {
			return true
		}
	}
	return false
}

// decided tells whether a candidate comes out first in the main question: each other one
// is found worse than it, or equally good, more often than anything else. A task of
// marks alone has nothing to decide.
func decided(j labeling.JudgedItem, question string) bool {
	if question == "" {
		return true
	}
	c, ok := labeling.Compare(j, question)
	if !ok { // an optional question that nobody answered
		return true
	}
	for a := range j.Item.Candidates {
		if unbeaten(c, a) {
			return true
		}
	}
	return false
}

func unbeaten(c labeling.Comparison, a int) bool {
	for b := range c.Item.Candidates {
		if a == b {
			continue
		}
		all := c.Of(a, b)
		if len(all) == 0 || len(all) > 1 && all[0].Votes == all[1].Votes || all[0].Chosen != a && !all[0].Tie {
			return false
		}
	}
	return true
}

// Disputes implements labeling.Court.
func (s *Store) Disputes(ctx context.Context, project string) iter.Seq2[labeling.JudgedItem, error] {
	return s.judged(ctx, "disputes", project, ` AND state = 'adjudicate'`)
}

// adjudicationRow is a final word as it is stored and vouched for.
type adjudicationRow struct {
	uuid      string
	item      int64
	annotator int64
	answer    string
	at        int64
}

func (r adjudicationRow) vouch() string {
	return digest(r.uuid, r.item, r.annotator, r.answer, r.at)
}

// Adjudicate implements labeling.Court.
func (s *Store) Adjudicate(ctx context.Context, a labeling.Adjudication) error {
	if _, err := uuid.Parse(a.ID); err != nil {
		return fmt.Errorf("labeling/store: adjudicate: id: got %.60q, want a UUID", a.ID)
	}
	answer, err := text(a.Answer)
	if err != nil {
		return fmt.Errorf("labeling/store: adjudicate: %w", err)
	}
	r := adjudicationRow{uuid: a.ID, item: a.ItemID, annotator: a.Annotator, answer: answer, at: a.At.UnixMilli()}
	return s.update(ctx, "adjudicate", func(tx *txn) error {
		if a.At.IsZero() {
			r.at = s.now().UnixMilli()
		}
		if again, err := adjudicatedBefore(tx, r); again || err != nil {
			return err
		}
		if err := mustBe(tx, a.Annotator, labeling.RoleAdjudicator, labeling.RoleManager); err != nil {
			return err
		}
		if err := adjudicable(tx, a); err != nil {
			return err
		}
		tx.touched = append(tx.touched, touch{item: r.item})
		return s.insertAdjudication(tx, r)
	})
}

// adjudicatedBefore finds a final word that arrived already.
func adjudicatedBefore(tx *txn, r adjudicationRow) (bool, error) {
	var old adjudicationRow
	err := tx.QueryRow(`SELECT item_id, annotator_id, answer FROM adjudication WHERE uuid = ?1`, r.uuid).Scan(&old.item, &old.annotator, &old.answer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case old.item != r.item || old.annotator != r.annotator || old.answer != r.answer:
		return true, fmt.Errorf("id %s: %w", r.uuid, labeling.ErrConflict)
	}
	return true, nil
}

// adjudicable checks a final word against its item and its project's task.
func adjudicable(tx *txn, a labeling.Adjudication) error {
	row, err := readItemRow(tx, a.ItemID)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("item %d: %w", a.ItemID, labeling.ErrNotFound)
	}
	if err != nil {
		return err
	}
	if row.kind != labeling.KindTask {
		return fmt.Errorf("item %d: got kind %s, want %s: %w", a.ItemID, row.kind, labeling.KindTask, labeling.ErrConflict)
	}
	p, err := tx.settings(row.project)
	if err != nil {
		return err
	}
	return a.Answer.Validate(p.task, row.ids)
}

func (s *Store) insertAdjudication(tx *txn, r adjudicationRow) error {
	_, err := tx.Exec(`INSERT INTO adjudication (uuid, item_id, annotator_id, answer, at) VALUES (?1, ?2, ?3, ?4, ?5)`,
		r.uuid, r.item, r.annotator, r.answer, r.at)
	if err != nil {
		return err
	}
	tx.record(s.now(), r.annotator, kindAdjudication, r.uuid, r.vouch())
	return nil
}

// eachAdjudication reads the final words on items whose ids a statement yields, the oldest
// first.
func eachAdjudication(tx *txn, f func(labeling.Adjudication) error, some string, args ...any) error {
	return each(tx, func(scan scanner) error {
		var a labeling.Adjudication
		var answer string
		var at int64
		if err := scan(&a.ID, &a.ItemID, &a.Annotator, &a.Handle, &answer, &at); err != nil {
			return err
		}
		a.At = time.UnixMilli(at).UTC()
		if err := json.Unmarshal([]byte(answer), &a.Answer); err != nil {
			return err
		}
		return f(a)
	}, `SELECT d.uuid, d.item_id, d.annotator_id, a.handle, d.answer, d.at FROM adjudication d JOIN annotator a ON a.id = d.annotator_id
		WHERE d.item_id IN `+some+` ORDER BY d.id`, args...)
}
