package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"plumbline/labeling"
)

// CreateProject implements labeling.Catalogue.
func (s *Store) CreateProject(ctx context.Context, p labeling.Project) (labeling.Project, error) {
	if err := p.Validate(); err != nil {
		return labeling.Project{}, err
	}
	err := s.update(ctx, fmt.Sprintf("create project %q", p.Name), func(tx *sql.Tx) error {
		old, id, err := findProject(tx, p.Name)
		switch {
		case errors.Is(err, labeling.ErrNotFound):
			p.Version = 0
			id, err = s.insertProject(tx, p)
		case err == nil:
			err = sameProject(old, p)
			p.Version = old.Version
		}
		if err != nil || p.Guideline == old.Guideline {
			return err
		}
		p.Version++
		return s.insertGuideline(tx, id, p)
	})
	return p, err
}

func sameProject(old, p labeling.Project) error {
	if !reflect.DeepEqual(old.Task, p.Task) || old.Overlap != p.Overlap || old.Seed != p.Seed {
		return fmt.Errorf("%w: got task %+v, overlap %d, seed %d, want %+v, %d, %d",
			labeling.ErrConflict, p.Task, p.Overlap, p.Seed, old.Task, old.Overlap, old.Seed)
	}
	return nil
}

func (s *Store) insertProject(tx *sql.Tx, p labeling.Project) (id int64, err error) {
	task, err := text(p.Task)
	if err != nil {
		return 0, err
	}
	seed := int64(p.Seed) // SQLite has no unsigned integers: the bits are kept
	err = tx.QueryRow(`INSERT INTO project (name, task, overlap, seed) VALUES (?1, ?2, ?3, ?4) RETURNING id`, p.Name, task, p.Overlap, seed).Scan(&id)
	if err != nil {
		return 0, err
	}
	return id, record(tx, s.now(), 0, kindProject, id, projectDigest(p.Name, task, p.Overlap, seed))
}

func projectDigest(name, task string, overlap int, seed int64) string {
	return digest(name, task, overlap, seed)
}

func (s *Store) insertGuideline(tx *sql.Tx, project int64, p labeling.Project) error {
	var id int64
	sum := digest(p.Guideline)
	err := tx.QueryRow(`INSERT INTO guideline (project_id, version, body, sha256) VALUES (?1, ?2, ?3, ?4) RETURNING id`,
		project, p.Version, p.Guideline, sum).Scan(&id)
	if err != nil {
		return err
	}
	return record(tx, s.now(), 0, kindGuideline, id, guidelineDigest(project, p.Version, p.Guideline))
}

func guidelineDigest(project int64, version int, body string) string {
	return digest(project, version, body)
}

// querier is a transaction or a pool.
type querier interface {
	QueryRow(query string, args ...any) *sql.Row
}

func findProject(q querier, name string) (p labeling.Project, id int64, err error) {
	var task string
	var seed int64
	err = q.QueryRow(`SELECT p.id, p.name, p.task, p.overlap, p.seed, g.body, g.version
		FROM project p JOIN guideline g ON g.project_id = p.id
		WHERE p.name = ?1 ORDER BY g.version DESC LIMIT 1`, name).Scan(&id, &p.Name, &task, &p.Overlap, &seed, &p.Guideline, &p.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return p, 0, fmt.Errorf("project %q: %w", name, labeling.ErrNotFound)
	}
	if err != nil {
		return p, 0, err
	}
	p.Seed = uint64(seed)
	return p, id, json.Unmarshal([]byte(task), &p.Task)
}

// Project implements labeling.Catalogue.
func (s *Store) Project(ctx context.Context, name string) (p labeling.Project, err error) {
	err = s.snapshot(ctx, "project", func(tx *sql.Tx) error {
		if name == "" {
			if name, err = onlyProject(tx); err != nil {
				return err
			}
		}
		p, _, err = findProject(tx, name)
		return err
	})
	return p, err
}

func onlyProject(q querier) (name string, err error) {
	var n int
	err = q.QueryRow(`SELECT count(*), coalesce(max(name), '') FROM project`).Scan(&n, &name)
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: got %d projects and no name, want a name", labeling.ErrNotFound, n)
	}
	return name, err
}

// projectID resolves a name; ids never change, so they are remembered.
func (s *Store) projectID(ctx context.Context, name string) (int64, error) {
	if id, ok := s.projects.Load(name); ok {
		return id.(int64), nil
	}
	var id int64
	err := s.snapshot(ctx, "project", func(tx *sql.Tx) (err error) {
		full := name
		if full == "" {
			if full, err = onlyProject(tx); err != nil {
				return err
			}
		}
		_, id, err = findProject(tx, full)
		return err
	})
	if err == nil && name != "" {
		s.projects.Store(name, id)
	}
	return id, err
}

// AddItems implements labeling.Catalogue.
func (s *Store) AddItems(ctx context.Context, project string, items []labeling.Item) (added int, err error) {
	err = s.update(ctx, "add items", func(tx *sql.Tx) error {
		p, id, err := findProject(tx, project)
		if err != nil {
			return err
		}
		added = 0
		for _, it := range items {
			isNew, err := s.addItem(tx, p, id, it)
			if err != nil {
				return &labeling.ItemError{Ref: it.Ref, Err: err}
			}
			if isNew {
				added++
			}
		}
		_, err = tx.Exec(`UPDATE project SET wanted = wanted + ?1 WHERE id = ?2`, added*p.Overlap, id)
		return err
	})
	if err != nil {
		added = 0
	}
	return added, err
}

const kindTask = "task" // of an item: an ordinary one

func (s *Store) addItem(tx *sql.Tx, p labeling.Project, project int64, it labeling.Item) (isNew bool, err error) {
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
	err = tx.QueryRow(`INSERT INTO item (project_id, ref, prompt, messages, priority, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id`,
		row.project, row.ref, row.prompt, row.messages, row.priority, row.sum()).Scan(&row.id)
	if err != nil {
		return false, err
	}
	if row.ids, err = insertCandidates(tx, row.id, it.Candidates); err != nil {
		return false, err
	}
	if err := insertSlots(tx, p, row); err != nil {
		return false, err
	}
	return true, record(tx, s.now(), 0, kindItem, row.id, row.vouch())
}

// itemRow is an item as it is stored and vouched for.
type itemRow struct {
	id         int64
	project    int64
	ref        string
	kind       string
	prompt     string
	messages   sql.NullString
	priority   float64
	candidates []labeling.Candidate
	ids        []labeling.CandidateID
}

func newItemRow(project int64, it labeling.Item) (itemRow, error) {
	r := itemRow{project: project, ref: it.Ref, kind: kindTask, prompt: it.Prompt.Text, priority: it.Priority, candidates: it.Candidates}
	if len(it.Prompt.Messages) == 0 {
		return r, nil
	}
	var err error
	r.messages.Valid = true
	r.messages.String, err = text(it.Prompt.Messages)
	return r, err
}

// sum is the hash of the content, by which an item imported again is recognised.
func (r itemRow) sum() string {
	fields := []any{r.ref, r.kind, r.prompt, r.messages.Valid, r.messages.String, r.priority}
	for _, c := range r.candidates {
		fields = append(fields, c.Source, c.Text)
	}
	return digest(fields...)
}

// vouch covers the ids too: swapping two would turn every judgement round.
func (r itemRow) vouch() string { return digest(r.project, r.sum(), r.ids) }

func insertCandidates(tx *sql.Tx, item int64, cs []labeling.Candidate) ([]labeling.CandidateID, error) {
	ids := make([]labeling.CandidateID, len(cs))
	for i, c := range cs {
		err := tx.QueryRow(`INSERT INTO candidate (item_id, ord, source, body) VALUES (?1, ?2, ?3, ?4) RETURNING id`, item, i, c.Source, c.Text).Scan(&ids[i])
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func insertSlots(tx *sql.Tx, p labeling.Project, r itemRow) error {
	for n := range p.Overlap {
		shown, err := text(sides(p.Seed, r.ref, n, r.ids))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO slot (project_id, item_id, n, priority, shown) VALUES (?1, ?2, ?3, ?4, ?5)`,
			r.project, r.id, n, r.priority, shown); err != nil {
			return err
		}
	}
	return nil
}

// Enrol implements labeling.Catalogue.
func (s *Store) Enrol(ctx context.Context, a labeling.Annotator) (labeling.Annotator, error) {
	if a.Role == "" {
		a.Role = labeling.RoleAnnotator
	}
	if err := a.Validate(); err != nil {
		return a, err
	}
	var out labeling.Annotator
	err := s.update(ctx, fmt.Sprintf("enrol %q", a.Handle), func(tx *sql.Tx) error {
		out = a
		err := tx.QueryRow(`SELECT id, role, simulated FROM annotator WHERE handle = ?1`, a.Handle).Scan(&out.ID, &out.Role, &out.Simulated)
		if err == nil && out.Simulated != a.Simulated {
			return fmt.Errorf("%w: one of the two is a person, the other a program", labeling.ErrConflict)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err = tx.QueryRow(`INSERT INTO annotator (handle, role, simulated) VALUES (?1, ?2, ?3) RETURNING id`, a.Handle, a.Role, a.Simulated).Scan(&out.ID)
		if err != nil {
			return err
		}
		return record(tx, s.now(), 0, kindAnnotator, out.ID, annotatorDigest(a.Handle, a.Simulated))
	})
	return out, err
}

// annotatorDigest leaves out what may change later: role and status.
func annotatorDigest(handle string, simulated bool) string { return digest(handle, simulated) }

// text is the column form of a small value.
func text(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
