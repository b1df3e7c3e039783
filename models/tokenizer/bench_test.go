package tokenizer

import (
	"compress/gzip"
	"io"
	"os"
	"slices"
	"testing"

	"plumbline/internal/shared"
)

func warAndPeace(t testing.TB) string {
	f, err := os.Open(shared.Path(t, "corpora", "war-and-peace.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func BenchmarkEncode(b *testing.B) {
	text := warAndPeace(b)
	for name, load := range map[string]func(testing.TB) Tokenizer{
		"gpt2": gpt2, "llama3": llama3, "qwen3": qwen3,
		"llama2": func(t testing.TB) Tokenizer { return mustLoad(t, "tokenizers", "llama2", "tokenizer.model") },
	} {
		tok := load(b)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				tok.Encode(text)
			}
			b.ReportMetric(float64(b.N*len(text))/1e6/b.Elapsed().Seconds(), "MB/s")
		})
	}
}

func BenchmarkTrain(b *testing.B) {
	text := warAndPeace(b)
	for b.Loop() {
		if _, err := Train(slices.Values([]string{text}), TrainOptions{VocabSize: 4096}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(text))/1e6/b.Elapsed().Seconds(), "MB/s")
}
