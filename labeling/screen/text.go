package screen

import (
	"slices"
	"strings"
)

// text is what is shown of a document, whatever the width: its words, and how they are
// set. It never changes.
type text struct {
	body   string  // all words; what is searched and compared
	blocks []block // pieces of body, in order
	styles []span  // likewise
	tables []table
	hidden int  // characters that Clean made visible
	raw    bool // as written; else its Markdown is rendered
}

// span is a piece of a body, in bytes.
type span struct {
	from, to int
	look     attr
}

type blockKind uint8

const (
	flowing  blockKind = iota // words, broken where a line is full
	verbatim                  // code: every space counts, and a broken line is marked
	tabular                   // a table, the one of this number
	ruled                     // a line across
)

// block is a paragraph of a text.
type block struct {
	from, to int
	kind     blockKind
	first    string // what stands before its first line
	rest     string // before the others
	broken   string // verbatim: before the continuation of a line
	table    int
}

// table is rows of cells; the first row is the header.
type table struct {
	align []align // by column
	rows  [][]span
	told  bool // cell by cell, never in columns
}

type align uint8

const (
	toLeft align = iota
	toRight
	toMiddle
)

// rawText shows a text as it was written.
func rawText(source string) *text {
	clean, hidden := Clean(source)
	return &text{body: clean, hidden: hidden, raw: true, blocks: []block{{to: len(clean)}}}
}

// join sets texts below each other, each under its title in bold. There may be no title,
// or no text.
func join(titles []string, texts []*text) *text {
	out := &text{}
	var body strings.Builder
	for i, t := range texts {
		if i > 0 {
			out.blocks = append(out.blocks, block{from: body.Len(), to: body.Len()})
		}
		if titles[i] != "" {
			at := body.Len()
			body.WriteString(titles[i])
			out.blocks = append(out.blocks, block{from: at, to: body.Len()})
			out.styles = append(out.styles, span{at, body.Len(), bold})
			body.WriteByte('\n')
		}
		if t != nil {
			out.add(t, body.Len())
			body.WriteString(t.body)
			body.WriteByte('\n')
		}
	}
	out.body = body.String()
	return out
}

// add takes over the blocks of a text that begins at byte at of the body.
func (t *text) add(o *text, at int) {
	for _, b := range o.blocks {
		b.from, b.to, b.table = b.from+at, b.to+at, b.table+len(t.tables)
		t.blocks = append(t.blocks, b)
	}
	for _, s := range o.styles {
		t.styles = append(t.styles, span{s.from + at, s.to + at, s.look})
	}
	for _, table := range o.tables {
		table.rows = slices.Clone(table.rows)
		for i, row := range table.rows {
			table.rows[i] = slices.Clone(row)
			for j := range row {
				table.rows[i][j].from += at
				table.rows[i][j].to += at
			}
		}
		t.tables = append(t.tables, table)
	}
	t.hidden += o.hidden
	t.raw = t.raw || o.raw
}

// overlapping yields the spans of an ordered list from the first that ends behind at.
func overlapping(spans []span, at int) []span {
	i, _ := slices.BinarySearchFunc(spans, at, func(s span, at int) int {
		if s.to <= at {
			return -1
		}
		return 1
	})
	return spans[i:]
}
