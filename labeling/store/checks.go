package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"plumbline/labeling"
)

// How far back a judgement lies that is asked for again, and how many of those before it
// are looked at.
const (
	repeatAfter  = 10
	repeatWithin = 100
)

// draw is a number in [0, 1) that depends on its arguments alone, so that a reconnect
// finds the same one.
func draw(seed uint64, what string, annotator int64, n int) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d\x00%d", what, seed, annotator, n))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

// pick is one of some, by draw.
func (c *claim) pick(what string, had, of int) int {
	return int(draw(c.project.seed, what, c.who.ID, had) * float64(of))
}

// test leases the next item of the tutorial, or else of the test. After the last one it
// decides; who passes goes on to the work.
func (c *claim) test() (got bool, err error) {
	tutorial, err := c.unseen(labeling.KindTutorial)
	if err != nil {
		return false, err
	}
	if len(tutorial) > 0 {
		return true, c.give(tutorial[0])
	}
	t, err := readTested(c.tx, c.project.id, c.who.ID)
	if err != nil {
		return false, err
	}
	if t.seen >= c.project.control.Screening.Items {
		if c.who.Status, err = c.decide(c.tx, c.project, c.who, t); err == nil && c.who.Status != labeling.StatusActive {
			err = notActive(c.who)
		}
		return false, err
	}
	gold, err := c.unseen(labeling.KindGold)
	if err != nil {
		return false, err
	}
	if len(gold) == 0 {
		return false, fmt.Errorf("%w: the test has %d items, but the project only %d of kind gold", labeling.ErrNoWork, c.project.control.Screening.Items, t.seen)
	}
	return true, c.give(gold[c.pick("test", t.seen, len(gold))])
}

// check leases an item that watches the annotator, where one is due and there is work
// to hide it in.
func (c *claim) check() (got bool, err error) {
	ctl := c.project.control
	var had int
	err = c.tx.QueryRow(`SELECT coalesce(sum(done + skipped), 0) FROM progress WHERE project_id = ?1 AND annotator_id = ?2`, c.project.id, c.who.ID).Scan(&had)
	if err != nil {
		return false, err
	}
	x := draw(c.project.seed, "check", c.who.ID, had)
	if x >= ctl.Gold+ctl.Repeats {
		return false, nil
	}
	if left, err := c.workLeft(); !left || err != nil {
		return false, err
	}
	if x < ctl.Gold {
		return c.gold(had)
	}
	return c.repeat(had)
}

// workLeft tells whether an open slot is there for the annotator.
func (c *claim) workLeft() (left bool, err error) {
	err = c.tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM slot s WHERE s.state = 'open' AND s.project_id = ?2 `+mayJudge+`)`, c.who.ID, c.project.id).Scan(&left)
	return left, err
}

// gold leases a gold or attention item that the annotator has not seen.
func (c *claim) gold(had int) (bool, error) {
	ids, err := c.unseen(labeling.KindGold, labeling.KindAttention)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	return true, c.give(ids[c.pick("gold", had, len(ids))])
}

// unseen lists the items of some kinds that the annotator has neither had nor skipped.
func (c *claim) unseen(kinds ...labeling.ItemKind) (out []int64, err error) {
	for _, k := range kinds {
		ids, err := query(c.tx, func(scan scanner) (id int64, err error) { return id, scan(&id) },
			`SELECT s.id FROM (SELECT id, id AS item_id FROM item WHERE project_id = ?2 AND kind = ?3 AND kind <> 'task') s WHERE true `+mayJudge+` ORDER BY s.id`, c.who.ID, c.project.id, k)
		if err != nil {
			return nil, err
		}
		out = append(out, ids...)
	}
	return out, nil
}

// give makes a personal slot of an item. Its number is the annotator's, so that no two
// want the same one.
func (c *claim) give(item int64) error {
	row, err := readItemRow(c.tx, item)
	if err != nil {
		return err
	}
	n := int(c.who.ID)
	return c.personal(row, n, Sides(c.project.seed, row.ref, n, row.ids))
}

func (c *claim) personal(row itemRow, n int, shown []labeling.CandidateID) (err error) {
	if c.shown, err = text(shown); err != nil {
		return err
	}
	c.item = row.id
	l := &c.lease
	return c.tx.QueryRow(`INSERT INTO slot (project_id, item_id, n, priority, shown, state, annotator_id, lease_until, token, mode)
		VALUES (?1, ?2, ?3, ?4, ?5, 'leased', ?6, ?7, ?8, 'personal') RETURNING id`,
		row.project, row.id, n, row.priority, c.shown, l.Annotator, l.Until.UnixMilli(), l.Token).Scan(&l.Slot)
}

// judgedBefore is an item as the annotator had it.
type judgedBefore struct {
	item  int64
	shown string
}

// repeat leases an item that the annotator judged a while ago, sides swapped, as one that
// is new to all appearance.
func (c *claim) repeat(had int) (bool, error) {
	old, err := query(c.tx, func(scan scanner) (b judgedBefore, err error) { return b, scan(&b.item, &b.shown) },
		`SELECT j.item_id, j.shown FROM (SELECT id, item_id, shown FROM judgement WHERE annotator_id = ?1 AND supersedes IS NULL ORDER BY id DESC LIMIT ?3 OFFSET ?4) j
			JOIN item i ON i.id = j.item_id
			WHERE i.project_id = ?2 AND i.kind = 'task' AND NOT `+isWithdrawn+`
			AND NOT EXISTS (SELECT 1 FROM item r JOIN slot x ON x.item_id = r.id WHERE r.origin = i.id AND x.annotator_id = ?1)
			AND NOT EXISTS (SELECT 1 FROM item r JOIN skip k ON k.item_id = r.id WHERE r.origin = i.id AND k.annotator_id = ?1)
			ORDER BY j.id`, c.who.ID, c.project.id, repeatWithin, repeatAfter-1)
	if err != nil || len(old) == 0 {
		return false, err
	}
	b := old[c.pick("repeat", had, len(old))]
	row, places, err := c.copyOf(b)
	if err != nil {
		return false, err
	}
	shown := make([]labeling.CandidateID, len(places))
	for i, place := range places {
		shown[i] = row.ids[place]
	}
	return true, c.personal(row, 0, shown)
}

// copyOf stores an item again under a name that gives nothing away. places is the order
// to show its candidates in: the other way round.
func (c *claim) copyOf(b judgedBefore) (row itemRow, places []int, err error) {
	of, err := readItemRow(c.tx, b.item)
	if err != nil {
		return row, nil, err
	}
	var shown []labeling.CandidateID
	if err := json.Unmarshal([]byte(b.shown), &shown); err != nil {
		return row, nil, err
	}
	for _, id := range slices.Backward(shown) {
		places = append(places, slices.Index(of.ids, id))
	}
	row = of
	row.kind, row.origin = labeling.KindRepeat, sql.NullInt64{Int64: of.id, Valid: true}
	row.ref = labeling.DerivedID(fmt.Sprintf("repeat %d %s %s", c.project.seed, of.ref, c.who.Handle))
	return row, places, c.insertItem(c.tx, &row)
}

// tested is how far an annotator is in the test of a project.
type tested struct{ seen, right int }

// readTested counts the gold items that an annotator has answered or skipped, and those
// answered right. What is skipped is not right: else a test could be skipped through.
func readTested(tx *txn, project, annotator int64) (t tested, err error) {
	err = tx.QueryRow(`SELECT count(*) FROM skip k JOIN item i ON i.id = k.item_id WHERE k.annotator_id = ?1 AND i.project_id = ?2 AND i.kind = 'gold'`,
		annotator, project).Scan(&t.seen)
	if err != nil {
		return t, err
	}
	type given struct {
		item   int64
		answer string
	}
	all, err := query(tx, func(scan scanner) (g given, err error) { return g, scan(&g.item, &g.answer) },
		`SELECT j.item_id, j.answer FROM judgement j JOIN item i ON i.id = j.item_id
			WHERE j.annotator_id = ?1 AND i.project_id = ?2 AND i.kind = 'gold' AND `+isCurrent, annotator, project)
	if err != nil {
		return t, err
	}
	for _, g := range all {
		it, err := readItem(tx, g.item)
		if err != nil {
			return t, err
		}
		var a labeling.Answer
		if err := json.Unmarshal([]byte(g.answer), &a); err != nil {
			return t, err
		}
		t.seen++
		if a.Agrees(it.Expected) {
			t.right++
		}
	}
	return t, nil
}

// examine decides about an annotator who has just done with an item, if that was the last
// one of the test.
func (s *Store) examine(tx *txn, project, annotator int64) error {
	who, err := holdAnnotator(tx, annotator)
	if err != nil || who.Status != labeling.StatusScreening {
		return err
	}
	p, err := tx.settings(project)
	if err != nil {
		return err
	}
	t, err := readTested(tx, project, annotator)
	if err != nil || t.seen < p.control.Screening.Items {
		return err
	}
	_, err = s.decide(tx, p, who, t)
	return err
}

// decide ends a test: the annotator passes, or is blocked.
func (s *Store) decide(tx *txn, p *settings, who labeling.Annotator, t tested) (labeling.Status, error) {
	c := labeling.Change{Status: labeling.StatusBlocked, Reason: fmt.Sprintf("screening: %d of %d", t.right, p.control.Screening.Items)}
	if t.right >= p.control.Screening.Pass {
		c.Status = labeling.StatusActive
	}
	return c.Status, s.change(tx, who, c)
}
