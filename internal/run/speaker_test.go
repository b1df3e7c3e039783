package run

import (
	"strings"
	"testing"
)

// Whatever the pieces are that a text comes in, what stands before the first stop text
// is told, and nothing that turns out to be one.
func TestListener_StopsBeforeATextThatComesInPieces(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		stopped    bool
	}{
		{"one two", "one two", false},
		{"one\n\ntwo", "one", true},
		{"one\ntwo", "one\ntwo", false},
		{"one EN END.", "one EN ", true},
		{"EEND", "E", true},
		{"ends in EN", "ends in EN", false},
		{"END\n\n", "", true},
	} {
		for size := 1; size <= len(tt.text); size++ {
			var told strings.Builder
			l := listener{stop: []string{"\n\n", "END"}, tell: func(s string) { told.WriteString(s) }}
			for rest := tt.text; rest != ""; rest = rest[min(size, len(rest)):] {
				l.say(rest[:min(size, len(rest))], false)
			}
			l.say("", true)
			if l.text.String() != tt.want || told.String() != tt.want || l.stopped != tt.stopped {
				t.Errorf("%q in pieces of %d: got %q, told %q, stopped %v, want %q, %v", tt.text, size, l.text.String(), told.String(), l.stopped, tt.want, tt.stopped)
			}
		}
	}
}
