package screen

import (
	"slices"
	"strings"
)

const (
	between   = " │ " // two columns
	leastCell = 4     // cells of a column below which a table is told in words
)

// layTable sets a table in columns as wide as they need to be, or can be; where they
// would be too narrow, each cell gets a line of its own, after its column's header.
func (d *doc) layTable(b block) {
	t := d.tables[b.table]
	own, rest := d.short(b.first), d.short(b.rest)
	room := d.width - max(Cells(own), Cells(rest))
	columns := t.columns(d.body, room)
	if columns == nil {
		d.tellTable(t, own, rest)
		return
	}
	for i, row := range t.rows {
		d.layRow(t, row, columns, own)
		own = rest
		if i == 0 {
			d.line(piece{own: rest + crossings(columns)})
		}
	}
}

// crossings is the line below a table's header.
func crossings(columns []int) string {
	var out []string
	for _, c := range columns {
		out = append(out, strings.Repeat("─", c))
	}
	return strings.Join(out, "─┼─")
}

// columns is the widths of the columns in room for w cells; nil if they are too narrow.
// The widest ones give way first.
func (t table) columns(body string, w int) []int {
	out := make([]int, len(t.align))
	for _, row := range t.rows {
		for i, c := range row[:min(len(row), len(out))] {
			out[i] = max(out[i], Cells(body[c.from:c.to]), 1)
		}
	}
	w -= Cells(between) * (len(out) - 1)
	if t.told || len(out) == 0 || w < leastCell*len(out) {
		return nil
	}
	for total(out) > w {
		widest, second := slices.Max(out), 0
		n := 0 // as wide as the widest
		for _, c := range out {
			if c == widest {
				n++
			} else {
				second = max(second, c)
			}
		}
		cut := max(1, min(widest-second, (total(out)-w)/n))
		for i, c := range out {
			if c == widest && total(out) > w {
				out[i] -= cut
			}
		}
	}
	return out
}

func total(ns []int) (sum int) {
	for _, n := range ns {
		sum += n
	}
	return sum
}

// layRow sets the cells of a row beside each other, over as many lines as the longest
// of them needs.
func (d *doc) layRow(t table, row []span, columns []int, own string) {
	folded := make([][]span, len(columns))
	height := 1
	for i := range columns[:min(len(row), len(columns))] {
		wrap(d.body, row[i].from, row[i].to, max(2, columns[i]), func(from, to int) {
			folded[i] = append(folded[i], span{from: from, to: to})
		})
		height = max(height, len(folded[i]))
	}
	for n := range height {
		left := own
		for i, width := range columns {
			var c span
			if n < len(folded[i]) {
				c = folded[i][n]
			}
			before, after := t.align[i].room(width - Cells(d.body[c.from:c.to]))
			d.pieces = append(d.pieces, piece{left + strings.Repeat(" ", before), c.from, c.to})
			left = strings.Repeat(" ", after)
			if i < len(columns)-1 {
				left += between
			}
		}
		d.ends = append(d.ends, len(d.pieces))
	}
}

// room is how much of n spaces stands before, and after, what is aligned.
func (a align) room(n int) (before, after int) {
	n = max(n, 0)
	switch a {
	case toRight:
		return n, 0
	case toMiddle:
		return n / 2, n - n/2
	default:
		return 0, n
	}
}

// tellTable writes "header: cell", line after line, and an empty line between rows.
func (d *doc) tellTable(t table, own, rest string) {
	for i, row := range t.rows {
		if i == 0 && len(t.rows) > 1 {
			continue
		}
		if i > 1 {
			d.line(piece{own: rest})
		}
		for j, c := range row {
			var header span
			if i > 0 && j < len(t.rows[0]) {
				header = t.rows[0][j]
			}
			d.tellCell(header, c, own, rest)
			own = rest
		}
	}
}

// tellCell writes a cell behind its column's header, or below it if that is long.
func (d *doc) tellCell(header, c span, own, rest string) {
	const colon = ": "
	inner := rest + "  "
	name := Cells(d.body[header.from:header.to])
	switch {
	case name == 0:
		d.layLine(block{rest: inner}, own, c.from, c.to)
		return
	case Cells(own)+name+len(colon) > d.width/2:
		d.layLine(block{rest: rest}, own, header.from, header.to)
		d.layLine(block{rest: inner}, inner, c.from, c.to)
		return
	}
	room := d.width - max(Cells(own)+name+len(colon), Cells(inner))
	wrap(d.body, c.from, c.to, max(2, room), func(from, to int) {
		if inner := d.short(inner); header.to == 0 {
			d.line(piece{inner, from, to})
			return
		}
		d.pieces = append(d.pieces, piece{own, header.from, header.to})
		d.line(piece{colon, from, to})
		header = span{}
	})
}
