package screen

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// editor is a text being written: plain, of one line or of many. Its methods return the
// next editor. It keeps every byte of what it was given; only what it shows is cleaned.
type editor struct {
	lines    []string // replaced, never changed
	row, col int      // the cursor: line, and byte in it
	top      spot     // the first row shown
	one      bool     // of one line
	most     int      // bytes
}

// spot is a row on the screen: the n-th of those that a line takes.
type spot struct{ line, n int }

// newEditor begins with a text, as far as there is room, and the cursor at its end, or, of
// many lines, its start.
func newEditor(text string, one bool, most int) editor {
	text = lineEnds.Replace(strings.ToValidUTF8(text, "\uFFFD"))
	if end := most; len(text) > most {
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	e := editor{lines: strings.Split(text, "\n"), one: one, most: most}
	if one {
		e.lines = []string{strings.Join(e.lines, " ")}
		e.col = len(e.lines[0])
	}
	return e
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// text is what is written.
func (e editor) text() string { return strings.Join(e.lines, "\n") }

// size is how long that is, in bytes.
func (e editor) size() int {
	n := len(e.lines) - 1
	for _, l := range e.lines {
		n += len(l)
	}
	return n
}

// put replaces lines [from, to).
func (e editor) put(from, to int, lines ...string) editor {
	e.lines = slices.Concat(e.lines[:from], lines, e.lines[to:])
	return e
}

// insert adds text at the cursor; ok is false if there is no room for it.
func (e editor) insert(text string) (next editor, ok bool) {
	if len(text) > e.most {
		return e, false
	}
	text = lineEnds.Replace(strings.ToValidUTF8(text, "\uFFFD"))
	if e.one {
		text = CleanLine(text)
	}
	if e.size()+len(text) > e.most {
		return e, false
	}
	before, after := e.lines[e.row][:e.col], e.lines[e.row][e.col:]
	added := strings.Split(before+text, "\n")
	last := len(added) - 1
	col := len(added[last])
	added[last] += after
	e = e.put(e.row, e.row+1, added...)
	e.row, e.col = e.row+last, col
	return e, true
}

// key applies an editing key for rows of w cells, of which h are seen. ok is false for a
// key that does not edit, full where there was no room.
func (e editor) key(k string, w, h int) (next editor, ok, full bool) {
	switch k {
	case "left", "right", "home", "end", "up", "down", "pgup", "pgdown", "ctrl+a", "ctrl+e", "ctrl+home", "ctrl+end",
		"ctrl+left", "ctrl+right", "alt+b", "alt+f", "alt+left", "alt+right":
		e = e.move(k, w, h)
	case "backspace", "ctrl+h":
		e = e.cut(e.before(e.row, e.col, e.char)).unjoined()
	case "delete", "ctrl+d":
		e = e.cut(e.after(e.row, e.col, e.char))
	case "ctrl+w", "alt+backspace":
		e = e.cut(e.before(e.row, e.col, e.word))
	case "alt+d":
		e = e.cut(e.after(e.row, e.col, e.word))
	case "ctrl+u":
		e = e.cut(e.row, 0)
	case "ctrl+k":
		to := len(e.lines[e.row])
		if e.col == to {
			e = e.cut(e.after(e.row, e.col, e.char)) // the line's end
		} else {
			e = e.cut(e.row, to)
		}
	default:
		text := k
		switch {
		case k == "enter" && !e.one:
			text = "\n"
		case k == "tab" && !e.one:
			text = "\t"
		case utf8.RuneCountInString(k) != 1:
			return e, false, false
		}
		var room bool
		if e, room = e.insert(text); !room {
			return e, true, true
		}
	}
	return e.follow(w, h), true, false
}

// move moves the cursor.
func (e editor) move(k string, w, h int) editor {
	switch k {
	case "left":
		e.row, e.col = e.before(e.row, e.col, e.char)
	case "right":
		e.row, e.col = e.after(e.row, e.col, e.char)
	case "ctrl+left", "alt+b", "alt+left":
		e.row, e.col = e.before(e.row, e.col, e.word)
	case "ctrl+right", "alt+f", "alt+right":
		e.row, e.col = e.after(e.row, e.col, e.word)
	case "home", "ctrl+a":
		e.col = 0
	case "end", "ctrl+e":
		e.col = len(e.lines[e.row])
	case "ctrl+home":
		e.row, e.col = 0, 0
	case "ctrl+end":
		e.row = len(e.lines) - 1
		e.col = len(e.lines[e.row])
	case "up":
		e = e.climb(-1, w)
	case "down":
		e = e.climb(1, w)
	case "pgup":
		e = e.climb(-max(1, h-1), w)
	case "pgdown":
		e = e.climb(max(1, h-1), w)
	}
	return e
}

// cut removes what is between the cursor and a place.
func (e editor) cut(row, col int) editor {
	fromRow, fromCol, toRow, toCol := e.row, e.col, row, col
	if row < e.row || row == e.row && col < e.col {
		fromRow, fromCol, toRow, toCol = row, col, e.row, e.col
	}
	joined := e.lines[fromRow][:fromCol] + e.lines[toRow][toCol:]
	e = e.put(fromRow, toRow+1, joined)
	e.row, e.col = fromRow, fromCol
	return e
}

// unjoined is without a joiner before the cursor, which joins nothing any more.
func (e editor) unjoined() editor {
	const joiner = "\u200d"
	if strings.HasSuffix(e.lines[e.row][:e.col], joiner) {
		e = e.cut(e.row, e.col-len(joiner))
	}
	return e
}

// before is the place one step of a kind before another; at the beginning of a line that
// is the end of the line above.
func (e editor) before(row, col int, step func(line string, col, by int) int) (int, int) {
	switch {
	case col > 0:
		return row, step(e.lines[row], col, -1)
	case row > 0:
		return row - 1, len(e.lines[row-1])
	}
	return row, col
}

func (e editor) after(row, col int, step func(line string, col, by int) int) (int, int) {
	switch {
	case col < len(e.lines[row]):
		return row, step(e.lines[row], col, 1)
	case row < len(e.lines)-1:
		return row + 1, 0
	}
	return row, col
}

// char steps over one character with all that is shown with it.
func (e editor) char(line string, col, by int) int {
	if by > 0 {
		_, n := utf8.DecodeRuneInString(line[col:])
		col += n
		for col < len(line) {
			r, n := utf8.DecodeRuneInString(line[col:])
			if !clings(r) {
				break
			}
			col += n
		}
		return col
	}
	for col > 0 {
		r, n := utf8.DecodeLastRuneInString(line[:col])
		col -= n
		if !clings(r) {
			break
		}
	}
	return col
}

// clings tells whether a character takes no room of its own.
func clings(r rune) bool {
	return isJoiner(r) || r > 0x7f && unicode.IsGraphic(r) && !isBlank(r) && runeCells(r) == 0
}

// word steps over spaces and then over a word.
func (e editor) word(line string, col, by int) int {
	at := func(col int) (rune, bool) {
		if by > 0 {
			r, _ := utf8.DecodeRuneInString(line[col:])
			return r, col < len(line)
		}
		r, _ := utf8.DecodeLastRuneInString(line[:col])
		return r, col > 0
	}
	for _, space := range []bool{true, false} {
		for r, ok := at(col); ok && unicode.IsSpace(r) == space; r, ok = at(col) {
			col += by * utf8.RuneLen(r)
		}
	}
	return col
}

// shownLine is a line as it is shown: cleaned, and broken into rows.
type shownLine struct {
	clean string
	raw   []int // by character, and at the end: byte in the line
	at    []int // and the byte in clean
	rows  []span
}

// show cleans a line and breaks it into rows of w cells, with room for the cursor.
func (e editor) show(line, w int) (l shownLine) {
	var c cleaner
	text := e.lines[line]
	for i, r := range text {
		if !clings(r) {
			l.raw, l.at = append(l.raw, i), append(l.at, c.out.Len())
		}
		c.add(r)
	}
	l.clean = c.out.String()
	l.raw, l.at = append(l.raw, len(text)), append(l.at, len(l.clean))
	if e.one {
		l.rows = []span{{to: len(l.clean)}}
		return l
	}
	wrapCode(l.clean, 0, len(l.clean), max(2, w-1), func(from, to int) { l.rows = append(l.rows, span{from: from, to: to}) })
	return l
}

// shown is where a byte of the line is in clean, and which row that is on.
func (l shownLine) shown(col int) (at, row int) {
	i, _ := slices.BinarySearch(l.raw, col)
	at = l.at[min(i, len(l.at)-1)]
	for row < len(l.rows)-1 && at >= l.rows[row].to {
		row++
	}
	return at, row
}

// under is the byte of the line that is shown at so many cells of a row.
func (l shownLine) under(row, x int) int {
	r := l.rows[row]
	i, _ := slices.BinarySearch(l.at, r.from)
	for i < len(l.at)-1 && l.at[i+1] <= r.to && Cells(l.clean[r.from:l.at[i+1]]) <= x {
		if l.at[i+1] == r.to && row < len(l.rows)-1 {
			break // that is the beginning of the next row
		}
		i++
	}
	return l.raw[i]
}

// climb moves the cursor n rows down, or up.
func (e editor) climb(n, w int) editor {
	l := e.show(e.row, w)
	at, row := l.shown(e.col)
	x := Cells(l.clean[l.rows[row].from:at])
	for ; n < 0; n++ {
		if row--; row < 0 {
			if e.row == 0 {
				e.col = 0
				return e
			}
			e.row--
			l = e.show(e.row, w)
			row = len(l.rows) - 1
		}
	}
	for ; n > 0; n-- {
		if row++; row == len(l.rows) {
			if e.row == len(e.lines)-1 {
				e.col = len(e.lines[e.row])
				return e
			}
			e.row++
			l = e.show(e.row, w)
			row = 0
		}
	}
	e.col = l.under(row, x)
	return e
}

// follow scrolls so that the cursor is among the h rows seen.
func (e editor) follow(w, h int) editor {
	l := e.show(e.row, w)
	_, row := l.shown(e.col)
	cursor := spot{e.row, row}
	if e.top.line >= len(e.lines) || cursor.line < e.top.line || cursor.line == e.top.line && cursor.n < e.top.n {
		e.top = cursor
		return e
	}
	// The first row from which the cursor is still seen.
	first := cursor
	for up := h - 1; up > 0; up-- {
		if first.n--; first.n < 0 {
			if first.line == 0 {
				first.n = 0
				break
			}
			first.line--
			first.n = len(e.show(first.line, w).rows) - 1
		}
	}
	if first.line > e.top.line || first.line == e.top.line && first.n > e.top.n {
		e.top = first
	}
	return e
}

// view writes h rows of w cells, with the cursor; row is called when one is complete.
func (e editor) view(p *pen, w, h int, row func()) {
	for line, n := e.top.line, e.top.n; h > 0; line, n = line+1, 0 {
		if line >= len(e.lines) {
			p.space(w)
			row()
			h--
			continue
		}
		l := e.show(line, w)
		at, on := l.shown(e.col)
		for ; n < len(l.rows) && h > 0; n, h = n+1, h-1 {
			if line == e.row && n == on {
				l.cursor(p, n, at, w)
			} else {
				text := l.clean[l.rows[n].from:l.rows[n].to]
				p.write(text)
				p.space(w - Cells(text))
			}
			row()
		}
	}
}

// cursor writes a row that has the cursor before byte at of clean. What the cursor is on
// is the character there with its marks.
func (l shownLine) cursor(p *pen, row, at, w int) {
	r := l.rows[row]
	before, rest := l.clean[r.from:at], l.clean[at:r.to]
	n := 0
	for i, c := range rest {
		if i > 0 && runeCells(c) > 0 {
			break
		}
		n = i + len(string(c))
	}
	on := rest[:n]
	if on == "" {
		on = " "
	}
	p.write(before)
	p.put(on, reversed)
	p.write(rest[n:])
	p.space(w - Cells(before) - Cells(on) - Cells(rest[n:]))
}

// prompted writes one line of w cells around the cursor.
func (e editor) prompted(p *pen, w int) {
	l := e.show(0, w)
	at, _ := l.shown(e.col)
	before := Tail(l.clean[:at], w-2)
	after := Clip(l.clean[at:], max(0, w-Cells(before)))
	if after == "" {
		after = " "
	}
	s := shownLine{clean: before + after, rows: []span{{to: len(before) + len(after)}}}
	s.cursor(p, 0, len(before), w)
}
