package tui

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"
)

// ErrNotTerminal says that a person can only judge at a terminal.
var ErrNotTerminal = errors.New("not a terminal")

// Here is the terminal that this process runs in, as its environment wants it.
func Here(getenv func(string) string) Terminal {
	return Terminal{In: os.Stdin, Out: os.Stdout}.Dressed(getenv)
}

// Use hands a terminal of this process to f, raw and with its size, and gives it back as
// it was. Its In and Out must be files, and terminals: else ErrNotTerminal.
func (t Terminal) Use(f func(Terminal) error) (err error) {
	in, out, err := t.files()
	if err != nil {
		return fmt.Errorf("labeling/tui: %w", err)
	}
	before, err := term.MakeRaw(in.Fd())
	if err != nil {
		return fmt.Errorf("labeling/tui: %w", err)
	}
	defer func() { err = errors.Join(err, term.Restore(in.Fd(), before)) }()
	c, err := cancelreader.NewReader(in)
	if err != nil {
		return fmt.Errorf("labeling/tui: %w", err)
	}
	reader := &keyboard{CancelReader: c}
	defer func() { err = errors.Join(err, reader.leave()) }()
	resized, stop := sizes(out)
	defer stop()
	t.In, t.Size, t.Resized = reader, sizeOf(out), resized
	return f(t)
}

// keyboard is a terminal's input, for a while.
type keyboard struct {
	cancelreader.CancelReader
	reading sync.Mutex
}

// Read implements io.Reader.
func (k *keyboard) Read(b []byte) (int, error) {
	k.reading.Lock()
	defer k.reading.Unlock()
	return k.CancelReader.Read(b)
}

// leave ends a read under way and waits for it, because what is typed from here on is
// somebody else's.
func (k *keyboard) leave() error {
	if k.Cancel() {
		k.reading.Lock()
		defer k.reading.Unlock()
	}
	return k.Close()
}

func (t Terminal) files() (in, out *os.File, err error) {
	in, _ = t.In.(*os.File)
	out, _ = t.Out.(*os.File)
	for name, f := range map[string]*os.File{"input": in, "output": out} {
		if f == nil || !term.IsTerminal(f.Fd()) {
			return nil, nil, fmt.Errorf("standard %s: %w: judging needs one; programs judge with plumb label simulate", name, ErrNotTerminal)
		}
	}
	return in, out, nil
}

func sizeOf(f *os.File) Size {
	w, h, err := term.GetSize(f.Fd())
	if err != nil {
		return Size{} // the size that is taken where none is known
	}
	return Size{w, h}
}
