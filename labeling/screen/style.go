package screen

import "strings"

// attr is how a text looks, as a set.
type attr uint8

const (
	bold attr = 1 << iota
	dim
	italic
	strike
	reversed // chosen, found, the cursor
	differs  // a word that the other response has not; never by colour alone
	code     // a colour where colours are wanted, else nothing
)

// The codes of the attributes (ECMA-48, 8.3.117), without colours and with them.
var codes = [2][]struct {
	of   attr
	code string
}{
	{{bold, "1"}, {dim, "2"}, {italic, "3"}, {strike, "9"}, {reversed, "7"}, {differs, "4"}},
	{{bold, "1"}, {dim, "2"}, {italic, "3"}, {strike, "9"}, {reversed, "7"}, {differs, "4;33"}, {code, "36"}},
}

// sequences are what switches each set on, without colours and with them. They and off
// are the only control sequences that a view has.
var sequences = func() (out [2][1 << 7]string) {
	for color, table := range codes {
		for a := range out[color] {
			var on []string
			for _, c := range table {
				if attr(a)&c.of != 0 {
					on = append(on, c.code)
				}
			}
			if len(on) > 0 {
				out[color][a] = "\x1b[" + strings.Join(on, ";") + "m"
			}
		}
	}
	return out
}()

const off = "\x1b[0m" // ends them all

// pen writes text with attributes.
type pen struct {
	b     []byte
	color int // 1 where colours are wanted
}

func (p *pen) write(s string) { p.b = append(p.b, s...) }

func (p *pen) put(s string, a attr) {
	on := sequences[p.color][a]
	if on == "" || s == "" {
		p.write(s)
		return
	}
	p.b = append(append(append(p.b, on...), s...), off...)
}

// space writes n spaces.
func (p *pen) space(n int) {
	const blank = "                                                                                "
	for ; n > len(blank); n -= len(blank) {
		p.write(blank)
	}
	p.write(blank[:max(0, n)])
}

// repeat writes a character of one cell n times.
func (p *pen) repeat(s string, n int) {
	for range n {
		p.write(s)
	}
}
