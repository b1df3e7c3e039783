package serve

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	gossh "golang.org/x/crypto/ssh"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// long is how long anything may take before a test gives up: never reached where things work.
const long = 20 * time.Second

// steps is a clock that moves a second whenever somebody looks, as slow as a hand.
func steps() func() time.Time {
	var n atomic.Int64
	return func() time.Time { return time.Date(2026, 3, 1, 9, 0, int(n.Add(1)), 0, time.UTC) }
}

// key is the SSH key of a name: the same name has the same key.
func key(t *testing.T, name string) gossh.Signer {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	s, err := gossh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newStore is a file with a project of pairs: item N has the prompt "question N".
func newStore(t *testing.T, items, overlap int) *store.Store {
	t.Helper()
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := labeling.DefaultProject("demo")
	p.Overlap = overlap
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range items {
		fmt.Fprintf(&lines, `{"id":"i%d","prompt":"question %d","candidates":[{"text":"first %d"},{"text":"second %d"}]}`+"\n", i, i, i, i)
	}
	if _, err := labeling.Import(t.Context(), s, "demo", strings.NewReader(lines.String()), "items"); err != nil {
		t.Fatal(err)
	}
	return s
}

// enrol makes annotators whose keys are those of their handles.
func enrol(t *testing.T, s *store.Store, role labeling.Role, handles ...string) {
	t.Helper()
	for _, h := range handles {
		a := labeling.Annotator{Handle: h, Role: role, Keys: []string{gossh.FingerprintSHA256(key(t, h).PublicKey())}}
		if _, err := s.Enrol(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

// running is a server under test.
type running struct {
	*Server
	t    *testing.T
	stop func() error // and what Run returned
}

// start serves a store on loopback until the test ends or it is stopped.
func start(t *testing.T, s labeling.Store, change func(*Config)) *running {
	t.Helper()
	c := DefaultConfig()
	c.Listen, c.Metrics, c.HostKey = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "host")
	c.Idle = time.Hour
	if change != nil {
		change(&c)
	}
	server, err := New(t.Context(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	server.now = steps()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	r := &running{Server: server, t: t, stop: sync.OnceValue(func() error { cancel(); return <-ended })}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return r
}

// client is a person at a terminal with a key.
type client struct {
	user    string
	signers []gossh.Signer
	env     map[string]string
	term    string // empty: no terminal
	command string
	width   int
	height  int
}

func person(t *testing.T, handle string) client {
	t.Helper()
	return client{user: handle, signers: []gossh.Signer{key(t, handle)}, term: "xterm-256color", width: 80, height: 24}
}

func (r *running) dial(c client) (*gossh.Client, error) {
	return gossh.Dial("tcp", r.Addr().String(), &gossh.ClientConfig{
		User: c.user, Auth: []gossh.AuthMethod{gossh.PublicKeys(c.signers...)}, Timeout: long,
		HostKeyCallback: gossh.InsecureIgnoreHostKey(), //nolint:gosec // loopback; the host key has a test of its own
	})
}

// seen is a session under test: its screen, its keyboard, what it wrote.
type seen struct {
	t    *testing.T
	conn *gossh.Client
	s    *gossh.Session
	keys io.WriteCloser

	enter string // as the terminal sends it
	begun bool   // it has been sent to the welcome

	mu      sync.Mutex
	changed chan struct{} // closed when something was written, and made anew
	screen  *vt.Emulator
	written bytes.Buffer
	ended   chan error
}

// Write takes what the server writes.
func (x *seen) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.written.Write(b)
	if _, err := x.screen.Write(b); err != nil {
		return 0, err
	}
	close(x.changed)
	x.changed = make(chan struct{})
	return len(b), nil
}

// sit opens a session.
func (r *running) sit(c client) *seen {
	r.t.Helper()
	conn, err := r.dial(c)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() }) //nolint:errcheck // it may be closed
	return r.on(conn, c)
}

// on opens a session on a connection.
func (r *running) on(conn *gossh.Client, c client) *seen {
	r.t.Helper()
	s, err := conn.NewSession()
	if err != nil {
		r.t.Fatal(err)
	}
	x := &seen{t: r.t, conn: conn, s: s, changed: make(chan struct{}), screen: vt.NewEmulator(max(c.width, 1), max(c.height, 1)), ended: make(chan error, 1)}
	x.enter = "\r"
	if c.term == "" {
		x.enter = "\n"
	}
	s.Stdout = x
	if x.keys, err = s.StdinPipe(); err != nil {
		r.t.Fatal(err)
	}
	for name, value := range c.env {
		if err := s.Setenv(name, value); err != nil {
			r.t.Fatal(err)
		}
	}
	if c.term != "" {
		if err := s.RequestPty(c.term, c.height, c.width, gossh.TerminalModes{}); err != nil {
			r.t.Fatal(err)
		}
	}
	if c.command == "" {
		err = s.Shell()
	} else {
		err = s.Start(c.command)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	go func() { x.ended <- s.Wait() }()
	return x
}

var welcome = regexp.MustCompile("Enter begins|Enter 开始|Press Enter to go on")

// until waits for the screen to be as wanted. Whoever is welcomed begins.
func (x *seen) until(what string, ok func(screen string) bool) {
	x.t.Helper()
	over := time.After(long)
	for {
		x.mu.Lock()
		screen, changed := x.screen.String(), x.changed
		x.mu.Unlock()
		if ok(screen) {
			return
		}
		if !x.begun && welcome.MatchString(screen) {
			x.begun = true
			x.press(x.enter)
		}
		select {
		case <-changed:
		case <-over:
			x.t.Fatalf("never saw %s; the screen is\n%s", what, screen)
		}
	}
}

func (x *seen) shows(texts ...string) {
	x.t.Helper()
	x.until(strings.Join(texts, " and "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// press sends keys one by one: the next when the last has shown its effect is up to the test.
func (x *seen) press(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.keys, keys); err != nil {
		x.t.Fatal(err)
	}
}

// all is everything that was written.
func (x *seen) all() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.written.String()
}

// end is the exit status; -1 where the connection broke.
func (x *seen) end() int {
	x.t.Helper()
	select {
	case err := <-x.ended:
		var status *gossh.ExitError
		switch {
		case err == nil:
			return 0
		case errors.As(err, &status):
			return status.ExitStatus()
		}
		return -1
	case <-time.After(long):
		x.t.Fatal("the session does not end")
		return 0
	}
}

// count is how many are there.
func (c *crowd) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// judged counts the judgements of the store.
func judged(t *testing.T, s labeling.Archive) (n int) {
	t.Helper()
	for j, err := range s.Judged(t.Context(), "demo") {
		if err != nil {
			t.Fatal(err)
		}
		n += len(j.Judgements)
	}
	return n
}

func TestLabelsOverSSH(t *testing.T) {
	s := newStore(t, 3, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	x := start(t, s, nil).sit(person(t, "ann"))
	x.shows("question 0", "demo · ann")
	for i := range 3 {
		x.shows(fmt.Sprintf("question %d", i))
		x.press("k")
		x.shows("B is slightly better")
		x.press("\r")
	}
	x.shows("Nothing is left")
	x.press("q")
	if code := x.end(); code != exitDone {
		t.Errorf("got exit status %d, want %d", code, exitDone)
	}
	if got := judged(t, s); got != 3 {
		t.Errorf("got %d judgements, want 3", got)
	}
	x.shows("3 judged, 0 corrected, 0 skipped.")
	if x.screen.IsAltScreen() || x.screen.CursorHidden() || !strings.HasSuffix(strings.TrimSuffix(x.all(), "3 judged, 0 corrected, 0 skipped.\r\n"), "\x1b[?1049l") {
		t.Errorf("the terminal is not given back: %q", x.all())
	}
}

func TestOnlyEnrolledKeysGetIn(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann", "bob")
	r := start(t, s, nil)
	password := gossh.Password("ann")
	asked := gossh.KeyboardInteractive(func(string, string, []string, []bool) ([]string, error) { return []string{"ann"}, nil })
	for _, tt := range []struct {
		name, user string
		auth       []gossh.AuthMethod
	}{
		{"unknown key", "ann", []gossh.AuthMethod{gossh.PublicKeys(key(t, "eve"))}},
		{"unknown user", "eve", []gossh.AuthMethod{gossh.PublicKeys(key(t, "eve"))}},
		{"key of another", "ann", []gossh.AuthMethod{gossh.PublicKeys(key(t, "bob"))}},
		{"no user", "", []gossh.AuthMethod{gossh.PublicKeys(key(t, "ann"))}},
		{"password", "ann", []gossh.AuthMethod{password}},
		{"keyboard-interactive", "ann", []gossh.AuthMethod{asked}},
		{"none", "ann", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := gossh.Dial("tcp", r.Addr().String(), &gossh.ClientConfig{
				User: tt.user, Auth: tt.auth, Timeout: long,
				HostKeyCallback: gossh.InsecureIgnoreHostKey(), //nolint:gosec // loopback
			})
			if err == nil {
				conn.Close() //nolint:errcheck // the test has failed
				t.Fatal("got in")
			}
			if !strings.Contains(err.Error(), "unable to authenticate") {
				t.Errorf("got %v, want a refusal", err)
			}
		})
	}
	if conn, err := r.dial(person(t, "ann")); err != nil {
		t.Errorf("the right key of the right user: got %v", err)
	} else if v := string(conn.ServerVersion()); v != "SSH-2.0-label" {
		t.Errorf("the server says %q", v)
	}
}

// Of what SSH can do but sessions with a view, everything is refused.
func TestNothingButViews(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, nil)
	conn, err := r.dial(person(t, "ann"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // the test is over
	for _, kind := range []string{"direct-tcpip", "direct-streamlocal@openssh.com", "x11", "auth-agent@openssh.com", "tun@openssh.com"} {
		if _, _, err := conn.OpenChannel(kind, nil); err == nil {
			t.Errorf("channel %s was opened", kind)
		}
	}
	for _, kind := range []string{"tcpip-forward", "streamlocal-forward@openssh.com", "hostkeys-prove-00@openssh.com"} {
		if ok, _, err := conn.SendRequest(kind, true, nil); ok || err != nil {
			t.Errorf("request %s: got %v, %v, want a refusal", kind, ok, err)
		}
	}
	session, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for kind, payload := range map[string]any{
		"subsystem": struct{ Name string }{"sftp"},
		"auth-agent-req@openssh.com": struct {
			Nothing []byte `ssh:"rest"`
		}{},
		"x11-req": struct{ A, B bool }{},
		"signal":  struct{ Name string }{"KILL"},
		"break":   struct{ Length uint32 }{500},
		"env":     struct{ Name, Value string }{"LD_PRELOAD", "evil.so"},
		"exec":    struct{ Command string }{strings.Repeat("x", maxText+1)},
		"xyzzy":   struct{ A bool }{},
	} {
		if ok, err := session.SendRequest(kind, true, gossh.Marshal(payload)); ok || err != nil {
			t.Errorf("session request %s: got %v, %v, want a refusal", kind, ok, err)
		}
	}
	if _, err := conn.NewSession(); err != nil {
		t.Errorf("a second session: %v", err)
	}
	if _, err := conn.NewSession(); err == nil {
		t.Error("a third session on one connection was opened")
	}
	for _, command := range []string{"scp -t /tmp", "sh", "manage", "label; id", "$(id)"} {
		c := person(t, "ann")
		c.command, c.term = command, ""
		x := r.sit(c)
		if code := x.end(); code != exitUsage {
			t.Errorf("%s: got exit status %d, want %d", command, code, exitUsage)
		}
		x.shows("Not understood")
	}
}

// stranger is a bare connection.
func (r *running) stranger() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() }) //nolint:errcheck // it may be closed
	return c
}
