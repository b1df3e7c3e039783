package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// Texts reads the documents of a corpus, without the white space around each; blank
// ones are no documents.
//
// Files of records (.json, .jsonl, .csv, .tsv) hold one in each row under Options.Key,
// a string or a list of strings that are lines. Any other file is plain text, which
// Options.Separator cuts:
//
//	""         a blank line ends a document
//	"line"     every line is one
//	"newline"  a line end ends one, blank lines are inside (how TinyStories are joined)
//	otherwise  that text wherever it stands, as "<|endoftext|>"
func Texts(path string, o Options) iter.Seq2[string, error] {
	if hasRows(path) {
		return atLeastOne(path, "document", interpret(rows(path), o.Format, []shape[string]{{"text", nil, textUnder(o.Key)}}))
	}
	return atLeastOne(path, "document", func(yield func(string, error) bool) {
		cut := func(name string, r io.Reader) iter.Seq2[document, error] { return documents(name, r, o.Separator) }
		for d, err := range reading(path, cut) {
			if !yield(d.text, err) || err != nil {
				return
			}
		}
	})
}

func textUnder(key string) func(row) ([]string, error) {
	return func(r row) ([]string, error) {
		key := key
		if key == "" {
			if key = r.first("text|content"); key == "" {
				return nil, fmt.Errorf("dataset: %s:%d: got keys {%s}, want text or content, or the name of another in options", r.file, r.line, strings.Join(r.keys(), ", "))
			}
		}
		if r.opens(key) != '[' {
			s, err := r.str(key)
			return unlessBlank(s), err
		}
		lines, err := r.list(key, "a string or a list of strings")
		return unlessBlank(strings.Join(lines, "\n")), err
	}
}

func unlessBlank(s string) []string {
	if s = trim(s); s == "" {
		return nil
	}
	return []string{s}
}

// document is a piece of plain text and the line on which it ends.
type document struct {
	text string
	line int
}

// documents cuts plain text by a separator as in Texts. CRLF line ends become LF.
func documents(name string, r io.Reader, separator string) iter.Seq2[document, error] {
	return func(yield func(document, error) bool) {
		if strings.Contains(separator, "\n") {
			yield(document{}, fmt.Errorf("dataset: separator: got %q, want it without line ends; a blank line is \"\"", separator))
			return
		}
		in := bufio.NewReader(r)
		c := cutter{separator: separator, yield: yield}
		for !c.stopped {
			s, err := in.ReadString('\n')
			c.line++
			if !utf8.ValidString(s) {
				err = errors.New("got bytes that are not UTF-8")
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(document{}, fmt.Errorf("dataset: %s:%d: %w", name, c.line, err))
				return
			}
			c.add(strings.TrimRight(s, "\r\n"))
			if err != nil {
				c.end()
				return
			}
		}
	}
}

// cutter gathers lines into documents.
type cutter struct {
	separator string
	yield     func(document, error) bool
	line      int
	held      strings.Builder // the document so far
	blank     bool            // the last line was blank
	stopped   bool
}

func (c *cutter) add(s string) {
	blank := trim(s) == ""
	switch c.separator {
	case "":
		if blank {
			c.end()
		}
		c.hold(s)
	case "line":
		c.hold(s)
		c.end()
	case "newline":
		if !blank && !c.blank {
			c.end()
		}
		c.hold(s)
	default:
		for {
			before, after, found := strings.Cut(s, c.separator)
			c.hold(before)
			if !found {
				break
			}
			c.end()
			s = after
		}
	}
	c.blank = blank
}

func (c *cutter) hold(s string) {
	c.held.WriteString(s)
	c.held.WriteByte('\n')
}

func (c *cutter) end() {
	text := trim(c.held.String())
	c.held.Reset()
	if text != "" && !c.stopped {
		c.stopped = !c.yield(document{text, c.line}, nil)
	}
}
