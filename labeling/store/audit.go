package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"plumbline/labeling"
)

// maxFaults bounds an audit's list.
const maxFaults = 100

// Audit implements labeling.Archive. It holds every event against the one before,
// every row that the log vouches for against its digest, and every such row against
// the log; and it looks whether the triggers are in place and the file is sound.
// What a log alone cannot show is that its end was cut off together with the rows it
// vouched for: that is what the anchor is for.
func (s *Store) Audit(ctx context.Context, anchor string) (out labeling.Audit, err error) {
	err = s.snapshot(ctx, "audit", func(tx *txn) error {
		out = audit(tx, anchor)
		return nil
	})
	return out, err
}

func audit(tx *txn, anchor string) labeling.Audit {
	a := auditor{tx: tx, anchor: anchor}
	for _, check := range []func() error{a.sound, a.guarded, a.vouched, a.chained, a.slots, a.roster} {
		if err := check(); err != nil { // a file too broken to read is a finding too
			a.fault("reading: %v", err)
		}
	}
	return a.out
}

func (a *auditor) sound() error { return a.tx.sound(a) }

type auditor struct {
	tx     *txn
	anchor string
	rows   map[subject]string // what the tables hold: the digest of each row
	out    labeling.Audit
}

// subject is a row that the log vouches for.
type subject struct{ kind, id string }

func (a *auditor) fault(format string, args ...any) {
	if len(a.out.Faults) < maxFaults {
		a.out.Faults = append(a.out.Faults, fmt.Sprintf(format, args...))
	}
}

// guarded compares the triggers that keep history from being changed with those the
// migrations made.
func (a *auditor) guarded() error {
	have, err := a.tx.guards(a.tx)
	if err != nil {
		return err
	}
	want, err := guards(a.tx.words())
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have[name] != want[name] {
			a.fault("trigger %s: gone or changed", name)
		}
	}
	return err
}

// vouched computes the digest of every row that the log vouches for.
func (a *auditor) vouched() error {
	a.rows = map[subject]string{}
	found := func(kind string, id any, sum string) { a.rows[subject{kind, fmt.Sprint(id)}] = sum }
	for kind, t := range vouchedTables {
		err := each(a.tx, func(scan scanner) error {
			id, sum, err := t.digest(scan)
			found(kind, id, sum)
			return err
		}, t.statement)
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	err := eachItem(a.tx, func(r itemRow) error { found(kindItem, r.id, r.vouch()); return nil }, `true`)
	if err != nil {
		return fmt.Errorf("%s: %w", kindItem, err)
	}
	err = eachWithdrawal(a.tx, func(r withdrawalRow) error { found(kindWithdrawal, r.id, r.vouch()); return nil })
	if err != nil {
		return fmt.Errorf("%s: %w", kindWithdrawal, err)
	}
	return nil
}

// chained walks the log.
func (a *auditor) chained() error {
	var prev event
	anchored := a.anchor == ""
	err := each(a.tx, func(scan scanner) error {
		var e event
		if err := scan(&e.seq, &e.at, &e.actor, &e.kind, &e.subject, &e.digest, &e.prev, &e.hash); err != nil {
			return err
		}
		a.link(prev, e)
		anchored = anchored || e.hash == a.anchor
		prev = e
		a.out.Events++
		return nil
	}, `SELECT seq, at, coalesce(actor, 0), kind, subject, digest, prev, hash FROM event ORDER BY seq`)
	if err != nil {
		return err
	}
	a.out.Head = prev.hash
	if !anchored {
		a.fault("log: the anchor %s is not in it: it was cut off or written anew", a.anchor)
	}
	a.unvouched()
	return nil
}

// link checks one event, and takes what it vouches for off the list.
func (a *auditor) link(prev, e event) {
	if e.seq != prev.seq+1 {
		a.fault("event %d: follows event %d: one or more are gone", e.seq, prev.seq)
	}
	if e.prev != prev.hash || e.hash != e.sum() {
		a.fault("event %d: its hash is not that of its content: it, or the one before, was changed", e.seq)
	}
	if e.kind == kindSteal {
		return
	}
	if e.kind == kindJudgement {
		a.out.Judgements++
	}
	key := subject{e.kind, e.subject}
	switch sum, ok := a.rows[key]; {
	case !ok:
		a.fault("%s %s: gone, but event %d recorded it", e.kind, e.subject, e.seq)
	case sum != e.digest:
		a.fault("%s %s: not what event %d recorded: it was changed", e.kind, e.subject, e.seq)
	}
	delete(a.rows, key)
}

// unvouched reports rows that nothing in the log speaks of.
func (a *auditor) unvouched() {
	var left []string
	for k := range a.rows {
		left = append(left, k.kind+" "+k.id)
	}
	slices.Sort(left)
	for _, name := range left {
		a.fault("%s: no event recorded it: it was written past the store", name)
	}
}

// slots checks that a slot is done exactly if it was judged, once.
// coalesce keeps SQLite from walking all judgements that supersede nothing, for each slot.
func (a *auditor) slots() error {
	return each(a.tx, func(scan scanner) error {
		var id int64
		var state string
		var n int
		err := scan(&id, &state, &n)
		a.fault("slot %d: %s, but has %d judgements that supersede no other", id, state, n)
		return err
	}, `SELECT s.id, s.state, count(j.id) FROM slot s LEFT JOIN judgement j ON j.item_id = s.item_id AND j.slot_id = s.id AND coalesce(j.supersedes, '') = ''
		GROUP BY s.id, s.state HAVING count(j.id) <> CASE s.state WHEN 'done' THEN 1 ELSE 0 END`)
}

// roster checks that everybody's role, status and keys are those they were given last.
func (a *auditor) roster() error {
	everybody, err := annotators(a.tx, "")
	if err != nil {
		return err
	}
	given := map[int64]*labeling.Annotator{}
	for _, x := range everybody {
		given[x.ID] = &labeling.Annotator{Role: labeling.RoleAnnotator, Status: labeling.StatusActive}
	}
	err = each(a.tx, func(scan scanner) error {
		var r changeRow
		err := scan(&r.annotator, &r.field, &r.value)
		if g := given[r.annotator]; g != nil {
			r.apply(g)
		}
		return err
	}, `SELECT annotator_id, field, value FROM change ORDER BY id`)
	for _, x := range everybody {
		g := given[x.ID]
		slices.Sort(g.Keys)
		if x.Role != g.Role || x.Status != g.Status || !slices.Equal(x.Keys, g.Keys) {
			a.fault("annotator %d: %s, %s, keys %v, but was last given %s, %s, keys %v: changed past the store", x.ID, x.Role, x.Status, x.Keys, g.Role, g.Status, g.Keys)
		}
	}
	return err
}

// apply does to an annotator what the change did.
func (r changeRow) apply(a *labeling.Annotator) {
	switch r.field {
	case fieldRole:
		a.Role = labeling.Role(r.value)
	case fieldStatus:
		a.Status = labeling.Status(r.value)
	case fieldAddKey:
		a.Keys = append(a.Keys, r.value)
	case fieldDropKey:
		a.Keys = slices.DeleteFunc(a.Keys, func(k string) bool { return k == r.value })
	}
}

// vouchedTable reads the rows of one kind and digests each as the store did.
type vouchedTable struct {
	statement string
	digest    func(scanner) (id, sum string, err error)
}

// vouchedTables has those whose rows stand for themselves: all but items, which have
// candidates, and withdrawals, which have judgements.
var vouchedTables = map[string]vouchedTable{
	kindProject: {`SELECT id, name, task, overlap, seed, control FROM project`, func(scan scanner) (id, sum string, err error) {
		var name, task, control string
		var overlap int
		var seed int64
		err = scan(&id, &name, &task, &overlap, &seed, &control)
		return id, projectDigest(name, task, overlap, seed, control), err
	}},
	kindGuideline: {`SELECT id, project_id, version, body FROM guideline`, func(scan scanner) (id, sum string, err error) {
		var project int64
		var version int
		var body string
		err = scan(&id, &project, &version, &body)
		return id, guidelineDigest(project, version, body), err
	}},
	kindAnnotator: {`SELECT id, handle, simulated FROM annotator`, func(scan scanner) (id, sum string, err error) {
		var handle string
		var simulated bool
		err = scan(&id, &handle, &simulated)
		return id, annotatorDigest(handle, simulated), err
	}},
	kindChange: {`SELECT id, annotator_id, field, value, actor_id, reason, at FROM change`, func(scan scanner) (id, sum string, err error) {
		var r changeRow
		err = scan(&id, &r.annotator, &r.field, &r.value, &r.actor, &r.reason, &r.at)
		return id, r.vouch(), err
	}},
	kindSkip: {`SELECT id, item_id, annotator_id, reason, at FROM skip`, func(scan scanner) (id, sum string, err error) {
		var item, annotator, at int64
		var reason string
		err = scan(&id, &item, &annotator, &reason, &at)
		return id, skipDigest(item, annotator, reason, at), err
	}},
	kindJudgement: {`SELECT uuid, slot_id, item_id, annotator_id, guideline_id, shown, answer, active_ms, wall_ms, at, supersedes FROM judgement`, func(scan scanner) (id, sum string, err error) {
		var r judgementRow
		err = scan(&r.uuid, &r.slot, &r.item, &r.annotator, &r.guideline, &r.shown, &r.answer, &r.active, &r.wall, &r.at, &r.supersedes)
		return r.uuid, r.vouch(), err
	}},
	kindAdjudication: {`SELECT uuid, item_id, annotator_id, answer, at FROM adjudication`, func(scan scanner) (id, sum string, err error) {
		var r adjudicationRow
		err = scan(&r.uuid, &r.item, &r.annotator, &r.answer, &r.at)
		return r.uuid, r.vouch(), err
	}},
	kindExport: {`SELECT id, project_id, format, sha256, lines, bytes, head, note FROM export_run`, func(scan scanner) (id, sum string, err error) {
		var project int64
		var r labeling.ExportRun
		err = scan(&id, &project, &r.Format, &r.SHA256, &r.Lines, &r.Bytes, &r.Head, &r.Note)
		return id, exportDigest(project, r), err
	}},
}
