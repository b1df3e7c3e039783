package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"plumbline/configs"
	"plumbline/internal/run"
	"plumbline/internal/train"
)

// Exit statuses, as plumb --help promises them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // wrong use or settings: nothing was started
	exitInterrupted = 130
)

// usageError is a command line that makes no sense.
type usageError struct {
	err error
	cmd string // "plumb runs"
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// interruptedError is what failed first for a verb that was interrupted: often not the
// wait that was cut short, but what came of it.
type interruptedError struct{ err error }

func (e *interruptedError) Error() string   { return "interrupted: " + e.err.Error() }
func (e *interruptedError) Unwrap() []error { return []error{e.err, context.Canceled} }

// exitStatus is the status that an error ends the process with.
func exitStatus(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, new(*usageError)), configs.IsFault(err), errors.As(err, new(*run.ChangedError)):
		return exitUsage
	}
	return exitFailed
}

// tell prints an error with what can be done about it and returns the exit status.
func tell(w io.Writer, err error, args []string) int {
	if err == nil {
		return exitDone
	}
	text := "plumb: " + err.Error() + "\n"
	if hint := hint(err, args); hint != "" {
		text += hint + "\n"
	}
	fmt.Fprint(w, text) //nolint:errcheck // nobody else to tell
	return exitStatus(err)
}

// hint says what to do about an error.
func hint(err error, args []string) string {
	var usage *usageError
	var changed *run.ChangedError
	switch {
	case errors.As(err, &usage):
		return fmt.Sprintf("Run %q for the verbs, flags and an example.", usage.cmd+" --help")
	case errors.As(err, &changed):
		return fmt.Sprintf("Undo the change, choose another --out, or make it again from there: --redo %s", changed.Stage)
	case errors.As(err, new(*train.Interrupted)):
		return "Go on with: " + resumeCommand(args)
	}
	return ""
}

// resumeCommand is the same command line with --resume, quoted for a shell.
func resumeCommand(args []string) string {
	words := append([]string{"plumb"}, args...)
	if !slices.Contains(args, "--resume") {
		words = append(words, "--resume")
	}
	for i, w := range words {
		if strings.ContainsFunc(w, isShellSpecial) || w == "" {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// isShellSpecial tells whether a shell might read more into a character than itself.
func isShellSpecial(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+", r)
}
