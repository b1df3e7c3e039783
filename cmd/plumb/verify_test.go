package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/shared"
	"plumbline/models/checkpoint"
)

func TestVerify_GoldenModels(t *testing.T) {
	for model, golden := range map[string]string{
		"models/tinystories-656k":            "models/tinystories-656k/golden.json",
		"models/stories260K/stories260K.bin": "models/stories260K/golden.json",
		"golden/gpt2":                        "golden/gpt2/golden.safetensors",
		"golden/llama-gqa-tied":              "golden/llama-gqa-tied/golden.safetensors",
		"golden/llama-lora/lora":             "golden/llama-lora/lora/golden.safetensors",
		"golden/llama-rope-llama3":           "golden/llama-rope-llama3/golden.safetensors",
	} {
		path, recorded := shared.Path(t, strings.Split(model, "/")...), shared.Path(t, strings.Split(golden, "/")...)
		dump := filepath.Join(t.TempDir(), "ours.safetensors")
		code, stdout, stderr := plumb(t, "verify", path, "--golden", recorded, "--dump", dump, "--json")
		rows := decode[verifiedRow](t, stdout)
		if code != 0 || len(rows) < 3 {
			t.Errorf("%s: got %d, %d rows, %q", model, code, len(rows), stderr)
		}
		checkDump(t, dump, rows)
	}
}

// checkDump wants a tensor for each row that is one of the golden file.
func checkDump(t *testing.T, path string, rows []verifiedRow) {
	t.Helper()
	tensors, err := checkpoint.ReadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(tensors) < len(rows)/2 {
		t.Errorf("the dump has %d tensors for %d rows", len(tensors), len(rows))
	}
}

// The numbers of another model differ, every one of them, and the table says so.
func TestVerify_AnotherModelDiffers(t *testing.T) {
	model, golden := shared.Path(t, "golden", "gpt2"), shared.Path(t, "golden", "llama-bias", "golden.safetensors")
	code, stdout, stderr := plumb(t, "verify", model, "--golden", golden)
	if code != 1 || strings.Contains(stdout, " ok\n") || !strings.Contains(stdout, "DIFFERS") {
		t.Errorf("got %d, %q", code, stdout)
	}
	if want := "tensors differ; the worst is "; !strings.Contains(stderr, want) {
		t.Errorf("got %q, want %q", stderr, want)
	}
	if _, stdout, _ = plumb(t, "verify", model, "--golden", golden, "--json"); !json.Valid([]byte(strings.SplitAfter(stdout, "\n")[0])) {
		t.Errorf("got %q, want JSON", stdout)
	}
}

func TestVerify_Faults(t *testing.T) {
	model := tinyModel(t, 1)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no golden file", []string{model}, 2, `required flag(s) "golden" not set`},
		{"no model", []string{"--golden", "x.json"}, 2, "accepts 1 arg(s), received 0"},
		{"missing model", []string{"nowhere", "--golden", "x.json"}, 1, "nowhere/config.json: no such file"},
		{"missing file", []string{model, "--golden", "nowhere.safetensors"}, 1, "nowhere.json: no such file"},
		{"broken file", []string{model, "--golden", write(t, "golden.json", "{")}, 1, "golden.json: unexpected end of JSON"},
		{"nothing in it", []string{model, "--golden", write(t, "golden.json", "{}")}, 1, "nothing in it could be compared"},
		{"nowhere to dump", []string{model, "--golden", write(t, "golden.json", "{}"), "--dump", "no/such/dir"}, 1, "no/such"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := plumb(t, append([]string{"verify"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d, %q, want %d, %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}
