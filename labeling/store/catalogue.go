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
	var out labeling.Project
	err := s.update(ctx, fmt.Sprintf("create project %q", p.Name), func(tx *txn) error {
		old, id, err := findProject(tx, p.Name)
		out = p
		switch {
		case errors.Is(err, labeling.ErrNotFound):
			out.Version = 0
			id, err = s.insertProject(tx, p)
		case err == nil:
			err = sameProject(old, p)
			out.Task, out.Version = old.Task, old.Version
		}
		if err != nil || p.Guideline == old.Guideline {
			return err
		}
		out.Version++
		return s.insertGuideline(tx, id, out)
	})
	return out, err
}

// sameProject refuses settings other than those stored. A store of the first version
// knows no edits: there, whether the task has them makes no difference.
func sameProject(old, p labeling.Project) error {
	if p.Task.Name == old.Task.Name && !old.Task.Edit {
		p.Task.Edit = false
	}
	if !reflect.DeepEqual(old.Task, p.Task) || old.Overlap != p.Overlap || old.Seed != p.Seed || old.Control != p.Control {
		return fmt.Errorf("%w: got task %+v, overlap %d, seed %d, control %+v, want %+v, %d, %d, %+v",
			labeling.ErrConflict, p.Task, p.Overlap, p.Seed, p.Control, old.Task, old.Overlap, old.Seed, old.Control)
	}
	return nil
}

func (s *Store) insertProject(tx *txn, p labeling.Project) (id int64, err error) {
	task, err := text(p.Task)
	if err != nil {
		return 0, err
	}
	control, err := text(p.Control)
	if err != nil {
		return 0, err
	}
	seed := int64(p.Seed) // SQLite has no unsigned integers: the bits are kept
	err = tx.QueryRow(`INSERT INTO project (name, task, overlap, seed, control, settled) VALUES (?1, ?2, ?3, ?4, ?5, 1) RETURNING id`,
		p.Name, task, p.Overlap, seed, control).Scan(&id)
	if err != nil {
		return 0, err
	}
	tx.record(s.now(), 0, kindProject, id, projectDigest(p.Name, task, p.Overlap, seed, control))
	return id, nil
}

// noControl is the control of a project whose annotators nobody watches, as all were in
// the first version: their digests say nothing about it.
const noControl = "{}"

func projectDigest(name, task string, overlap int, seed int64, control string) string {
	if control == noControl {
		return digest(name, task, overlap, seed)
	}
	return digest(name, task, overlap, seed, control)
}

func (s *Store) insertGuideline(tx *txn, project int64, p labeling.Project) error {
	var id int64
	sum := digest(p.Guideline)
	err := tx.QueryRow(`INSERT INTO guideline (project_id, version, body, sha256) VALUES (?1, ?2, ?3, ?4) RETURNING id`,
		project, p.Version, tx.bytes(p.Guideline), sum).Scan(&id)
	if err != nil {
		return err
	}
	tx.record(s.now(), 0, kindGuideline, id, guidelineDigest(project, p.Version, p.Guideline))
	return nil
}

func guidelineDigest(project int64, version int, body string) string {
	return digest(project, version, body)
}

func findProject(tx *txn, name string) (p labeling.Project, id int64, err error) {
	var task, control string
	var seed int64
	err = tx.QueryRow(`SELECT p.id, p.name, p.task, p.overlap, p.seed, p.control, g.body, g.version
		FROM project p JOIN guideline g ON g.project_id = p.id
		WHERE p.name = ?1 ORDER BY g.version DESC LIMIT 1`, name).Scan(&id, &p.Name, &task, &p.Overlap, &seed, &control, &p.Guideline, &p.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return p, 0, fmt.Errorf("project %q: %w", name, labeling.ErrNotFound)
	}
	if err != nil {
		return p, 0, err
	}
	p.Seed = uint64(seed)
	return p, id, errors.Join(json.Unmarshal([]byte(task), &p.Task), json.Unmarshal([]byte(control), &p.Control))
}

// Project implements labeling.Catalogue.
func (s *Store) Project(ctx context.Context, name string) (p labeling.Project, err error) {
	err = s.snapshot(ctx, "project", func(tx *txn) error {
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

func onlyProject(tx *txn) (name string, err error) {
	var n int
	err = tx.QueryRow(`SELECT count(*), coalesce(max(name), '') FROM project`).Scan(&n, &name)
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: got %d projects and no name, want a name", labeling.ErrNotFound, n)
	}
	return name, err
}

// AddItems implements labeling.Catalogue.
func (s *Store) AddItems(ctx context.Context, project string, items []labeling.Item) (added int, err error) {
	err = s.update(ctx, "add items", func(tx *txn) error {
		p, id, err := findProject(tx, project)
		if err != nil {
			return err
		}
		added = 0
		wanted := 0
		for _, it := range items {
			isNew, err := s.addItem(tx, p, id, it)
			if err != nil {
				return &labeling.ItemError{Ref: it.Ref, Err: err}
			}
			if isNew {
				added++
			}
			if isNew && !it.Kind.Known() {
				wanted += p.Overlap
			}
		}
		if _, err = tx.Exec(`UPDATE project SET wanted = wanted + ?1 WHERE id = ?2`, wanted, id); err != nil {
			return err
		}
		return tx.grown(tx, added)
	})
	if err != nil {
		added = 0
	}
	return added, err
}

// text is the column form of a small value.
func text(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
