package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

// StageState is how far a stage is.
type StageState string

// A stage goes from pending to running to done. Interrupted or failed, it stays
// running and goes on from its last checkpoint at the next call.
const (
	Pending StageState = "pending"
	Running StageState = "running"
	Done    StageState = "done"
)

// Stage is what run.json says of one.
type Stage struct {
	Name     string         `json:"name"`
	State    StageState     `json:"state"`
	Settings map[string]any `json:"settings,omitempty"` // all that its result depends on
	Inputs   []Input        `json:"inputs,omitempty"`   // files it reads
	Parents  []Parent       `json:"parents,omitempty"`  // stages it builds on
	Output   string         `json:"output,omitempty"`   // what others build on, below the run directory
	Files    []string       `json:"files,omitempty"`    // what else it writes there, besides NAME/
	SHA256   string         `json:"sha256,omitempty"`   // of the output, once done
	Error    string         `json:"error,omitempty"`    // why it stopped the last time
	Began    time.Time      `json:"began,omitzero"`
	Ended    time.Time      `json:"ended,omitzero"`
}

// Parent is a stage that another builds on, and the content it had then.
type Parent struct {
	Stage  string `json:"stage"`
	SHA256 string `json:"sha256"`
}

// Spec says what a stage's result depends on.
type Spec struct {
	Name     string
	Settings map[string]any // nested, as configs.Tree gives them
	Free     []string       // dotted keys of Settings that do not change the result: threads, sft.save_every
	Inputs   []string       // files, or directories of files, outside the run directory
	Parents  []string       // stages of this run, done before
	Output   string         // file or directory below the run directory; "" is NAME/last
	Files    []string       // other files that it writes there, besides those in NAME/
}

// ChangedError says that a stage began with other settings, inputs or parents than it
// would go on with now.
type ChangedError struct {
	Dir, Stage string
	Changes    []string // "sft.lr: was 0.001, is 0.002"
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("run: %s: stage %s began with other settings or inputs:\n  %s", e.Dir, e.Stage, strings.Join(e.Changes, "\n  "))
}

// Plan lists the stages to come, so that run.json shows them as pending.
func (d *Dir) Plan(names ...string) error {
	for _, name := range names {
		if d.find(name) == nil {
			d.m.Stages = append(d.m.Stages, &Stage{Name: name, State: Pending})
		}
	}
	return d.write()
}

// Begin starts a stage, or goes on with it, or finds that it is done with these very
// settings, inputs and parents. Where it began with others it returns a *ChangedError;
// Reset makes it pending again.
func (d *Dir) Begin(spec Spec) (done bool, err error) {
	next, err := d.stage(spec)
	if err != nil {
		return false, err
	}
	old := d.find(spec.Name)
	if old == nil {
		old = &Stage{Name: spec.Name, State: Pending}
		d.m.Stages = append(d.m.Stages, old)
	}
	if old.State == Pending {
		next.Began = time.Now().UTC().Truncate(time.Second)
		*old = *next
		return false, d.accept()
	}
	changes, err := changed(old, next, spec.Free)
	if err != nil {
		return false, fmt.Errorf("run: stage %s: %w", spec.Name, err)
	}
	if len(changes) > 0 {
		return false, &ChangedError{d.Path, spec.Name, changes}
	}
	if old.State == Done {
		return true, nil
	}
	return false, d.accept()
}

// stage gathers what a spec depends on now.
func (d *Dir) stage(spec Spec) (*Stage, error) {
	s := &Stage{Name: spec.Name, State: Running, Settings: spec.Settings, Output: spec.Output, Files: spec.Files}
	if s.Output == "" {
		s.Output = filepath.Join(spec.Name, "last")
	}
	for _, name := range spec.Parents {
		p := d.find(name)
		if p == nil || p.State != Done {
			return nil, fmt.Errorf("run: stage %s: its parent %s is not done", spec.Name, name)
		}
		s.Parents = append(s.Parents, Parent{name, p.SHA256})
	}
	var known []Input
	if old := d.find(spec.Name); old != nil {
		known = old.Inputs
	}
	for _, path := range spec.Inputs {
		in, err := hashInputs(path, known)
		if err != nil {
			return nil, fmt.Errorf("run: stage %s: input: %w", spec.Name, err)
		}
		s.Inputs = append(s.Inputs, in...)
	}
	return s, nil
}

// Finish marks a stage as done and records the hash of its output.
func (d *Dir) Finish(name string) error {
	s := d.find(name)
	if s == nil || s.State == Pending {
		return fmt.Errorf("run: finish: stage %s did not begin", name)
	}
	sum, err := hashTree(filepath.Join(d.Path, s.Output))
	if err != nil {
		return fmt.Errorf("run: finish stage %s: %w", name, err)
	}
	s.State, s.SHA256, s.Error = Done, sum, ""
	s.Ended = time.Now().UTC().Truncate(time.Second)
	return d.write()
}

// Stopped records why a stage did not finish this time.
func (d *Dir) Stopped(name string, cause error) error {
	if s := d.find(name); s != nil {
		s.Error = cause.Error()
	}
	return d.write()
}

// Reset makes a stage and all that build on it pending and removes what they wrote;
// a labelling store is set aside.
func (d *Dir) Reset(name string) error {
	if d.find(name) == nil {
		return fmt.Errorf("run: reset: %s has no stage %s", d.Path, name)
	}
	gone := map[string]bool{name: true}
	var paths []string
	for i, s := range d.m.Stages { // parents come before their children
		if !gone[s.Name] && !slices.ContainsFunc(s.Parents, func(p Parent) bool { return gone[p.Stage] }) {
			continue
		}
		gone[s.Name] = true
		d.m.Stages[i] = &Stage{Name: s.Name, State: Pending}
		paths = append(paths, s.Name, s.Output)
		paths = append(paths, s.Files...)
	}
	if err := d.write(); err != nil { // first, so that a crash leaves nothing that claims to be done
		return err
	}
	for _, p := range paths {
		if err := d.discard(p); err != nil {
			return fmt.Errorf("run: reset: %w", err)
		}
	}
	return nil
}

// discard removes what a stage wrote. A labelling store may hold what people judged:
// it is set aside as labels-1.db, labels-2.db and so on instead.
func (d *Dir) discard(name string) error {
	path := filepath.Join(d.Path, name)
	if name == "" { // the stage never began
		return nil
	}
	if filepath.Ext(name) != ".db" {
		return os.RemoveAll(path)
	}
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s-%d.db", strings.TrimSuffix(path, ".db"), n)
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return setAside(path, aside)
		}
	}
}

// setAside renames a SQLite file with what belongs to it.
func setAside(from, to string) error {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(from+suffix, to+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (d *Dir) find(name string) *Stage { return d.m.stage(name) }

func (m Manifest) stage(name string) *Stage {
	for _, s := range m.Stages {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// changed lists what differs between how a stage began and how it would go on.
func changed(old, next *Stage, free []string) ([]string, error) {
	was, err := flat(old.Settings)
	if err != nil {
		return nil, err
	}
	is, err := flat(next.Settings)
	if err != nil {
		return nil, err
	}
	for _, key := range free {
		delete(was, key)
		delete(is, key)
	}
	list := differences("", was, is)
	list = append(list, differences("input ", inputSums(old), inputSums(next))...)
	return append(list, differences("parent ", parentSums(old), parentSums(next))...), nil
}

func inputSums(s *Stage) map[string]string {
	m := map[string]string{}
	for _, in := range s.Inputs {
		m[in.Path] = short(in.SHA256)
	}
	return m
}

func parentSums(s *Stage) map[string]string {
	m := map[string]string{}
	for _, p := range s.Parents {
		m[p.Stage] = short(p.SHA256)
	}
	return m
}

// short is the part of a hash that a person compares.
func short(sum string) string { return sum[:min(12, len(sum))] }

// differences compares two maps key by key.
func differences(what string, was, is map[string]string) []string {
	keys := map[string]bool{}
	for k := range was {
		keys[k] = true
	}
	for k := range is {
		keys[k] = true
	}
	var list []string
	for k := range keys {
		if was[k] != is[k] {
			list = append(list, fmt.Sprintf("%s%s: was %s, is %s", what, k, orUnset(was[k]), orUnset(is[k])))
		}
	}
	sort.Strings(list)
	return list
}

func orUnset(v string) string {
	if v == "" {
		return "not there"
	}
	return v
}

// flat writes nested settings as dotted keys with their JSON values. Numbers keep
// their digits: a seed of 64 bits does not fit a float.
func flat(tree map[string]any) (map[string]string, error) {
	b, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var plain map[string]any
	if err := dec.Decode(&plain); err != nil {
		return nil, err
	}
	m := map[string]string{}
	return m, flatten(m, "", plain)
}

func flatten(m map[string]string, prefix string, v any) error {
	if section, ok := v.(map[string]any); ok {
		for key, sub := range section {
			if err := flatten(m, strings.TrimPrefix(prefix+"."+key, "."), sub); err != nil {
				return err
			}
		}
		return nil
	}
	b, err := json.Marshal(v)
	m[prefix] = string(b)
	return err
}

// names lists the stages in a state.
func (m Manifest) names(state StageState) []string {
	var names []string
	for _, s := range m.Stages {
		if s.State == state {
			names = append(names, s.Name)
		}
	}
	return slices.Clip(names)
}
