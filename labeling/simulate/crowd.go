package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// maxCrowd bounds a group of a crowd file.
const maxCrowd = 10_000

// group is a number of annotators alike.
type group struct {
	Count     int `yaml:"count"`
	Annotator `yaml:",inline"`
}

// filled is a group in which what is not said is as in DefaultConfig.
type filled struct{ group }

// UnmarshalYAML lays what is said over the defaults.
func (f *filled) UnmarshalYAML(n *yaml.Node) error {
	like := DefaultConfig().Annotators[0]
	f.group = group{Count: 1, Annotator: Annotator{Skill: like.Skill, Seconds: like.Seconds}}
	return n.Decode(&f.group)
}

// ReadCrowd reads a crowd in YAML, a list of groups with the keys of Annotator and a
// count:
//
//   - {handle: good, count: 8, skill: .9}
//   - {handle: spam, count: 2, spammer: random, seconds: 4}
//
// name is the file's, for errors.
func ReadCrowd(r io.Reader, name string) ([]Annotator, error) {
	all, err := readCrowd(r)
	if err != nil {
		return nil, fmt.Errorf("labeling/simulate: crowd: %s: %w", name, err)
	}
	return all, nil
}

func readCrowd(r io.Reader) (all []Annotator, err error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	strict := yaml.NewDecoder(bytes.NewReader(b)) // knows the lines of unknown keys, which an UnmarshalYAML does not
	strict.KnownFields(true)
	var keys []group
	var groups []filled
	if err := strict.Decode(&keys); err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(b, &groups); err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		return nil, errors.New("got no annotators, want a list")
	}
	var errs []error
	for i, g := range groups {
		if g.Count < 1 || g.Count > maxCrowd {
			errs = append(errs, fmt.Errorf("[%d].count: got %d, want 1 to %d", i, g.Count, maxCrowd))
			continue
		}
		for _, err := range g.faults() {
			errs = append(errs, fmt.Errorf("[%d].%w", i, err))
		}
		all = append(all, Crowd(g.Count, g.Annotator)...)
	}
	return all, errors.Join(errs...)
}
