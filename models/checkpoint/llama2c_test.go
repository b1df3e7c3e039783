package checkpoint

import (
	"bytes"
	"encoding/binary"
	"testing"

	"plumbline/internal/shared"
)

// The two versions of one model's file lay its tensors out differently and say the
// same.
func TestLlama2cVersionsAgree(t *testing.T) {
	v0 := load(t, shared.Path(t, "models", "stories260K", "stories260K.bin"))
	v1 := load(t, shared.Path(t, "models", "stories260K", "stories260K_v1.bin"))
	s := v0.Decoder.Spec // sizes from llama2.c's model card of stories260K
	if s.Width != 64 || s.Layers != 5 || s.Heads != 8 || s.KV != 4 || s.Vocab != 512 || s.FFN != 172 || s.Context != 512 || !s.Tied || s.Eps != 1e-5 {
		t.Errorf("got %+v", s)
	}
	equalWeights(t, v1, v0)
}

func TestSplitPairs(t *testing.T) {
	w := []float32{0, 1, 2, 3, 10, 11, 12, 13} // two heads of 4 rows, one column
	splitPairs(w, 4, 1)
	for i, want := range []float32{0, 2, 1, 3, 10, 12, 11, 13} {
		if w[i] != want {
			t.Fatalf("got %v", w)
		}
	}
}

// tinyLlama2c is a version 0 file: width 2, FFN 1, 1 layer, 1 head, 3 tokens.
func tinyLlama2c(vocab int32) []byte {
	var b bytes.Buffer
	sizes := []int32{2, 1, 1, 1, 1, vocab, 2}
	floats := make([]float32, 6+2+4*4+2+3*2+2+2*2)
	if vocab < 0 {
		floats = append(floats, make([]float32, 6)...)
	}
	for i := range floats {
		floats[i] = float32(i)
	}
	for _, v := range []any{sizes, floats} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err) // a buffer takes everything
		}
	}
	return b.Bytes()
}

func TestLlama2cClassifier(t *testing.T) {
	m, err := readLlama2c(bytes.NewReader(tinyLlama2c(-3)), int64(len(tinyLlama2c(-3))))
	if err != nil {
		t.Fatal(err)
	}
	head, _ := m.Decoder.Head()
	if m.Decoder.Spec.Tied || head.Data[0] != 38 || head.Data[5] != 43 {
		t.Errorf("got %v, want the last six values of the file, 38 to 43", head.Data)
	}
}

func TestLlama2cRefuses(t *testing.T) {
	good := tinyLlama2c(3)
	patch := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	for name, b := range map[string][]byte{
		"cut header":     good[:20],
		"cut weights":    good[:len(good)-1],
		"longer":         append(bytes.Clone(good), 0),
		"huge vocab":     patch(20, 1<<30),
		"negative width": patch(0, 1<<31),
		"no heads":       patch(12, 0),
		"odd head":       patch(12, 2),
		"version 2":      append([]byte("24ka\x02\x00\x00\x00"), good...),
	} {
		if _, err := readLlama2c(bytes.NewReader(b), int64(len(b))); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func FuzzLlama2c(f *testing.F) {
	f.Add(tinyLlama2c(3))
	f.Add(tinyLlama2c(-3))
	f.Add(append([]byte("24ka\x01\x00\x00\x00"), tinyLlama2c(3)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readLlama2c(bytes.NewReader(b), int64(len(b)))
		if err == nil && 4*m.Decoder.Spec.Size() > len(b) {
			t.Errorf("got %d parameters from %d bytes", m.Decoder.Spec.Size(), len(b))
		}
	})
}
