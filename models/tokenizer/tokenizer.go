package tokenizer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Tokenizer maps text to token ids and back. Ids are in [0, VocabSize).
type Tokenizer interface {
	// Encode is the ids of a whole text. Special tokens spelt out in it become
	// their ids, so it is for text we wrote ourselves. No BOS or EOS is added.
	Encode(text string) []int32

	// EncodePlain is Encode for text of others: a special token spelt out in it is
	// text like any other. No id of an added special token comes out but UNK.
	EncodePlain(text string) []int32

	// EncodeParts is the ids of parts that make one text together: words run across
	// their borders, special tokens are recognised only inside parts that are not
	// plain. follows says that text stands before the first part, so that no prefix
	// space is put there; spaces at the end are kept, because text may follow.
	EncodeParts(follows bool, parts ...Part) []int32

	// Decode is the text of ids, special tokens spelt out. It is valid UTF-8: bytes
	// that are none become U+FFFD. An id outside the vocabulary decodes to nothing.
	Decode(ids []int32) string

	// DecodeText is Decode without special tokens.
	DecodeText(ids []int32) string

	// Stream decodes ids one at a time; special tokens are left out if skip.
	Stream(skip bool) *Stream

	VocabSize() int                // the largest id + 1, added tokens included
	ID(token string) (int32, bool) // the id of a token as its file spells it ("Ġthe")
	Token(id int32) string         // the inverse; "" outside the vocabulary
	Specials() Specials

	// Save writes the tokenizer's files into an existing directory. Files it was
	// loaded from are written as they were, byte for byte.
	Save(dir string) error
}

// Part is a piece of a text that EncodeParts takes.
type Part struct {
	Text  string
	Plain bool // special tokens in it are text
}

// Specials says which tokens mean something; -1 where the model has none.
type Specials struct {
	BOS, EOS, PAD, UNK int32
	AddBOS, AddEOS     bool    // the model's own pre-processing puts BOS before and EOS after a text
	IDs                []int32 // all special tokens, ascending
}

// Load reads the tokenizer of a model directory: tokenizer.json, else tokenizer.model,
// else vocab.json and merges.txt (OpenAI's names encoder.json and vocab.bpe as well),
// with the tokenizer_config.json, special_tokens_map.json and added_tokens.json beside it.
func Load(dir string) (Tokenizer, error) {
	for _, name := range []string{"tokenizer.json", "tokenizer.model"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return LoadFile(path)
		}
	}
	for _, pair := range [][2]string{{"vocab.json", "merges.txt"}, {"encoder.json", "vocab.bpe"}} {
		vocab, merges := filepath.Join(dir, pair[0]), filepath.Join(dir, pair[1])
		if _, err := os.Stat(vocab); err == nil {
			return LoadGPT2(vocab, merges)
		}
	}
	return nil, fmt.Errorf("tokenizer: %s: got none of tokenizer.json, tokenizer.model, vocab.json: %w", dir, fs.ErrNotExist)
}

// LoadFile reads one tokenizer file, *.json in the layout of tokenizer.json or *.model
// of SentencePiece, and the config files beside it.
func LoadFile(path string) (Tokenizer, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	side, err := readSideFiles(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(path, ".json"):
		return fromJSON(path, raw, side)
	case strings.HasSuffix(path, ".model"):
		return fromSentencePiece(path, raw, side)
	}
	return nil, fmt.Errorf("tokenizer: %s: got an unknown kind of file, want *.json or *.model", path)
}

// Save implements Tokenizer.
func (t *BPE) Save(dir string) error {
	var errs []error
	for name, raw := range t.files {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), raw, 0o644))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("tokenizer: save: %w", err)
	}
	return nil
}
