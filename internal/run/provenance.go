package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/internal/train"
	"plumbline/labeling"
)

// Input is a file that a stage read. Size and ModTime tell whether it must be hashed
// again.
type Input struct {
	Path    string           `json:"path"`
	SHA256  string           `json:"sha256"`
	Size    int64            `json:"bytes"`
	ModTime int64            `json:"mtime_ns"`
	Export  *labeling.Origin `json:"export,omitempty"` // of a file that labelling exported
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
	Judgements string         `json:"judgements_sha256,omitempty"` // labeling.HashIDs of those it learnt from, which JudgedFile lists
}

// Source is an input by name and content; where it was does not matter.
type Source struct {
	Name   string  `json:"name"`
	SHA256 string  `json:"sha256"`
	Export *Export `json:"export,omitempty"` // of a file that labelling exported
}

// Export says which judgements a file was made of, and how.
type Export struct {
	Project          string          `json:"project"`
	Format           labeling.Format `json:"format"`
	Question         string          `json:"question,omitempty"`
	Weights          string          `json:"weights,omitempty"`
	Split            string          `json:"split,omitempty"`
	JudgementsSHA256 string          `json:"judgements_sha256"`
}

// JudgedFile lists the judgements that a checkpoint learnt from, in the checkpoint:
// sorted, with line ends between them, so that its SHA-256 is the one in plumb.json.
const JudgedFile = "judgements.txt"

// Seal returns what writes plumb.json into a checkpoint of a stage that has begun (for
// train.Loop), and JudgedFile if it learnt from judgements itself.
func (d *Dir) Seal(stage string, judgements []string) func(dir string, s train.State) error {
	return func(dir string, state train.State) error {
		s := d.find(stage)
		if s == nil || s.State == Pending {
			return fmt.Errorf("run: provenance: stage %s did not begin", stage)
		}
		p := Provenance{
			Stage: stage, Step: state.Step, Seed: state.Seed, Plumb: d.m.Versions.Plumb,
			Settings: s.Settings, Parents: s.Parents,
		}
		for _, in := range s.Inputs {
			p.Inputs = append(p.Inputs, in.source())
		}
		if len(judgements) > 0 {
			p.Judgements = labeling.HashIDs(judgements)
			if err := os.WriteFile(filepath.Join(dir, JudgedFile), labeling.JoinIDs(judgements), 0o644); err != nil {
				return fmt.Errorf("run: provenance: %w", err)
			}
		}
		b, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			return fmt.Errorf("run: provenance: %w", err)
		}
		return os.WriteFile(filepath.Join(dir, ProvenanceFile), append(b, '\n'), 0o644)
	}
}

func (in Input) source() Source {
	s := Source{Name: filepath.Base(in.Path), SHA256: in.SHA256}
	if o := in.Export; o != nil {
		s.Export = &Export{o.Project, o.Format, o.Question, o.Weights, o.Split, o.JudgementsSHA256}
	}
	return s
}

// ReadJudged reads the ids that JudgedFile of a checkpoint lists; none where there is no
// such file.
func ReadJudged(checkpoint string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(checkpoint, JudgedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	return strings.Split(string(b), "\n"), nil
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
		if in.Export, err = exportOf(in); err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// exportOf is what stands beside an exported file, nil beside others.
func exportOf(in Input) (*labeling.Origin, error) {
	o, err := labeling.ReadOrigin(in.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case o.SHA256 != in.SHA256:
		return nil, fmt.Errorf("%s: got SHA-256 %s, want %s as beside it: it changed after its export; export it again or remove %s.export.json", in.Path, short(in.SHA256), short(o.SHA256), in.Path)
	}
	return &o, nil
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
