package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"plumbline/labeling"
)

func (s *Store) addItem(tx *txn, p labeling.Project, project int64, it labeling.Item) (isNew bool, err error) {
	if err := it.Validate(p.Task); err != nil {
		return false, err
	}
	row, err := newItemRow(project, it)
	if err != nil {
		return false, err
	}
	var old string
	err = tx.QueryRow(`SELECT sha256 FROM item WHERE project_id = ?1 AND ref = ?2`, project, it.Ref).Scan(&old)
	switch {
	case err == nil && old == row.sum():
		return false, nil
	case err == nil:
		return false, labeling.ErrConflict
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	if err := s.insertItem(tx, &row); err != nil || row.kind != labeling.KindTask {
		return true, err
	}
	for n := range p.Overlap {
		if err := insertSlot(tx, p.Seed, row, n); err != nil {
			return false, err
		}
	}
	return true, nil
}

// itemRow is an item as it is stored and vouched for.
type itemRow struct {
	id         int64
	project    int64
	ref        string
	kind       labeling.ItemKind
	prompt     string
	messages   sql.NullString
	priority   float64
	expected   sql.NullString // candidates by place, from 1, so that it can be vouched for before they have ids
	why        string
	origin     sql.NullInt64
	candidates []labeling.Candidate
	ids        []labeling.CandidateID
}

func newItemRow(project int64, it labeling.Item) (r itemRow, err error) {
	r = itemRow{
		project: project, ref: it.Ref, kind: it.Kind, prompt: it.Prompt.Text, priority: it.Priority, why: it.Why,
		origin: sql.NullInt64{Int64: it.Origin, Valid: it.Origin != 0}, candidates: it.Candidates,
	}
	if r.kind == "" {
		r.kind = labeling.KindTask
	}
	if len(it.Prompt.Messages) > 0 {
		r.messages.Valid = true
		if r.messages.String, err = text(it.Prompt.Messages); err != nil {
			return r, err
		}
	}
	if len(it.Expected) > 0 {
		r.expected.Valid = true
		r.expected.String, err = text(it.Expected)
	}
	return r, err
}

// sum is the hash of the content, by which an item imported again is recognised.
func (r itemRow) sum() string {
	fields := []any{r.ref, r.kind, r.prompt, r.messages.Valid, r.messages.String, r.priority}
	for _, c := range r.candidates {
		fields = append(fields, c.Source, c.Text)
	}
	if r.kind != labeling.KindTask { // the first version had no others
		fields = append(fields, r.expected.String, r.why, r.origin.Int64)
	}
	return digest(fields...)
}

// vouch covers the ids too: swapping two would turn every judgement round.
func (r itemRow) vouch() string { return digest(r.project, r.sum(), r.ids) }

// insertItem stores an item and its candidates, and gives them their ids.
func (s *Store) insertItem(tx *txn, r *itemRow) error {
	err := tx.QueryRow(`INSERT INTO item (project_id, ref, kind, prompt, messages, priority, sha256, expected, why, origin)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id`,
		r.project, r.ref, r.kind, tx.bytes(r.prompt), r.messages, r.priority, r.sum(), r.expected, tx.bytes(r.why), r.origin).Scan(&r.id)
	if err != nil {
		return err
	}
	r.ids = make([]labeling.CandidateID, len(r.candidates))
	for i, c := range r.candidates {
		err := tx.QueryRow(`INSERT INTO candidate (item_id, ord, source, body) VALUES (?1, ?2, ?3, ?4) RETURNING id`, r.id, i, c.Source, tx.bytes(c.Text)).Scan(&r.ids[i])
		if err != nil {
			return err
		}
	}
	tx.record(s.now(), 0, kindItem, r.id, r.vouch())
	return nil
}

// insertSlot opens slot n of an item.
func insertSlot(tx *txn, seed uint64, r itemRow, n int) error {
	shown, err := text(Sides(seed, r.ref, n, r.ids))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO slot (project_id, item_id, n, priority, shown) VALUES (?1, ?2, ?3, ?4, ?5)`, r.project, r.id, n, r.priority, shown)
	return err
}

// eachItem reads items that a condition on i holds for, with their candidates, in order of
// import. f must not use the transaction.
func eachItem(tx *txn, f func(itemRow) error, where string, args ...any) error {
	var r itemRow // as far as it is read
	flush := func() error {
		if r.id == 0 {
			return nil
		}
		return f(r)
	}
	err := each(tx, func(scan scanner) error {
		var next itemRow
		var id sql.NullInt64
		var source, body sql.NullString
		err := scan(&next.id, &next.project, &next.ref, &next.kind, &next.prompt, &next.messages, &next.priority, &next.expected, &next.why, &next.origin, &id, &source, &body)
		if err != nil {
			return err
		}
		if next.id != r.id {
			if err := flush(); err != nil {
				return err
			}
			r = next
		}
		if id.Valid {
			r.ids = append(r.ids, labeling.CandidateID(id.Int64))
			r.candidates = append(r.candidates, labeling.Candidate{ID: labeling.CandidateID(id.Int64), Source: source.String, Text: body.String})
		}
		return nil
	}, `SELECT i.id, i.project_id, i.ref, i.kind, i.prompt, i.messages, i.priority, i.expected, i.why, i.origin, c.id, c.source, c.body
		FROM item i LEFT JOIN candidate c ON c.item_id = i.id WHERE `+where+` ORDER BY i.id, c.ord`, args...)
	if err != nil {
		return err
	}
	return flush()
}

// readItemRow reads one item; sql.ErrNoRows if there is none.
func readItemRow(tx *txn, id int64) (r itemRow, err error) {
	err = eachItem(tx, func(found itemRow) error { r = found; return nil }, `i.id = ?1`, id)
	if err == nil && r.id == 0 {
		err = sql.ErrNoRows
	}
	return r, err
}

func readItem(tx *txn, id int64) (labeling.Item, error) {
	r, err := readItemRow(tx, id)
	if err != nil {
		return labeling.Item{}, err
	}
	return r.item()
}

// item is the row as the domain has it.
func (r itemRow) item() (it labeling.Item, err error) {
	it = labeling.Item{
		ID: r.id, Kind: r.kind, Ref: r.ref, Prompt: labeling.Prompt{Text: r.prompt}, Candidates: r.candidates,
		Priority: r.priority, Why: r.why, Origin: r.origin.Int64,
	}
	if r.messages.Valid {
		if err := json.Unmarshal([]byte(r.messages.String), &it.Prompt.Messages); err != nil {
			return it, err
		}
	}
	if !r.expected.Valid {
		return it, nil
	}
	if err := json.Unmarshal([]byte(r.expected.String), &it.Expected); err != nil {
		return it, err
	}
	for key, e := range it.Expected {
		if it.Expected[key], err = r.placed(e); err != nil {
			return it, fmt.Errorf("item %d: expected: %s: %w", r.id, key, err)
		}
	}
	return it, nil
}

// placed turns the places in a known answer into candidate ids.
func (r itemRow) placed(e labeling.Response) (out labeling.Response, err error) {
	id := func(place labeling.CandidateID) labeling.CandidateID {
		if place < 1 || int(place) > len(r.ids) {
			err = fmt.Errorf("got place %d, want 1 to %d", place, len(r.ids))
			return 0
		}
		return r.ids[place-1]
	}
	out = e.Renamed(id)
	return out, err
}
