package labeling

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Format is what an export writes, one JSON object a line.
type Format string

const (
	// FormatJudgements is every answer ever given, superseded ones too.
	FormatJudgements Format = "judgements"
	// FormatComparisons is one Comparison per judged item: what the reward model reads.
	FormatComparisons Format = "comparisons"
	// FormatTRL is prompt, chosen, rejected by majority, as TRL reads them; items
	// without a majority are left out.
	FormatTRL Format = "trl"
)

// Formats lists the formats there are.
func Formats() []Format { return []Format{FormatJudgements, FormatComparisons, FormatTRL} }

// ExportOptions say what is exported.
type ExportOptions struct {
	Project  string // empty: the only one
	Format   Format
	Question string        // of comparisons; empty: the task's main one
	Weights  Probabilities // of comparisons, in the place of shares; nil: shares
}

// Exportable is what an export reads, and where it is recorded.
type Exportable interface {
	Catalogue
	Archive
}

// Export writes a project to w and records that with the hash of the bytes. The
// bytes depend on nothing but what was imported and answered: lines are in order of
// import, then of slots, then of corrections.
func Export(ctx context.Context, a Exportable, o ExportOptions, w io.Writer) (ExportRun, error) {
	lines, ok := exporters[o.Format]
	if !ok {
		return ExportRun{}, fmt.Errorf("labeling: export: format: got %q, want one of %v", o.Format, Formats())
	}
	p, err := a.Project(ctx, o.Project)
	if err != nil {
		return ExportRun{}, err
	}
	o.Project = p.Name
	if o.Format != FormatJudgements {
		q, err := MainQuestion(p.Task, o.Question)
		if err != nil {
			return ExportRun{}, err
		}
		o.Question = q.Key
	}
	out := newTally(w)
	for j, err := range a.Judged(ctx, p.Name) {
		if err != nil {
			return ExportRun{}, err
		}
		if err := lines(j, o, out); err != nil {
			return ExportRun{}, fmt.Errorf("labeling: export: item %q: %w", j.Item.Ref, err)
		}
	}
	if err := out.buf.Flush(); err != nil {
		return ExportRun{}, fmt.Errorf("labeling: export: %w", err)
	}
	return a.RecordExport(ctx, ExportRun{
		Project: p.Name, Format: o.Format, Lines: out.lines, Bytes: out.bytes, SHA256: hex.EncodeToString(out.hash.Sum(nil)),
	})
}

// ExportFile is Export into a file that appears whole or not at all.
func ExportFile(ctx context.Context, a Exportable, o ExportOptions, path string) (run ExportRun, err error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := ignoreGone(os.Remove(name)); err != nil { // what a crash left
		return run, fmt.Errorf("labeling: export: %w", err)
	}
	tmp, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return run, fmt.Errorf("labeling: export: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreGone(tmp.Close()), ignoreGone(os.Remove(tmp.Name())))
		}
	}()
	if run, err = Export(ctx, a, o, tmp); err != nil {
		return run, err
	}
	if err = errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return run, fmt.Errorf("labeling: export: %w", err)
	}
	return run, os.Rename(tmp.Name(), path)
}

// ignoreGone drops what a second close or remove answers.
func ignoreGone(err error) error {
	if errors.Is(err, os.ErrClosed) || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// tally writes lines and counts and hashes what it wrote.
type tally struct {
	buf   *bufio.Writer
	hash  hash.Hash
	lines int
	bytes int64
}

func newTally(w io.Writer) *tally {
	h := sha256.New()
	return &tally{buf: bufio.NewWriterSize(io.MultiWriter(w, h), 1<<16), hash: h}
}

func (t *tally) write(v any) error {
	b, err := marshal(v)
	if err != nil {
		return err
	}
	n, err := t.buf.Write(append(b, '\n'))
	t.lines, t.bytes = t.lines+1, t.bytes+int64(n)
	return err
}

var exporters = map[Format]func(JudgedItem, ExportOptions, *tally) error{
	FormatJudgements:  writeJudgements,
	FormatComparisons: writeComparison,
	FormatTRL:         writeTRL,
}

type judgementLine struct {
	ID         string        `json:"id"`
	Item       string        `json:"item"`
	Slot       int           `json:"slot"`
	Annotator  string        `json:"annotator"`
	Simulated  bool          `json:"simulated"`
	Shown      []CandidateID `json:"shown"`   // from left to right
	Sources    []string      `json:"sources"` // of the candidates shown
	Answer     Answer        `json:"answer"`
	Guideline  int           `json:"guideline"`
	ActiveMS   int64         `json:"active_ms"`
	WallMS     int64         `json:"wall_ms"`
	At         time.Time     `json:"at"`
	Supersedes string        `json:"supersedes,omitempty"`
	Current    bool          `json:"current"`
}

func writeJudgements(j JudgedItem, _ ExportOptions, to *tally) error {
	for _, g := range j.Judgements {
		l := judgementLine{
			ID: g.ID, Item: j.Item.Ref, Slot: g.Slot, Annotator: g.Annotator, Simulated: g.Simulated, Shown: g.Shown,
			Answer: g.Answer, Guideline: g.Guideline, ActiveMS: g.Active.Milliseconds(), WallMS: g.Wall.Milliseconds(),
			At: g.At.UTC(), Supersedes: g.Supersedes, Current: g.Current,
		}
		for _, id := range g.Shown {
			c, _ := j.Item.Candidate(id)
			l.Sources = append(l.Sources, c.Source)
		}
		if err := to.write(l); err != nil {
			return err
		}
	}
	return nil
}

type comparisonLine struct {
	ID          string           `json:"id"`
	Prompt      promptLine       `json:"prompt"`
	Candidates  []string         `json:"candidates"`
	Preferences []preferenceLine `json:"preferences"`
	Judgements  []string         `json:"judgement_ids"`
}

type promptLine struct {
	ID       string    `json:"id"`
	Text     string    `json:"text,omitempty"`
	Messages []Message `json:"messages,omitempty"`
}

type preferenceLine struct {
	Chosen   int     `json:"chosen"`
	Rejected int     `json:"rejected"`
	Weight   float64 `json:"weight"`
	Margin   float64 `json:"margin"`
	Tie      bool    `json:"tie"`
}

func writeComparison(j JudgedItem, o ExportOptions, to *tally) error {
	c, ok := compared(j, o)
	if !ok {
		return nil
	}
	l := comparisonLine{ID: c.Item.Ref, Prompt: promptLine{c.Item.Ref, c.Item.Prompt.Text, c.Item.Prompt.Messages}, Judgements: c.Judgements}
	for _, k := range c.Item.Candidates {
		l.Candidates = append(l.Candidates, k.Text)
	}
	for _, p := range c.Preferences {
		l.Preferences = append(l.Preferences, preferenceLine{p.Chosen, p.Rejected, p.Weight, p.Margin, p.Tie})
	}
	return to.write(l)
}

// trlLine is a preference as TRL's DPO and reward trainers read it: strings, or
// messages where the prompt is a conversation.
type trlLine struct {
	ID         string   `json:"id"`
	Prompt     Prompt   `json:"prompt"`
	Chosen     Prompt   `json:"chosen"`
	Rejected   Prompt   `json:"rejected"`
	Margin     float64  `json:"margin"`
	Weight     float64  `json:"weight"`
	Judgements []string `json:"judgement_ids"`
}

// compared is the comparison that an export is about, if the item is one of the work.
func compared(j JudgedItem, o ExportOptions) (Comparison, bool) {
	if j.Item.Kind != KindTask {
		return Comparison{}, false
	}
	c, ok := Compare(j, o.Question)
	return c.Weighed(o.Weights), ok
}

func writeTRL(j JudgedItem, o ExportOptions, to *tally) error {
	c, ok := compared(j, o)
	if !ok {
		return nil
	}
	p, ok := c.Majority(0, 1)
	if !ok {
		return nil
	}
	reply := func(i int) Prompt {
		text := c.Item.Candidates[i].Text
		if len(c.Item.Prompt.Messages) == 0 {
			return Prompt{Text: text}
		}
		return Prompt{Messages: []Message{{Role: "assistant", Content: text}}}
	}
	return to.write(trlLine{
		ID: c.Item.Ref, Prompt: c.Item.Prompt, Chosen: reply(p.Chosen), Rejected: reply(p.Rejected),
		Margin: p.Margin, Weight: p.Weight, Judgements: c.Judgements,
	})
}
