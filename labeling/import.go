package labeling

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of an import.
const (
	MaxLine       = 16 << 20 // bytes of one line
	importBatch   = 500      // items per transaction
	reportedLines = 20       // faults reported before giving up
)

// Imported says what an import did.
type Imported struct {
	Items int `json:"items"` // read
	Added int `json:"added"` // of them new; the others were stored before
}

// Import reads items, one JSON object a line, into a project:
//
//	{"id": "42", "prompt": "text or [messages]", "candidates": [{"text": "…", "source": "sft"}, {"text": "…"}], "priority": 0}
//
// Items are stored in batches while reading, and an item stored before is skipped, so
// that an import cut short is simply repeated. After a fault nothing more is stored;
// the error names up to 20 faults as file:line. name is the file's, for errors.
func Import(ctx context.Context, c Catalogue, project string, r io.Reader, name string) (Imported, error) {
	p, err := c.Project(ctx, project)
	if err != nil {
		return Imported{}, err
	}
	im := importer{ctx: ctx, to: c, project: p, name: name, lineOf: map[string]int{}}
	lines := bufio.NewReaderSize(r, 1<<16)
	for n := 1; len(im.faults) < reportedLines; n++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			im.fault(n, err)
			break // where the line ends is not known
		}
		im.line(n, line)
	}
	im.flush()
	return im.done, errors.Join(im.faults...)
}

type importer struct {
	ctx     context.Context
	to      Catalogue
	project Project
	name    string
	batch   []Item
	lineOf  map[string]int // of the items in the batch
	faults  []error
	done    Imported
}

func (im *importer) fault(line int, err error) {
	im.faults = append(im.faults, fmt.Errorf("%s:%d: %w", im.name, line, err))
}

func (im *importer) line(n int, line []byte) {
	if n == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	it, err := parseItem(line)
	if err == nil {
		err = it.Validate(im.project.Task)
	}
	if err != nil {
		im.fault(n, err)
		return
	}
	im.done.Items++
	if _, twice := im.lineOf[it.Ref]; twice { // the store tells equal from different
		im.flush()
	}
	im.lineOf[it.Ref] = n
	if im.batch = append(im.batch, it); len(im.batch) == importBatch {
		im.flush()
	}
}

func (im *importer) flush() {
	if len(im.batch) > 0 && len(im.faults) == 0 {
		added, err := im.to.AddItems(im.ctx, im.project.Name, im.batch)
		im.done.Added += added
		var bad *ItemError
		switch {
		case errors.As(err, &bad):
			im.fault(im.lineOf[bad.Ref], err)
		case err != nil:
			im.fault(im.lineOf[im.batch[0].Ref], err)
		}
	}
	im.batch = im.batch[:0]
	clear(im.lineOf)
}

// readLine returns the next line without its end, or io.EOF.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > MaxLine {
			return nil, fmt.Errorf("line: got more than %d bytes, want less", MaxLine)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		default:
			return nil, err
		}
	}
}

// lineItem is an item in a file.
type lineItem struct {
	ID         *string         `json:"id"`
	Prompt     *Prompt         `json:"prompt"`
	Candidates []lineCandidate `json:"candidates"`
	Priority   float64         `json:"priority"`
}

type lineCandidate struct {
	Text   *string `json:"text"`
	Source string  `json:"source"`
}

func parseItem(line []byte) (Item, error) {
	if !utf8.Valid(line) {
		return Item{}, errors.New("got broken UTF-8, want UTF-8")
	}
	var in lineItem
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return Item{}, jsonFault(err)
	}
	if d.More() {
		return Item{}, errors.New("got more than one JSON value, want one object a line")
	}
	if hasLoneSurrogate(line) {
		return Item{}, errors.New(`got half of a surrogate pair (\ud800 to \udfff), which no text can hold; want whole characters`)
	}
	return in.item()
}

func (in lineItem) item() (Item, error) {
	var missing []string
	if in.ID == nil {
		missing = append(missing, "id")
	}
	if in.Prompt == nil {
		missing = append(missing, "prompt")
	}
	it := Item{Priority: in.Priority}
	for i, c := range in.Candidates {
		if c.Text == nil {
			missing = append(missing, fmt.Sprintf("candidates[%d].text", i))
			continue
		}
		it.Candidates = append(it.Candidates, Candidate{Text: *c.Text, Source: c.Source})
	}
	if len(missing) > 0 {
		return Item{}, fmt.Errorf("missing: %s", strings.Join(missing, ", "))
	}
	it.Ref, it.Prompt = *in.ID, *in.Prompt
	return it, nil
}

// jsonFault says in our words what encoding/json found.
func jsonFault(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("JSON, byte %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: got %s, want %s", kind.Field, kind.Value, kind.Type)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("JSON: the line ends within the object")
	}
	return fmt.Errorf("%w; the keys are id, prompt, candidates (text, source) and priority", err)
}

// hasLoneSurrogate finds an escape that encoding/json would silently replace.
func hasLoneSurrogate(line []byte) bool {
	for i := 0; i+1 < len(line); i++ {
		if line[i] != '\\' {
			continue
		}
		if unit, ok := escapedUnit(line[i:]); ok && unit>>11 == 0xD800>>11 {
			low, ok := escapedUnit(line[i+6:])
			if unit >= 0xDC00 || !ok || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 6
		}
		i++ // the escaped byte may be a backslash
	}
	return false
}

// escapedUnit reads the UTF-16 unit of a \uXXXX at the start of b.
func escapedUnit(b []byte) (uint16, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var unit uint16
	if _, err := fmt.Sscanf(string(b[2:6]), "%04x", &unit); err != nil {
		return 0, false
	}
	return unit, true
}
