package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Fault is one thing wrong with the settings.
type Fault struct {
	Where string // "run.yaml:12", "--set", "PLUMB_PPO_KL_COEF", or "run.yaml" for a default
	Key   string // dotted, such as ppo.kl_coef; "" where the fault has none
	Text  string // "got 2.7, want a whole number"
}

func (f Fault) String() string {
	return "configs: " + f.Where + ": " + cmp.Or(f.Key, "-") + ": " + f.Text
}

// Error is every fault at once, in the order of the sources, one a line.
type Error struct{ Faults []Fault }

func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = strings.Replace(f.String(), ": -: ", ": ", 1)
	}
	return strings.Join(lines, "\n")
}

// unknownKey says that a key does not exist and which one comes nearest.
func unknownKey(key string, known []string) string {
	if near := nearest(key, known); near != "" {
		return "unknown key; did you mean " + near + "?"
	}
	return "unknown key"
}

// nearest is the known key with the fewest edits, or "" where none is near. A key
// in the wrong section counts as one edit away.
func nearest(key string, known []string) string {
	edits := func(k string) int {
		return min(levenshtein.ComputeDistance(key, k), 1+levenshtein.ComputeDistance(last(key), last(k)))
	}
	if len(known) == 0 {
		return ""
	}
	best := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(edits(a), edits(b)) })
	if edits(best) > max(2, len(last(key))/3) {
		return ""
	}
	return best
}

// last is the last part of a dotted key.
func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// wrongType says what a setting got and what it wants.
func wrongType(got string, want kind) string {
	return fmt.Sprintf("got %s, want %s", got, want)
}
