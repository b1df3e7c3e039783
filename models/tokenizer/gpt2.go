package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// LoadGPT2 reads GPT-2's two files: a JSON object token -> id, and the merges, one a
// line, best first. Words are split by GPT2Pattern. "<|endoftext|>", where it is in the
// vocabulary, begins and ends a text unless the config files beside say otherwise.
func LoadGPT2(vocabPath, mergesPath string) (Tokenizer, error) {
	rawVocab, err := os.ReadFile(vocabPath)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	rawMerges, err := os.ReadFile(mergesPath)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: got no merges: %w", vocabPath, err)
	}
	side, err := readSideFiles(filepath.Dir(vocabPath))
	if err != nil {
		return nil, err
	}
	return fromGPT2(vocabPath, rawVocab, mergesPath, rawMerges, side)
}

func fromGPT2(vocabPath string, rawVocab []byte, mergesPath string, rawMerges []byte, side *sideFiles) (*BPE, error) {
	var vocab map[string]int64
	if err := json.Unmarshal(rawVocab, &vocab); err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", vocabPath, where(rawVocab, err))
	}
	merges, err := parseMerges(rawMerges)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", mergesPath, err)
	}
	end := tokenName("<|endoftext|>")
	if _, ok := vocab[string(end)]; ok && side.config.EOS == nil && side.names.EOS == nil {
		side.names.BOS, side.names.EOS = &end, &end
	}
	addSpace := side.config.AddPrefixSpace
	if addSpace == nil {
		addSpace = new(bool)
	}
	j := tokenizerJSON{
		PreTokenizer: &step{Type: "ByteLevel", AddPrefixSpace: addSpace},
		Decoder:      &step{Type: "ByteLevel"},
		Model:        modelJSON{Type: "BPE", Vocab: vocab, Merges: merges},
	}
	t, err := j.build(vocabPath, side)
	if err != nil {
		return nil, err
	}
	t.files = side.with("vocab.json", rawVocab)
	t.files["merges.txt"] = rawMerges
	return t, nil
}

// parseMerges reads "left right" lines; the first may be a "#version" comment.
func parseMerges(raw []byte) ([]mergeJSON, error) {
	out := []mergeJSON{}
	for i, line := range strings.Split(string(bytes.TrimRight(raw, "\n")), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		var m mergeJSON
		if err := m.parse(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		out = append(out, m)
	}
	return out, nil
}
