package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// tokenizerJSON is Hugging Face's tokenizer.json. Truncation and padding, which it may
// also hold, are the business of whoever batches and are not applied.
type tokenizerJSON struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []*addedToken   `json:"added_tokens"`
	Normalizer    *step           `json:"normalizer"`
	PreTokenizer  *step           `json:"pre_tokenizer"`
	PostProcessor *step           `json:"post_processor"`
	Decoder       *step           `json:"decoder"`
	Model         modelJSON       `json:"model"`
}

type modelJSON struct {
	Type          string           `json:"type"`
	Dropout       *float64         `json:"dropout"`
	UnkToken      *string          `json:"unk_token"`
	SubwordPrefix *string          `json:"continuing_subword_prefix"`
	WordSuffix    *string          `json:"end_of_word_suffix"`
	FuseUnk       bool             `json:"fuse_unk"`
	ByteFallback  bool             `json:"byte_fallback"`
	IgnoreMerges  bool             `json:"ignore_merges"`
	Vocab         map[string]int64 `json:"vocab"`
	Merges        []mergeJSON      `json:"merges"`
}

// mergeJSON is written "a b" or, by newer versions, ["a","b"].
type mergeJSON [2]string

func (m *mergeJSON) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var pair []string
		if err := json.Unmarshal(b, &pair); err != nil || len(pair) != 2 {
			return fmt.Errorf("merge: got %.80s, want two tokens", b)
		}
		*m = mergeJSON(pair)
		return nil
	}
	var line string
	if err := json.Unmarshal(b, &line); err != nil {
		return fmt.Errorf("merge: got %.80s, want \"a b\"", b)
	}
	return m.parse(line)
}

func (m *mergeJSON) parse(line string) error {
	left, right, ok := strings.Cut(line, " ")
	if !ok || left == "" || right == "" || strings.Contains(right, " ") {
		return fmt.Errorf("merge: got %q, want two tokens and one space between", line)
	}
	*m = mergeJSON{left, right}
	return nil
}

// step is a normalizer, pre-tokenizer, post-processor or decoder: a type, its fields,
// and the steps inside a Sequence.
type step struct {
	Type string `json:"type"`

	Normalizers   []*step `json:"normalizers"`
	PreTokenizers []*step `json:"pretokenizers"`
	Processors    []*step `json:"processors"`
	Decoders      []*step `json:"decoders"`

	Prepend          string                `json:"prepend"`
	Pattern          *patternJSON          `json:"pattern"`
	Content          string                `json:"content"`
	Behavior         string                `json:"behavior"`
	Invert           bool                  `json:"invert"`
	AddPrefixSpace   *bool                 `json:"add_prefix_space"`
	UseRegex         *bool                 `json:"use_regex"`
	IndividualDigits bool                  `json:"individual_digits"`
	Replacement      string                `json:"replacement"`
	PrependScheme    string                `json:"prepend_scheme"`
	Split            *bool                 `json:"split"`
	Start            int                   `json:"start"`
	Stop             int                   `json:"stop"`
	Single           []templatePiece       `json:"single"`
	SpecialTokens    map[string]templateID `json:"special_tokens"`
}

type patternJSON struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

type templatePiece struct {
	SpecialToken *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
	Sequence *struct {
		ID string `json:"id"`
	} `json:"Sequence"`
}

type templateID struct {
	IDs []int64 `json:"ids"`
}

// flatten is the steps of a Sequence in order, or the one step; none for null.
func (s *step) flatten() []*step {
	if s == nil {
		return nil
	}
	if s.Type != "Sequence" {
		return []*step{s}
	}
	var out []*step
	for _, inner := range slices.Concat(s.Normalizers, s.PreTokenizers, s.Processors, s.Decoders) {
		out = append(out, inner.flatten()...)
	}
	return out
}

func orTrue(b *bool) bool { return b == nil || *b }

// fromJSON builds the tokenizer of a tokenizer.json; path is for errors only.
func fromJSON(path string, raw []byte, side *sideFiles) (*BPE, error) {
	var j tokenizerJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, where(raw, err))
	}
	t, err := j.build(path, side)
	if err != nil {
		return nil, err
	}
	t.files = side.with("tokenizer.json", raw)
	return t, nil
}

func (j *tokenizerJSON) build(path string, side *sideFiles) (*BPE, error) {
	if err := j.Model.supported(); err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	t, err := newVocabulary(j.Model.Vocab, append(slices.Clone(j.AddedTokens), side.addedMissing(j.AddedTokens)...))
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	for _, fill := range []func(*BPE) error{j.normalizer, j.preTokenizer, j.decoder, j.Model.build, j.postProcessor} {
		if err := fill(t); err != nil {
			return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
		}
	}
	if err := side.apply(t); err != nil {
		return nil, err
	}
	t.index()
	return t, nil
}

// where adds the line to a JSON error that knows its offset.
func where(raw []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(-1)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	if offset < 0 || offset > int64(len(raw)) {
		return err
	}
	line := 1 + strings.Count(string(raw[:offset]), "\n")
	return fmt.Errorf("line %d, byte %d: %w", line, offset, err)
}

// supported reports all that would change ids and is not built.
func (m *modelJSON) supported() error {
	if m.Type != "BPE" && (m.Type != "" || m.Merges == nil) {
		return fmt.Errorf("model.type: got %q, want BPE (Unigram, WordPiece and WordLevel are not supported)", m.Type)
	}
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("model.%s: got %v, want %s", key, got, want))
		}
	}
	rule(len(m.Vocab) > 0, "vocab", "none", "a vocabulary")
	rule(m.Merges != nil, "merges", "none", "the list of merges")
	rule(m.Dropout == nil || *m.Dropout == 0, "dropout", m.Dropout, "none: encoding is deterministic")
	rule(m.SubwordPrefix == nil || *m.SubwordPrefix == "", "continuing_subword_prefix", m.SubwordPrefix, "none")
	rule(m.WordSuffix == nil || *m.WordSuffix == "", "end_of_word_suffix", m.WordSuffix, "none")
	return errors.Join(errs...)
}

// newVocabulary checks ids: each used once, none far beyond the number of tokens.
func newVocabulary(vocab map[string]int64, added []*addedToken) (*BPE, error) {
	all := make(map[string]int64, len(vocab)+len(added))
	for token, id := range vocab {
		all[token] = id
	}
	for i, a := range added {
		if a == nil || a.Content == "" {
			return nil, fmt.Errorf("added_tokens[%d]: got no content", i)
		}
		if id, ok := all[a.Content]; ok && id != a.ID {
			return nil, fmt.Errorf("added_tokens: %q: got id %d, and %d elsewhere", a.Content, a.ID, id)
		}
		all[a.Content] = a.ID
	}
	limit := int64(2*len(all) + 1<<16) // some published vocabularies have holes; none is mostly hole
	t := &BPE{ids: make(map[string]int32, len(all))}
	for token, id := range all {
		if id < 0 || id >= limit {
			return nil, fmt.Errorf("vocab: %q: got id %d, want 0 to %d for %d tokens", token, id, limit-1, len(all))
		}
		for int64(len(t.tokens)) <= id {
			t.tokens = append(t.tokens, "")
		}
		t.ids[token] = int32(id)
	}
	used := make([]bool, len(t.tokens))
	for token, id := range t.ids {
		if used[id] {
			return nil, fmt.Errorf("vocab: id %d: got two tokens, %q and %q", id, t.tokens[id], token)
		}
		used[id], t.tokens[id] = true, token
	}
	t.specials = Specials{BOS: -1, EOS: -1, PAD: -1, UNK: -1}
	for _, a := range added {
		a.id = t.ids[a.Content]
	}
	t.added = added
	return t, nil
}

func (j *tokenizerJSON) normalizer(t *BPE) error {
	forms := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}
	for _, s := range j.Normalizer.flatten() {
		form, isForm := forms[s.Type]
		switch {
		case isForm:
			t.normalizer = append(t.normalizer, unicodeForm(form))
		case s.Type == "Prepend":
			t.normalizer = append(t.normalizer, prepend(s.Prepend, false))
		case s.Type == "Replace" && s.Pattern != nil && s.Pattern.String != nil:
			t.normalizer = append(t.normalizer, replace(*s.Pattern.String, s.Content))
		default:
			return fmt.Errorf("normalizer: %s: not supported", s.describe())
		}
	}
	return nil
}

func (s *step) describe() string {
	if s.Pattern != nil && s.Pattern.Regex != nil {
		return fmt.Sprintf("%s by regular expression %q", s.Type, *s.Pattern.Regex)
	}
	return fmt.Sprintf("%q", s.Type)
}

func (j *tokenizerJSON) preTokenizer(t *BPE) error {
	for _, s := range j.PreTokenizer.flatten() {
		var err error
		var split splitter
		switch s.Type {
		case "ByteLevel":
			split, err = t.byteLevel(s)
		case "Metaspace":
			split, err = t.metaspace(s)
		case "Split":
			split, err = s.splitter()
		case "Digits":
			split = isolated(digitRuns)
			if s.IndividualDigits {
				split = isolated(isDigit)
			}
		default:
			err = errors.New("not supported")
		}
		if err != nil {
			return fmt.Errorf("pre_tokenizer: %s: %w", s.describe(), err)
		}
		if split != nil {
			t.splitters = append(t.splitters, split)
		}
	}
	return nil
}

func (t *BPE) byteLevel(s *step) (splitter, error) {
	t.alphabet.bytes = true
	if orTrue(s.AddPrefixSpace) {
		if len(t.splitters) > 0 {
			return nil, errors.New("add_prefix_space after another pre-tokenizer: not supported")
		}
		t.prefix.with = " "
	}
	if !orTrue(s.UseRegex) {
		return nil, nil
	}
	return splitPattern(GPT2Pattern)
}

// metaspace reads both spellings: add_prefix_space is prepend_scheme's forerunner.
func (t *BPE) metaspace(s *step) (splitter, error) {
	if s.Replacement != space {
		return nil, fmt.Errorf("replacement: got %q, want %q", s.Replacement, space)
	}
	if len(t.splitters) > 0 {
		return nil, errors.New("after another pre-tokenizer: not supported")
	}
	t.prefix.metaspace = true
	switch scheme := s.PrependScheme; {
	case scheme == "never", scheme == "" && !orTrue(s.AddPrefixSpace):
	case scheme == "first":
		t.prefix.with, t.prefix.firstOnly = space, true
	case scheme == "always", scheme == "":
		t.prefix.with = space
	default:
		return nil, fmt.Errorf("prepend_scheme: got %q, want always, first or never", scheme)
	}
	if !orTrue(s.Split) {
		return nil, nil
	}
	return withNext(literal(space)), nil
}

func (s *step) splitter() (splitter, error) {
	if s.Pattern == nil || s.Pattern.String == nil && s.Pattern.Regex == nil {
		return nil, errors.New("pattern: got none")
	}
	var find finder
	switch {
	case s.Pattern.Regex != nil && s.Behavior == "Isolated":
		return splitPattern(*s.Pattern.Regex)
	case s.Pattern.Regex != nil:
		var err error
		if find, err = findPattern(*s.Pattern.Regex); err != nil {
			return nil, err
		}
	case *s.Pattern.String == "":
		return nil, errors.New("pattern: got an empty string")
	default:
		find = literal(*s.Pattern.String)
	}
	switch s.Behavior {
	case "Isolated":
		return isolated(find), nil
	case "Removed":
		return removed(find, s.Invert), nil
	case "MergedWithPrevious":
		return withPrevious(find), nil
	case "MergedWithNext":
		return withNext(find), nil
	}
	return nil, fmt.Errorf("behavior %q: not supported", s.Behavior)
}

// decoder fills in what each token decodes to.
func (j *tokenizerJSON) decoder(t *BPE) error {
	if j.Decoder == nil {
		return errors.New("decoder: got none, want one (byte-level, or U+2581 to space)")
	}
	byteLevel, fallback := false, false
	var replaced []string // pairs old, new
	for _, s := range j.Decoder.flatten() {
		switch {
		case s.Type == "ByteLevel":
			byteLevel = true
		case s.Type == "ByteFallback":
			fallback = true
		case s.Type == "Fuse":
		case s.Type == "Metaspace":
			replaced = append(replaced, space, " ")
			if t.prefix.with != "" {
				t.strip = 1
			}
		case s.Type == "Replace" && s.Pattern != nil && s.Pattern.String != nil && *s.Pattern.String != "":
			replaced = append(replaced, *s.Pattern.String, s.Content)
		case s.Type == "Strip" && s.Content == " " && s.Stop == 0 && s.Start >= 0:
			t.strip = s.Start
		default:
			return fmt.Errorf("decoder: %s: not supported", s.describe())
		}
	}
	if byteLevel != t.alphabet.bytes {
		return fmt.Errorf("decoder: got byte-level %v, pre_tokenizer %v, want the same", byteLevel, t.alphabet.bytes)
	}
	swap := strings.NewReplacer(replaced...)
	t.pieces = make([]string, len(t.tokens))
	for id, token := range t.tokens {
		t.pieces[id] = decodePiece(token, byteLevel, fallback, swap)
	}
	for _, a := range t.added {
		t.pieces[a.id] = a.Content
	}
	return nil
}

func decodePiece(token string, byteLevel, fallback bool, swap *strings.Replacer) string {
	if byteLevel {
		return unspell(token)
	}
	if b, ok := byteToken(token); ok && fallback {
		return string([]byte{b})
	}
	return swap.Replace(token)
}

// byteToken reads "<0xHH>".
func byteToken(token string) (byte, bool) {
	if len(token) != 6 || !strings.HasPrefix(token, "<0x") || token[5] != '>' {
		return 0, false
	}
	b, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(b), err == nil
}

// build fills in the alphabet and the merges.
func (m *modelJSON) build(t *BPE) error {
	t.ignoreMerges = m.IgnoreMerges
	t.alphabet.unk, t.alphabet.fuseUnk = -1, m.FuseUnk
	if m.UnkToken != nil {
		id, ok := t.ids[*m.UnkToken]
		if !ok {
			return fmt.Errorf("model.unk_token: got %q, want a token of the vocabulary", *m.UnkToken)
		}
		t.alphabet.unk, t.specials.UNK = id, id
	}
	if m.ByteFallback && !t.alphabet.bytes {
		t.alphabet.byteIDs = byteIDs(t.ids)
	}
	t.alphabet.ids = letters(m.Vocab, t.ids, t.alphabet.bytes)
	return t.addMerges(m.Merges, "model.merges")
}

// letters is the id of every byte, or of every character, that is a token.
func letters(vocab map[string]int64, ids map[string]int32, bytes bool) map[rune]int32 {
	out := make(map[rune]int32, 256)
	for token := range vocab {
		r, n := utf8.DecodeRuneInString(token)
		if token == "" || n != len(token) {
			continue
		}
		if !bytes {
			out[r] = ids[token]
		} else if b, ok := runeBytes[r]; ok {
			out[rune(b)] = ids[token]
		}
	}
	return out
}

// byteIDs is the ids of "<0x00>" to "<0xFF>"; nil unless the vocabulary has all of them.
func byteIDs(ids map[string]int32) []int32 {
	out := make([]int32, 256)
	for b := range out {
		id, ok := ids[fmt.Sprintf("<0x%02X>", b)]
		if !ok {
			return nil
		}
		out[b] = id
	}
	return out
}

// addMerges ranks merges in their order; from names them in errors.
func (t *BPE) addMerges(merges []mergeJSON, from string) error {
	if long := t.longToken(); len(merges) == 0 && long != "" {
		return fmt.Errorf("%s: got none, want those that build tokens such as %q", from, long)
	}
	t.pairs = make(pairs, len(merges))
	for rank, m := range merges {
		left, okLeft := t.ids[m[0]]
		right, okRight := t.ids[m[1]]
		id, ok := t.ids[m[0]+m[1]]
		if !okLeft || !okRight || !ok {
			return fmt.Errorf("%s[%d]: got %q + %q, want both and their sum in the vocabulary", from, rank, m[0], m[1])
		}
		t.pairs[[2]int32{left, right}] = merge{int32(rank), id}
	}
	return nil
}

// longToken is a token that only merges can build, "" if there is none.
func (t *BPE) longToken() string {
	added := make(map[int32]bool, len(t.added))
	for _, a := range t.added {
		added[a.id] = true
	}
	for id, token := range t.tokens {
		if _, isByte := byteToken(token); !isByte && !added[int32(id)] && utf8.RuneCountInString(token) > 1 {
			return token
		}
	}
	return ""
}

// postProcessor reads whether BOS and EOS are put around a text.
func (j *tokenizerJSON) postProcessor(t *BPE) error {
	for _, s := range j.PostProcessor.flatten() {
		switch s.Type {
		case "ByteLevel": // offsets only
		case "TemplateProcessing":
			if err := t.template(s); err != nil {
				return fmt.Errorf("post_processor.single: %w", err)
			}
		default:
			return fmt.Errorf("post_processor: %q: not supported", s.Type)
		}
	}
	return nil
}

// template accepts [BOS] A [EOS].
func (t *BPE) template(s *step) error {
	seen := false
	for _, p := range s.Single {
		switch {
		case p.Sequence != nil && !seen:
			seen = true
		case p.SpecialToken != nil && !seen && t.specials.BOS < 0:
			t.specials.BOS, t.specials.AddBOS = t.templateID(s, p.SpecialToken.ID), true
		case p.SpecialToken != nil && seen && t.specials.EOS < 0:
			t.specials.EOS, t.specials.AddEOS = t.templateID(s, p.SpecialToken.ID), true
		default:
			return errors.New("got more than one token around the text, want BOS before and EOS after at most")
		}
	}
	if t.specials.AddBOS && t.specials.BOS < 0 || t.specials.AddEOS && t.specials.EOS < 0 {
		return errors.New("got a token that is not in special_tokens with one id of the vocabulary")
	}
	return nil
}

func (t *BPE) templateID(s *step, name string) int32 {
	ids := s.SpecialTokens[name].IDs
	if len(ids) != 1 || ids[0] < 0 || ids[0] >= int64(len(t.tokens)) {
		return -1
	}
	return int32(ids[0])
}
