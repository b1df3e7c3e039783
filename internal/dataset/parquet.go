package dataset

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/parquet-go/parquet-go"

	"plumbline/internal/exact"
)

// parquetFile reads the rows of a parquet file.
func parquetFile(path string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(row{}, fmt.Errorf("dataset: open: %w", err))
			return
		}
		defer f.Close() //nolint:errcheck // only read
		info, err := f.Stat()
		if err != nil {
			yield(row{}, fmt.Errorf("dataset: %w", err))
			return
		}
		parquetRows(path, f, info.Size())(yield)
	}
}

// parquetRows makes rows of a parquet file's: lists and groups become JSON lists and
// objects, binary columns texts.
func parquetRows(name string, in io.ReaderAt, size int64) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		r, err := openParquet(in, size)
		if err != nil {
			yield(row{}, fmt.Errorf("dataset: %s: parquet: %w", name, err))
			return
		}
		for n := 1; ; n++ {
			t := row{file: name, line: n}
			values, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				t.fields, err = jsonFields(values)
			}
			if err != nil {
				yield(row{}, fmt.Errorf("dataset: %s: row %d: parquet: %w", name, n, err))
				return
			}
			if !yield(t, nil) {
				return
			}
		}
	}
}

// parquetReader reads rows one by one. The library panics on some broken files.
type parquetReader struct {
	in *parquet.GenericReader[any]
}

func openParquet(in io.ReaderAt, size int64) (r *parquetReader, err error) {
	defer caught(&err)
	if err := checkFooter(in, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(in, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	return &parquetReader{parquet.NewGenericReader[any](f)}, nil
}

// checkFooter refuses a length of the footer that the file cannot hold: the library
// would ask for as much memory.
func checkFooter(in io.ReaderAt, size int64) error {
	const magic = 4
	var tail [2 * magic]byte
	if size < 3*magic {
		return fmt.Errorf("got %d bytes, want a file", size)
	}
	if _, err := in.ReadAt(tail[:], size-int64(len(tail))); err != nil {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); n > size-3*magic {
		return fmt.Errorf("got a footer of %d bytes in a file of %d", n, size)
	}
	return nil
}

// next is the next row by column, or io.EOF.
func (r *parquetReader) next() (values map[string]any, err error) {
	defer caught(&err)
	var v [1]any
	if n, err := r.in.Read(v[:]); n == 0 {
		return nil, cmp.Or(err, io.ErrNoProgress)
	}
	values, ok := v[0].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("got a row of %T, want columns", v[0])
	}
	return values, nil
}

// caught turns a panic into an error.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("broken file: %v", v)
	}
}

func jsonFields(values map[string]any) (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	for key, v := range values {
		b, err := json.Marshal(exactly(v))
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", key, err)
		}
		fields[key] = b
	}
	return fields, nil
}

// exactly is v with every string as one that JSON keeps.
func exactly(v any) any {
	switch v := v.(type) {
	case string:
		return exact.Text(v)
	case []byte:
		return exact.Text(v)
	case []any:
		for i := range v {
			v[i] = exactly(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = exactly(v[k])
		}
	}
	return v
}
