package checkpoint

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Tensor is one named array: Floats for a float type, Ints for an integer type,
// row-major.
type Tensor struct {
	Name   string
	DType  DType
	Shape  []int
	Floats []float32
	Ints   []int64

	lazy func() []float32 // instead of Floats: made when it is written, so that copies do not pile up
}

// chunk is the number of elements converted at a time.
const chunk = 1 << 16

// File is an open safetensors file. Its tensors are read one at a time.
type File struct {
	Header
	path  string
	file  *os.File
	start int64 // of the data
	index map[string]int
}

// Open opens a safetensors file and checks its header.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: open: %w", err)
	}
	s, err := openFile(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("checkpoint: open %s: %w", path, err), f.Close())
	}
	s.path = path
	return s, nil
}

func openFile(f *os.File) (*File, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	h, err := ReadHeader(f, st.Size())
	if err != nil {
		return nil, err
	}
	s := &File{Header: h, file: f, start: st.Size() - h.DataSize(), index: map[string]int{}}
	for i, t := range h.Tensors {
		s.index[t.Name] = i
	}
	return s, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Info finds a tensor by name.
func (f *File) Info(name string) (Info, bool) {
	i, ok := f.index[name]
	if !ok {
		return Info{}, false
	}
	return f.Tensors[i], true
}

// Floats reads a tensor of a float type into dst, which has its size.
func (f *File) Floats(name string, dst []float32) error {
	t, ok := f.Info(name)
	if !ok || !t.DType.Float() || t.Size() != len(dst) {
		return fmt.Errorf("checkpoint: read %s: %s: got %s %v, want %d real numbers", f.path, name, t.DType, t.Shape, len(dst))
	}
	return f.each(t, func(lo, n int, b []byte) { decodeFloats(t.DType, dst[lo:lo+n], b) })
}

// Ints reads a tensor of an integer type into dst, which has its size.
func (f *File) Ints(name string, dst []int64) error {
	t, ok := f.Info(name)
	if !ok || t.DType.Float() || t.Size() != len(dst) {
		return fmt.Errorf("checkpoint: read %s: %s: got %s %v, want %d integers", f.path, name, t.DType, t.Shape, len(dst))
	}
	return f.each(t, func(lo, n int, b []byte) { decodeInts(t.DType, dst[lo:lo+n], b) })
}

// each hands the bytes of a tensor to decode, n elements from element lo at a time.
func (f *File) each(t Info, decode func(lo, n int, b []byte)) error {
	width := t.DType.Size()
	buf := make([]byte, min(chunk, t.Size())*width)
	for lo := 0; lo < t.Size(); lo += chunk {
		n := min(chunk, t.Size()-lo)
		b := buf[:n*width]
		if _, err := f.file.ReadAt(b, f.start+t.Begin+int64(lo*width)); err != nil {
			return fmt.Errorf("checkpoint: read %s: %s: %w", f.path, t.Name, err)
		}
		decode(lo, n, b)
	}
	return nil
}

// Tensor reads a tensor whole.
func (f *File) Tensor(name string) (Tensor, error) {
	i, ok := f.Info(name)
	if !ok {
		return Tensor{}, fmt.Errorf("checkpoint: read %s: got no tensor %s", f.path, name)
	}
	t := Tensor{Name: name, DType: i.DType, Shape: i.Shape}
	if i.DType.Float() {
		t.Floats = make([]float32, i.Size())
		return t, f.Floats(name, t.Floats)
	}
	t.Ints = make([]int64, i.Size())
	return t, f.Ints(name, t.Ints)
}

// ReadTensors reads every tensor of a safetensors file, by name.
func ReadTensors(path string) (all map[string]Tensor, err error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	all = make(map[string]Tensor, len(f.Tensors))
	for _, i := range f.Tensors {
		if all[i.Name], err = f.Tensor(i.Name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// WriteTensors writes a safetensors file. Tensors are laid out as the reference
// library does it, widest type first and then by name, so that equal contents give
// equal bytes.
func WriteTensors(w io.Writer, metadata map[string]string, tensors []Tensor) error {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.rank(), a.DType.rank()), cmp.Compare(a.Name, b.Name))
	})
	h, err := layOut(metadata, sorted)
	if err != nil {
		return fmt.Errorf("checkpoint: write: %w", err)
	}
	head, err := h.Bytes()
	if err != nil {
		return fmt.Errorf("checkpoint: write: %w", err)
	}
	b := bufio.NewWriterSize(w, 1<<20)
	if _, err := b.Write(head); err != nil {
		return err
	}
	for _, t := range sorted {
		if err := t.write(b); err != nil {
			return err
		}
	}
	return b.Flush()
}

func layOut(metadata map[string]string, sorted []Tensor) (Header, error) {
	h := Header{Metadata: metadata}
	seen := map[string]bool{}
	var end int64
	for _, t := range sorted {
		n, err := byteSize(t.DType, t.Shape)
		if err != nil || seen[t.Name] || t.Name == "__metadata__" {
			return Header{}, errors.Join(fmt.Errorf("got tensor %q, want a name of its own, a known dtype and sizes ≥ 0", t.Name), err)
		}
		seen[t.Name] = true
		shape := t.Shape
		if shape == nil {
			shape = []int{} // a scalar is written as [], not null
		}
		h.Tensors = append(h.Tensors, Info{t.Name, t.DType, shape, end, end + n})
		end += n
	}
	return h, nil
}

// write writes the elements of one tensor, a chunk at a time.
func (t Tensor) write(w io.Writer) error {
	floats := t.Floats
	if t.lazy != nil {
		floats = t.lazy()
	}
	want := Info{Shape: t.Shape}.Size()
	if got := max(len(floats), len(t.Ints)); got != want || t.DType.Float() != (len(floats) == want) && want > 0 {
		return fmt.Errorf("checkpoint: write %s: got %d elements, want %d of %s %v", t.Name, got, want, t.DType, t.Shape)
	}
	buf := make([]byte, 0, min(chunk, want)*t.DType.Size())
	for lo := 0; lo < want; lo += chunk {
		hi := min(lo+chunk, want)
		if t.DType.Float() {
			buf = appendFloats(t.DType, buf[:0], floats[lo:hi])
		} else {
			buf = appendInts(t.DType, buf[:0], t.Ints[lo:hi])
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
