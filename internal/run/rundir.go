package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"plumbline/internal/durable"
)

// The files of a run directory, which docs/formats.md describes for other programs.
const (
	ManifestFile   = "run.json"
	LabelsFile     = "labels.db"
	EvalFile       = "eval.json"
	ReportFile     = "report.html"
	ProvenanceFile = "plumb.json" // in each checkpoint
)

// Manifest is run.json: what was asked for, with what, and how far it is.
type Manifest struct {
	Format   int            `json:"format"` // 1
	Name     string         `json:"name"`
	Created  time.Time      `json:"created"`
	Seed     uint64         `json:"seed"`
	Versions Versions       `json:"versions"`
	Config   map[string]any `json:"config"` // resolved: defaults, file, environment and --set
	Stages   []*Stage       `json:"stages"` // in the order they began
}

// Versions says what made a file.
type Versions struct {
	Plumb string `json:"plumb"`
	Go    string `json:"go"`
	OS    string `json:"os"`
}

// CurrentVersions describes this binary; Plumb is the module version or the commit.
func CurrentVersions() Versions {
	v := Versions{Plumb: "unknown", Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Plumb = info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Plumb += "+" + s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}

// Dir is a run directory that this process works in; no other can at the same time.
type Dir struct {
	Path string
	m    Manifest
	lock *lock

	seed   uint64 // of this call; in the manifest once a stage begins or goes on with it
	config map[string]any
}

// Open makes or reopens the run directory at path for this process; the settings of
// this call are recorded when a stage begins or goes on with them. A directory that another process works in, and one that
// cannot be written, are errors. The caller closes it.
func Open(path string, seed uint64, config map[string]any) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	l, err := takeLock(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: path, lock: l, seed: seed, config: config}
	d.m, err = ReadManifest(path)
	if errors.Is(err, fs.ErrNotExist) {
		d.m = Manifest{Format: 1, Name: filepath.Base(path), Created: time.Now().UTC().Truncate(time.Second)}
		err = d.accept()
	}
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	return d, nil
}

// accept records the settings of this call. A call that is refused changes nothing.
func (d *Dir) accept() error {
	d.m.Seed, d.m.Config, d.m.Versions = d.seed, d.config, CurrentVersions()
	return d.write()
}

// Close lets other processes in.
func (d *Dir) Close() error { return d.lock.release() }

// Manifest is the run as it stands. It must not be changed.
func (d *Dir) Manifest() Manifest { return d.m }

// Stage is the directory of a stage's checkpoints; "last" and "best" in it are links.
func (d *Dir) Stage(name string) string { return filepath.Join(d.Path, name) }

// write puts the manifest on the disk in one step.
func (d *Dir) write() error {
	b, err := json.MarshalIndent(d.m, "", "  ")
	if err == nil {
		err = durable.WriteFile(filepath.Join(d.Path, ManifestFile), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// ReadManifest reads run.json of a run directory, in use or not. The error wraps
// fs.ErrNotExist where path is not a run directory.
func ReadManifest(path string) (Manifest, error) {
	var m Manifest
	file := filepath.Join(path, ManifestFile)
	b, err := os.ReadFile(file)
	if err != nil {
		return m, fmt.Errorf("run: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // a seed of 64 bits does not fit a float
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("run: %s: %w", file, err)
	}
	if m.Format != 1 {
		return m, fmt.Errorf("run: %s: got format %d, want 1", file, m.Format)
	}
	return m, nil
}
