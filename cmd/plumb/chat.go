package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/internal/engine"
	"plumbline/internal/run"
)

type chatOptions struct {
	speakOptions
	System string
}

func newChat(a *app) *cobra.Command {
	var o chatOptions
	cmd := &cobra.Command{
		Use:   "chat --model DIR",
		Short: "Talk with a model",
		Long: `Talk with a model through its chat template; each line is a turn. /reset begins anew,
/quit or Ctrl-D ends, Ctrl-C stops an answer. From a pipe, every line is a turn, and
with --json each answer is an object as generate prints it.`,
		Example: `  plumb chat --model runs/quickstart/ppo/last --temperature 0.8 --system "Be brief."`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return threaded(cmd, o.Threads, func(rt *engine.Runtime) error {
				s, sampling, err := o.open(cmd, rt, 1)
				if err != nil {
					return err
				}
				c := &chat{app: a, talk: s.Converse(o.System, sampling, o.Stop), lines: readLines(a.In)}
				if a.InTerminal {
					c.interrupts = ownInterrupts()
				}
				return c.run(cmd.Context())
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.System, "system", "", "`TEXT` that the conversation begins with")
	return cmd
}

// chat is the loop of reading a line and answering it.
type chat struct {
	*app
	talk       *run.Conversation
	lines      <-chan line
	interrupts <-chan os.Signal // Ctrl-C; nil where it ends the program
}

// line is what was typed, or why nothing more will be.
type line struct {
	text string
	err  error
}

// readLines reads lines while the loop waits for other things too.
func readLines(r io.Reader) <-chan line {
	lines := make(chan line)
	go func() {
		in := bufio.NewReader(r)
		for {
			text, err := in.ReadString('\n')
			if text != "" {
				lines <- line{text: strings.TrimRight(text, "\r\n")}
			}
			if err != nil {
				lines <- line{err: err}
				return
			}
		}
	}()
	return lines
}

// ownInterrupts takes Ctrl-C away from the process.
func ownInterrupts() <-chan os.Signal {
	signal.Reset(os.Interrupt)
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	return c
}

func (c *chat) run(ctx context.Context) error {
	for {
		text, err := c.next(ctx)
		switch command := strings.TrimSpace(text); {
		case errors.Is(err, io.EOF) || command == "/quit":
			return nil
		case err != nil:
			return err
		case command == "/reset":
			c.talk.Reset()
			c.remark("a new conversation begins")
		case command != "":
			if err := c.turn(ctx, text); err != nil {
				return err
			}
		}
	}
}

// next waits for a line.
func (c *chat) next(ctx context.Context) (string, error) {
	for {
		c.say("> ")
		select {
		case l := <-c.lines:
			if l.err != nil {
				c.say("\n")
			}
			return l.text, l.err
		case <-c.interrupts:
			c.say("\n")
			c.remark("/quit or Ctrl-D ends")
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// turn answers a line. Where somebody types, a turn that does not work, as in a
// conversation longer than the context, ends nothing but itself.
func (c *chat) turn(ctx context.Context, text string) error {
	talking, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-c.interrupts:
			stop()
		case <-talking.Done():
		}
	}()
	err := c.answer(talking, text)
	if talking.Err() != nil && ctx.Err() == nil {
		c.remark("stopped")
		return nil
	}
	if err != nil && c.InTerminal && ctx.Err() == nil {
		c.remark(err.Error() + "; /reset begins anew")
		return nil
	}
	return err
}

func (c *chat) answer(ctx context.Context, text string) error {
	if c.OutTerminal && !c.json {
		return stream(c.Out, func(hear func(string)) error {
			_, err := c.talk.Say(ctx, text, hear)
			return err
		})
	}
	answer, err := c.talk.Say(ctx, text, nil)
	if err != nil {
		return err
	}
	return print(c.app, []run.Answer{answer}, printAnswers)
}

// say tells somebody who types what a program need not know.
func (c *chat) say(text string) {
	if c.InTerminal && !c.quiet {
		fmt.Fprint(c.Err, text) //nolint:errcheck // nobody else to tell
	}
}

func (c *chat) remark(text string) { c.say("(" + text + ")\n") }
