package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// sideFiles is what stands beside a vocabulary: which tokens are special.
type sideFiles struct {
	dir    string
	raw    map[string][]byte // the files as they are
	config configJSON        // tokenizer_config.json
	names  configJSON        // special_tokens_map.json, asked where config is silent
	added  map[string]int64  // added_tokens.json, an old spelling of added_tokens_decoder
}

type configJSON struct {
	BOS            *tokenName             `json:"bos_token"`
	EOS            *tokenName             `json:"eos_token"`
	PAD            *tokenName             `json:"pad_token"`
	UNK            *tokenName             `json:"unk_token"`
	AddPrefixSpace *bool                  `json:"add_prefix_space"` // of vocab.json and merges.txt, which do not say
	AddBOS         *bool                  `json:"add_bos_token"`
	AddEOS         *bool                  `json:"add_eos_token"`
	Legacy         *bool                  `json:"legacy"` // false: SentencePiece puts a space before the text only
	Decoder        map[string]*addedToken `json:"added_tokens_decoder"`
}

// tokenName is a token's text, written "x" or {"content": "x"}.
type tokenName string

func (n *tokenName) UnmarshalJSON(b []byte) error {
	var object struct {
		Content string `json:"content"`
	}
	if len(b) > 0 && b[0] == '{' {
		err := json.Unmarshal(b, &object)
		*n = tokenName(object.Content)
		return err
	}
	return json.Unmarshal(b, (*string)(n))
}

func readSideFiles(dir string) (*sideFiles, error) {
	s := &sideFiles{dir: dir, raw: map[string][]byte{}}
	for name, into := range map[string]any{
		"tokenizer_config.json":   &s.config,
		"special_tokens_map.json": &s.names,
		"added_tokens.json":       &s.added,
	} {
		path := filepath.Join(dir, name)
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("tokenizer: %w", err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, fmt.Errorf("tokenizer: %s: %w", path, where(raw, err))
		}
		s.raw[name] = raw
	}
	return s, s.checkDecoder()
}

// checkDecoder moves the keys of added_tokens_decoder, which are ids, into the tokens.
func (s *sideFiles) checkDecoder() error {
	for key, a := range s.config.Decoder {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil || a == nil {
			return fmt.Errorf("tokenizer: %s: added_tokens_decoder: got key %q, want an id and its token",
				filepath.Join(s.dir, "tokenizer_config.json"), key)
		}
		a.ID = id
	}
	return nil
}

// addedMissing is the added tokens that only these files name, by id.
func (s *sideFiles) addedMissing(known []*addedToken) []*addedToken {
	have := map[string]bool{}
	for _, a := range known {
		if a != nil {
			have[a.Content] = true
		}
	}
	var out []*addedToken
	for _, a := range s.config.Decoder {
		if !have[a.Content] {
			have[a.Content] = true
			out = append(out, a)
		}
	}
	for content, id := range s.added {
		if !have[content] {
			out = append(out, &addedToken{ID: id, Content: content})
		}
	}
	slices.SortFunc(out, func(a, b *addedToken) int { return int(a.ID - b.ID) })
	return out
}

// apply names the tokens with a meaning and marks all special ones.
func (s *sideFiles) apply(t *BPE) error {
	for _, role := range []struct {
		key           string
		config, names *tokenName
		id            *int32
	}{
		{"bos_token", s.config.BOS, s.names.BOS, &t.specials.BOS},
		{"eos_token", s.config.EOS, s.names.EOS, &t.specials.EOS},
		{"pad_token", s.config.PAD, s.names.PAD, &t.specials.PAD},
		{"unk_token", s.config.UNK, s.names.UNK, &t.specials.UNK},
	} {
		file, name := "tokenizer_config.json", role.config
		if name == nil {
			file, name = "special_tokens_map.json", role.names
		}
		if name == nil || *name == "" {
			continue
		}
		id, ok := t.ids[string(*name)]
		if !ok {
			return fmt.Errorf("tokenizer: %s: %s: got %q, want a token of the vocabulary", filepath.Join(s.dir, file), role.key, *name)
		}
		if added := *role.id; added >= 0 && added != id && role.key != "unk_token" {
			return fmt.Errorf("tokenizer: %s: %s: got %q, but the tokenizer adds %q", filepath.Join(s.dir, file), role.key, *name, t.tokens[added])
		}
		*role.id = id
	}
	s.applyAdd(&t.specials)
	t.markSpecial()
	return nil
}

// applyAdd lets the config overrule the post-processor, as the reference does.
func (s *sideFiles) applyAdd(sp *Specials) {
	if add := s.config.AddBOS; add != nil {
		sp.AddBOS = *add && sp.BOS >= 0
	}
	if add := s.config.AddEOS; add != nil {
		sp.AddEOS = *add && sp.EOS >= 0
	}
}

// markSpecial makes special what is marked so and every token with a meaning.
func (t *BPE) markSpecial() {
	byID := map[int32]*addedToken{}
	for _, a := range t.added {
		byID[a.id] = a
	}
	for _, id := range []int32{t.specials.BOS, t.specials.EOS, t.specials.PAD, t.specials.UNK} {
		switch a := byID[id]; {
		case id < 0:
		case a != nil:
			a.Special = true
		default:
			a = &addedToken{Content: t.tokens[id], Special: true, id: id}
			t.added, byID[id] = append(t.added, a), a
		}
	}
	t.special = make([]bool, len(t.tokens))
	for _, a := range t.added {
		t.special[a.id] = a.Special
	}
	for id, special := range t.special {
		if special {
			t.specials.IDs = append(t.specials.IDs, int32(id))
		}
	}
}

// with is the files Save writes: these and one more.
func (s *sideFiles) with(name string, raw []byte) map[string][]byte {
	files := map[string][]byte{name: raw}
	maps.Copy(files, s.raw)
	return files
}
