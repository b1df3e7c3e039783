package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// spModel is what is read of SentencePiece's ModelProto
// (github.com/google/sentencepiece, src/sentencepiece_model.proto).
type spModel struct {
	pieces []spPiece

	modelType                  uint64
	byteFallback, spaceSuffix  bool
	unkID, bosID, eosID, padID int32

	charsmap                              int // bytes of normalisation rules
	dummyPrefix, removeExtra, escapeSpace bool
}

type spPiece struct {
	text  string
	score float32
	kind  uint64
}

// Kinds of pieces.
const (
	spNormal      = 1
	spUnknown     = 2
	spControl     = 3
	spUserDefined = 4
	spByte        = 6
)

const (
	spBPE    = 2    // model type; 1 is Unigram
	maxPiece = 1024 // bytes; trainers stop at 16 characters by default
)

func fromSentencePiece(path string, raw []byte, side *sideFiles) (*BPE, error) {
	m, err := readSentencePiece(raw)
	if err == nil {
		err = m.supported()
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	t, err := m.build(side)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	if err := side.apply(t); err != nil {
		return nil, err
	}
	t.index()
	t.files = side.with("tokenizer.model", raw)
	return t, nil
}

// readSentencePiece decodes the protobuf; fields that do not change ids are passed over.
func readSentencePiece(raw []byte) (*spModel, error) {
	m := &spModel{modelType: 1, bosID: 1, eosID: 2, padID: -1, dummyPrefix: true, removeExtra: true, escapeSpace: true}
	err := eachField(raw, func(f field) error {
		switch f.number {
		case 1:
			p, err := readPiece(f.bytes)
			m.pieces = append(m.pieces, p)
			return err
		case 2:
			return eachField(f.bytes, m.trainerSpec)
		case 3:
			return eachField(f.bytes, m.normalizerSpec)
		}
		return nil
	})
	return m, err
}

func readPiece(raw []byte) (spPiece, error) {
	p := spPiece{kind: spNormal}
	err := eachField(raw, func(f field) error {
		switch f.number {
		case 1:
			p.text = string(f.bytes)
		case 2:
			p.score = math.Float32frombits(uint32(f.value))
		case 3:
			p.kind = f.value
		}
		return nil
	})
	return p, err
}

func (m *spModel) trainerSpec(f field) error {
	switch f.number {
	case 3:
		m.modelType = f.value
	case 24:
		m.spaceSuffix = f.value != 0
	case 35:
		m.byteFallback = f.value != 0
	case 40:
		m.unkID = int32(f.value)
	case 41:
		m.bosID = int32(f.value)
	case 42:
		m.eosID = int32(f.value)
	case 43:
		m.padID = int32(f.value)
	}
	return nil
}

func (m *spModel) normalizerSpec(f field) error {
	switch f.number {
	case 2:
		m.charsmap = len(f.bytes)
	case 3:
		m.dummyPrefix = f.value != 0
	case 4:
		m.removeExtra = f.value != 0
	case 5:
		m.escapeSpace = f.value != 0
	}
	return nil
}

// field is one field of a protobuf message: value for numbers, bytes for the rest.
type field struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

func eachField(raw []byte, do func(field) error) error {
	for at := 0; at < len(raw); {
		number, kind, n := protowire.ConsumeTag(raw[at:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", at, protowire.ParseError(n))
		}
		f := field{number: number}
		body := raw[at+n:]
		size := 0
		switch kind {
		case protowire.VarintType:
			f.value, size = protowire.ConsumeVarint(body)
		case protowire.Fixed32Type:
			var v uint32
			v, size = protowire.ConsumeFixed32(body)
			f.value = uint64(v)
		case protowire.BytesType:
			f.bytes, size = protowire.ConsumeBytes(body)
		default:
			size = protowire.ConsumeFieldValue(number, kind, body)
		}
		if size < 0 {
			return fmt.Errorf("byte %d: field %d: %w", at, number, protowire.ParseError(size))
		}
		if err := do(f); err != nil {
			return err
		}
		at += n + size
	}
	return nil
}

// supported reports all that would change ids and is not built.
func (m *spModel) supported() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	names := map[uint64]string{1: "UNIGRAM", 3: "WORD", 4: "CHAR"}
	rule(m.modelType == spBPE, "trainer_spec.model_type", cmp.Or(names[m.modelType], fmt.Sprint(m.modelType)), "BPE")
	rule(!m.spaceSuffix, "trainer_spec.treat_whitespace_as_suffix", true, "false")
	rule(m.charsmap == 0, "normalizer_spec.precompiled_charsmap", fmt.Sprint(m.charsmap, " bytes"), "none (identity)")
	rule(m.escapeSpace, "normalizer_spec.escape_whitespaces", false, "true")
	rule(len(m.pieces) > 0, "pieces", "none", "a vocabulary")
	for i, p := range m.pieces {
		rule(p.text != "" && len(p.text) <= maxPiece && utf8.ValidString(p.text),
			fmt.Sprintf("pieces[%d]", i), fmt.Sprintf("%.40q", p.text), fmt.Sprintf("1 to %d bytes of UTF-8", maxPiece))
		known := p.kind >= spNormal && p.kind <= spUserDefined || p.kind == spByte
		rule(known, fmt.Sprintf("pieces[%d].type", i), p.kind, "normal, unknown, control, user-defined or byte")
		rule(p.score == p.score, fmt.Sprintf("pieces[%d].score", i), p.score, "a number")
		if len(errs) > 10 {
			break
		}
	}
	return errors.Join(errs...)
}

func (m *spModel) build(side *sideFiles) (*BPE, error) {
	vocab := make(map[string]int64, len(m.pieces))
	var added []*addedToken
	for id, p := range m.pieces {
		if first, ok := vocab[p.text]; ok {
			return nil, fmt.Errorf("pieces[%d]: got %q again, first at %d", id, p.text, first)
		}
		vocab[p.text] = int64(id)
		if p.kind == spUnknown || p.kind == spControl || p.kind == spUserDefined {
			special := p.kind != spUserDefined
			added = append(added, &addedToken{ID: int64(id), Content: p.text, Special: special, Normalized: !special})
		}
	}
	t, err := newVocabulary(vocab, append(added, side.addedMissing(added)...))
	if err != nil {
		return nil, err
	}
	if err := m.roles(t); err != nil {
		return nil, err
	}
	m.normalizer(t, side.config.Legacy != nil && !*side.config.Legacy)
	m.alphabet(t)
	return t, m.decoder(t)
}

// roles names BOS, EOS, PAD and UNK. Like Llama's, a model with a BOS begins every text
// with it, unless the config beside it says otherwise.
func (m *spModel) roles(t *BPE) error {
	n := int32(len(m.pieces))
	for _, role := range []struct {
		name string
		id   int32
	}{{"unk_id", m.unkID}, {"bos_id", m.bosID}, {"eos_id", m.eosID}, {"pad_id", m.padID}} {
		if role.id >= n {
			return fmt.Errorf("trainer_spec.%s: got %d, want < %d", role.name, role.id, n)
		}
	}
	t.specials = Specials{
		BOS: max(m.bosID, -1), EOS: max(m.eosID, -1), PAD: max(m.padID, -1), UNK: max(m.unkID, -1),
		AddBOS: m.bosID >= 0,
	}
	return nil
}

func (m *spModel) normalizer(t *BPE, firstOnly bool) {
	if m.removeExtra {
		t.normalizer = append(t.normalizer, collapse)
	}
	if m.dummyPrefix {
		t.normalizer = append(t.normalizer, prepend(" ", firstOnly))
		t.strip = 1
	}
	t.normalizer = append(t.normalizer, replace(" ", space))
}

// alphabet fills in the characters and the merges. SentencePiece keeps no list of
// merges: any two neighbours merge if together they are a piece, the piece of the
// highest score first, at equal score the leftmost.
func (m *spModel) alphabet(t *BPE) {
	normal := map[string]int64{}
	scores := map[float32]bool{}
	for id, p := range m.pieces {
		if p.kind == spNormal {
			normal[p.text] = int64(id)
			scores[p.score] = true
		}
	}
	ranks := map[float32]int32{}
	for i, score := range slices.SortedFunc(maps.Keys(scores), func(a, b float32) int { return cmp.Compare(b, a) }) {
		ranks[score] = int32(i)
	}
	t.alphabet = alphabet{unk: t.specials.UNK, fuseUnk: true, ids: letters(normal, t.ids, false)}
	if m.byteFallback {
		t.alphabet.byteIDs = byteIDs(t.ids)
	}
	t.pairs = pairs{}
	for id, p := range m.pieces {
		if p.kind == spNormal {
			t.addSplits(p.text, normal, merge{ranks[p.score], int32(id)})
		}
	}
}

// addSplits adds every way to build a piece from two.
func (t *BPE) addSplits(piece string, normal map[string]int64, m merge) {
	for i := range piece {
		if i == 0 {
			continue
		}
		left, okLeft := t.symbolOf(piece[:i], normal)
		right, okRight := t.symbolOf(piece[i:], normal)
		if okLeft && okRight {
			t.pairs[[2]int32{left, right}] = m
		}
	}
}

func (t *BPE) symbolOf(piece string, normal map[string]int64) (int32, bool) {
	if id, ok := normal[piece]; ok {
		return int32(id), true
	}
	r, n := utf8.DecodeRuneInString(piece)
	return t.alphabet.symbol(r), n == len(piece)
}

func (m *spModel) decoder(t *BPE) error {
	j := tokenizerJSON{Decoder: &step{Type: "Sequence", Decoders: []*step{
		{Type: "Replace", Pattern: &patternJSON{String: new(space)}, Content: " "},
		{Type: "ByteFallback"},
		{Type: "Strip", Content: " ", Start: t.strip},
	}}}
	return j.decoder(t)
}
