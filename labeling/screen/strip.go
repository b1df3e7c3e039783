package screen

// strip is a row of things that can be clicked.
type strip []segment

// segment is a piece of a strip. Clicking it does what click says, if there is one.
type segment struct {
	text  string
	look  attr
	click func(State) (State, Action)
}

// add appends a piece that nothing comes of.
func (t strip) add(text string, look attr) strip { return append(t, segment{text: text, look: look}) }

// key appends a piece that is as good as a key.
func (t strip) key(text, key string, chosen bool) strip {
	x := segment{text: " " + text + " ", click: func(s State) (State, Action) { return s.judge(key) }}
	if chosen {
		x.text, x.look = "["+text+"]", reversed
	}
	return append(t, x)
}

func (t strip) cells() (n int) {
	for _, x := range t {
		n += Cells(x.text)
	}
	return n
}

// write writes w cells of it.
func (t strip) write(p *pen, w int) {
	for _, x := range t {
		text := Clip(x.text, w)
		p.put(text, x.look)
		w -= Cells(text)
	}
	p.space(w)
}

// at is what clicking column x does, or nil.
func (t strip) at(x int) func(State) (State, Action) {
	for _, seg := range t {
		if x -= Cells(seg.text); x < 0 {
			return seg.click
		}
	}
	return nil
}
