package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/vt"

	"plumbline/labeling/screen"
)

// What a terminal shows after any number of paintings is the last view.
func TestPainter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test
	var out bytes.Buffer
	p := painter{out: &out}
	var e *vt.Emulator
	styles := []string{"", "\x1b[1m", "\x1b[7m"}
	for i := range 500 {
		if i%50 == 0 {
			size := Size{20 + r.IntN(80), 5 + r.IntN(30)}
			p.resize(size)
			e = vt.NewEmulator(size.Columns, size.Rows)
		}
		var rows, plain []string
		for range p.size.Rows {
			text := strings.Repeat([]string{"x", "界", " ", "ab ", "─"}[r.IntN(5)], 1+r.IntN(9))
			text = screen.Fit(text, p.size.Columns)
			plain = append(plain, strings.TrimRight(text, " "))
			if st := styles[r.IntN(3)]; st != "" {
				text = st + text + "\x1b[0m"
			}
			rows = append(rows, text)
		}
		out.Reset()
		if err := p.paint(strings.Join(rows, "\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(out.Bytes()); err != nil {
			t.Fatal(err)
		}
		for y, got := range strings.Split(e.String(), "\n") {
			if strings.TrimRight(got, " ") != plain[y] {
				t.Fatalf("painting %d, row %d: got %q, want %q", i, y, got, plain[y])
			}
		}
	}
}

func TestPainterWritesOnlyWhatChanged(t *testing.T) {
	var out bytes.Buffer
	p := painter{out: &out}
	p.resize(Size{10, 3})
	view := "one       \ntwo       \nthree     "
	if err := p.paint(view); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := p.paint(view); err != nil || out.Len() > 0 {
		t.Errorf("the same again: wrote %q, %v", out.String(), err)
	}
	if err := p.paint("one       \nTWO       \nthree     \nfour"); err != nil || out.String() != "\x1b[2;1H\x1b[KTWO" {
		t.Errorf("one row: wrote %q, %v", out.String(), err)
	}
}

// counter counts what it is told, and says so.
type counter struct {
	n     int
	said  int
	sizes []Size
}

func (c *counter) Init() tea.Cmd { return nil }
func (c *counter) View() string  { return strings.Repeat("x", c.n) }
func (c *counter) Say() string {
	text := strings.Repeat("x", c.n-c.said)
	c.said = c.n
	return text
}

func (c *counter) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		c.sizes = append(c.sizes, Size{msg.Width, msg.Height})
	case tea.KeyMsg:
		c.n++
		if msg.String() == "m" {
			return c, SetMouse(true)
		}
		if msg.String() == "q" {
			return c, tea.Quit
		}
	}
	return c, nil
}

// dumb hides that a counter can speak.
type dumb struct{ tea.Model }

// paper is a terminal to read afterwards.
type paper struct {
	bytes.Buffer
	fail error
}

func (p *paper) Write(b []byte) (int, error) {
	if p.fail != nil {
		return 0, p.fail
	}
	return p.Buffer.Write(b)
}

func TestShowTakesAndGivesBack(t *testing.T) {
	out := &paper{}
	in, keys := io.Pipe()
	go func() {
		for _, k := range []string{"a", "m", "q"} {
			if _, err := io.WriteString(keys, k); err != nil {
				return
			}
		}
	}()
	m := &counter{}
	if err := Show(t.Context(), Terminal{In: in, Out: out, Size: Size{40, 12}}, m); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, takeOver) || !strings.HasSuffix(got, GiveBack) {
		t.Errorf("wrote %q", got)
	}
	if m.n != 3 || len(m.sizes) != 1 || m.sizes[0] != (Size{40, 12}) {
		t.Errorf("got %d keys, sizes %v", m.n, m.sizes)
	}
	e := vt.NewEmulator(40, 12)
	if _, err := e.Write(out.Bytes()); err != nil {
		t.Fatal(err)
	}
	if e.IsAltScreen() || e.CursorHidden() {
		t.Error("the terminal is not as it was")
	}
}

func TestShowEnds(t *testing.T) {
	cause := errors.New("the server ends")
	cancelled := func() context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		return ctx
	}
	silent, _ := io.Pipe()
	leaves, keys := io.Pipe()
	go keys.Write([]byte("q")) //nolint:errcheck // the test fails without it
	for name, tt := range map[string]struct {
		ctx  context.Context
		t    Terminal
		m    tea.Model
		want error
	}{
		"the terminal is gone":      {t.Context(), Terminal{In: strings.NewReader("abc"), Out: &paper{}}, &counter{}, ErrGone},
		"nothing can be written":    {t.Context(), Terminal{In: silent, Out: &paper{fail: io.ErrClosedPipe}}, &counter{}, ErrGone},
		"nobody is there":           {t.Context(), Terminal{In: silent, Out: &paper{}, Idle: time.Millisecond}, &counter{}, ErrIdle},
		"the context":               {cancelled(), Terminal{In: silent, Out: &paper{}}, &counter{}, cause},
		"line after line":           {t.Context(), Terminal{In: leaves, Out: &paper{}, Linear: true}, &counter{}, nil},
		"line after line, no words": {t.Context(), Terminal{In: silent, Out: &paper{}, Linear: true}, dumb{&counter{}}, ErrLinear},
	} {
		if err := Show(tt.ctx, tt.t, tt.m); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

// A flood of keys reaches the model no faster than hands can type.
func TestShowDropsAFloodOfKeys(t *testing.T) {
	m := &counter{}
	flood := strings.NewReader(strings.Repeat("\x01", 200_000))
	if err := Show(t.Context(), Terminal{In: flood, Out: &paper{}}, m); !errors.Is(err, ErrGone) {
		t.Fatal(err)
	}
	if m.n < keysAtOnce || m.n > keysAtOnce+60*keysPerSecond { // a minute would be long
		t.Errorf("got %d keys of 200000, want about %d", m.n, keysAtOnce)
	}
}

func TestSizesAreBounded(t *testing.T) {
	for got, want := range map[Size]Size{
		{0, 0}: {80, 24}, {-1, 5}: {80, 24}, {1, 1}: {1, 1}, {100, 30}: {100, 30}, {1 << 20, 1 << 20}: {maxColumns, maxRows},
	} {
		if b := got.bounded(); b != want {
			t.Errorf("%v: got %v, want %v", got, b, want)
		}
	}
}
