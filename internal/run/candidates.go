package run

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"plumbline/internal/dataset"
	"plumbline/internal/durable"
	"plumbline/internal/engine"
	"plumbline/internal/random"
	"plumbline/labeling"
)

// Candidates says how the answers that people judge are made: of each prompt an item of
// K candidates. Read its files in this order:
//
//	candidates.go           who answers, how many of the answers are shown; the file
//	candidates_draw.go      prompts -> answers, those that repeat another drawn anew
//	candidates_journal.go   what was drawn survives an interruption
//	candidates_score.go     reward models read the answers; the best of n
//	candidates_priority.go  which items are worth a person's time first
//	candidates_spread.go    how far apart texts are
//
// Every answer is a function of the seed, its place and its arm, whatever else is drawn.
type Candidates struct {
	Arms      []Arm    // who answers, spread evenly over the answers
	K         int      // candidates of an item, 2 to labeling.MaxCandidates
	Least     int      // fewest that differ, 2 to K: a prompt with fewer makes no item
	BestOf    int      // 0, or > K: so many are drawn, of which the best and K-1 others at random are kept
	Redraws   int      // times that an answer which repeats another of its item is drawn anew
	MaxTokens int      // of an answer
	Batch     int      // answers made at a time; changes no result
	Seed      uint64   // decides every random number
	Rewards   []string // directories of reward models; several are an ensemble
	Priority  Priority // what the items are ordered by

	Tell func(done, total int) // nil, or told as answers come; total grows by redraws
}

// Arm is a checkpoint at a temperature.
type Arm struct {
	Model       string  // directory
	Temperature float64 // ≥ 0; 0 always takes the likeliest token
	Source      string  // what a candidate says of where it comes from; annotators never see it
}

// Arms are all models at all temperatures. A source is "sft@T=0.7": the model's directory
// without last or best, as a whole path where two would have one name.
func Arms(dirs []string, temperatures []float64) (arms []Arm) {
	called := map[string]int{}
	for _, d := range dirs {
		called[modelName(d)]++
	}
	for _, d := range dirs {
		name := modelName(d)
		if called[name] > 1 {
			name = filepath.ToSlash(filepath.Clean(d))
		}
		for _, t := range temperatures {
			arms = append(arms, Arm{d, t, name + "@T=" + decimal(t)})
		}
	}
	return arms
}

func modelName(dir string) string {
	name := filepath.Base(dir)
	if above := filepath.Dir(filepath.Clean(dir)); (name == "last" || name == "best") && above != "." {
		name = filepath.Base(above)
	}
	return name
}

// decimal is a number with at least one digit after the point.
func decimal(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// DefaultCandidates are pairs of one arm's answers, in no order.
func DefaultCandidates() Candidates {
	return Candidates{K: 2, Least: 2, Redraws: 4, MaxTokens: defaultMaxTokens, Batch: 64, Seed: 1, Priority: ByNothing}
}

// Validate reports every fault.
func (c Candidates) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(len(c.Arms) > 0, "model", "none", "a checkpoint that answers, at a temperature")
	greedy := 0
	for i, a := range c.Arms {
		rule(a.Temperature >= 0 && !math.IsInf(a.Temperature, 1), "temperature", a.Temperature, "≥ 0 and finite")
		twice := slices.ContainsFunc(c.Arms[:i], func(b Arm) bool { return b.Model == a.Model && b.Temperature == a.Temperature })
		rule(!twice, "model", a.Source+" twice", "each model and temperature once")
		if a.Temperature == 0 {
			greedy++
		}
	}
	rule(greedy != 1 || len(c.Arms) > 1, "temperature", "0 alone", "> 0, or several models: the likeliest answer is always the same")
	rule(c.K >= 2 && c.K <= labeling.MaxCandidates, "k", c.K, fmt.Sprintf("2 to %d", labeling.MaxCandidates))
	rule(c.Least >= 2 && c.Least <= max(2, c.K), "least", c.Least, fmt.Sprintf("2 to k (%d)", c.K))
	rule(c.BestOf == 0 || c.BestOf > c.K, "best_of", c.BestOf, fmt.Sprintf("0, or > k (%d)", c.K))
	rule(c.Redraws >= 0 && c.Redraws <= maxRedraws, "redraws", c.Redraws, fmt.Sprintf("0 to %d", maxRedraws))
	rule(c.MaxTokens >= 1, "max_tokens", c.MaxTokens, "≥ 1")
	rule(c.Batch >= 1, "batch", c.Batch, "≥ 1")
	return errors.Join(append(errs, c.judges())...)
}

// judges checks that there are the reward models which the rest asks for, and no others.
func (c Candidates) judges() error {
	least, why := 0, "best_of is 0 and priority "+string(c.Priority)
	if c.BestOf > 0 {
		least, why = 1, "best_of needs one"
	}
	n, known := c.Priority.rewards()
	if !known {
		return fmt.Errorf("priority: got %q, want one of %s", c.Priority, join(Priorities(), ", "))
	}
	if n > least {
		least, why = n, fmt.Sprintf("priority %s needs %d or more", c.Priority, n)
	}
	if got := len(c.Rewards); got < least || least == 0 && got > 0 {
		return fmt.Errorf("rewards: got %d, want %d: %s", got, least, why)
	}
	return nil
}

func join[T ~string](all []T, by string) string {
	var texts []string
	for _, x := range all {
		texts = append(texts, string(x))
	}
	return strings.Join(texts, by)
}

// pool is how many answers are drawn for an item.
func (c Candidates) pool() int { return max(c.K, c.BestOf) }

// Drawn says what became of the prompts.
type Drawn struct {
	Prompts   int     `json:"prompts"` // asked
	Items     int     `json:"items"`   // made
	Dropped   int     `json:"dropped"` // prompts with too few answers that differ
	Short     int     `json:"short"`   // items with fewer than K candidates
	Answers   int     `json:"answers"` // drawn now
	Kept      int     `json:"kept"`    // drawn before an interruption
	Redrawn   int     `json:"redrawn"` // times an answer repeated another
	Tokens    int     `json:"tokens"`  // of the answers drawn now
	TokensPer float64 `json:"tok_s"`   // tokens a second while drawing
}

// item and candidate are lines that labeling.Import reads.
type item struct {
	ID         string      `json:"id"`
	Prompt     any         `json:"prompt"` // a text or messages
	Candidates []candidate `json:"candidates"`
	Priority   float64     `json:"priority,omitempty"`

	place int // of the prompt among those asked
}

type candidate struct {
	Text   string `json:"text"`
	Source string `json:"source"`
}

// Write makes an item of each prompt and writes the items to path, all at once at the
// end; the same prompt may be asked several times. name gives an item's id by the place
// of its prompt; nil makes one of its content, so that items of different drawings can
// meet in a project. Interrupted by ctx, the same call goes on where it was. Where no
// prompt makes an item it fails.
func (c Candidates) Write(ctx context.Context, rt *engine.Runtime, prompts []dataset.Prompt, name func(place int) string, path string) (sum Drawn, err error) {
	if err := c.Validate(); err != nil {
		return sum, fmt.Errorf("run: candidates: %w", err)
	}
	for _, dir := range c.Rewards { // before hours of drawing, not after them
		if _, err := (ScorerSpec{Reward: dir}).open(rt); err != nil {
			return sum, fmt.Errorf("run: candidates: %w", err)
		}
	}
	key, err := c.fingerprint(prompts)
	if err != nil {
		return sum, fmt.Errorf("run: candidates: %w", err)
	}
	j, err := openJournal(path, key)
	if err != nil {
		return sum, fmt.Errorf("run: candidates: %w", err)
	}
	d := &drawing{Candidates: c, rt: rt, prompts: prompts, journal: j}
	items, err := d.items(ctx)
	if err == nil {
		err = writeItems(path, items, prompts, name)
	}
	if err != nil {
		return d.sum, fmt.Errorf("run: candidates: %w", errors.Join(err, j.close()))
	}
	return d.sum, j.remove()
}

// items draws, scores, chooses and orders.
func (d *drawing) items(ctx context.Context) ([]item, error) {
	if err := d.draw(ctx); err != nil {
		return nil, err
	}
	d.dropRepeats()
	if err := d.score(ctx); err != nil {
		return nil, err
	}
	var items []item
	var shown [][]answered
	for place, pool := range d.pools {
		if len(pool) < d.Least {
			d.sum.Dropped++
			continue
		}
		pool = d.pick(place, pool)
		if len(pool) < d.K {
			d.sum.Short++
		}
		shown = append(shown, pool)
		items = append(items, d.item(place, pool))
	}
	if d.sum.Prompts, d.sum.Items = len(d.prompts), len(items); len(items) == 0 {
		return nil, fmt.Errorf("got no prompt of %d with %d different answers, want another model or a higher temperature", len(d.prompts), d.Least)
	}
	d.prioritise(items, shown)
	return items, nil
}

func (d *drawing) item(place int, pool []answered) item {
	it := item{place: place, Prompt: d.prompts[place].Text}
	if m := d.prompts[place].Messages; m != nil {
		it.Prompt = m
	}
	for _, a := range pool {
		source := d.Arms[a.arm].Source
		if a.best {
			source += fmt.Sprintf(" best of %d", d.BestOf)
		}
		it.Candidates = append(it.Candidates, candidate{a.text, source})
	}
	return it
}

func writeItems(path string, items []item, prompts []dataset.Prompt, name func(place int) string) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for _, it := range items {
		var err error
		if name != nil {
			it.ID = name(it.place)
		} else if it.ID, err = contentName(prompts[it.place].ID, it); err != nil {
			return err
		}
		if err := enc.Encode(it); err != nil {
			return err
		}
	}
	return durable.WriteFile(path, out.Bytes())
}

// contentName is the prompt's id, as far as it is short and printable, and a hash of
// prompt and candidates.
func contentName(prompt string, it item) (string, error) {
	const most = 400 // bytes; with the hash fewer than labelling allows
	content, err := json.Marshal([]any{it.Prompt, it.Candidates})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	prompt = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, prompt)
	prompt = strings.ToValidUTF8(prompt[:min(len(prompt), most)], "")
	return cmp.Or(prompt, "item") + "/" + hex.EncodeToString(sum[:6]), nil
}

// ChoosePrompts reads files of prompts, those that say the same once, and takes n of
// them at random by the seed; all, as they come, where n is 0 or they are no more.
func ChoosePrompts(files []string, o dataset.Options, n int, seed uint64) ([]dataset.Prompt, error) {
	all, err := readAll(files, o, dataset.Prompts)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(p dataset.Prompt) bool {
		again := seen[p.Key()]
		seen[p.Key()] = true
		return again
	})
	if n > 0 && n < len(all) {
		all = dataset.Shuffle(all, random.New(seed, random.Key("sample.prompts")).Uint64(), 0)[:n]
	}
	return all, nil
}
