package arch

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "plumbline/"

// mayImport is the architecture: what a package, and those below it without a line of
// their own, may import from this module. "x/..." is x and all below it. A package may
// always import those below itself.
var mayImport = map[string][]string{
	"cmd": {"configs", "internal/...", "labeling/...", "models/...", "ppo/...", "reward/...", "sft"},

	"internal/run": {
		"configs", "internal/...", "labeling/...",
		"models/...", "ppo", "reward/...", "sft",
	},
	"internal/run/live": {"internal/train"},
	"internal/report":   {"internal/eval", "internal/train"},
	"internal/bench":    {"internal/engine", "internal/kernel", "internal/random", "models/...", "sft"},

	"ppo":    {"ppo", "internal/batch", "internal/dataset", "internal/engine", "internal/eval", "internal/random", "internal/snapshot", "internal/train", "models/...", "reward/..."},
	"reward": {"internal/batch", "internal/dataset/...", "internal/engine", "internal/eval", "internal/random", "internal/snapshot", "internal/train", "models/..."},
	"sft":    {"internal/batch", "internal/dataset", "internal/engine", "internal/random", "internal/snapshot", "internal/train", "models/..."},

	"internal/eval":     {"internal/batch", "internal/dataset", "internal/random", "internal/train", "models/..."},
	"internal/snapshot": {"internal/durable", "internal/engine", "models/..."},
	"models":            {"internal/batch", "internal/dataset", "internal/durable", "internal/engine", "internal/kernel", "internal/random", "models/..."},

	"internal/train":   {"internal/durable", "internal/engine", "internal/random"},
	"internal/dataset": {"internal/exact", "internal/random", "internal/dataset"},
	"internal/engine":  {"internal/kernel"},

	// Labelling knows nothing of training; internal/run joins the two.
	"labeling": {"internal/durable", "internal/exact", "internal/random", "labeling/..."},

	"configs":          {},
	"internal/arch":    {},
	"internal/batch":   {},
	"internal/durable": {},
	"internal/exact":   {},
	"internal/kernel":  {},
	"internal/random":  {},
	"internal/shared":  {},
}

// onlyFrom lists libraries that one place hides from the rest, tests included.
var onlyFrom = map[string]string{
	"gorgonia.org/":                 "internal/engine",
	"github.com/spf13/viper":        "configs",
	"github.com/mattn/go-sqlite3":   "labeling/store",
	"github.com/pressly/goose":      "labeling/store",
	"github.com/jackc/pgx":          "labeling/store",
	"github.com/charmbracelet/wish": "labeling/serve",
	"github.com/prometheus/":        "labeling/serve",
	"github.com/nikolalohinski":     "models/chat",
	"github.com/yuin/goldmark":      "labeling/screen",
}

// packages reads the imports of every package of the module, by its directory.
func packages(t *testing.T) map[string]*build.Package {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*build.Package{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if n := d.Name(); path != root && (n == "testdata" || n == "bin" || strings.HasPrefix(n, ".")) {
			return filepath.SkipDir
		}
		goFiles, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil || len(goFiles) == 0 {
			return err
		}
		p, err := build.ImportDir(path, 0)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, path)
		all[filepath.ToSlash(dir)] = p
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("got %d packages below %s, want the whole module", len(all), root)
	}
	return all
}

// row is the line of the table that speaks of a package: its own or the nearest above.
func row(dir string) (key string, ok bool) {
	for key = dir; key != "."; key = filepath.ToSlash(filepath.Dir(key)) {
		if _, ok := mayImport[key]; ok {
			return key, true
		}
	}
	return "", false
}

func below(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

func TestImportDirection(t *testing.T) {
	for dir, p := range packages(t) {
		key, ok := row(dir)
		if !ok {
			t.Errorf("%s has no line in the table", dir)
			continue
		}
		allowed := func(imp string) bool {
			return below(imp, dir) || slices.ContainsFunc(mayImport[key], func(a string) bool {
				tree, all := strings.CutSuffix(a, "/...")
				return imp == a || all && below(imp, tree)
			})
		}
		for _, imp := range p.Imports {
			if own, ours := strings.CutPrefix(imp, module); ours && !allowed(own) {
				t.Errorf("%s must not import %s", dir, own)
			}
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	for dir, p := range packages(t) {
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for lib, home := range onlyFrom {
				if strings.HasPrefix(imp, lib) && !below(dir, home) {
					t.Errorf("%s must not import %s; only %s may", dir, imp, home)
				}
			}
		}
	}
}

// A line for a package that is gone would allow what nobody checks.
func TestTableHasNoDeadLines(t *testing.T) {
	for key := range mayImport {
		if _, err := os.Stat(filepath.Join("..", "..", key)); err != nil {
			t.Errorf("the table speaks of %s: %v", key, err)
		}
	}
}
