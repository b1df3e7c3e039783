package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// tokenizer writes what was trained as tokenizer.json and reads it back, so that what
// runs here is what others load.
func (o TrainOptions) tokenizer(tr *trainer) (Tokenizer, error) {
	files := map[string]any{
		"tokenizer.json":          o.tokenizerJSON(tr),
		"tokenizer_config.json":   o.configJSON(),
		"special_tokens_map.json": o.roles(),
	}
	side := &sideFiles{raw: map[string][]byte{}}
	for name, v := range files {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(v); err != nil {
			return nil, fmt.Errorf("tokenizer: train: %s: %w", name, err)
		}
		side.raw[name] = b.Bytes()
	}
	if err := json.Unmarshal(side.raw["tokenizer_config.json"], &side.config); err != nil {
		return nil, fmt.Errorf("tokenizer: train: %w", err)
	}
	if err := side.checkDecoder(); err != nil {
		return nil, err
	}
	return fromJSON("tokenizer.json", side.raw["tokenizer.json"], side)
}

// object keeps the order of its keys.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(m.key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// tokenizerJSON has the keys and the order of the files that Hugging Face writes.
func (o TrainOptions) tokenizerJSON(tr *trainer) object {
	spell := (&alphabet{bytes: true}).spell
	added := []object{}
	vocab := object{}
	for id, token := range tr.tokens {
		if id < len(o.Specials) {
			added = append(added, append(object{{"id", id}}, o.added(id)...))
		} else {
			token = spell(token)
		}
		vocab = append(vocab, member{token, id})
	}
	merges := []string{}
	for _, m := range tr.merges {
		merges = append(merges, spell(tr.tokens[m[0]])+" "+spell(tr.tokens[m[1]]))
	}
	return object{
		{"version", "1.0"},
		{"truncation", nil},
		{"padding", nil},
		{"added_tokens", added},
		{"normalizer", nil},
		{"pre_tokenizer", o.preTokenizer()},
		{"post_processor", byteLevelStep(true)},
		{"decoder", byteLevelStep(true)},
		{"model", object{
			{"type", "BPE"},
			{"dropout", nil},
			{"unk_token", nil},
			{"continuing_subword_prefix", nil},
			{"end_of_word_suffix", nil},
			{"fuse_unk", false},
			{"byte_fallback", false},
			{"ignore_merges", false},
			{"vocab", vocab},
			{"merges", merges},
		}},
	}
}

func (o TrainOptions) added(id int) object {
	return object{
		{"content", o.Specials[id]},
		{"single_word", false},
		{"lstrip", false},
		{"rstrip", false},
		{"normalized", false},
		{"special", true},
	}
}

func (o TrainOptions) preTokenizer() object {
	if o.Pattern == GPT2Pattern {
		return byteLevelStep(true)
	}
	split := object{
		{"type", "Split"},
		{"pattern", object{{"Regex", o.Pattern}}},
		{"behavior", "Isolated"},
		{"invert", false},
	}
	return object{{"type", "Sequence"}, {"pretokenizers", []object{split, byteLevelStep(false)}}}
}

func byteLevelStep(useRegex bool) object {
	return object{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", useRegex}}
}

func (o TrainOptions) roles() object {
	out := object{}
	for _, role := range [][2]string{{"bos_token", o.BOS}, {"eos_token", o.EOS}, {"pad_token", o.PAD}} {
		if role[1] != "" {
			out = append(out, member{role[0], role[1]})
		}
	}
	return out
}

func (o TrainOptions) configJSON() object {
	decoder := object{}
	for id := range o.Specials {
		decoder = append(decoder, member{strconv.Itoa(id), o.added(id)})
	}
	return append(object{
		{"add_prefix_space", false},
		{"added_tokens_decoder", decoder},
		{"clean_up_tokenization_spaces", false},
		{"tokenizer_class", "PreTrainedTokenizerFast"},
	}, o.roles()...)
}
