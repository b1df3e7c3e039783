package families

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"plumbline/models"
)

// Family is a kind of published checkpoint.
type Family struct {
	Name     string   // model_type in config.json
	Causal   string   // architecture with an output matrix
	Headless []string // architectures without one: backbones and scorers
	Prefix   string   // of the names in a causal model; a file of the backbone alone leaves it out

	spec    func(c *config) models.Spec
	config  func(s models.Spec) map[string]any // the inverse of spec, in the published spelling
	start   []tensor                           // the embedding first
	block   []tensor                           // of each layer
	end     []tensor                           // the output matrix last
	derived []string                           // tensors of old files that follow from the config
	heads   []string                           // tensors of a scorer's head
}

var all = []*Family{&llama, &gpt2}

// Names lists the families.
func Names() []string {
	var n []string
	for _, f := range all {
		n = append(n, f.Name)
	}
	return n
}

// Named finds a family by its model_type.
func Named(name string) (*Family, error) {
	for _, f := range all {
		if f.Name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("families: got model type %q, want one of %s", name, strings.Join(Names(), ", "))
}

// Parse reads a config.json. Missing and unknown keys, values of another type and
// settings that the family's graph does not have are all reported.
func Parse(text []byte) (*Family, models.Spec, error) {
	c := &config{used: map[string]bool{}}
	if err := json.Unmarshal(text, &c.raw); err != nil {
		return nil, models.Spec{}, fmt.Errorf("families: config.json: %w", err)
	}
	var arch []string
	name := ""
	c.get("model_type", &name)
	c.optional("architectures", &arch)
	f, err := Named(name)
	if err != nil {
		return nil, models.Spec{}, fmt.Errorf("families: config.json: model_type: %w", err)
	}
	s := f.spec(c)
	s.Family = f.Name
	if len(arch) > 0 {
		s.Headless = slices.Contains(f.Headless, arch[0])
		if !s.Headless && arch[0] != f.Causal {
			c.fail("architectures", "got %q, want %s or one of %v", arch[0], f.Causal, f.Headless)
		}
	}
	s.Tied = s.Tied && !s.Headless
	if err := c.finish(); err != nil {
		return nil, models.Spec{}, err
	}
	if err := s.Validate(); err != nil {
		return nil, models.Spec{}, fmt.Errorf("families: config.json: %w", err)
	}
	return f, s, nil
}

// Config writes a config.json for a spec that did not come from one, in the spelling
// that published checkpoints use. What the family cannot express is an error.
func (f *Family) Config(s models.Spec) ([]byte, error) {
	s.Family = f.Name
	c := f.config(s)
	c["model_type"] = f.Name
	c["torch_dtype"] = "float32"
	c["architectures"] = []string{f.Causal}
	c["use_cache"] = true
	if s.Headless {
		c["architectures"] = []string{f.Headless[0]}
	}
	if len(s.BOS) > 0 {
		c["bos_token_id"] = s.BOS[0]
	}
	if len(s.EOS) == 1 {
		c["eos_token_id"] = s.EOS[0]
	} else if len(s.EOS) > 1 {
		c["eos_token_id"] = s.EOS
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("families: config: %w", err)
	}
	_, back, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("families: config of a %s: %w", f.Name, err)
	}
	if fmt.Sprint(back) != fmt.Sprint(s) {
		return nil, fmt.Errorf("families: config of a %s: got %+v, want a spec the family can express, such as %+v", f.Name, s, back)
	}
	return append(text, '\n'), nil
}
