package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// open opens a file for reading and unpacks it where its name ends in ".gz". A byte
// order mark at its head is not part of the text.
func open(path string) (io.Reader, func() error, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("dataset: open: %w", err)
	}
	if !strings.HasSuffix(strings.ToLower(path), ".gz") {
		return skipMark(f), f.Close, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("dataset: %s: unpack: %w", path, err), f.Close())
	}
	return skipMark(z), func() error { return errors.Join(z.Close(), f.Close()) }, nil
}

func skipMark(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 1<<16)
	if head, _ := b.Peek(3); bytes.Equal(head, []byte("\ufeff")) {
		_, _ = b.Discard(3) // peeked just now: cannot fail
	}
	return b
}

// kind is a path's suffix without ".gz", in lower case: ".jsonl", ".csv", ...
func kind(path string) string {
	path = strings.ToLower(path)
	return filepath.Ext(strings.TrimSuffix(path, ".gz"))
}
