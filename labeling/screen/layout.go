package screen

import (
	"slices"
	"strings"
)

// doc is a text laid out at some width, and what is marked in it.
type doc struct {
	*text
	width  int
	pieces []piece
	ends   []int  // of the lines, in pieces
	diffs  []span // words that another text has not
	found  []span // what was searched for
	hit    int    // the one of found that was gone to
}

// piece is a part of a line: something of the screen's own, then words of the body.
type piece struct {
	own      string // bullets, bars, space
	from, to int
}

// laid is the document at a width of w cells.
func (d doc) laid(w int) doc {
	w = max(w, 2)
	if d.text == nil || w == d.width {
		return d
	}
	d.width, d.pieces, d.ends = w, nil, nil
	for _, b := range d.blocks {
		switch b.kind {
		case tabular:
			d.layTable(b)
		case ruled:
			own := d.short(b.first)
			d.line(piece{own: own + strings.Repeat("─", w-Cells(own))})
		default:
			d.layLines(b)
		}
	}
	d.pieces, d.ends = slices.Clip(d.pieces), slices.Clip(d.ends)
	return d
}

// line ends a line with its last piece.
func (d *doc) line(p piece) {
	d.pieces = append(d.pieces, p)
	d.ends = append(d.ends, len(d.pieces))
}

// layLines lays out words or code.
func (d *doc) layLines(b block) {
	own := b.first
	for from := b.from; ; {
		to := from + strings.IndexByte(d.body[from:b.to], '\n')
		if to < from {
			to = b.to
		}
		d.layLine(b, own, from, to)
		if to == b.to {
			return
		}
		from, own = to+1, b.rest
	}
}

func (d *doc) layLine(b block, own string, from, to int) {
	broken, fold := b.rest, wrap
	if b.kind == verbatim {
		broken, fold = b.broken, wrapCode
	}
	own, broken = d.short(own), d.short(broken)
	room := d.width - max(Cells(own), Cells(broken))
	fold(d.body, from, to, room, func(from, to int) {
		d.line(piece{own, from, to})
		own = broken
	})
}

// short keeps what stands before a line from taking more than half of it, or the two
// cells that a character may need.
func (d *doc) short(own string) string {
	n := min(d.width/2, d.width-2)
	if len(own) <= n {
		return own
	}
	return Clip(own, n)
}

// lines is how many there are.
func (d doc) lines() int { return len(d.ends) }

// at is the pieces of a line; none where there is none.
func (d doc) at(i int) []piece {
	if i < 0 || i >= len(d.ends) {
		return nil
	}
	from := 0
	if i > 0 {
		from = d.ends[i-1]
	}
	return d.pieces[from:d.ends[i]]
}

// write writes line i, filled up to w cells.
func (d doc) write(p *pen, i, w int) {
	used := 0
	for _, x := range d.at(i) {
		p.write(x.own)
		d.words(p, x.from, x.to)
		used += Cells(x.own) + Cells(d.body[x.from:x.to])
	}
	p.space(w - used)
}

// plain is line i without its look.
func (d doc) plain(i int) string {
	var b strings.Builder
	for _, x := range d.at(i) {
		b.WriteString(x.own)
		b.WriteString(d.body[x.from:x.to])
	}
	return b.String()
}

// words writes a piece of the body as it looks, with its marks.
func (d doc) words(p *pen, from, to int) {
	lists := [3][]span{overlapping(d.styles, from), overlapping(d.diffs, from), overlapping(d.found, from)}
	for from < to {
		look, next := attr(0), to
		for i, list := range lists {
			for len(list) > 0 && list[0].to <= from {
				list = list[1:]
			}
			lists[i] = list
			switch {
			case len(list) == 0:
			case list[0].from > from:
				next = min(next, list[0].from)
			default:
				look |= list[0].look
				next = min(next, list[0].to)
			}
		}
		p.put(d.body[from:next], look)
		from = next
	}
}

// lineOf is the line that a place of the body is on.
func (d doc) lineOf(at int) int {
	for i := range d.ends {
		for _, x := range d.at(i) {
			if at < x.to {
				return i
			}
		}
	}
	return max(0, len(d.ends)-1)
}
