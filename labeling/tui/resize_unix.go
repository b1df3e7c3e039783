//go:build !windows

package tui

import (
	"os"
	"os/signal"
	"syscall"
)

// sizes tells the sizes of this process's terminal as they change, until stopped.
func sizes(f *os.File) (<-chan Size, func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH)
	resized, over := make(chan Size), make(chan struct{})
	go func() {
		for {
			select {
			case <-signals:
			case <-over:
				return
			}
			select {
			case resized <- sizeOf(f):
			case <-over:
				return
			}
		}
	}()
	return resized, func() {
		signal.Stop(signals)
		close(over)
	}
}
