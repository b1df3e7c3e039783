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

	"github.com/klauspost/compress/zstd"
)

// Open opens a file for reading and unpacks it where its name ends in ".gz" or ".zst". A
// byte order mark at its head is not part of the text.
func Open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: open: %w", err)
	}
	in, closePacked, err := unpack(path, f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dataset: %s: unpack: %w", path, err), f.Close())
	}
	return opened{skipMark(in), func() error { return errors.Join(closePacked(), f.Close()) }}, nil
}

// opened is a file being read.
type opened struct {
	io.Reader
	close func() error
}

func (o opened) Close() error { return o.close() }

// maxWindow bounds the memory that a packed file can ask for, in bytes.
const maxWindow = 256 << 20

// unpack reads what is packed as the path's suffix says.
func unpack(path string, r io.Reader) (io.Reader, func() error, error) {
	switch packing(path) {
	case ".gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, func() error { z.Close(); return nil }, nil
	}
	return r, func() error { return nil }, nil
}

func skipMark(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 1<<16)
	if head, _ := b.Peek(3); bytes.Equal(head, []byte("\ufeff")) {
		_, _ = b.Discard(3) // peeked just now: cannot fail
	}
	return b
}

// packing is ".gz", ".zst" or "".
func packing(path string) string {
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".gz" || ext == ".zst" {
		return ext
	}
	return ""
}

// kind is a path's suffix but for that of its packing, in lower case: ".jsonl", ".csv", ...
func kind(path string) string {
	path = strings.ToLower(path)
	return filepath.Ext(strings.TrimSuffix(path, packing(path)))
}
