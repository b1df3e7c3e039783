package screen

import (
	"slices"
	"strings"
	"testing"

	"plumbline/labeling/hostile"
)

// rendered is a text's lines at a width.
func rendered(source string, w int, spoken bool) (lines []string) {
	d := doc{text: newText(source, spoken)}.laid(w)
	for i := range d.lines() {
		lines = append(lines, strings.TrimRight(d.plain(i), " "))
	}
	return lines
}

func TestMarkdown(t *testing.T) {
	for _, c := range []struct {
		name, in string
		w        int
		want     []string
	}{
		{"paragraphs", "one\n\ntwo", 20, []string{"one", "", "two"}},
		{"line breaks are kept", "Roses are red\nViolets are blue", 40, []string{"Roses are red", "Violets are blue"}},
		{"wrapped", "one two three", 8, []string{"one two", "three"}},
		{"headings", "# One\ntext\n### Three words", 10, []string{"# One", "text", "### Three", "    words"}},
		{"underlined headings", "One\n===\nTwo\n---", 10, []string{"# One", "## Two"}},
		{"emphasis", "a *b* __c__ ~~d~~ `e*`", 40, []string{"a b c d `e*`"}},
		{"not emphasis", "2 * 3 * 4, snake_case_name", 40, []string{"2 * 3 * 4, snake_case_name"}},
		{"escapes", `\*no\* \# 1\.`, 40, []string{"*no* # 1."}},
		{"tight list", "- one\n- two\n  more", 20, []string{"• one", "• two", "  more"}},
		{"loose list", "* one\n\n* two", 20, []string{"• one", "", "• two"}},
		{"wrapped list", "- one two three", 10, []string{"• one two", "  three"}},
		{"numbers", "3. c\n4. d", 20, []string{"3. c", "4. d"}},
		{"number with a bracket", "1) a\n2) b", 20, []string{"1) a", "2) b"}},
		{"nested lists", "- a\n  1. b\n     - c", 20, []string{"• a", "  1. b", "     • c"}},
		{"empty item", "- a\n-\n- b", 20, []string{"• a", "•", "• b"}},
		{"check boxes", "- [x] done\n- [ ] open", 20, []string{"• [x] done", "• [ ] open"}},
		{"text before a list", "Do:\n- a", 20, []string{"Do:", "• a"}},
		{"quote", "> one two three\n> > deep", 10, []string{"▌ one two", "▌ three", "▌ ▌ deep"}},
		{"quoted list", "> - a b c\n> - d", 8, []string{"▌ • a b", "▌   c", "▌ • d"}},
		{"rule", "a\n\n---\n\nb", 5, []string{"a", "", "─────", "", "b"}},
		{"code", "```go\nfunc f() {\n\treturn\n}\n```", 20, []string{"┌ go", "│ func f() {", "│     return", "│ }"}},
		{"code without a language", "~~~\na  b\n\nc\n~~~", 20, []string{"│ a  b", "│", "│ c"}},
		{"code is broken between tokens", "```\ncall(first, second)\n```", 14, []string{"│ call(first,", "│↪second)"}},
		{"indented code", "text\n\n    x = 1\n    y", 20, []string{"text", "", "│ x = 1", "│ y"}},
		{"code in a list", "1. do\n   ```sh\n   ls\n   ```", 20, []string{"1. do", "   ┌ sh", "   │ ls"}},
		{"stars in code stay", "```\n**x** _y_ [a](b)\n```", 30, []string{"│ **x** _y_ [a](b)"}},
		{"open fence", "```py\nx", 20, []string{"┌ py", "│ x"}},
		{"link", "see [it](http://x.y) now", 40, []string{"see it (http://x.y) now"}},
		{"link with a title", `[it](http://x.y "T")`, 40, []string{`it (http://x.y "T")`}},
		{"a link shows where it leads", "[http://good.example](http://evil.example)", 60, []string{"http://good.example (http://evil.example)"}},
		{"autolink", "<http://x.y>", 40, []string{"http://x.y"}},
		{"picture", "![alt](pic.png)", 40, []string{"![alt](pic.png)"}},
		{
			"reference", "see [it][1] and [that]\n\n[1]: http://x.y 'T'\n[that]: http://z", 40,
			[]string{"see [it][1] and [that]", "", `[1]: http://x.y "T"`, "[that]: http://z"},
		},
		{"markup of other kinds is shown", "a <b>c</b> <!-- d -->", 40, []string{"a <b>c</b> <!-- d -->"}},
		{"block of markup", "<div>\nx\n</div>", 40, []string{"<div>", "x", "</div>"}},
		{"entities stay as written", "&lt;b&gt; &#27;[2J", 40, []string{"&lt;b&gt; &#27;[2J"}},
		{"hard break", "a  \nb\\\nc", 40, []string{"a", "b", "c"}},
		{"table", "|a|bb|\n|:-|-:|\n|x|1|\n|yy|22|", 20, []string{"a  │ bb", "───┼───", "x  │  1", "yy │ 22"}},
		{"table in the middle", "|a|b|\n|:-:|---|\n|xyz|u|", 20, []string{" a  │ b", "────┼──", "xyz │ u"}},
		{"table with emphasis", "|**a**|`b`|\n|-|-|\n|c|d|", 20, []string{"a │ `b`", "──┼────", "c │ d"}},
		{
			"table too wide: the widest column gives way", "|k|text|\n|-|-|\n|a|one two three four|", 14,
			[]string{"k │ text", "──┼───────────", "a │ one two", "  │ three four"},
		},
		{"table far too wide", "|k|v|w|\n|-|-|-|\n|a|b|c|\n|d|e|f|", 12, []string{"k: a", "v: b", "w: c", "", "k: d", "v: e", "w: f"}},
		{"table of wide characters", "|名|值|\n|-|-|\n|天空|蓝|", 20, []string{"名   │ 值", "─────┼───", "天空 │ 蓝"}},
		{"table below text", "text:\n\n|a|b|\n|-|-|\n|c|d|", 20, []string{"text:", "", "a │ b", "──┼──", "c │ d"}},
		{"nothing", "", 20, nil},
		{"Chinese", "**天空**是蓝色的，因为", 8, []string{"天空是蓝", "色的，因", "为"}},
		// Where rendering would hide or change something, the text is shown as written.
		{"a mark that would change its letter", "x *\u0301b* y", 40, []string{"x *\u0301b* y"}},
		{"a cell too many", "|a|b|\n|-|-|\n|1|2|hidden|", 40, []string{"|a|b|", "|-|-|", "|1|2|hidden|"}},
	} {
		if got := rendered(c.in, c.w, false); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q in %d: got\n%s\nwant\n%s", c.name, c.in, c.w, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestMarkdownSpoken(t *testing.T) {
	in := "- a\n\n> b\n\n```go\nx\n```\n\n|k|v|\n|-|-|\n|c|d|"
	want := []string{"- a", "", "> b", "", "``` go", "x", "```", "", "k: c", "v: d"}
	if got := rendered(in, 40, true); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The looks are where the marks were.
func TestMarkdownLooks(t *testing.T) {
	d := doc{text: newText("# h\na **b *c* d** `e` ~~f~~", false)}.laid(40)
	var got []string
	for i := range d.lines() {
		var p pen
		d.write(&p, i, Cells(d.plain(i)))
		got = append(got, string(p.b))
	}
	want := []string{
		"# \x1b[1mh\x1b[0m",
		"a \x1b[1mb \x1b[0m\x1b[1;3mc\x1b[0m\x1b[1m d\x1b[0m `e` \x1b[9mf\x1b[0m", // code has a colour only
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Columns, by hand: the widest give way first, and no column grows.
func TestTableColumns(t *testing.T) {
	for _, c := range []struct {
		cells []int // of the columns' contents
		w     int
		want  []int
	}{
		{[]int{3, 5}, 20, []int{3, 5}},
		{[]int{3, 5}, 11, []int{3, 5}},           // 3 + 5 and 3 between them
		{[]int{3, 50}, 20, []int{3, 14}},         //
		{[]int{30, 50}, 43, []int{20, 20}},       //
		{[]int{30, 50}, 42, []int{19, 20}},       // the last cell goes from the left
		{[]int{2, 30, 50}, 36, []int{2, 14, 14}}, //
		{[]int{9, 9}, 10, nil},                   // less than 4 for each
	} {
		var body strings.Builder
		var row []span
		for _, n := range c.cells {
			at := body.Len()
			body.WriteString(strings.Repeat("x", n))
			row = append(row, span{from: at, to: body.Len()})
		}
		tab := table{align: make([]align, len(c.cells)), rows: [][]span{row}}
		if got := tab.columns(body.String(), c.w); !slices.Equal(got, c.want) {
			t.Errorf("%v in %d: got %v, want %v", c.cells, c.w, got, c.want)
		}
	}
}

// holdsAll fails if a rendering hides a letter, or lets anything through that is no text.
func holdsAll(t *testing.T, source string) {
	t.Helper()
	for _, spoken := range []bool{false, true} {
		written, shown := rawText(source), newText(source, spoken)
		checkPlain(t, shown.body)
		if letters(written.body) != letters(shown.body) {
			t.Errorf("%.200q: %d letters of %d are shown", source, letters(shown.body), letters(written.body))
		}
		for _, w := range []int{2, 9, 40} {
			d := doc{text: shown}.laid(w)
			n := 0
			for i := range d.lines() {
				for _, p := range d.at(i) {
					n += letters(d.body[p.from:p.to])
				}
				if c := Cells(d.plain(i)); c > w {
					t.Fatalf("%.200q: line %d has %d cells, want at most %d: %q", source, i, c, w, d.plain(i))
				}
			}
			if n < letters(shown.body) { // a header told beside each cell counts again
				t.Errorf("%.200q at %d: %d letters of %d are laid out", source, w, n, letters(shown.body))
			}
		}
	}
}

func TestRenderingHidesNothing(t *testing.T) {
	for _, c := range hostile.Strings() {
		if len(c[1]) < long {
			holdsAll(t, c[1])
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add(markdownAnswer)
	for _, c := range hostile.Strings() {
		if strings.HasPrefix(c[0], "markdown") && len(c[1]) < 500 {
			f.Add(c[1])
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) < 4000 {
			holdsAll(t, source)
		}
	})
}
