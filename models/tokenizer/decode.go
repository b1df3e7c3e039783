package tokenizer

import "strings"

// Decode implements Tokenizer.
func (t *BPE) Decode(ids []int32) string { return t.decode(ids, false) }

// DecodeText implements Tokenizer.
func (t *BPE) DecodeText(ids []int32) string { return t.decode(ids, true) }

func (t *BPE) decode(ids []int32, skip bool) string {
	s := t.Stream(skip)
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(s.Push(id))
	}
	b.WriteString(s.Flush())
	return b.String()
}

// Stream implements Tokenizer.
func (t *BPE) Stream(skip bool) *Stream {
	return &Stream{
		piece: func(id int32) string {
			if !t.known(id) || skip && t.special[id] {
				return ""
			}
			return t.pieces[id]
		},
		strip: t.strip,
	}
}

// Stream decodes ids as they come. What it returns is whole characters; the pieces
// together are what Decode returns for all ids at once.
type Stream struct {
	piece   func(id int32) string
	strip   int    // spaces still to drop; 0 once text has come
	pending []byte // the start of a character
}

// Push is the text that is certain once id has come, often "".
func (s *Stream) Push(id int32) string {
	p := s.piece(id)
	for s.strip > 0 && p != "" {
		if p[0] != ' ' {
			s.strip = 0
			break
		}
		p, s.strip = p[1:], s.strip-1
	}
	s.pending = append(s.pending, p...)
	n := complete(s.pending)
	out := validUTF8(s.pending[:n])
	s.pending = append(s.pending[:0], s.pending[n:]...)
	return out
}

// Flush is the text of what is left: U+FFFD for a character that was never finished.
func (s *Stream) Flush() string {
	out := validUTF8(s.pending)
	s.pending = s.pending[:0]
	return out
}
