package tokenizer

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTrainReference compares with the merges and the vocabulary that the reference of
// Stanford's CS336, assignment 1, makes of the same text.
func TestTrainReference(t *testing.T) {
	corpus := readFile(t, "tokenizers", "bpe-train", "corpus.en")
	tok, err := Train(slices.Values([]string{corpus}), TrainOptions{VocabSize: 500, Specials: []string{"<|endoftext|>"}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	var j tokenizerJSON
	decodeFile(t, filepath.Join(dir, "tokenizer.json"), &j)

	want := strings.Split(strings.TrimSpace(readFile(t, "tokenizers", "bpe-train", "train-bpe-reference-merges.txt")), "\n")
	for i, m := range j.Model.Merges {
		if got := m[0] + " " + m[1]; i < len(want) && got != want[i] {
			t.Errorf("merge %d: got %q, want %q", i, got, want[i])
		}
	}
	if len(j.Model.Merges) != len(want) {
		t.Errorf("got %d merges, want %d", len(j.Model.Merges), len(want))
	}
	if vocab := readJSON[map[string]int64](t, "tokenizers", "bpe-train", "train-bpe-reference-vocab.json"); !maps.Equal(j.Model.Vocab, vocab) {
		t.Error("got another vocabulary than the reference")
	}
}
