package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/internal/train"
)

// Input is a file that a stage read. Size and ModTime tell whether it must be hashed
// again.
type Input struct {
	Path    string `json:"path"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"bytes"`
	ModTime int64  `json:"mtime_ns"`
}

// Provenance is plumb.json of a checkpoint: what it was made from. It holds no times
// and no machine, so equal training gives an equal file.
type Provenance struct {
	Stage      string         `json:"stage"`
	Step       int            `json:"step"`
	Seed       uint64         `json:"seed"`
	Plumb      string         `json:"plumb"` // version of the program
	Settings   map[string]any `json:"settings"`
	Inputs     []Source       `json:"inputs,omitempty"`
	Parents    []Parent       `json:"parents,omitempty"`
	Judgements string         `json:"judgements_sha256,omitempty"` // see labeling.HashIDs
}

// Source is an input by name and content; where it was does not matter.
type Source struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Seal returns what writes plumb.json into a checkpoint of a stage that has begun (for
// train.Loop). judgements is labeling.HashIDs of the judgements it learnt from, or "".
func (d *Dir) Seal(stage, judgements string) func(dir string, s train.State) error {
	return func(dir string, state train.State) error {
		s := d.find(stage)
		if s == nil || s.State == Pending {
			return fmt.Errorf("run: provenance: stage %s did not begin", stage)
		}
		p := Provenance{
			Stage: stage, Step: state.Step, Seed: state.Seed, Plumb: d.m.Versions.Plumb,
			Settings: s.Settings, Parents: s.Parents, Judgements: judgements,
		}
		for _, in := range s.Inputs {
			p.Inputs = append(p.Inputs, Source{filepath.Base(in.Path), in.SHA256})
		}
		b, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			return fmt.Errorf("run: provenance: %w", err)
		}
		return os.WriteFile(filepath.Join(dir, ProvenanceFile), append(b, '\n'), 0o644)
	}
}

// ReadProvenance reads plumb.json of a checkpoint. The error wraps fs.ErrNotExist where
// the checkpoint comes from another program.
func ReadProvenance(checkpoint string) (Provenance, error) {
	var p Provenance
	path := filepath.Join(checkpoint, ProvenanceFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("run: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("run: %s: %w", path, err)
	}
	return p, nil
}

// hashInputs hashes a file, or every file of a directory, in the order of their names.
// What known lists with the same size and time is taken from there.
func hashInputs(path string, known []Input) ([]Input, error) {
	files, err := filesOf(path)
	if err != nil {
		return nil, err
	}
	var inputs []Input
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return nil, err
		}
		in := Input{Path: f, Size: info.Size(), ModTime: info.ModTime().UnixNano()}
		i := slices.IndexFunc(known, func(k Input) bool {
			return k.Path == in.Path && k.Size == in.Size && k.ModTime == in.ModTime
		})
		if i >= 0 {
			in = known[i]
		} else if in.SHA256, err = hashFile(f); err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// hashTree is the hash of a file, or of a directory: of its files' names and hashes.
func hashTree(path string) (string, error) {
	files, err := filesOf(path)
	if err != nil {
		return "", err
	}
	if len(files) == 1 && files[0] == path {
		return hashFile(path)
	}
	h := sha256.New()
	for _, f := range files {
		sum, err := hashFile(f)
		if err != nil {
			return "", err
		}
		name, err := filepath.Rel(path, f)
		if err != nil {
			return "", err
		}
		h.Write([]byte(sum + "  " + filepath.ToSlash(name) + "\n")) // as sha256sum prints it; a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// filesOf lists the files at or below path, which may itself be a link, sorted.
func filesOf(path string) ([]string, error) {
	root, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	var files []string
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files = append(files, path+strings.TrimPrefix(p, root))
		return nil
	})
	return files, err
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
