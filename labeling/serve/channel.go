package serve

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/charmbracelet/ssh"
	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/time/rate"

	"plumbline/labeling/tui"
)

const (
	maxChannels  = 2 // of one connection at once
	maxVariables = 16
	maxText      = 256 // bytes of a variable, a terminal's name or a command
)

// variables are those that a client may set: what a screen looks at.
var variables = []string{"LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "NO_COLOR", "COLORTERM"}

// request is what a client asked of a session before it began.
type request struct {
	pty     bool
	env     map[string]string
	size    tui.Size
	resized chan tui.Size // the newest size that nobody has seen
	command string
}

// channel answers what a client asks of one session, and lets it begin.
func (s *Server) channel(_ *ssh.Server, sc *gossh.ServerConn, nc gossh.NewChannel, ctx ssh.Context) {
	c := ctx.Value(connKey{}).(*conn)
	if c.channels.Add(1) > maxChannels {
		c.channels.Add(-1)
		nc.Reject(gossh.ResourceShortage, "too many sessions") //nolint:errcheck // the connection is gone
		return
	}
	defer c.channels.Add(-1)
	ch, requests, err := nc.Accept()
	if err != nil {
		return // the connection is gone
	}
	alive, gone := context.WithCancelCause(s.running)
	defer gone(tui.ErrGone) // the client closed the channel, or lost the connection
	r := request{env: map[string]string{}, resized: make(chan tui.Size, 1)}
	begun := false
	for q := range requests {
		starts := !begun && (q.Type == "shell" || q.Type == "exec")
		ok := r.take(q, begun) && (!starts || s.begin())
		if starts = starts && ok; starts {
			begun = true
			c.begin()
		}
		q.Reply(ok, nil) //nolint:errcheck // the connection is gone, and the requests end
		if starts {
			go func() {
				defer s.sessions.Done()
				defer c.end()
				s.serve(alive, gone, sc, ctx, ch, r)
			}()
		}
	}
}

// take is the client's request, and whether it is granted. Everything that is not named
// here is refused: forwarding of agents and windows, subsystems, signals, breaks.
func (r *request) take(q *gossh.Request, begun bool) bool {
	switch q.Type {
	case "window-change":
		var w struct{ Columns, Rows, Width, Height uint32 }
		if gossh.Unmarshal(q.Payload, &w) != nil {
			return false
		}
		r.resize(tui.Size{Columns: cells(w.Columns), Rows: cells(w.Rows)})
		return true
	case "pty-req":
		var p struct {
			Term                         string
			Columns, Rows, Width, Height uint32
			Modes                        string
		}
		if begun || r.pty || gossh.Unmarshal(q.Payload, &p) != nil || len(p.Term) > maxText {
			return false
		}
		r.pty, r.env["TERM"] = true, p.Term
		r.size = tui.Size{Columns: cells(p.Columns), Rows: cells(p.Rows)}
		return true
	case "env":
		var v struct{ Name, Value string }
		if begun || gossh.Unmarshal(q.Payload, &v) != nil || len(v.Value) > maxText || len(r.env) > maxVariables || !slices.Contains(variables, v.Name) {
			return false
		}
		r.env[v.Name] = v.Value
		return true
	case "shell":
		return !begun
	case "exec":
		var c struct{ Command string }
		if begun || gossh.Unmarshal(q.Payload, &c) != nil || len(c.Command) > maxText {
			return false
		}
		r.command = c.Command
		return true
	}
	return false
}

// cells makes a stranger's number one that can be counted with.
func cells(n uint32) int { return int(min(n, 1<<15)) }

// resize leaves the newest size for whoever looks next.
func (r *request) resize(size tui.Size) {
	select {
	case <-r.resized:
	default:
	}
	r.resized <- size // room for one, and nobody else writes
}

// terminal is the far end of the channel. Whoever has no terminal of their own sends
// lines, and is answered in lines.
func (s *Server) terminal(ctx context.Context, ch gossh.Channel, r request, giveUp func()) tui.Terminal {
	t := tui.Terminal{
		In:   &throttled{ctx, ch, rate.NewLimiter(rate.Limit(s.c.InputRate), 2*max(s.c.InputRate, 1<<16))},
		Out:  &impatient{ch, s.c.Stall, giveUp},
		Size: r.size, Resized: r.resized, Idle: s.c.Idle,
	}.Dressed(func(name string) string { return r.env[name] })
	if !r.pty {
		t.Linear, t.Lines, t.Color = true, true, false
	}
	return t
}

// throttled reads no faster than it may, so that a flood is its sender's alone: what is
// not read fills the channel's window, and then they wait.
type throttled struct {
	ctx   context.Context
	r     io.Reader
	bytes *rate.Limiter
}

func (t *throttled) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	if n > 0 && err == nil {
		err = t.bytes.WaitN(t.ctx, n)
	}
	return n, err
}

// impatient gives up on who takes nothing for too long.
type impatient struct {
	w      io.Writer
	limit  time.Duration
	giveUp func()
}

func (i *impatient) Write(b []byte) (int, error) {
	t := time.AfterFunc(i.limit, i.giveUp)
	defer t.Stop()
	return i.w.Write(b)
}
