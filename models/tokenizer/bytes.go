package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// byteRunes is how GPT-2 spells a byte in its vocabulary: printable Latin-1 as itself,
// the others as the characters from U+0100 on, in order.
var byteRunes, runeBytes = func() (runes [256]rune, back map[rune]byte) {
	back = make(map[rune]byte, 256)
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !printable(b) {
			r, next = next, next+1
		}
		runes[b], back[r] = r, byte(b)
	}
	return runes, back
}()

func printable(b int) bool { return b >= '!' && b <= '~' || b >= 0xa1 && b != 0xad }

// unspell is the bytes of a token that GPT-2's alphabet spells, and the token itself
// where it holds other characters, as the reference decoder has it.
func unspell(token string) string {
	out := make([]byte, 0, len(token))
	for _, r := range token {
		b, ok := runeBytes[r]
		if !ok {
			return token
		}
		out = append(out, b)
	}
	return string(out)
}

// validUTF8 is src with U+FFFD for every byte sequence that is no character; of a
// character cut short, one for all of its bytes (Unicode 15, sec. 3.9, "substitution of
// maximal subparts"), as Rust's from_utf8_lossy has it.
func validUTF8(src []byte) string {
	var dst strings.Builder
	dst.Grow(len(src))
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError && n == 1 {
			n = subpart(src)
		}
		dst.WriteRune(r)
		src = src[n:]
	}
	return dst.String()
}

// subpart is the length of the longest start of src that begins a character, ≥ 1.
func subpart(src []byte) int {
	n := 1
	for n < len(src) && !utf8.FullRune(src[:n+1]) {
		n++
	}
	return n
}

// complete is how many bytes of b can be decoded now: all but a character that more
// bytes may finish.
func complete(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				return len(b)
			}
			return i
		}
	}
	return len(b)
}
