package run

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"plumbline/internal/dataset"
)

// journal keeps answers on the disk while they are drawn, beside the file that they will
// be in: a line of JSON with the key of the drawing, then one an answer. It is a memory
// of what would be drawn again in the same way, so that nothing depends on it but time.
type journal struct {
	file  *os.File
	out   *bufio.Writer
	fresh int               // answers not yet on the disk
	drawn map[uint64]string // by number, from before
}

// journalled is how many answers a killed process may have to draw again.
const journalled = 64

type journalKey struct {
	Drawing string `json:"drawing"`
}

type journalLine struct {
	Number *uint64 `json:"draw"`
	Text   string  `json:"text"`
}

func journalPath(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".journal")
}

// openJournal reads the journal of the file at path. One of another drawing begins anew;
// a last line that was cut short is cut off.
func openJournal(path, key string) (*journal, error) {
	f, err := os.OpenFile(journalPath(path), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, out: bufio.NewWriter(f), drawn: map[uint64]string{}}
	end, err := j.read(key)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err == nil && end == 0 {
		err = j.write(journalKey{key})
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// read takes in what is sound and tells where that ends.
func (j *journal) read(key string) (end int64, err error) {
	lines := bufio.NewReader(j.file)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) || err == nil && !j.take(line, end == 0, key) {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
		end += int64(len(line))
	}
}

// take tells whether a line is sound: the first has the key, any other an answer.
func (j *journal) take(line []byte, first bool, key string) bool {
	if first {
		var k journalKey
		return json.Unmarshal(line, &k) == nil && k.Drawing == key
	}
	var l journalLine
	if json.Unmarshal(line, &l) != nil || l.Number == nil {
		return false
	}
	j.drawn[*l.Number] = l.Text
	return true
}

func (j *journal) write(v any) error {
	enc := json.NewEncoder(j.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// add keeps an answer.
func (j *journal) add(number uint64, text string) error {
	err := j.write(journalLine{&number, text})
	if j.fresh++; err == nil && j.fresh == journalled {
		err = j.sync()
	}
	return err
}

func (j *journal) sync() error {
	j.fresh = 0
	return errors.Join(j.out.Flush(), j.file.Sync())
}

// close leaves the journal to the next drawing.
func (j *journal) close() error { return errors.Join(j.sync(), j.file.Close()) }

// remove ends the journal, whose answers are where they belong.
func (j *journal) remove() error {
	err := errors.Join(j.file.Close(), os.Remove(j.file.Name()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// fingerprint is a hash of all that answers depend on: prompts, settings, and the models
// by name, size and time of their files.
func (c Candidates) fingerprint(prompts []dataset.Prompt) (string, error) {
	h := sha256.New()
	enc := json.NewEncoder(h)
	errs := []error{enc.Encode([]any{c.Seed, c.pool(), c.MaxTokens, prompts})}
	for _, a := range c.Arms {
		files, err := filesOf(a.Model)
		if err != nil {
			return "", err
		}
		errs = append(errs, enc.Encode(a))
		for _, f := range files {
			info, err := os.Stat(f)
			if err != nil {
				return "", err
			}
			errs = append(errs, enc.Encode([]any{f, info.Size(), info.ModTime().UnixNano()}))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return "", fmt.Errorf("fingerprint: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
