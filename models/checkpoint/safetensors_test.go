package checkpoint

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"plumbline/internal/shared"
)

// file is a safetensors file with the given header text and bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestReadHeaderRefuses(t *testing.T) {
	ok := `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":              {nil, "≥ 8"},
		"cut prefix":         {[]byte{1, 2, 3}, "≥ 8"},
		"length past end":    {append(binary.LittleEndian.AppendUint64(nil, 100), '{', '}'), "inside the file"},
		"length 2^63":        {append(binary.LittleEndian.AppendUint64(nil, math.MaxInt64), '{', '}'), "inside the file"},
		"length 2^64-1":      {append(binary.LittleEndian.AppendUint64(nil, math.MaxUint64), '{', '}'), "inside the file"},
		"no JSON":            {file("hello", 0), "JSON object"},
		"list":               {file("[]", 0), "JSON object"},
		"cut JSON":           {file(`{"a":`, 0), "header"},
		"text after":         {file(ok+"{}", 8), "after the JSON object"},
		"twice":              {file(strings.Replace(ok, "}}", `},"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}`, 1), 12), "twice"},
		"metadata twice":     {file(`{"__metadata__":{},"__metadata__":{}}`, 0), "twice"},
		"metadata number":    {file(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
		"unknown dtype":      {file(strings.Replace(ok, "F32", "F31", 1), 8), "dtype"},
		"unknown field":      {file(strings.Replace(ok, `"shape"`, `"form":1,"shape"`, 1), 8), "form"},
		"negative size":      {file(strings.Replace(ok, "[2]", "[-2]", 1), 8), "sizes"},
		"product overflows":  {file(strings.Replace(ok, "[2]", "[4294967296,4294967296,2]", 1), 8), "63 bits"},
		"too few bytes":      {file(strings.Replace(ok, "[0,8]", "[0,4]", 1), 4), "want 8 bytes"},
		"offsets reversed":   {file(strings.Replace(ok, "[0,8]", "[8,0]", 1), 8), "want 8 bytes"},
		"negative offset":    {file(strings.Replace(ok, "[0,8]", "[-8,0]", 1), 8), "want 8 bytes"},
		"gap at the start":   {file(strings.Replace(ok, "[0,8]", "[4,12]", 1), 12), "want 0"},
		"overlap":            {file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6), "want 4"},
		"gap":                {file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}`, 6), "want 4"},
		"bytes left over":    {file(ok, 9), "want the 9"},
		"file cut":           {file(ok, 7), "want the 7"},
		"offset beyond file": {file(strings.Replace(strings.Replace(ok, "[2]", "[3]", 1), "[0,8]", "[0,12]", 1), 8), "want the 8"},
	} {
		_, err := ReadHeader(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error about %q", name, err, c.want)
		}
	}
	if _, err := ReadHeader(bytes.NewReader(file(ok, 8)), int64(len(file(ok, 8)))); err != nil {
		t.Errorf("a good file: got %v, want no error", err)
	}
}

// Files of the reference library, read and written again, are the same bytes: int64
// and float32 together, scalars, half precision, metadata.
func TestWriteTensorsLikeReference(t *testing.T) {
	for _, name := range []string{
		"golden/gpt2/golden.safetensors", "golden/gpt2/model.safetensors", "golden/llama-bf16/model.safetensors",
		"golden/llama-f16/model.safetensors", "golden/llama-lora/lora/adapter_model.safetensors",
	} {
		path := shared.Path(t, filepath.FromSlash(name))
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var all []Tensor
		for _, i := range f.Tensors {
			x, err := f.Tensor(i.Name)
			if err != nil {
				t.Fatal(err)
			}
			all = append([]Tensor{x}, all...) // another order in, the same file out
		}
		var got bytes.Buffer
		if err := WriteTensors(&got, f.Metadata, all); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: written again: got other bytes (%d, want %d)", name, got.Len(), len(want))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWriteTensorsRefuses(t *testing.T) {
	one := Tensor{Name: "a", DType: F32, Shape: []int{2}, Floats: []float32{1, 2}}
	for name, bad := range map[string][]Tensor{
		"a name twice":      {one, one},
		"too few values":    {{Name: "a", DType: F32, Shape: []int{3}, Floats: []float32{1, 2}}},
		"integers for F32":  {{Name: "a", DType: F32, Shape: []int{2}, Ints: []int64{1, 2}}},
		"reals for I64":     {{Name: "a", DType: I64, Shape: []int{2}, Floats: []float32{1, 2}}},
		"unknown dtype":     {{Name: "a", DType: "F8", Shape: []int{2}, Floats: []float32{1, 2}}},
		"the metadata name": {{Name: "__metadata__", DType: F32, Shape: []int{2}, Floats: []float32{1, 2}}},
	} {
		if err := WriteTensors(&bytes.Buffer{}, nil, bad); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add(file(`{"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"a\"<":{"dtype":"BOOL","shape":[0,5],"data_offsets":[8,8]}}`, 8))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f{"))
	f.Add(file(`{}`, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ReadHeader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		text, err := h.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, make([]byte, h.DataSize())...)
		again, err := ReadHeader(bytes.NewReader(text), int64(len(text)))
		if len(h.Metadata) == 0 {
			h.Metadata = nil // an empty one is not written
		}
		if err != nil || !reflect.DeepEqual(again, h) {
			t.Errorf("written back: got %v, %v, want %v", again, err, h)
		}
	})
}
