package shared

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Cases reads the cases that keep selects from {"cases": [...]}, a JSON file below the
// shared data folder. None is a failure.
func Cases[T any](t testing.TB, keep func(T) bool, elem ...string) (kept []T) {
	t.Helper()
	data, err := os.ReadFile(Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []T }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatalf("%s: %v", filepath.Join(elem...), err)
	}
	for _, c := range file.Cases {
		if keep(c) {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 {
		t.Fatalf("%s: got %d cases, want one of those looked for", filepath.Join(elem...), len(file.Cases))
	}
	return kept
}

// Unpad keeps what is real of padded rows: where mask is 1.
func Unpad(padded, mask [][]float64) [][]float64 {
	out := make([][]float64, len(padded))
	for i := range padded {
		for j, x := range padded[i] {
			if mask[i][j] == 1 {
				out[i] = append(out[i], x)
			}
		}
	}
	return out
}
