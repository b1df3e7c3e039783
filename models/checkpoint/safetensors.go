package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// maxHeader is the longest header the format allows, in bytes.
const maxHeader = 100_000_000

// Info says where one tensor lies in a safetensors file.
type Info struct {
	Name       string
	DType      DType
	Shape      []int // [] is a scalar
	Begin, End int64 // bytes, counted from the end of the header
}

// Size is the number of elements.
func (t Info) Size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Header is the table of contents of a safetensors file: the tensors in the order
// of their bytes, without gap or overlap, and free text about the file.
type Header struct {
	Metadata map[string]string
	Tensors  []Info
}

// DataSize is the number of bytes that follow the header.
func (h Header) DataSize() int64 {
	if len(h.Tensors) == 0 {
		return 0
	}
	return h.Tensors[len(h.Tensors)-1].End
}

// ReadHeader reads and checks the header of a file of size bytes. A length beyond
// the file or the format's limit, a name given twice, an unknown dtype, a shape that
// does not fill its bytes, a gap, an overlap or bytes left over are errors; nothing
// is allocated on a claim of the file alone.
func ReadHeader(r io.Reader, size int64) (Header, error) {
	var prefix [8]byte
	if size < 8 {
		return Header{}, fmt.Errorf("header: got a file of %d bytes, want ≥ 8", size)
	}
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return Header{}, fmt.Errorf("header: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader || int64(n) > size-8 {
		return Header{}, fmt.Errorf("header: got a length of %d bytes in a file of %d, want ≤ %d and inside the file", n, size, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return Header{}, fmt.Errorf("header: %w", err)
	}
	h, err := parseHeader(text)
	if err != nil {
		return Header{}, err
	}
	if data := size - 8 - int64(n); h.DataSize() != data {
		return Header{}, fmt.Errorf("header: got tensors of %d bytes, want the %d that follow it", h.DataSize(), data)
	}
	return h, nil
}

// parseHeader reads the JSON of a header. encoding/json alone would keep the last of
// two equal names, so the object is walked key by key.
func parseHeader(text []byte) (Header, error) {
	var h Header
	seen := map[string]bool{}
	err := eachKey(text, func(name string, value json.RawMessage) error {
		if seen[name] {
			return fmt.Errorf("header: got %q twice, want every name once", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := json.Unmarshal(value, &h.Metadata); err != nil {
				return fmt.Errorf("header: __metadata__: %w", err)
			}
			return nil
		}
		t, err := parseInfo(name, value)
		h.Tensors = append(h.Tensors, t)
		return err
	})
	if err != nil {
		return Header{}, err
	}
	slices.SortStableFunc(h.Tensors, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
	})
	end := int64(0)
	for _, t := range h.Tensors {
		if t.Begin != end {
			return Header{}, fmt.Errorf("header: %s: got offset %d, want %d, where the tensor before it ends", t.Name, t.Begin, end)
		}
		end = t.End
	}
	return h, nil
}

// eachKey calls f for every key of the JSON object in text, in order, and refuses
// anything after the object.
func eachKey(text []byte, f func(key string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(text))
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("header: got no JSON object: %w", err)
	}
	if t != json.Delim('{') {
		return fmt.Errorf("header: got %v, want a JSON object", t)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("header: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("header: %v: %w", key, err)
		}
		if err := f(key.(string), value); err != nil { // a key of an object is a string
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("header: got text after the JSON object, want only spaces")
	}
	return nil
}

// wireInfo is Info as the header spells it.
type wireInfo struct {
	DType   DType    `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

func parseInfo(name string, text json.RawMessage) (Info, error) {
	var w wireInfo
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return Info{}, fmt.Errorf("header: %s: %w", name, err)
	}
	t := Info{Name: name, DType: w.DType, Shape: w.Shape, Begin: w.Offsets[0], End: w.Offsets[1]}
	if t.Shape == nil {
		t.Shape = []int{}
	}
	want, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return Info{}, fmt.Errorf("header: %s: %w", name, err)
	}
	if t.Begin < 0 || t.End < t.Begin || t.End-t.Begin != want {
		return Info{}, fmt.Errorf("header: %s: got offsets [%d, %d], want %d bytes for %s %v", name, t.Begin, t.End, want, t.DType, t.Shape)
	}
	return t, nil
}

// byteSize is the number of bytes of a tensor; a product beyond int64 is an error.
func byteSize(d DType, shape []int) (int64, error) {
	if d.Size() == 0 {
		return 0, fmt.Errorf("got dtype %q, want one of %v", d, dtypes)
	}
	n := int64(d.Size())
	for _, s := range shape {
		if s < 0 || (s > 0 && n > math.MaxInt64/int64(s)) {
			return 0, fmt.Errorf("got shape %v, want sizes ≥ 0 whose product fits 63 bits", shape)
		}
		n *= int64(s)
	}
	return n, nil
}

// Bytes is the header as it stands at the start of a file: its length in 8 bytes,
// JSON, and spaces up to a multiple of 8.
func (h Header) Bytes() ([]byte, error) {
	var b bytes.Buffer
	sep := byte('{')
	add := func(key string, value any) error {
		b.WriteByte(sep)
		sep = ','
		if err := encodeJSON(&b, key); err != nil {
			return err
		}
		b.WriteByte(':')
		return encodeJSON(&b, value)
	}
	b.Write(make([]byte, 8))
	if len(h.Metadata) > 0 {
		if err := add("__metadata__", h.Metadata); err != nil {
			return nil, err
		}
	}
	for _, t := range h.Tensors {
		if err := add(t.Name, wireInfo{t.DType, t.Shape, [2]int64{t.Begin, t.End}}); err != nil {
			return nil, err
		}
	}
	if sep == '{' {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// encodeJSON writes v without HTML escapes and without a line end.
func encodeJSON(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	b.Truncate(b.Len() - 1)
	return nil
}
