package serve

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/ssh"
	gossh "golang.org/x/crypto/ssh"

	"plumbline/labeling"
	"plumbline/labeling/manage"
	"plumbline/labeling/screen"
	"plumbline/labeling/tui"
)

// Exit statuses of a session.
const (
	exitDone  = 0  // the annotator left, or was away for too long
	exitNo    = 1  // there is nothing here for them
	exitUsage = 2  // the words of the command mean nothing
	exitAgain = 75 // come back: the server ends, or is full (EX_TEMPFAIL of sysexits.h)
)

// view is a screen that a session can show.
type view string

const (
	viewLabel      view = "label"
	viewAdjudicate view = "adjudicate"
	viewManage     view = "manage"
)

// views are what a role may see; the first one is shown to who does not say.
var views = map[labeling.Role][]view{
	labeling.RoleAnnotator:   {viewLabel},
	labeling.RoleAdjudicator: {viewAdjudicate, viewLabel},
	labeling.RoleManager:     {viewManage, viewAdjudicate, viewLabel},
}

// serve is a session from its first view to its exit status.
func (s *Server) serve(alive context.Context, gone context.CancelCauseFunc, sc *gossh.ServerConn, ctx ssh.Context, ch gossh.Channel, r request) {
	code := exitAgain
	cut := func() { sc.Close() } //nolint:errcheck // it is closed
	defer func() {
		if p := recover(); p != nil {
			s.c.Log.Error("panic", "user", sc.User(), "error", p, "stack", string(debug.Stack()))
		}
		ch.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{uint32(code)})) //nolint:errcheck // the connection is gone
		ch.Close()                                                                                 //nolint:errcheck // as above
	}()
	key, _ := ctx.Value(ssh.ContextKeyPublicKey).(ssh.PublicKey)
	if key == nil {
		return
	}
	code = s.session(alive, &seat{leave: gone, cut: cut}, key, sc.RemoteAddr().String(), s.terminal(alive, ch, r, cut), r.command)
}

// session lets in who is enrolled and may, and shows what they asked for.
func (s *Server) session(ctx context.Context, seat *seat, key ssh.PublicKey, address string, t tui.Terminal, command string) (code int) {
	who, err := s.byKey(ctx, key) // not as it was when the connection began
	if err != nil {
		return s.bid(t, exitAgain, words[t.Lang].broken)
	}
	var known bool
	if seat.view, known = dress(&t, views[who.Role], command); !known {
		return s.bid(t, exitUsage, fmt.Sprintf(words[t.Lang].usage, command, listed(views[who.Role])))
	}
	if away(who.Status) {
		return s.refused(t, refusedStatus, exitNo, words[t.Lang].inactive[who.Status])
	}
	if err := s.crowd.join(ctx, who.ID, seat); err != nil {
		return s.refused(t, refusedFull, exitAgain, words[t.Lang].full)
	}
	defer s.crowd.leave(who.ID, seat)
	s.metrics.logins.Inc()
	s.metrics.sessions.WithLabelValues(string(seat.view)).Inc()
	defer s.metrics.sessions.WithLabelValues(string(seat.view)).Dec()
	log := s.c.Log.With("annotator", who.Handle, "view", string(seat.view), "address", address)
	log.Info("login", "key", gossh.FingerprintSHA256(key))
	stop := s.watch(ctx, key, who.Role, seat)
	result, err := s.show(ctx, seat.view, who, t)
	stop()
	log.Info("logout", "judged", result.Judged, "skipped", result.Skipped, "because", because(err))
	done := ""
	if seat.view != viewManage {
		done = fmt.Sprintf(words[t.Lang].done, result.Judged, result.Corrected, result.Skipped) + " "
	}
	return s.part(t, done, err)
}

// away tells whether somebody may not work in a status.
func away(status labeling.Status) bool {
	return status == labeling.StatusPaused || status == labeling.StatusBlocked
}

// watch ends a session whose annotator may not be there any more: paused, blocked,
// without the key, or in another role.
func (s *Server) watch(ctx context.Context, key ssh.PublicKey, role labeling.Role, seat *seat) (stop func()) {
	over := make(chan struct{})
	go func() {
		for t := time.NewTicker(s.c.Recheck); ; {
			select {
			case <-over:
				t.Stop()
				return
			case <-t.C:
			}
			who, err := s.byKey(ctx, key)
			if errors.Is(err, labeling.ErrNotFound) || err == nil && (who.Role != role || away(who.Status)) {
				seat.leave(labeling.ErrNotActive)
			}
		}
	}()
	return func() { close(over) }
}

// dress takes the words of a command: a view, a language, linear.
func dress(t *tui.Terminal, may []view, command string) (v view, ok bool) {
	v = may[0]
	for _, w := range strings.Fields(command) {
		switch {
		case slices.Contains(may, view(w)):
			v = view(w)
		case w == string(screen.English), w == string(screen.Chinese):
			t.Lang = screen.Lang(w)
		case w == "linear":
			t.Linear = true
		default:
			return v, false
		}
	}
	return v, true
}

func listed(vs []view) string {
	var names []string
	for _, v := range vs {
		names = append(names, string(v))
	}
	return strings.Join(append(names, "en", "zh", "linear"), " | ")
}

// show is the screen itself.
func (s *Server) show(ctx context.Context, v view, who labeling.Annotator, t tui.Terminal) (r tui.Result, err error) {
	o := tui.Options{Terminal: t, Lease: s.c.Lease, Now: s.now, Guide: s.newest}
	switch v {
	case viewManage:
		return r, tui.Show(ctx, t, manage.NewModel(ctx, s.store, s.project.Name, who.ID, manage.Options{Lang: t.Lang, Title: who.Handle}, s.now))
	case viewAdjudicate:
		return tui.Label(ctx, s.bench.Docket(who.ID), s.project, who, o)
	case viewLabel:
	}
	p, err := s.newest(ctx)
	if err != nil {
		return r, err
	}
	o.Welcome = true
	return tui.Label(ctx, &queue{Queue: s.store, m: s.metrics, pace: s.pace(who.ID)}, p, who, o)
}

// newest is the project with its newest guideline.
func (s *Server) newest(ctx context.Context) (labeling.Project, error) {
	return s.store.Project(ctx, s.project.Name)
}

// part says good-bye, and why.
func (s *Server) part(t tui.Terminal, done string, err error) (code int) {
	w := words[t.Lang]
	switch {
	case err == nil:
		return s.bid(t, exitDone, done)
	case errors.Is(err, tui.ErrGone):
		return exitAgain
	case errors.Is(err, errRestart):
		return s.bid(t, exitAgain, done+w.restart)
	case errors.Is(err, errElsewhere):
		return s.bid(t, exitDone, done+w.elsewhere)
	case errors.Is(err, tui.ErrIdle):
		return s.bid(t, exitDone, done+w.idle)
	case errors.Is(err, tui.ErrLinear):
		return s.bid(t, exitNo, w.linear)
	case errors.Is(err, labeling.ErrNotActive):
		return s.refused(t, refusedStatus, exitNo, done+w.dismissed)
	}
	s.c.Log.Error("session", "error", err)
	return s.bid(t, exitAgain, w.broken)
}

// because is the reason of an end, for the log.
func because(err error) string {
	if err == nil {
		return "they left"
	}
	return err.Error()
}

func (s *Server) refused(t tui.Terminal, reason string, code int, text string) int {
	s.metrics.refuse(reason)
	return s.bid(t, code, text)
}

// bid writes the last line.
func (s *Server) bid(t tui.Terminal, code int, text string) int {
	if err := t.Say(strings.TrimRight(text, " ") + "\n"); err != nil {
		s.c.Log.Debug("last line", "error", err) // the terminal is gone, and nobody reads it
	}
	return code
}
