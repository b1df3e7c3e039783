package train_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/train"
)

func TestOptimizers_RoundTrip(t *testing.T) {
	dir := t.TempDir()
	save := map[string]train.Moments{"policy": &momentum{.1, 7}, "critic": &momentum{-3, 9}}
	if err := train.SaveOptimizers(dir, save); err != nil {
		t.Fatal(err)
	}
	policy, critic := &momentum{}, &momentum{}
	if err := train.LoadOptimizers(dir, map[string]train.Moments{"policy": policy, "critic": critic}); err != nil {
		t.Fatal(err)
	}
	if *policy != (momentum{.1, 7}) || *critic != (momentum{-3, 9}) {
		t.Errorf("got %v and %v", *policy, *critic)
	}
	for want, ask := range map[string]map[string]train.Moments{
		"got 2 optimizers, want 1": {"policy": policy},
		"got no other":             {"policy": policy, "other": critic},
	} {
		if err := train.LoadOptimizers(dir, ask); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %s", err, want)
		}
	}
}

// A damaged file is refused; nothing of it reaches the optimiser unchecked.
func FuzzLoadOptimizers(f *testing.F) {
	dir := f.TempDir()
	if err := train.SaveOptimizers(dir, map[string]train.Moments{"policy": &momentum{.1, 7}}); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, train.OptimizerFile)
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f{"))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, train.OptimizerFile), b, 0o600); err != nil {
			t.Fatal(err)
		}
		m := &momentum{}
		if err := train.LoadOptimizers(dir, map[string]train.Moments{"policy": m}); err != nil {
			return
		}
		again := t.TempDir()
		if err := train.SaveOptimizers(again, map[string]train.Moments{"policy": m}); err != nil {
			t.Fatal(err)
		}
	})
}
