package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"plumbline/labeling/tui"
)

// desk is a terminal of this process: what was written to it, and a keyboard.
type desk struct {
	t        *testing.T
	master   *os.File
	terminal *os.File
	mu       sync.Mutex
	changed  chan struct{}
	written  bytes.Buffer
	seen     int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	master, terminal, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, master: master, terminal: terminal, changed: make(chan struct{})}
	t.Cleanup(func() {
		terminal.Close() //nolint:errcheck // the test is over
		master.Close()   //nolint:errcheck // as above
	})
	go io.Copy(d, master) //nolint:errcheck // it ends with the terminal
	return d
}

// Write takes what arrives at the terminal.
func (d *desk) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.changed)
	d.changed = make(chan struct{})
	return d.written.Write(b)
}

// expect waits for a text after what was expected before.
func (d *desk) expect(text string) {
	d.t.Helper()
	over := time.After(20 * time.Second)
	for {
		d.mu.Lock()
		rest, changed := d.written.String()[d.seen:], d.changed
		i := strings.Index(rest, text)
		if i >= 0 {
			d.seen += i + len(text)
		}
		d.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-changed:
		case <-over:
			d.t.Fatalf("never saw %q in %q", text, rest)
		}
	}
}

func (d *desk) press(keys string) {
	d.t.Helper()
	if _, err := d.master.WriteString(keys); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) all() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written.String()
}

// connect runs label connect at the desk; the result is its exit status and messages.
func (d *desk) connect(ctx context.Context, args ...string) (result func() (int, string)) {
	var people bytes.Buffer
	ended := make(chan int, 1)
	s := streams{In: d.terminal, Out: d.terminal, Err: &people, InTerminal: true, OutTerminal: true}
	go func() { ended <- execute(ctx, s, append([]string{"label", "connect"}, args...)) }()
	return func() (int, string) {
		d.t.Helper()
		select {
		case code := <-ended:
			return code, people.String()
		case <-time.After(20 * time.Second):
			d.t.Fatalf("it does not end; the terminal has %q", d.all())
			return 0, ""
		}
	}
}

// fakeSSH puts a program called ssh into the PATH: a shell script, whose Nth run does the
// Nth of the steps, and the last one ever after.
func fakeSSH(t *testing.T, steps ...string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\ncd '" + dir + "'\necho \"$@\" >>args\nn=$(wc -l <args)\ncase $n in\n"
	for i, s := range steps {
		pattern := string(rune('1' + i))
		if i == len(steps)-1 {
			pattern = "*"
		}
		script += pattern + ") " + s + ";;\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(script+"esac\n"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("TERM", "xterm")
	t.Setenv("LC_ALL", "C")
}

func TestLabelConnect_TerminalIsGivenBack(t *testing.T) {
	fakeSSH(t, `printf '\033[?1049h\033[?25l\033[?1000hHELLO'; stty raw -echo; exit 255`, `printf 'WELCOME BACK'; exit 0`)
	d := newDesk(t)
	before, err := term.GetState(int(d.terminal.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	result := d.connect(t.Context(), "ada@host:2222", "label", "zh")
	d.expect("HELLO")
	d.expect(tui.GiveBack)
	d.expect("The connection is lost. What you entered is kept on the server.\r\n")
	d.expect("Trying again in 1 s")
	d.press("\r")
	d.expect("WELCOME BACK")
	if code, text := result(); code != 0 || text != "" {
		t.Errorf("got %d, %q, want 0", code, text)
	}
	after, err := term.GetState(int(d.terminal.Fd()))
	if err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("the terminal's modes: got %+v, %v, want %+v", after, err, before)
	}
	if n := strings.Count(d.all(), tui.GiveBack); n != 1 {
		t.Errorf("given back %d times, want once: a terminal that nobody took is left alone", n)
	}
}

func TestLabelConnect_GivesUp(t *testing.T) {
	fakeSSH(t, `printf 'HELLO'; exit 75`)
	for _, tt := range []struct {
		key  string
		code int
	}{{"q", 1}, {"\x03", 130}} {
		d := newDesk(t)
		result := d.connect(t.Context(), "host")
		d.expect("Trying again")
		d.press(tt.key)
		if code, text := result(); code != tt.code || !strings.Contains(text, "host: the connection is lost; the item and what you entered wait on the server") {
			t.Errorf("%q: got %d, %q, want %d", tt.key, code, text, tt.code)
		}
	}
}

func TestLabelConnect_EndsWithoutATry(t *testing.T) {
	for _, tt := range []struct {
		name, step string
		args       []string
		code       int
		want       string
	}{
		{"never connected", "exit 255", []string{"host"}, 1, "host: no connection"},
		{"refused", "printf 'Your work is paused'; exit 1", []string{"host"}, 1, "status 1"},
		{"no host", "exit 0", []string{"ada@"}, 2, "want [USER@]HOST[:PORT]"},
		{"an option for a host", "exit 0", []string{"ada@-oProxyCommand=id"}, 2, "want [USER@]HOST[:PORT]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fakeSSH(t, tt.step)
			code, text := newDesk(t).connect(t.Context(), tt.args...)()
			if code != tt.code || !strings.Contains(text, tt.want) {
				t.Errorf("got %d, %q, want %d, %q", code, text, tt.code, tt.want)
			}
		})
	}
}

func TestParseConnection(t *testing.T) {
	for _, tt := range []struct{ in, user, host, port string }{
		{"host", "", "host", ""},
		{"ada@host", "ada", "host", ""},
		{"ada@host:2222", "ada", "host", "2222"},
		{"ada@work@host", "ada@work", "host", ""},
		{"[::1]:2222", "", "::1", "2222"},
		{"ada@[fe80::1]:22", "ada", "fe80::1", "22"},
	} {
		c, err := parseConnection([]string{tt.in})
		if err != nil || c.user != tt.user || c.host != tt.host || c.port != tt.port {
			t.Errorf("%s: got %q, %q, %q, %v", tt.in, c.user, c.host, c.port, err)
		}
	}
}

func TestScreenWatch(t *testing.T) {
	for _, tt := range []struct {
		pieces []string
		taken  bool
	}{
		{[]string{"text"}, false},
		{[]string{"\x1b[?1049h", "x"}, true},
		{[]string{"\x1b[?10", "49hx"}, true},
		{[]string{"\x1b[?1049hx\x1b[?1049", "l"}, false},
		{[]string{"\x1b[?1049h\x1b[?1049l\x1b[?1049h"}, true},
	} {
		s := &screenWatch{to: io.Discard}
		for _, p := range tt.pieces {
			if _, err := io.WriteString(s, p); err != nil {
				t.Fatal(err)
			}
		}
		if s.taken != tt.taken || !s.shown {
			t.Errorf("%q: got taken %v", tt.pieces, s.taken)
		}
	}
}

// With the real ssh: the server ends and another one takes its place, in the middle of an
// item. The draft comes back.
func TestLabelConnect_RealServer(t *testing.T) {
	for _, program := range []string{"ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("LC_ALL", "C")
	dir := t.TempDir()
	db, id := labels(t, 3), filepath.Join(dir, "id")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", id).CombinedOutput(); err != nil { //nolint:gosec // as above
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	if code, _, stderr := plumb(t, "label", "enrol", db, "ada", "--key", id+".pub"); code != 0 {
		t.Fatal(stderr)
	}
	serve := func(listen string) (addr string, stop func()) {
		log, w := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan int, 1)
		s := streams{In: strings.NewReader(""), Out: io.Discard, Err: w}
		go func() {
			ended <- execute(ctx, s, []string{"label", "serve", db, "--listen", listen, "--metrics", "", "--host-key", filepath.Join(dir, "host"), "--json"})
		}()
		return listening(t, log), sync.OnceFunc(func() {
			cancel()
			if code := <-ended; code != 0 {
				t.Errorf("the server ended with status %d", code)
			}
		})
	}
	addr, stop := serve("127.0.0.1:0")
	d := newDesk(t)
	result := d.connect(t.Context(), "ada@"+addr, "-F", "/dev/null", "-i", id, "-o", "IdentitiesOnly=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile="+filepath.Join(dir, "known"), "-o", "LogLevel=ERROR")
	d.expect("Enter begins")
	d.press("\r")
	d.expect("How was it, 0?")
	time.Sleep(200 * time.Millisecond) // a choice sooner than a hand is refused
	d.press("k")
	d.expect("B is slightly better")
	stop()
	d.expect("The server restarts")
	d.expect("Trying again")
	_, stop = serve(addr)
	defer stop()
	d.press("\r")
	d.expect("How was it, 0?")
	d.expect("B is slightly better")
	d.press("q")
	if code, text := result(); code != 0 {
		t.Errorf("got %d, %q", code, text)
	}
}

// listening is where a server says that it listens; the rest of its log is read away.
func listening(t *testing.T, log io.Reader) string {
	t.Helper()
	b := make([]byte, 4096)
	n, err := log.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, log) //nolint:errcheck // it ends with the server
	_, rest, _ := strings.Cut(string(b[:n]), `"address":"`)
	addr, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("got %q, want an address", b[:n])
	}
	return addr
}
