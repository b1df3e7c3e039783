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
	"slices"
	"strings"
)

// Format is what an export writes, one JSON object a line.
type Format string

// The formats; their lines are in export_lines.go.
const (
	// FormatJudgements is every answer ever given, superseded and withdrawn ones too.
	FormatJudgements Format = "judgements"
	// FormatComparisons is one Comparison per judged item, and one per edit: all that a
	// reward model can learn from.
	FormatComparisons Format = "comparisons"
	// FormatTRL is prompt, chosen, rejected of each pair by majority, as TRL reads them.
	FormatTRL Format = "trl"
	// FormatHH is the same as the transcripts of hh-rlhf.
	FormatHH Format = "hh"
	// FormatKWise is a prompt with its responses and their ranks.
	FormatKWise Format = "kwise"
	// FormatKTO is single responses, desirable or not, as TRL's KTO reads them.
	FormatKTO Format = "kto"
	// FormatSFT is demonstrations: the responses that annotators rewrote.
	FormatSFT Format = "sft"
)

// Formats lists the formats there are.
func Formats() []Format {
	return []Format{FormatJudgements, FormatComparisons, FormatTRL, FormatHH, FormatKWise, FormatKTO, FormatSFT}
}

// ExportOptions say what is exported.
type ExportOptions struct {
	Project   string // empty: the only one
	Format    Format
	Question  string        // what was asked; empty: the task's main question
	Weights   Probabilities // in the place of shares, see quality.Probabilities; nil: shares
	NoEdits   bool          // comparisons, trl, hh: leave out that what was edited is better than before
	Agreement float64       // trl, hh, kto: least weight of a majority, 0 to 1
	Threshold float64       // kto of a rating: mean points of a desirable response; 0: more than the middle
	Split     Split         // into files by prompt; none: one file
}

// Exportable is what an export reads, and where it is recorded.
type Exportable interface {
	Catalogue
	Archive
}

// Export writes a project to w and records that with the hash of the bytes. The bytes
// depend on nothing but what was imported and answered: lines are in order of import,
// then of slots, then of corrections. Options that do not fit the project's task are an
// error.
func Export(ctx context.Context, a Exportable, o ExportOptions, w io.Writer) (Origin, error) {
	if len(o.Split) > 0 {
		return Origin{}, errors.New("labeling: export: got a split without files, want files to split into")
	}
	x := &exporting{to: a, parts: []*part{newPart("", w)}}
	if err := x.write(ctx, o); err != nil {
		return Origin{}, err
	}
	origins, err := x.record(ctx)
	if err != nil {
		return Origin{}, err
	}
	return origins[0], nil
}

// ExportFiles is Export into a file that appears whole or not at all, or into one for
// each part of the split: of pairs.jsonl pairs.train.jsonl and so on.
func ExportFiles(ctx context.Context, a Exportable, o ExportOptions, path string) (origins []Origin, err error) {
	x := &exporting{to: a}
	var files []*os.File
	defer func() {
		for _, f := range files { // nothing is left of them where all went well
			err = errors.Join(err, ignoreGone(f.Close()), ignoreGone(os.Remove(f.Name())))
		}
	}()
	names := o.Split.names()
	for _, name := range names {
		f, err := create(PartPath(path, name))
		if err != nil {
			return nil, fmt.Errorf("labeling: export: %w", err)
		}
		files, x.parts = append(files, f), append(x.parts, newPart(name, f))
	}
	if err := x.write(ctx, o); err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return nil, fmt.Errorf("labeling: export: %w", err)
		}
	}
	if origins, err = x.record(ctx); err != nil {
		return nil, err
	}
	for i, f := range files {
		origins[i].File = PartPath(path, names[i])
		if err := os.Rename(f.Name(), origins[i].File); err != nil {
			return nil, fmt.Errorf("labeling: export: %w", err)
		}
	}
	return origins, nil
}

// PartPath is the file of a part of a split: pairs.train.jsonl of pairs.jsonl.
func PartPath(path, part string) string {
	if part == "" {
		return path
	}
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "." + part + ext
}

// create opens what is to become the file at path.
func create(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := ignoreGone(os.Remove(name)); err != nil { // what a crash left
		return nil, err
	}
	return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
}

// ignoreGone drops what a second close or remove answers.
func ignoreGone(err error) error {
	if errors.Is(err, os.ErrClosed) || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// exporting is an export under way.
type exporting struct {
	ExportOptions
	to      Exportable
	task    Task
	parts   []*part
	leftOut map[string]int
}

// part is one file of an export. It counts and hashes what it writes.
type part struct {
	name  string
	buf   *bufio.Writer
	hash  hash.Hash
	lines int
	bytes int64
	ids   map[string]bool // of judgements
}

func newPart(name string, w io.Writer) *part {
	h := sha256.New()
	return &part{name: name, buf: bufio.NewWriterSize(io.MultiWriter(w, h), 1<<16), hash: h, ids: map[string]bool{}}
}

func (p *part) write(l line) error {
	b, err := marshal(l.value)
	if err != nil {
		return err
	}
	n, err := p.buf.Write(append(b, '\n'))
	p.lines, p.bytes = p.lines+1, p.bytes+int64(n)
	for _, id := range l.judgements {
		p.ids[id] = true
	}
	return err
}

// write writes all lines, each to the part that its prompt belongs to.
func (x *exporting) write(ctx context.Context, o ExportOptions) error {
	p, err := x.to.Project(ctx, o.Project)
	if err != nil {
		return err
	}
	x.ExportOptions, x.task, x.leftOut = o, p.Task, map[string]int{}
	x.Project = p.Name
	if err := x.check(); err != nil {
		return fmt.Errorf("labeling: export: %w", err)
	}
	for j, err := range x.to.Judged(ctx, p.Name) {
		if err != nil {
			return err
		}
		if err := x.item(j); err != nil {
			return fmt.Errorf("labeling: export: item %q: %w", j.Item.Ref, err)
		}
	}
	for _, p := range x.parts {
		if err := p.buf.Flush(); err != nil {
			return fmt.Errorf("labeling: export: %w", err)
		}
	}
	return nil
}

func (x *exporting) item(j JudgedItem) error {
	lines, why := x.lines(j)
	if why != "" {
		x.leftOut[why]++
	}
	to := x.parts[x.Split.part(j.Item.Prompt)]
	for _, l := range lines {
		if err := to.write(l); err != nil {
			return err
		}
	}
	return nil
}

// check reports options that make no sense for the task.
func (x *exporting) check() error {
	var errs []error
	if !slices.Contains(Formats(), x.Format) {
		errs = append(errs, fmt.Errorf("format: got %q, want one of %v", x.Format, Formats()))
	}
	if !(x.Agreement >= 0 && x.Agreement <= 1) {
		errs = append(errs, fmt.Errorf("agreement: got %v, want 0 to 1", x.Agreement))
	}
	if x.Agreement > 0 && !slices.Contains([]Format{FormatTRL, FormatHH, FormatKTO}, x.Format) {
		errs = append(errs, fmt.Errorf("agreement: got %v for %s, want it with trl, hh or kto: the others have no majority", x.Agreement, x.Format))
	}
	return errors.Join(append(errs, x.Split.Validate(), x.ask())...)
}

// ask finds the question that the lines are about, if they are about one.
func (x *exporting) ask() error {
	if x.Format == FormatJudgements || x.Format == FormatSFT {
		if x.Question != "" || x.Weights != nil || x.Threshold != 0 {
			return fmt.Errorf("%s: got a question, weights or a threshold, want none: its lines are about no question", x.Format)
		}
		return nil
	}
	q, err := MainQuestion(x.task, x.Question)
	if x.Format == FormatKTO && x.Question == "" && err != nil {
		q, err = x.task.rating()
	}
	if err != nil {
		return err
	}
	x.Question = q.Key
	rated := x.Format == FormatKTO && q.Kind == AskRating
	switch {
	case q.Marks() && !rated:
		return fmt.Errorf("question %s: got a %s, want a preference or ranking; kto also takes a rating", q.Key, q.Kind)
	case x.Threshold != 0 && !(rated && x.Threshold >= 1 && x.Threshold <= float64(q.Points)):
		return fmt.Errorf("threshold: got %v, want points of a rating, for kto", x.Threshold)
	case x.Weights != nil && rated:
		return fmt.Errorf("question %s: got weights for a rating, want none", q.Key)
	}
	return nil
}

// rating is the only question of that kind.
func (t Task) rating() (q Question, err error) {
	n := 0
	for _, x := range t.Questions {
		if x.Kind == AskRating {
			q, n = x, n+1
		}
	}
	if n != 1 {
		err = fmt.Errorf("question: got none, want one of the task's: it has no preference or ranking and %d ratings", n)
	}
	return q, err
}

// record enters what was written into the store.
func (x *exporting) record(ctx context.Context) (origins []Origin, err error) {
	sums := map[string]string{}
	for _, p := range x.parts {
		o := Origin{Question: x.Question, Split: p.name, Judgements: len(p.ids), JudgementsSHA256: HashIDs(sortedKeys(p.ids)), LeftOut: x.leftOut}
		if x.Question != "" {
			o.Weights = x.weighing()
		}
		o.ExportRun = ExportRun{Project: x.Project, Format: x.Format, Lines: p.lines, Bytes: p.bytes, SHA256: hex.EncodeToString(p.hash.Sum(nil)), Note: x.note(p.name)}
		if o.ExportRun, err = x.to.RecordExport(ctx, o.ExportRun); err != nil {
			return nil, err
		}
		sums[p.name] = o.SHA256
		origins = append(origins, o)
	}
	if len(x.Split) > 0 {
		for i := range origins {
			origins[i].Parts = sums
		}
	}
	return origins, nil
}

// weighing names where weights come from.
func (x *exporting) weighing() string {
	if x.Weights != nil {
		return "dawid-skene"
	}
	return "votes"
}

// note is all that a file depends on besides the judgements and its format.
func (x *exporting) note(part string) string {
	var words []string
	add := func(ok bool, format string, a ...any) {
		if ok {
			words = append(words, fmt.Sprintf(format, a...))
		}
	}
	add(x.Question != "", "question=%s weights=%s", x.Question, x.weighing())
	add(x.NoEdits, "edits=false")
	add(x.Agreement > 0, "agreement=%v", x.Agreement)
	add(x.Threshold != 0, "threshold=%v", x.Threshold)
	add(part != "", "split=%s of %s", part, x.Split)
	return strings.Join(words, " ")
}
