package checkpoint

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"plumbline/models"
	"plumbline/models/families"
)

// llama2cMagic begins a file of version 1 and later: "ak42".
const llama2cMagic = 0x616b3432

// llama2cHeader is the seven sizes of a file, and what follows from its version.
type llama2cHeader struct {
	Width, FFN, Layers, Heads, KV, Vocab, Context int32

	version int
	shared  bool  // the classifier is the embedding
	bytes   int64 // of the header
}

// readLlama2cHeader reads the header of version 0 (seven integers, a negative
// vocabulary meaning a classifier of its own) or 1 (magic, version, the integers, a
// flag, padding to 256 bytes).
func readLlama2cHeader(r io.Reader) (llama2cHeader, error) {
	h := llama2cHeader{bytes: 28}
	var first [8]byte
	if _, err := io.ReadFull(r, first[:4]); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	sizes := io.MultiReader(strings.NewReader(string(first[:4])), r)
	if binary.LittleEndian.Uint32(first[:4]) == llama2cMagic {
		if _, err := io.ReadFull(r, first[4:]); err != nil {
			return h, fmt.Errorf("header: %w", err)
		}
		h.version, h.bytes, sizes = int(binary.LittleEndian.Uint32(first[4:])), 256, r
		if h.version != 1 {
			return h, fmt.Errorf("header: got version %d, want 0 or 1: later ones are quantised", h.version)
		}
	}
	for _, n := range []*int32{&h.Width, &h.FFN, &h.Layers, &h.Heads, &h.KV, &h.Vocab, &h.Context} {
		if err := binary.Read(sizes, binary.LittleEndian, n); err != nil {
			return h, fmt.Errorf("header: %w", err)
		}
	}
	if h.version == 0 {
		h.shared = h.Vocab > 0
		h.Vocab = max(h.Vocab, -h.Vocab)
		return h, nil
	}
	var rest [256 - 36]byte
	if _, err := io.ReadFull(r, rest[:]); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	h.shared = rest[0] != 0
	return h, nil
}

// spec is the decoder that the format implies: everything not in the header is fixed
// in llama2.c's source.
func (h llama2cHeader) spec() (models.Spec, error) {
	head := int(h.Width) / max(int(h.Heads), 1)
	s := models.Spec{
		Family: "llama", Vocab: int(h.Vocab), Width: int(h.Width), Layers: int(h.Layers), Heads: int(h.Heads), KV: int(h.KV),
		Head: head, FFN: int(h.FFN), Context: int(h.Context),
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: head},
		Activation: models.SwiGLU, Tied: h.shared, InitStd: .02,
		BOS: []int32{1}, EOS: []int32{1}, // token 1 separates documents; run.c stops at it
	}
	if head*s.Heads != s.Width {
		return s, fmt.Errorf("header: got %d heads for a width of %d, want a divisor", s.Heads, s.Width)
	}
	return s, s.Validate()
}

// llama2cRun is a run of floats of a file: a tensor, of all layers one after the
// other, or values that are skipped.
type llama2cRun struct {
	tensor string // as the llama family names it; {} is the layer
	skip   int    // floats
}

// plan lists the runs in the order of the file.
func (h llama2cHeader) plan(s models.Spec) []llama2cRun {
	t := func(names ...string) (r []llama2cRun) {
		for _, n := range names {
			r = append(r, llama2cRun{tensor: n})
		}
		return r
	}
	const l = "model.layers.{}."
	embed := t("model.embed_tokens.weight")
	attn := t(l+"self_attn.q_proj.weight", l+"self_attn.k_proj.weight", l+"self_attn.v_proj.weight", l+"self_attn.o_proj.weight")
	mlp := t(l+"mlp.gate_proj.weight", l+"mlp.down_proj.weight", l+"mlp.up_proj.weight") // w1, w2, w3
	before, after, final := t(l+"input_layernorm.weight"), t(l+"post_attention_layernorm.weight"), t("model.norm.weight")
	var runs []llama2cRun
	join := func(parts ...[]llama2cRun) {
		for _, p := range parts {
			runs = append(runs, p...)
		}
	}
	if h.version == 0 {
		tables := []llama2cRun{{skip: s.Context * s.Head}} // cosines and sines, which follow from the sizes
		join(embed, before, attn, after, mlp, final, tables)
	} else {
		join(before, after, final, embed, attn, mlp)
	}
	if !h.shared {
		join(t("lm_head.weight"))
	}
	return runs
}

// loadLlama2c reads a .bin file of llama2.c (version 0 or 1). Its rotary pairs are
// interleaved; the rows of q and k are put in the order of the llama family, which
// gives the same scores, so that the model can be saved as one.
func loadLlama2c(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load: %w", err)
	}
	st, err := f.Stat()
	var m *Model
	if err == nil {
		m, err = readLlama2c(bufio.NewReaderSize(f, 1<<20), st.Size())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", path, err)
	}
	m.Base = path
	return m, nil
}

// readLlama2c reads a file of size bytes. Nothing is allocated before the sizes in
// the header are known to fill the file exactly.
func readLlama2c(r io.Reader, size int64) (*Model, error) {
	h, err := readLlama2cHeader(r)
	if err != nil {
		return nil, err
	}
	s, err := h.spec()
	if err != nil {
		return nil, err
	}
	want := h.bytes + 4*int64(s.Size())
	if h.version == 0 {
		want += 4 * int64(s.Context*s.Head)
	}
	if size != want {
		return nil, fmt.Errorf("got %d bytes, want %d for the sizes in the header", size, want)
	}
	f, err := families.Named(s.Family)
	if err != nil {
		return nil, err
	}
	d, err := models.Blank(s)
	if err != nil {
		return nil, err
	}
	entries := map[string]families.Entry{}
	for _, e := range f.Entries(s, families.Layout{}) {
		entries[e.Name] = e
	}
	for _, run := range h.plan(s) {
		if err := run.read(r, d, entries); err != nil {
			return nil, err
		}
	}
	return newModel(f, d)
}

func (run llama2cRun) read(r io.Reader, d *models.Decoder, entries map[string]families.Entry) error {
	if run.tensor == "" {
		_, err := io.CopyN(io.Discard, r, 4*int64(run.skip))
		return err
	}
	layers := 1
	if strings.Contains(run.tensor, "{}") {
		layers = d.Spec.Layers
	}
	for l := range layers {
		e := entries[strings.ReplaceAll(run.tensor, "{}", fmt.Sprint(l))]
		dst := part(e, d)
		if err := readFloats(r, dst); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if strings.HasSuffix(e.Name, "q_proj.weight") || strings.HasSuffix(e.Name, "k_proj.weight") {
			splitPairs(dst, d.Spec.Head, d.Spec.Width)
		}
		d.Param(e.Param).Changed()
	}
	return nil
}

// readFloats fills dst with little-endian float32.
func readFloats(r io.Reader, dst []float32) error {
	buf := make([]byte, 4*min(chunk, len(dst)))
	for lo := 0; lo < len(dst); lo += chunk {
		n := min(chunk, len(dst)-lo)
		if _, err := io.ReadFull(r, buf[:4*n]); err != nil {
			return err
		}
		decodeFloats(F32, dst[lo:lo+n], buf)
	}
	return nil
}

// splitPairs reorders the rows of each head from pairs (2i, 2i+1) to (i, i + head/2).
func splitPairs(w []float32, head, in int) {
	old := make([]float32, head*in)
	for h := 0; h < len(w); h += len(old) {
		copy(old, w[h:])
		for i := range head / 2 {
			copy(w[h+i*in:][:in], old[2*i*in:])
			copy(w[h+(i+head/2)*in:][:in], old[(2*i+1)*in:])
		}
	}
}
