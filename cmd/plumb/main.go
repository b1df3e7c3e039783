// Plumb trains, aligns and evaluates language models. One file per verb: it parses
// flags into options and makes one call into a package; it computes nothing.
//
//	main.go     process: signals, exit status
//	root.go     the tree of verbs and the flags of all
//	streams.go  standard streams, injectable
//	errors.go   error -> message, hint, exit status
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"plumbline/internal/kernel"
)

func main() {
	s := systemStreams()
	ctx, stop := interruptible(context.Background(), os.Exit)
	code := execute(ctx, s, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one command line and returns the exit status.
func execute(ctx context.Context, s streams, args []string) int {
	if err := kernel.Init(); err != nil {
		return tell(s.Err, &usageError{err, "plumb"}, args)
	}
	a := &app{streams: s}
	root := newRoot(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started {
		err = &usageError{err, cmd.CommandPath()}
	}
	if err != nil && ctx.Err() != nil && !errors.Is(err, context.Canceled) {
		err = &interruptedError{err}
	}
	return tell(s.Err, err, args)
}

// interruptible is a context that the first SIGINT, SIGTERM or SIGHUP (a lost terminal) cancels: the step under
// way is finished and saved. The second ends the process at once.
func interruptible(parent context.Context, exit func(int)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		exit(exitInterrupted)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
