package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"
	"strings"
	"unicode/utf8"
)

// row is one record of a file: a JSON object, a line of a table under its header, or a
// row of parquet.
type row struct {
	file   string
	line   int // where the record begins, from 1; in parquet the number of the row
	fields map[string]json.RawMessage
}

// errorf is a fault of one key, with its place.
func (r row) errorf(key, format string, a ...any) error {
	return fmt.Errorf("dataset: %s:%d: %s: %w", r.file, r.line, key, fmt.Errorf(format, a...))
}

// keys lists what the row has, sorted.
func (r row) keys() []string {
	var keys []string
	for k := range r.fields {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// rowReader turns bytes into rows; name is for the errors.
type rowReader func(name string, r io.Reader) iter.Seq2[row, error]

// rowReaders says how a file is read, by suffix.
var rowReaders = map[string]rowReader{
	".json":   jsonRows,
	".jsonl":  jsonRows,
	".ndjson": jsonRows,
	".csv":    tableRows(','),
	".tsv":    tableRows('\t'),
}

// rows reads a file of records. A file without any is an error.
func rows(path string) iter.Seq2[row, error] {
	read, ok := rowReaders[kind(path)]
	switch {
	case kind(path) == ".parquet" && packing(path) == "":
		return atLeastOne(path, "record", parquetFile(path))
	case !ok:
		return func(yield func(row, error) bool) {
			yield(row{}, fmt.Errorf("dataset: %s: got suffix %q, want .json, .jsonl, .ndjson, .csv or .tsv, plain, .gz or .zst, or .parquet", path, kind(path)))
		}
	}
	return atLeastOne(path, "record", reading(path, read))
}

// hasRows tells whether a file holds records, by its suffix.
func hasRows(path string) bool {
	_, ok := rowReaders[kind(path)]
	return ok || kind(path) == ".parquet"
}

// atLeastOne makes an error of a file that holds nothing.
func atLeastOne[T any](path, what string, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		empty := true
		for v, err := range seq {
			empty = false
			if !yield(v, err) || err != nil {
				return
			}
		}
		if empty {
			var none T
			yield(none, fmt.Errorf("dataset: %s: got no %s, want ≥ 1", path, what))
		}
	}
}

// reading opens a file for as long as somebody ranges over what read makes of it.
func reading[T any](path string, read func(name string, r io.Reader) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		in, err := Open(path)
		if err != nil {
			yield(none, err)
			return
		}
		for v, err := range read(path, in) {
			if !yield(v, err) || err != nil {
				_ = in.Close() // the reader's own fault is the one to tell
				return
			}
		}
		if err := in.Close(); err != nil {
			yield(none, fmt.Errorf("dataset: %s: close: %w", path, err))
		}
	}
}

// jsonRows reads either an array of objects or one object a line, whatever the suffix
// says: both are called .json in the wild.
func jsonRows(name string, r io.Reader) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		in := bufio.NewReader(r)
		first, line, err := firstByte(in)
		switch {
		case errors.Is(err, io.EOF):
		case err != nil:
			yield(row{}, fmt.Errorf("dataset: %s:%d: %w", name, line, err))
		case first == '[':
			arrayRows(name, in, line, yield)
		default:
			lineRows(name, in, line, yield)
		}
	}
}

// firstByte skips white space and tells what comes next and on which line.
func firstByte(in *bufio.Reader) (b byte, line int, err error) {
	line = 1
	for {
		b, err = in.ReadByte()
		switch {
		case err != nil:
			return 0, line, err
		case b == '\n':
			line++
		case b != ' ' && b != '\t' && b != '\r':
			return b, line, in.UnreadByte()
		}
	}
}

// lineRows reads one object a line and skips blank lines.
func lineRows(name string, in *bufio.Reader, line int, yield func(row, error) bool) {
	for ; ; line++ {
		b, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			yield(row{}, fmt.Errorf("dataset: %s:%d: %w", name, line, err))
			return
		}
		if len(bytes.TrimSpace(b)) > 0 {
			if r, bad := object(name, line, b); !yield(r, bad) || bad != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// arrayRows reads the objects of one array, one at a time.
func arrayRows(name string, in io.Reader, line int, yield func(row, error) bool) {
	at := &lineIndex{r: in, line: line}
	dec := json.NewDecoder(at)
	fail := func(err error) {
		place := dec.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			place = syntax.Offset - 1
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err, place = io.ErrUnexpectedEOF, at.read
		}
		yield(row{}, fmt.Errorf("dataset: %s:%d: %w", name, at.of(place), err))
	}
	if _, err := dec.Token(); err != nil { // the "["
		fail(err)
		return
	}
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			fail(err)
			return
		}
		begin := dec.InputOffset() - int64(len(raw))
		if r, err := object(name, at.of(begin), raw); !yield(r, err) || err != nil {
			return
		}
	}
	if _, err := dec.Token(); err != nil { // the "]"
		fail(err)
		return
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		yield(row{}, fmt.Errorf("dataset: %s:%d: got more text after the array, want its end", name, at.of(dec.InputOffset())))
	}
}

func object(name string, line int, raw []byte) (row, error) {
	r := row{file: name, line: line}
	if !utf8.Valid(raw) {
		return r, fmt.Errorf("dataset: %s:%d: got bytes that are not UTF-8", name, line)
	}
	if err := json.Unmarshal(raw, &r.fields); err != nil {
		return r, fmt.Errorf("dataset: %s:%d: want one JSON object: %w", name, line, err)
	}
	if r.fields == nil {
		return r, fmt.Errorf("dataset: %s:%d: got null, want one JSON object", name, line)
	}
	return r, nil
}

// lineIndex counts lines under a decoder that reads ahead. Offsets are asked for in
// rising order, so the ends of lines already passed are forgotten.
type lineIndex struct {
	r    io.Reader
	read int64   // bytes handed out
	line int     // line of offset 0, then of the last offset asked for
	ends []int64 // offsets of the newlines after that
}

func (x *lineIndex) Read(b []byte) (int, error) {
	n, err := x.r.Read(b)
	for i, c := range b[:n] {
		if c == '\n' {
			x.ends = append(x.ends, x.read+int64(i))
		}
	}
	x.read += int64(n)
	return n, err
}

func (x *lineIndex) of(offset int64) int {
	passed := sort.Search(len(x.ends), func(i int) bool { return x.ends[i] >= offset })
	x.line += passed
	x.ends = x.ends[passed:]
	return x.line
}

// tableRows reads comma- or tab-separated values under a header line.
func tableRows(comma rune) rowReader {
	return func(name string, r io.Reader) iter.Seq2[row, error] {
		return func(yield func(row, error) bool) {
			in := csv.NewReader(r)
			in.Comma = comma
			header, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if twice := repeated(header); err == nil && twice != "" {
				err = fmt.Errorf("header: got %q twice, want every key once", twice)
			}
			for err == nil {
				var cells []string
				if cells, err = in.Read(); err != nil {
					break
				}
				line, _ := in.FieldPos(0)
				t, bad := tableRow(name, line, header, cells)
				if !yield(t, bad) || bad != nil {
					return
				}
			}
			if !errors.Is(err, io.EOF) {
				yield(row{}, fmt.Errorf("dataset: %s: %w", name, err)) // csv names the line
			}
		}
	}
}

func repeated(header []string) string {
	seen := map[string]bool{}
	for _, k := range header {
		if k = strings.TrimSpace(k); seen[k] {
			return k
		}
		seen[k] = true
	}
	return ""
}

func tableRow(name string, line int, header, cells []string) (row, error) {
	r := row{file: name, line: line, fields: map[string]json.RawMessage{}}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return r, r.errorf(header[i], "got bytes that are not UTF-8")
		}
		raw, err := json.Marshal(cell)
		if err != nil {
			return r, r.errorf(header[i], "%w", err)
		}
		r.fields[strings.TrimSpace(header[i])] = raw
	}
	return r, nil
}
