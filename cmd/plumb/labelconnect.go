package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"plumbline/labeling/screen"
	"plumbline/labeling/tui"
)

// Exit statuses of ssh.
const (
	sshAgain  = 75  // of the server: come back
	sshBroken = 255 // of ssh itself: no connection, or none any more
)

// connection is what label connect is asked to open.
type connection struct {
	host, port, user string
	words            []string // which view
	options          []string // of ssh
	in, out          *os.File
	err              io.Writer
	say              connectWords
	linear           bool // the terminal cannot rewrite a line
}

// connectWords are what label connect says in a language.
type connectWords struct{ lost, waiting, gaveUp string }

var connectLexicon = map[screen.Lang]connectWords{
	screen.English: {
		lost:    "The connection is lost. What you entered is kept on the server.",
		waiting: "Trying again in %d s · Enter: now · q: give up ",
		gaveUp:  "label connect: %s: the connection is lost; the item and what you entered wait on the server",
	},
	screen.Chinese: {
		lost:    "连接已断开。您填写的内容保存在服务器上。",
		waiting: "%d 秒后重试 · Enter 立即重试 · q 放弃 ",
		gaveUp:  "label connect：%s：连接已断开；条目和您填写的内容保存在服务器上",
	},
}

func newLabelConnect(a *app) *cobra.Command {
	var identities, configs, options []string
	cmd := &cobra.Command{
		Use:   "connect [USER@]HOST[:PORT] [VIEW]",
		Short: "Judge on a server, and come back when the line breaks",
		Long: `Judge on a server of plumb label serve, through ssh: its configuration, keys, agent and
known hosts count. When the server or the line breaks, the terminal is given back as it
was, and the connection is tried again until q; the item and what was entered come back.
VIEW is label, adjudicate or manage; en, zh and linear may stand behind it.`,
		Example: "  plumb label connect ada@labels.example.org:2222\n  plumb label connect labels manage",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := parseConnection(args)
			if err != nil {
				return wrongUse(cmd, err)
			}
			for flag, values := range map[string][]string{"-i": identities, "-F": configs, "-o": options} {
				for _, v := range values {
					c.options = append(c.options, flag, v)
				}
			}
			var isIn, isOut bool
			c.in, isIn = a.In.(*os.File)
			c.out, isOut = a.Out.(*os.File)
			if !isIn || !isOut || !a.InTerminal || !a.OutTerminal {
				return errors.New("label connect: this is no terminal to judge at")
			}
			here := tui.Here(os.Getenv)
			c.err, c.say, c.linear = a.Err, connectLexicon[here.Lang], here.Linear
			return c.keep(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&identities, "identity", "i", nil, "`FILE` of the private key, as ssh -i")
	f.StringArrayVarP(&configs, "config", "F", nil, "`FILE` of ssh's configuration, as ssh -F")
	f.StringArrayVarP(&options, "option", "o", nil, "`KEY=VALUE` of ssh's configuration, as ssh -o")
	return cmd
}

// parseConnection reads [USER@]HOST[:PORT] and the words behind it.
func parseConnection(args []string) (c connection, err error) {
	c.words = args[1:]
	at := strings.LastIndex(args[0], "@")
	c.user, c.host = args[0][:max(at, 0)], args[0][at+1:]
	if host, port, err := net.SplitHostPort(c.host); err == nil {
		c.host, c.port = host, port
	}
	if c.host == "" || strings.HasPrefix(c.host, "-") || strings.HasPrefix(c.user, "-") || at == 0 {
		return c, fmt.Errorf("label connect: got %q, want [USER@]HOST[:PORT]", args[0])
	}
	return c, nil
}

// command is ssh's command line. Nothing is forwarded, whatever the configuration says; a
// line that is dead is noticed within half a minute.
func (c connection) command(ctx context.Context) (*exec.Cmd, error) {
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		return nil, fmt.Errorf("label connect: %w: install an OpenSSH client", err)
	}
	args := []string{
		"-t", "-e", "none",
		"-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3", "-o", "ConnectTimeout=20",
		"-o", "ClearAllForwardings=yes", "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "PermitLocalCommand=no",
		"-o", "SendEnv=LANG LC_ALL LC_MESSAGES NO_COLOR COLORTERM",
	}
	args = append(args, c.options...)
	if c.port != "" {
		args = append(args, "-p", c.port)
	}
	if c.user != "" {
		args = append(args, "-l", c.user)
	}
	args = append(append(args, "--", c.host), c.words...)
	cmd := exec.CommandContext(ctx, ssh, args...) //nolint:gosec // the user's own ssh, host and words
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	return cmd, nil
}

// keep connects, and again for as long as the server wants to be asked again or the line
// breaks. A first connection that never shows anything is a failure.
func (c connection) keep(ctx context.Context) error {
	wait, known := time.Second, false
	for {
		status, shown, err := c.once(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case status == 0:
			return nil
		case status != sshAgain && status != sshBroken:
			return fmt.Errorf("label connect: %s: the server ended the session with status %d", c.host, status)
		case !shown && !known:
			return fmt.Errorf("label connect: %s: no connection; ssh says why", c.host)
		}
		if shown {
			wait, known = time.Second, true
		}
		if err := c.pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, 30*time.Second)
	}
}

// once is one connection: ssh's exit status, and whether the server showed anything. The
// terminal is as it was before.
func (c connection) once(ctx context.Context) (status int, shown bool, err error) {
	cmd, err := c.command(ctx)
	if err != nil {
		return 0, false, err
	}
	before, err := term.GetState(int(c.in.Fd()))
	if err != nil {
		return 0, false, fmt.Errorf("label connect: %w", err)
	}
	seen := &screenWatch{to: c.out}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.in, seen, c.err
	err = cmd.Run()
	if seen.taken { // and nobody is left to give it back
		_, e := io.WriteString(c.out, tui.GiveBack)
		err = errors.Join(err, e)
	}
	if e := term.Restore(int(c.in.Fd()), before); e != nil {
		return 0, seen.shown, fmt.Errorf("label connect: %w", e)
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		status = exit.ExitCode()
		if status < 0 { // ssh was killed
			status = sshBroken
		}
		return status, seen.shown, nil
	case err != nil:
		return 0, seen.shown, fmt.Errorf("label connect: %w", err)
	}
	return 0, seen.shown, nil
}

// pause counts down to the next try. Enter goes on at once, q and Ctrl-C give up.
func (c connection) pause(ctx context.Context, d time.Duration) error {
	return tui.Terminal{In: c.in, Out: c.out}.Use(func(t tui.Terminal) error {
		keys := make(chan byte, 1)
		go pressed(t.In, keys)
		err := t.Say(c.say.lost + "\n")
		for left := d; left > 0 && err == nil; left -= time.Second {
			if left == d || !c.linear {
				err = errors.Join(err, t.Say(c.countdown(left)))
			}
			select {
			case k := <-keys:
				switch k {
				case '\r':
					left = 0
				case 'q', ctrlC:
					err = c.gaveUp(k)
				}
			case <-time.After(time.Second):
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		return errors.Join(t.Say("\n"), err)
	})
}

func (c connection) countdown(left time.Duration) string {
	text := fmt.Sprintf(c.say.waiting, left/time.Second)
	if c.linear {
		return text
	}
	return "\r\x1b[K" + text
}

// pressed passes keys on until the terminal is somebody else's.
func pressed(in io.Reader, keys chan<- byte) {
	b := make([]byte, 1)
	for {
		if _, err := in.Read(b); err != nil {
			return
		}
		select {
		case keys <- b[0]:
		default: // one at a time is enough
		}
	}
}

const ctrlC = 3

func (c connection) gaveUp(key byte) error {
	err := fmt.Errorf(c.say.gaveUp, c.host)
	if key == ctrlC {
		return fmt.Errorf("%w: %w", err, context.Canceled)
	}
	return err
}

// screenWatch passes on what a server writes, and remembers whether it has taken the
// terminal over and not given it back.
type screenWatch struct {
	to    io.Writer
	shown bool
	taken bool
	tail  []byte // the end of what was written: a sequence may come in two pieces
}

const (
	altScreenOn  = "\x1b[?1049h"
	altScreenOff = "\x1b[?1049l"
)

// Write implements io.Writer.
func (s *screenWatch) Write(b []byte) (int, error) {
	s.shown = s.shown || len(b) > 0
	seen := append(s.tail, b...)
	on, off := bytes.LastIndex(seen, []byte(altScreenOn)), bytes.LastIndex(seen, []byte(altScreenOff))
	if on >= 0 || off >= 0 {
		s.taken = on > off
	}
	s.tail = bytes.Clone(seen[max(0, len(seen)-len(altScreenOn)+1):])
	return s.to.Write(b)
}
