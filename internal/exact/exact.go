// Package exact keeps a text in JSON byte for byte, UTF-8 or not.
//
// JSON strings hold characters, but what models and people write can hold bytes of none.
// Such a byte, 0x80 to 0xff, is written as the escape of a lone surrogate, \udc80 to
// \udcff, which no character needs: any JSON parser takes it, and Python's
// surrogateescape (PEP 383) turns it into the byte again. encoding/json would put U+FFFD
// in its place, in silence.
package exact

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is a text that is the same after JSON as before.
type Text string

// The escapes that stand for bytes.
const (
	firstByte = 0xdc80
	lastByte  = 0xdcff
)

// MarshalJSON writes a text as encoding/json does without escaping HTML, and bytes of no
// character as \udc80 to \udcff.
func (t Text) MarshalJSON() ([]byte, error) { return Append(nil, string(t)), nil }

// Append adds the JSON string of a text to b.
func Append(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch short := shortEscape(r); {
		case r == utf8.RuneError && n == 1:
			b = append(b, `\udc`...)
			b = append(b, hex[s[0]>>4], hex[s[0]&15])
		case short != 0:
			b = append(b, '\\', short)
		case r < ' ', r == '\u2028', r == '\u2029': // the last two end lines in JavaScript
			b = append(b, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return append(b, '"')
}

// shortEscape is the letter after the backslash, 0 where there is none.
func shortEscape(r rune) byte {
	switch r {
	case '"', '\\':
		return byte(r)
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}

// errSurrogate is half of a pair that stands for no byte either.
var errSurrogate = errors.New(`got half of a surrogate pair (\ud800 to \udfff), which no text can hold; want whole characters, or \udc80 to \udcff for bytes of none`)

// UnmarshalJSON reads a string as MarshalJSON and everybody else writes it; bytes that
// are not UTF-8 may also stand in it as they are. Other lone surrogates are an error.
func (t *Text) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) < 2 || b[0] != '"' {
		return &json.UnmarshalTypeError{Value: kind(b), Type: reflect.TypeFor[string]()}
	}
	s, err := unquote(b[1 : len(b)-1])
	*t = Text(s)
	return err
}

// kind is what a value is called in errors.
func kind(b []byte) string {
	switch {
	case len(b) == 0:
		return "nothing"
	case b[0] == '{':
		return "object"
	case b[0] == '[':
		return "array"
	case b[0] == 't', b[0] == 'f':
		return "bool"
	}
	return "number"
}

// unquote undoes the escapes of a JSON string, which json's scanner has found sound.
func unquote(b []byte) (string, error) {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		if i++; i == len(b) {
			return "", errors.New("got a backslash at the end of a string")
		}
		if b[i] != 'u' {
			out = append(out, unescaped(b[i]))
			continue
		}
		unit, ok := hexUnit(b[i+1:])
		if !ok {
			return "", fmt.Errorf(`got \u%.4s, want four hexadecimal digits`, b[i+1:])
		}
		i += 4
		switch {
		case !utf16.IsSurrogate(unit):
			out = utf8.AppendRune(out, unit)
		case pairs(unit, b[i+1:]):
			low, _ := hexUnit(b[i+3:])
			out = utf8.AppendRune(out, utf16.DecodeRune(unit, low))
			i += 6
		case unit >= firstByte && unit <= lastByte:
			out = append(out, byte(unit))
		default:
			return "", errSurrogate
		}
	}
	return string(out), nil
}

// pairs tells whether rest begins with the other half of a surrogate.
func pairs(high rune, rest []byte) bool {
	if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
		return false
	}
	low, ok := hexUnit(rest[2:])
	return ok && utf16.DecodeRune(high, low) != utf8.RuneError
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // " \ /
}

// hexUnit reads four hexadecimal digits.
func hexUnit(b []byte) (unit rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}
