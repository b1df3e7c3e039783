package screen

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	gfm "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	source "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Bounds of what is parsed. The parser needs time that grows with the square of links
// and containers that are opened and never closed; a text beyond these bounds could take
// longer than a tenth of a second, and is shown as written.
const (
	maxMarkdown = 32 << 10 // bytes
	maxOpened   = 32 << 20 // bytes × what may open a link or a container
	maxIndents  = 6        // containers that indent what is in them
)

var markdown = sync.OnceValue(func() parser.Parser {
	return goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList)).Parser()
})

// newText renders a text's Markdown: headings, lists, emphasis, quotes, tables, code.
// spoken is for those who hear it: with words and marks that can be read aloud.
//
// Nothing that was written is hidden, and nothing comes out that Clean would not let
// through: where rendering would do either, the text is shown as written.
func newText(written string, spoken bool) *text {
	raw := rawText(written)
	if len(raw.body) > maxMarkdown || len(raw.body)*openers(raw.body) > maxOpened {
		return raw
	}
	r := renderer{src: []byte(raw.body), spoken: spoken, out: text{hidden: raw.hidden}}
	r.children(markdown().Parse(source.NewReader(r.src)))
	r.out.body = r.body.String()
	if again, _ := Clean(r.out.body); again != r.out.body || letters(again) != letters(raw.body) {
		return raw
	}
	return &r.out
}

// openers counts what may open a link or a container.
func openers(s string) (n int) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[', '>':
			n++
		case '.', ')', '-', '+', '*':
			if i+1 < len(s) && s[i+1] == ' ' {
				n++
			}
		}
	}
	return n
}

// letters counts the letters of a text. What a rendering leaves out has none.
func letters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// renderer writes a text from a tree of Markdown.
type renderer struct {
	src    []byte
	spoken bool
	body   strings.Builder
	out    text
	nest   []container
	look   attr
}

// container is a quote or a list's item: what stands before its first line, and before
// the others.
type container struct {
	first, rest string
	begun       bool
}

// within renders what is in a container.
func (r *renderer) within(first, rest string, what func()) {
	if len(r.nest) >= maxIndents {
		rest = ""
	}
	r.nest = append(r.nest, container{first: first, rest: rest})
	what()
	r.nest = r.nest[:len(r.nest)-1]
}

// paragraph adds the block that what writes.
func (r *renderer) paragraph(kind blockKind, what func()) {
	b := block{from: r.body.Len(), kind: kind}
	what()
	b.to = r.body.Len()
	for i, c := range r.nest {
		if c.begun {
			b.first += c.rest
		} else {
			b.first += c.first
		}
		b.rest += c.rest
		r.nest[i].begun = true
	}
	if kind == verbatim {
		b.broken = strings.TrimSuffix(b.rest, " ") + "↪"
	}
	r.out.blocks = append(r.out.blocks, b)
	r.body.WriteByte('\n')
}

// write adds words as they look now.
func (r *renderer) write(words string) {
	at := r.body.Len()
	r.body.WriteString(words)
	if r.look != 0 && words != "" {
		r.out.styles = append(r.out.styles, span{at, r.body.Len(), r.look})
	}
}

func (r *renderer) looking(look attr, what func()) {
	before := r.look
	r.look |= look
	what()
	r.look = before
}

// children renders blocks, with an empty line where one was written.
func (r *renderer) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.PreviousSibling() != nil && r.blankBefore(c) {
			r.paragraph(flowing, func() {})
		}
		r.block(c)
	}
}

// blankBefore tells whether a block was written below an empty line. Of a table the
// parser does not know: it was a paragraph once.
func (r *renderer) blankBefore(n ast.Node) bool {
	table, ok := n.(*gfm.Table)
	if !ok || table.Pos() < 0 {
		return n.HasBlankPreviousLines()
	}
	above := r.src[:bytes.LastIndexByte(r.src[:table.Pos()], '\n')+1]
	above = bytes.TrimSuffix(above, []byte("\n"))
	return len(bytes.Trim(above[bytes.LastIndexByte(above, '\n')+1:], " >")) == 0
}

func (r *renderer) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		marks := strings.Repeat("#", n.Level) + " "
		r.within(marks, strings.Repeat(" ", len(marks)), func() {
			r.looking(bold, func() { r.paragraph(flowing, func() { r.inlines(n) }) })
		})
	case *ast.Blockquote:
		bar := "▌ "
		if r.spoken {
			bar = "> "
		}
		r.within(bar, bar, func() { r.children(n) })
	case *ast.List:
		r.list(n)
	case *ast.FencedCodeBlock:
		info := ""
		if n.Info != nil {
			info = string(n.Info.Segment.Value(r.src))
		}
		r.code(info, n.Lines())
	case *ast.CodeBlock:
		r.code("", n.Lines())
	case *ast.HTMLBlock:
		r.paragraph(flowing, func() {
			written := r.lines(n.Lines())
			if n.HasClosure() {
				written += string(n.ClosureLine.Value(r.src))
			}
			r.write(strings.TrimSuffix(written, "\n"))
		})
	case *ast.ThematicBreak:
		r.paragraph(ruled, func() {})
	case *ast.LinkReferenceDefinition:
		r.paragraph(flowing, func() {
			r.write("[" + string(n.Label) + "]: " + destination(n.Destination, n.Title))
		})
	case *gfm.Table:
		r.table(n)
	case *ast.Paragraph, *ast.TextBlock:
		r.paragraph(flowing, func() { r.inlines(n) })
	default:
		r.children(n)
	}
}

func (r *renderer) list(n *ast.List) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		marker := "• "
		if n.IsOrdered() {
			marker = strconv.Itoa(number) + string(n.Marker) + " "
			number++
		} else if r.spoken {
			marker = "- "
		}
		if item.PreviousSibling() != nil && item.HasBlankPreviousLines() {
			r.paragraph(flowing, func() {})
		}
		r.within(marker, strings.Repeat(" ", Cells(marker)), func() {
			if item.FirstChild() == nil {
				r.paragraph(flowing, func() {})
			}
			r.children(item)
		})
	}
}

// code keeps lines as they are, under the name of their language.
func (r *renderer) code(info string, lines *source.Segments) {
	head, bar := "┌ ", "│ "
	if r.spoken {
		head, bar = "``` ", ""
	}
	if info != "" || r.spoken {
		r.within(head, "  ", func() {
			r.looking(dim, func() { r.paragraph(flowing, func() { r.write(info) }) })
		})
	}
	r.within(bar, bar, func() {
		r.looking(code, func() {
			r.paragraph(verbatim, func() { r.write(strings.TrimSuffix(r.lines(lines), "\n")) })
		})
	})
	if r.spoken {
		r.paragraph(flowing, func() { r.write("```") })
	}
}

func (r *renderer) lines(s *source.Segments) string {
	var b strings.Builder
	for i := range s.Len() {
		line := s.At(i)
		b.Write(line.Value(r.src))
	}
	return b.String()
}

func (r *renderer) table(n *gfm.Table) {
	t := table{told: r.spoken}
	for _, a := range n.Alignments {
		t.align = append(t.align, map[gfm.Alignment]align{gfm.AlignRight: toRight, gfm.AlignCenter: toMiddle}[a])
	}
	r.paragraph(tabular, func() {
		for row := n.FirstChild(); row != nil; row = row.NextSibling() {
			var cells []span
			for c := row.FirstChild(); c != nil; c = c.NextSibling() {
				at := r.body.Len()
				r.inlines(c)
				cells = append(cells, span{from: at, to: r.body.Len()})
				r.body.WriteByte('\n')
			}
			t.rows = append(t.rows, cells)
		}
	})
	r.out.blocks[len(r.out.blocks)-1].table = len(r.out.tables)
	r.out.tables = append(r.out.tables, t)
}

func (r *renderer) inlines(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		r.inline(c)
	}
}

func (r *renderer) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		r.write(string(util.UnescapePunctuations(n.Segment.Value(r.src))))
		if n.SoftLineBreak() || n.HardLineBreak() { // chat programs keep both, and a poem needs them
			r.body.WriteByte('\n')
		}
	case *ast.CodeSpan:
		r.looking(code, func() { r.write("`" + r.codeSpan(n) + "`") })
	case *ast.Emphasis:
		look := italic
		if n.Level == 2 {
			look = bold
		}
		r.looking(look, func() { r.inlines(n) })
	case *gfm.Strikethrough:
		r.looking(strike, func() { r.inlines(n) })
	case *ast.Link:
		r.link(n, n.Reference, "", "", " ("+destination(n.Destination, n.Title)+")")
	case *ast.Image:
		r.link(n, n.Reference, "![", "]", "("+destination(n.Destination, n.Title)+")")
	case *ast.AutoLink:
		r.write(string(n.Label(r.src)))
	case *ast.RawHTML:
		r.write(r.lines(n.Segments))
	case *gfm.TaskCheckBox:
		r.write(map[bool]string{true: "[x] ", false: "[ ] "}[n.IsChecked])
	default:
		r.inlines(n)
	}
}

// link writes where a link leads behind its words; of a reference, what it refers to.
func (r *renderer) link(n ast.Node, ref *ast.ReferenceLink, open, shut, to string) {
	if ref != nil {
		open, shut, to = strings.TrimSuffix(open, "[")+"[", "]", ""
		if ref.Type == ast.ReferenceLinkFull {
			to = "[" + string(ref.Value) + "]"
		}
	}
	r.write(open)
	r.inlines(n)
	r.write(shut + to)
}

// destination is where a link leads, and its title.
func destination(to, title []byte) string {
	if len(title) == 0 {
		return string(to)
	}
	return string(to) + ` "` + string(title) + `"`
}

// codeSpan is the words of code within a line; a line break in it is a space.
func (r *renderer) codeSpan(n *ast.CodeSpan) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(r.src))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}
