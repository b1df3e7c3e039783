package store

import (
	"container/list"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"plumbline/labeling"
)

// known keeps in memory what never changes once it is committed: the settings of projects,
// and as many items as fit.
type known struct {
	byName sync.Map // string -> *settings
	byID   sync.Map // int64 -> *settings
	items  itemCache
}

// settings are what never changes of a project; its guideline is not among them.
type settings struct {
	id       int64
	name     string
	task     labeling.Task
	question string // the main one, or "" in a task of marks alone
	overlap  int
	seed     uint64
	control  labeling.Control
}

func readSettings(tx *txn, where string, which any) (*settings, error) {
	var p settings
	var task, control string
	var seed int64
	err := tx.QueryRow(`SELECT id, name, task, overlap, seed, control FROM project WHERE `+where, which).Scan(&p.id, &p.name, &task, &p.overlap, &seed, &control)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("project %q: %w", which, labeling.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	p.seed = uint64(seed)
	if err := errors.Join(json.Unmarshal([]byte(task), &p.task), json.Unmarshal([]byte(control), &p.control)); err != nil {
		return nil, err
	}
	if q, ok := p.task.Main(); ok {
		p.question = q.Key
	}
	return &p, nil
}

// settings finds a project by name; the empty name means the only one.
func (s *Store) settings(ctx context.Context, name string) (p *settings, err error) {
	if p, ok := s.known.byName.Load(name); ok {
		return p.(*settings), nil
	}
	err = s.snapshot(ctx, "project", func(tx *txn) error {
		full := name
		if full == "" { // not for good: there may be two one day
			if full, err = onlyProject(tx); err != nil {
				return err
			}
		}
		p, err = readSettings(tx, `name = ?1`, full)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.known.byName.Store(p.name, p)
	s.known.byID.Store(p.id, p)
	return p, nil
}

// settings finds a project that was committed before, for something of it is at hand.
func (t *txn) settings(id int64) (*settings, error) {
	if p, ok := t.known.byID.Load(id); ok {
		return p.(*settings), nil
	}
	p, err := readSettings(t, `id = ?1`, id)
	if err == nil {
		t.known.byID.Store(id, p)
	}
	return p, err
}

// cacheBytes is how much text of items is kept in memory.
const cacheBytes = 16 << 20

// itemCache keeps the items used last.
type itemCache struct {
	mu    sync.Mutex
	at    map[int64]*list.Element
	order list.List // of labeling.Item, the one used last in front
	bytes int
}

func (c *itemCache) get(id int64) (it labeling.Item, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.at[id]
	if !ok {
		return it, false
	}
	c.order.MoveToFront(e)
	return e.Value.(labeling.Item), true
}

func (c *itemCache) put(it labeling.Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = map[int64]*list.Element{}
	}
	if _, ok := c.at[it.ID]; ok {
		return
	}
	c.at[it.ID] = c.order.PushFront(it)
	for c.bytes += size(it); c.bytes > cacheBytes && c.order.Len() > 1; {
		last := c.order.Remove(c.order.Back()).(labeling.Item)
		delete(c.at, last.ID)
		c.bytes -= size(last)
	}
}

// size is about how much memory an item takes.
func size(it labeling.Item) int {
	n := 500 + len(it.Prompt.Text) + len(it.Why)
	for _, m := range it.Prompt.Messages {
		n += 50 + len(m.Content)
	}
	for _, c := range it.Candidates {
		n += 100 + len(c.Text)
	}
	return n
}

// item is an item that was committed before. What it points to is not to be changed.
func (s *Store) item(ctx context.Context, id int64) (it labeling.Item, err error) {
	if it, ok := s.known.items.get(id); ok {
		return it, nil
	}
	err = s.snapshot(ctx, "item", func(tx *txn) error {
		it, err = readItem(tx, id)
		return err
	})
	if err == nil {
		s.known.items.put(it)
	}
	return it, err
}

// unmarked is an item without what an annotator must not see.
func unmarked(it labeling.Item, p labeling.Phase) labeling.Item {
	out := labeling.Item{ID: it.ID, Ref: it.Ref, Prompt: it.Prompt}
	out.Prompt.Messages = slices.Clone(it.Prompt.Messages)
	if p == labeling.PhaseTutorial {
		out.Expected, out.Why = it.Expected, it.Why
	}
	for _, c := range it.Candidates {
		out.Candidates = append(out.Candidates, labeling.Candidate{ID: c.ID, Text: c.Text})
	}
	return out
}
