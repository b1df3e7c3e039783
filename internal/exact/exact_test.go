package exact

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// What CPython 3.13 makes of the bytes:
//
//	json.dumps(b.decode("utf-8", "surrogateescape"), ensure_ascii=True)
//
// as far as they are of no character; a character stays itself.
func TestText(t *testing.T) {
	for _, c := range []struct{ name, text, json string }{
		{"a byte alone", "\xff", `"\udcff"`},
		{"a character cut short", "caf\xc3", `"caf\udcc3"`},
		{"a surrogate in UTF-8", "\xed\xa0\x80", `"\udced\udca0\udc80"`},
		{"beyond Unicode", "\xf4\x90\x80\x80", `"\udcf4\udc90\udc80\udc80"`},
		{"overlong", "\xc0\xaf", `"\udcc0\udcaf"`},
		{"characters", "é😀\u202e\ufffd", "\"é😀\u202e\ufffd\""},
		{"control characters", "\x00\x1b[2J\a\x7f", "\"\\u0000\\u001b[2J\\u0007\x7f\""},
		{"short escapes", "\"\\/\b\f\n\r\t", `"\"\\/\b\f\n\r\t"`},
		{"HTML stays readable", "<a&b>", `"<a&b>"`},
		{"line ends of JavaScript", "\u2028\u2029", `"\u2028\u2029"`},
		{"nothing", "", `""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(Append(nil, c.text)); got != c.json {
				t.Errorf("written: got %s, want %s", got, c.json)
			}
			var back Text
			if err := json.Unmarshal([]byte(c.json), &back); err != nil || string(back) != c.text {
				t.Errorf("read: got %q, %v, want %q", back, err, c.text)
			}
		})
	}
}

func TestText_ReadsWhatOthersWrite(t *testing.T) {
	for in, want := range map[string]string{
		`"\ud83d\ude00 \\ud800 \/\u00E9"`: `😀 \ud800 /é`,
		"\"raw \xff byte\"":               "raw \xff byte",
		`"\ud800\udc80"`:                  "\U00010080", // a pair, not a byte
		`"\udcc3\udca9"`:                  "é",          // two bytes of one character
		`null`:                            "",
	} {
		var got Text
		if err := json.Unmarshal([]byte(in), &got); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestText_Refuses(t *testing.T) {
	for in, want := range map[string]string{
		`"\ud800"`:       "half of a surrogate pair",
		`"\ud800\ud800"`: "half of a surrogate pair",
		`"\ud83d x"`:     "half of a surrogate pair",
		`"\udc00"`:       "half of a surrogate pair",
		`"\udc7f"`:       "half of a surrogate pair",
		`"\udd00"`:       "half of a surrogate pair",
		`7`:              "cannot unmarshal number into Go value of type string",
		`["a"]`:          "cannot unmarshal array",
		`{}`:             "cannot unmarshal object",
		`true`:           "cannot unmarshal bool",
	} {
		var got Text
		if err := json.Unmarshal([]byte(in), &got); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
}

// Any bytes come back, what is written is JSON in UTF-8, and of a text without broken
// bytes it is what encoding/json writes.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a\xffb", "\xed\xa0\x80", "😀\x80", `\ud800`, "\x00\u2028<>&", "\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := json.Marshal(Text(s))
		if err != nil || !json.Valid(b) || !utf8.Valid(b) {
			t.Fatalf("%q: got %q, %v, want JSON", s, b, err)
		}
		var back Text
		if err := json.Unmarshal(b, &back); err != nil || string(back) != s {
			t.Errorf("got %q, %v, want %q", back, err, s)
		}
		var std bytes.Buffer
		e := json.NewEncoder(&std)
		e.SetEscapeHTML(false)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got := string(Append(nil, s)) + "\n"; utf8.ValidString(s) && got != std.String() {
			t.Errorf("got %s, want %s", got, &std)
		}
	})
}

// Any JSON string is read as encoding/json reads it, unless it names bytes.
func FuzzTextReads(f *testing.F) {
	for _, s := range []string{`"\ud83d\ude00"`, `"\uD800"`, `"\\u\n"`, `"\udcff"`, "\"\xff\"", `""`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var want string
		var got Text
		if json.Unmarshal(b, &want) != nil {
			return
		}
		if err := json.Unmarshal(b, &got); err == nil && !strings.ContainsRune(want, utf8.RuneError) && string(got) != want {
			t.Errorf("%s: got %q, want %q", b, got, want)
		}
	})
}
