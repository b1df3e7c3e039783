package hostile

import (
	"testing"
	"unicode/utf8"
)

func TestStrings(t *testing.T) {
	all := Strings()
	seen := map[string]bool{}
	invalid := 0
	for _, s := range all {
		if s[0] == "" || seen[s[0]] {
			t.Errorf("%q: want a name of its own", s[0])
		}
		seen[s[0]] = true
		if !utf8.ValidString(s[1]) {
			invalid++
		}
	}
	if len(all) < 200 || invalid < 15 {
		t.Errorf("got %d strings, %d of them broken, want at least 200 and 15", len(all), invalid)
	}
	if again := Strings(); len(again) != len(all) || again[len(all)-1] != all[len(all)-1] {
		t.Error("not the same twice")
	}
}
