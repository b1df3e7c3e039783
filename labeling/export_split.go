package labeling

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Split cuts an export into parts by prompt: all that belongs to a prompt is in one part,
// whatever its items are called, and stays there as data come and go.
type Split []Share

// Share is a part and how many of the prompts are in it, in (0, 1].
type Share struct {
	Name string
	Of   float64
}

var partPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)

// ParseSplit reads "train=.9,validation=.05,test=.05".
func ParseSplit(s string) (Split, error) {
	var out Split
	for word := range strings.SplitSeq(s, ",") {
		name, share, _ := strings.Cut(word, "=")
		of, err := strconv.ParseFloat(share, 64)
		if err != nil {
			return nil, fmt.Errorf("split: got %q, want NAME=SHARE, as in train=.9,test=.1", word)
		}
		out = append(out, Share{name, of})
	}
	return out, out.Validate()
}

// Validate reports every fault: names that are no file names or not different, shares
// that are not positive or do not add up to 1.
func (s Split) Validate() error {
	var errs []error
	sum := 0.
	seen := map[string]bool{}
	for _, p := range s {
		if !partPattern.MatchString(p.Name) || seen[p.Name] {
			errs = append(errs, fmt.Errorf("split: got a part %q, want a name of its own: letters, digits, _ and -", p.Name))
		}
		if !(p.Of > 0 && p.Of <= 1) {
			errs = append(errs, fmt.Errorf("split: %s: got %v, want > 0 and ≤ 1", p.Name, p.Of))
		}
		seen[p.Name] = true
		sum += p.Of
	}
	if len(errs) == 0 && len(s) > 0 && math.Abs(sum-1) > 1e-6 {
		errs = append(errs, fmt.Errorf("split: got shares that add up to %v, want 1", sum))
	}
	return errors.Join(errs...)
}

// String is what ParseSplit reads.
func (s Split) String() string {
	var words []string
	for _, p := range s {
		words = append(words, fmt.Sprintf("%s=%v", p.Name, p.Of))
	}
	return strings.Join(words, ",")
}

// names of the parts; of nothing split a single part without one.
func (s Split) names() (names []string) {
	if len(s) == 0 {
		return []string{""}
	}
	for _, p := range s {
		names = append(names, p.Name)
	}
	return names
}

// part is the index of the part that a prompt belongs to; 0 where nothing is split.
func (s Split) part(p Prompt) int {
	at, end := p.position(), 0.
	for i, share := range s {
		if end += share.Of; at < end {
			return i
		}
	}
	return max(0, len(s)-1) // shares that add up to a little less than 1
}

// position is where a prompt falls in [0, 1), uniform over prompts: by the SHA-256 of
// what it says, whatever the case and white space, as a text or as a single turn.
func (p Prompt) position() float64 {
	turns := p.Messages
	if len(turns) == 0 {
		turns = []Message{{"user", p.Text}}
	}
	h := sha256.New()
	for _, m := range turns {
		said := strings.ToLower(strings.Join(strings.Fields(m.Content), " "))
		fmt.Fprintf(h, "%s\x00%d\x00%s", m.Role, len(said), said) //nolint:errcheck // a hash never fails
	}
	return float64(binary.BigEndian.Uint64(h.Sum(nil))>>11) / (1 << 53)
}
