package tokenizer

import (
	"maps"
	"os"
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

// By hand: "ab" is seen twice; once each follow "cd", "abcd" and " abcd".
func TestMinFrequencyStopsMerging(t *testing.T) {
	text := []string{"ab abcd"}
	for minimum, want := range map[int]int{0: 256 + 4, 2: 256 + 1, 3: 256} {
		tok, err := Train(slices.Values(text), TrainOptions{VocabSize: 300, MinFrequency: minimum})
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.VocabSize(); got != want {
			t.Errorf("minimum %d: got %d tokens, want %d", minimum, got, want)
		}
	}
}

// Counts decide, not the order of the texts; special tokens are not learnt from.
func TestTrainingDoesNotDependOnOrder(t *testing.T) {
	texts := []string{"the cat sat<|end|>", "猫坐在垫子上", "on the mat", "the cat<|end|><|end|>"}
	var saved []string
	for range 2 {
		tok, err := Train(slices.Values(texts), TrainOptions{VocabSize: 290, Specials: []string{"<|end|>"}})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
		if err != nil {
			t.Fatal(err)
		}
		saved = append(saved, string(raw))
		slices.Reverse(texts)
		if _, ok := tok.ID("en"); ok {
			t.Error(`got the token "en", which only special tokens contain`)
		}
	}
	if saved[0] != saved[1] {
		t.Error("got another tokenizer.json from the same texts in another order")
	}
}
