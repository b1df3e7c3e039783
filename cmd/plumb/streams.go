package main

import (
	"encoding/json"
	"io"
	"os"

	"golang.org/x/term"

	"plumbline/labeling/tui"
)

// streams are what a verb reads and writes; tests put buffers in their place.
type streams struct {
	In          io.Reader
	Out, Err    io.Writer
	InTerminal  bool // somebody types
	OutTerminal bool // somebody reads along: text is shown as it comes
	ErrTerminal bool // Err is a terminal: a view that moves can be shown

	Screen screenFunc // lets a person judge at the terminal
}

func systemStreams() streams {
	terminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	return streams{os.Stdin, os.Stdout, os.Stderr, terminal(os.Stdin), terminal(os.Stdout), terminal(os.Stderr), tui.Open}
}

// openOr opens a file, or stdin where the path is "-".
func openOr(path string, stdin io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(stdin), nil
	}
	return os.Open(path)
}

// app is what the verbs share: streams and the flags of all.
type app struct {
	streams
	json, quiet bool
	started     bool // a verb's own work began: what fails from here on is not wrong use
}

// print writes a verb's result: one JSON object a line with --json, else as people
// writes it.
func print[T any](a *app, results []T, people func(io.Writer, []T) error) error {
	if !a.json {
		return people(a.Out, results)
	}
	enc := json.NewEncoder(a.Out)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
