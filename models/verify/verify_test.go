package verify

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/engine"
	"plumbline/internal/shared"
)

func runtime(t testing.TB) *engine.Runtime {
	rt := engine.NewRuntime(0)
	t.Cleanup(rt.Close)
	return rt
}

// Every result that the reference recorded is reproduced within the tolerances that
// its golden.json states.
func TestGolden(t *testing.T) {
	for _, name := range []string{
		"gpt2", "llama-gqa-untied", "llama-gqa-tied", "llama-bias", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn",
		"llama-rope-dynamic", "llama-rope-legacy-config", "llama-rope-llama3-legacy-config", "llama-sharded", "llama-bf16", "llama-f16",
		"llama-lora/lora", "llama-lora/rslora", "llama-lora/lora-regex",
	} {
		t.Run(name, func(t *testing.T) {
			dir := shared.Path(t, "golden", filepath.FromSlash(name))
			r, err := Run(runtime(t), dir, filepath.Join(dir, "golden.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			report(t, r)
		})
	}
}

func report(t *testing.T, r *Report) {
	t.Helper()
	if !r.OK() {
		var b strings.Builder
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		t.Errorf("differs:\n%s", b.String())
	}
	w := r.Worst()
	t.Logf("%d rows, worst %s: %.3g of %.3g; skipped %v", len(r.Rows), w.Name, w.Diff, w.Tolerance, r.Skipped)
	for _, name := range r.Skipped {
		if !strings.HasSuffix(name, ".half_logits") { // arithmetic in half precision, which is not ours
			t.Errorf("%s: not compared", name)
		}
	}
}

// Real models reproduce an independent float64 forward pass and its greedy text.
func TestRealModels(t *testing.T) {
	for _, c := range []struct{ dir, file string }{
		{"tinystories-656k", ""}, {"stories260K", "stories260K.bin"}, {"stories260K", "stories260K_v1.bin"},
	} {
		t.Run(c.dir+c.file, func(t *testing.T) {
			dir := shared.Path(t, "models", c.dir)
			r, err := Run(runtime(t), filepath.Join(dir, c.file), filepath.Join(dir, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			report(t, r)
		})
	}
}

var _ = bytes.NewReader
