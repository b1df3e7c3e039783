package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plumbline/internal/dataset"
	"plumbline/labeling"
	"plumbline/labeling/store"
)

// Ancestor is a thing that a checkpoint comes from, and what that comes from.
type Ancestor struct {
	Name   string     `json:"name"` // "runs/a ppo (done)", or a file
	SHA256 string     `json:"sha256,omitempty"`
	Learnt *Learnt    `json:"judgements,omitempty"` // from judgements, itself or by what it comes from
	Again  bool       `json:"again,omitempty"`      // it stands above with what it comes from
	From   []Ancestor `json:"from,omitempty"`

	ids ids
}

// ids is a set of judgements.
type ids map[string]bool

// Learnt is what became of judgements since something learnt from them.
type Learnt struct {
	Judgements int         `json:"judgements"`
	Withdrawn  int         `json:"withdrawn"`
	Missing    int         `json:"missing"` // in no store that was found
	By         []Withdrawn `json:"withdrawn_by,omitempty"`
}

// Withdrawn is how many of the judgements were an annotator's who was withdrawn.
type Withdrawn struct {
	Annotator  string    `json:"annotator"`
	At         time.Time `json:"at"`
	Judgements int       `json:"judgements"`
}

// String tells it in a line, "stale: …" where judgements were withdrawn.
func (l Learnt) String() string {
	text := fmt.Sprintf("%d judgements, none withdrawn", l.Judgements)
	if l.Withdrawn > 0 {
		var by []string
		for _, w := range l.By {
			by = append(by, fmt.Sprintf("%s, %s", w.Annotator, w.At.Format(time.DateOnly)))
		}
		text = fmt.Sprintf("stale: %d of %d judgements withdrawn (%s)", l.Withdrawn, l.Judgements, strings.Join(by, "; "))
	}
	if l.Missing > 0 {
		text += fmt.Sprintf("; %d are in no store that was found: name it by --labels", l.Missing)
	}
	return text
}

// Lineage traces the stages of a run back to the files they began with, and on through
// the runs whose checkpoints are among those. Of what learnt from judgements it tells how
// many were withdrawn since, as the stores say that stand in the runs, that exports came
// from, or that are named by labels.
func Lineage(ctx context.Context, path string, labels []string) ([]Ancestor, error) {
	m, err := ReadManifest(path)
	if err != nil {
		return nil, err
	}
	t := tracer{done: map[string]ids{}, stores: map[origin]bool{}}
	isParent := map[string]bool{}
	for _, s := range m.Stages {
		for _, p := range s.Parents {
			isParent[p.Stage] = true
		}
	}
	var roots []Ancestor
	for _, s := range m.Stages {
		if !isParent[s.Name] && s.State != Pending {
			a, err := t.stage(path, m, s)
			if err != nil {
				return nil, err
			}
			roots = append(roots, a)
		}
	}
	asked, err := t.ask(ctx, labels, roots)
	if err != nil {
		return nil, err
	}
	for i := range roots {
		roots[i].judge(asked)
	}
	return roots, nil
}

// origin is a project of a store that judgements may be in.
type origin struct{ store, project string }

// tracer walks from a stage to what it comes from, each thing once.
type tracer struct {
	done   map[string]ids // what was traced, and the judgements it learnt from
	stores map[origin]bool
}

// stage traces one stage of a run.
func (t *tracer) stage(path string, m Manifest, s *Stage) (Ancestor, error) {
	a := Ancestor{Name: fmt.Sprintf("%s %s (%s)", path, s.Name, s.State), SHA256: s.SHA256, ids: ids{}}
	if known, again := t.done[a.Name]; again {
		a.Again, a.ids = true, known
		return a, nil
	}
	t.done[a.Name] = a.ids // at once: a damaged run.json can go in circles
	own, err := judgedBy(path, s)
	if err != nil {
		return a, err
	}
	a.learn(own)
	if db := filepath.Join(path, LabelsFile); len(own) > 0 && isFile(db) {
		t.stores[origin{db, ""}] = true
	}
	for _, p := range s.Parents {
		if ps := m.stage(p.Stage); ps != nil {
			from, err := t.stage(path, m, ps)
			if err != nil {
				return a, err
			}
			a.add(from)
		}
	}
	for _, in := range s.Inputs {
		from, err := t.input(in)
		if err != nil {
			return a, err
		}
		a.add(from)
	}
	return a, nil
}

// judgedBy are the judgements that a stage itself read: those its last checkpoint lists,
// or those in the comparisons that labelling wrote.
func judgedBy(path string, s *Stage) (all []string, err error) {
	output := filepath.Join(path, s.Output)
	if s.Output != ComparisonsFile {
		return ReadJudged(output)
	}
	if !isFile(output) { // the stage has not come so far
		return nil, nil
	}
	for c, err := range dataset.Comparisons(output, dataset.Options{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, c.JudgementIDs...)
	}
	return all, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// input is a file that a stage read; the weights of another run's checkpoint lead on to
// that run.
func (t *tracer) input(in Input) (Ancestor, error) {
	a := Ancestor{Name: in.Path, SHA256: in.SHA256, ids: ids{}}
	if o := in.Export; o != nil && o.Store != "" {
		t.stores[origin{o.Store, o.Project}] = true
	}
	dir := filepath.Dir(in.Path)
	p, err := ReadProvenance(dir)
	if filepath.Ext(in.Path) != ".safetensors" || errors.Is(err, fs.ErrNotExist) {
		return a, nil // no checkpoint, or one from another program
	}
	if err != nil {
		return a, err
	}
	listed, err := ReadJudged(dir)
	if err != nil {
		return a, err
	}
	a.learn(listed)
	from, err := t.checkpoint(dir, p)
	a.add(from)
	return a, err
}

// checkpoint is the stage that made a checkpoint or, where its run is gone, what its
// plumb.json says.
func (t *tracer) checkpoint(dir string, p Provenance) (Ancestor, error) {
	path := filepath.Join(dir, "..", "..") // of RUN/STAGE/step-N, or RUN/STAGE/last
	if m, err := ReadManifest(path); err == nil && m.stage(p.Stage) != nil {
		return t.stage(path, m, m.stage(p.Stage))
	}
	a := Ancestor{Name: fmt.Sprintf("%s step %d, seed %d", p.Stage, p.Step, p.Seed)}
	for _, s := range p.Inputs {
		a.From = append(a.From, Ancestor{Name: s.Name, SHA256: s.SHA256})
	}
	for _, par := range p.Parents {
		a.From = append(a.From, Ancestor{Name: par.Stage, SHA256: par.SHA256})
	}
	return a, nil
}

// add makes b something that a comes from.
func (a *Ancestor) add(b Ancestor) {
	a.From = append(a.From, b)
	maps.Copy(a.ids, b.ids)
}

func (a *Ancestor) learn(judgements []string) {
	for _, id := range judgements {
		a.ids[id] = true
	}
}

// fate is what a store says of a judgement.
type fate struct {
	withdrawn bool
	annotator string
	at        time.Time // of the withdrawal
}

// ask looks up all judgements in all stores. One that was only found on the way may be
// gone, which leaves its judgements missing; one that was named must be there.
func (t *tracer) ask(ctx context.Context, labels []string, roots []Ancestor) (map[string]fate, error) {
	wanted, fates := ids{}, map[string]fate{}
	for _, a := range roots {
		maps.Copy(wanted, a.ids)
	}
	if len(wanted) == 0 {
		return fates, nil
	}
	found := slices.SortedFunc(maps.Keys(t.stores), func(a, b origin) int {
		return cmp.Or(cmp.Compare(a.store, b.store), cmp.Compare(a.project, b.project))
	})
	var errs []error
	for _, o := range found {
		if err := askStore(ctx, o, wanted, fates); err != nil && !errors.Is(err, labeling.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	for _, path := range labels {
		errs = append(errs, askAny(ctx, path, slices.Concat(found, []origin{{}}), wanted, fates))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("run: lineage: %w", err)
	}
	return fates, nil
}

// askAny asks a store that was named about the projects that are known: it must have one.
func askAny(ctx context.Context, path string, known []origin, wanted ids, fates map[string]fate) error {
	var errs []error
	for _, o := range known {
		if err := askStore(ctx, origin{path, o.project}, wanted, fates); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) < len(known) {
		return nil
	}
	return errors.Join(errs...)
}

// askStore adds what one project says of the judgements that are wanted.
func askStore(ctx context.Context, o origin, wanted ids, fates map[string]fate) (err error) {
	s, err := store.Open(ctx, o.store, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	withdrawals, err := s.Withdrawals(ctx)
	if err != nil {
		return err
	}
	at := map[string]time.Time{}
	for _, w := range withdrawals {
		at[w.Annotator] = w.At
	}
	p, err := s.Project(ctx, o.project)
	if err != nil {
		return err
	}
	for j, err := range s.Judged(ctx, p.Name) {
		if err != nil {
			return err
		}
		if f := j.Adjudication; f != nil && wanted[f.ID] {
			fates[f.ID] = fate{annotator: f.Handle}
		}
		for _, g := range j.Judgements {
			if wanted[g.ID] {
				fates[g.ID] = fate{g.Withdrawn, g.Annotator, at[g.Annotator]}
			}
		}
	}
	return nil
}

// judge tells of a, and all that it comes from, what became of its judgements.
func (a *Ancestor) judge(fates map[string]fate) {
	if len(a.ids) > 0 {
		a.Learnt = learntFrom(a.ids, fates)
	}
	for i := range a.From {
		a.From[i].judge(fates)
	}
}

func learntFrom(judgements ids, fates map[string]fate) *Learnt {
	l := &Learnt{Judgements: len(judgements)}
	by := map[string]*Withdrawn{}
	for id := range judgements {
		f, found := fates[id]
		if !found {
			l.Missing++
		}
		if !f.withdrawn {
			continue
		}
		l.Withdrawn++
		if by[f.annotator] == nil {
			by[f.annotator] = &Withdrawn{Annotator: f.annotator, At: f.at}
		}
		by[f.annotator].Judgements++
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		l.By = append(l.By, *by[name])
	}
	return l
}
