package screen

import (
	"slices"
	"testing"
)

func TestWrapKeepsTheIndent(t *testing.T) {
	for _, c := range []struct {
		text string
		w    int
		want []string
	}{
		{"one two three", 8, []string{"one two", "three"}},
		{"head\n  one two three", 8, []string{"head", "  one", "  two", "  three"}},
		{"  标注员小王", 8, []string{"  标注员", "  小王"}},
		{"", 8, []string{""}},
		{"        deep", 4, []string{"  de", "  ep"}},
	} {
		if got := Wrap(c.text, c.w); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.w, got, c.want)
		}
	}
}
