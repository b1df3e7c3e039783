package scorers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// Config declares one scorer of a sum.
type Config struct {
	Kind    string        `mapstructure:"kind"`    // vader, lexicon, rules, program or utility
	Weight  float64       `mapstructure:"weight"`  // factor in the sum, finite, not 0
	Path    string        `mapstructure:"path"`    // lexicon: the file of words and weights
	Command []string      `mapstructure:"command"` // program: its path and arguments; no shell in between
	Timeout time.Duration `mapstructure:"timeout"` // program: for one line, ≥ 0; 0 is DefaultTimeout
	Rules   Rules         `mapstructure:"rules"`   // rules: at least one
}

// DefaultTimeout is how long a program may take for one line, its start included.
const DefaultTimeout = 30 * time.Second

// makers build a scorer of each kind from a valid Config.
var makers = map[string]func(Config) (Scorer, error){
	"vader":   func(Config) (Scorer, error) { return NewVADER(), nil },
	"utility": func(Config) (Scorer, error) { return NewUtility(), nil },
	"lexicon": func(c Config) (Scorer, error) { return NewLexicon(c.Path) },
	"rules":   func(c Config) (Scorer, error) { return NewRules(c.Rules) },
	"program": func(c Config) (Scorer, error) { return StartProgram(c.Command, c.Timeout) },
}

// Validate reports every fault of a declaration: an unknown kind, a weight that is 0 or
// not finite, what the kind needs and is not there, what is there and the kind ignores.
// Rules have a Validate of their own.
func (c Config) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	_, known := makers[c.Kind]
	rule(known, "kind", fmt.Sprintf("%q", c.Kind), "vader, lexicon, rules, program or utility")
	rule(usable(c.Weight), "weight", c.Weight, "finite and not 0")
	if known {
		only := func(kind string, set bool, key string, got any) {
			if c.Kind == kind {
				rule(set, key, "nothing", "a value with kind "+kind)
			} else {
				rule(!set, key, got, "nothing with kind "+c.Kind)
			}
		}
		only("lexicon", c.Path != "", "path", c.Path)
		only("program", len(c.Command) > 0, "command", c.Command)
		only("rules", c.Rules.count() > 0, "rules", c.Rules)
		rule(c.Timeout == 0 || c.Kind == "program", "timeout", c.Timeout, "nothing with kind "+c.Kind)
	}
	rule(c.Timeout >= 0, "timeout", c.Timeout, "≥ 0")
	return errors.Join(errs...)
}

// Find tells whether the program or the file that c names is there.
func (c Config) Find() error {
	if len(c.Command) > 0 {
		if _, err := exec.LookPath(c.Command[0]); err != nil {
			return fmt.Errorf("command: got %s, want a program: %w", c.Command[0], errors.Unwrap(err))
		}
	}
	if c.Path != "" {
		if _, err := os.Stat(c.Path); err != nil {
			return fmt.Errorf("path: want a file of words and weights: %w", err)
		}
	}
	return nil
}

// New builds the weighted sum of what is declared; a single scorer of weight 1 is
// itself. Programs are started, so that one that is missing is known at once; if any
// part fails, those already started are ended. Every fault of the declarations is told.
func New(configs ...Config) (Scorer, error) {
	var errs []error
	for i, c := range configs {
		if err := errors.Join(c.Validate(), c.Rules.Validate()); err != nil {
			errs = append(errs, fmt.Errorf("scorer %d: %w", i+1, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var sum Sum
	for _, c := range configs {
		s, err := makers[c.Kind](c)
		if err != nil {
			return nil, errors.Join(err, sum.Close())
		}
		sum.parts = append(sum.parts, Weighted{s, c.Weight})
	}
	if len(sum.parts) == 1 && sum.parts[0].Weight == 1 {
		return sum.parts[0].Scorer, nil
	}
	return NewSum(sum.parts...)
}
