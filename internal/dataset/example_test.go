package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"

	"plumbline/internal/dataset"
)

func ExampleExamples() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "alpaca.json")
	if err := os.WriteFile(path, []byte(`[{"instruction": "Name a colour.", "input": "", "output": "Red."}]`), 0o600); err != nil {
		panic(err)
	}
	for e, err := range dataset.Examples(path, dataset.Options{}) {
		fmt.Println(e.Prompt, "->", e.Response, err)
	}
	// Output: user: Name a colour. -> Red. <nil>
}
