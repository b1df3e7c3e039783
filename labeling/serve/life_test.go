package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"plumbline/labeling"
)

// Somebody whose connection breaks in the middle of an item comes back to it and to what
// they had entered, even where others wait for work.
func TestBrokenConnectionComesBackToItsItem(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann", "bob")
	r := start(t, s, nil)
	x := r.sit(person(t, "ann"))
	x.shows("question 0")
	x.press("l")
	x.shows("B is better")
	x.conn.Close() //nolint:errcheck // that is the point
	r.until("nobody there", func() bool { return r.crowd.count() == 0 })

	y := r.sit(person(t, "bob"))
	y.shows("Nothing is left") // the item waits for ann
	x = r.sit(person(t, "ann"))
	x.shows("question 0", "B is better")
	x.press("\r")
	x.shows("Nothing is left")
	if got := judged(t, s); got != 1 {
		t.Errorf("got %d judgements, want 1", got)
	}
}

// until waits for something that nobody reports.
func (r *running) until(what string, ok func() bool) {
	r.t.Helper()
	for over := time.Now().Add(long); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(over) {
			r.t.Fatalf("never saw %s", what)
		}
	}
}

// The server ends in the middle of an item: the session settles, and a new server on the
// same port and store goes on where it was.
func TestRestartGoesOnWhereEverybodyWas(t *testing.T) {
	s := newStore(t, 5, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann", "bob")
	r := start(t, s, nil)
	ann, bob := r.sit(person(t, "ann")), r.sit(person(t, "bob"))
	ann.shows("▏ question")
	ann.press("l")
	ann.shows("B is better")
	bob.shows("▏ question")
	item := strings.Contains(ann.screenNow(), "question 0")
	if err := r.stop(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
	for _, x := range []*seen{ann, bob} {
		if code := x.end(); code != exitAgain {
			t.Errorf("got exit status %d, want %d", code, exitAgain)
		}
		x.shows("The server restarts")
	}
	again := start(t, s, func(c *Config) { c.Listen = r.Addr().String() })
	ann = again.sit(person(t, "ann"))
	ann.shows("▏ question", "B is better")
	if now := strings.Contains(ann.screenNow(), "question 0"); now != item {
		t.Error("another item came back")
	}
	ann.press("\r")
	ann.shows("Nothing chosen yet")
	if got := judged(t, s); got != 1 {
		t.Errorf("got %d judgements, want 1", got)
	}
}

func (x *seen) screenNow() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.String()
}

// Of two terminals of one annotator the newer one has the item; the older one is told.
func TestNewerTerminalWins(t *testing.T) {
	s := newStore(t, 2, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, nil)
	old := r.sit(person(t, "ann"))
	old.shows("question 0")
	old.press("a")
	old.shows("A is significantly better")
	x := r.sit(person(t, "ann"))
	x.shows("question 0", "A is significantly better")
	old.shows("You went on at another terminal.")
	if code := old.end(); code != exitDone {
		t.Errorf("got exit status %d, want %d: a client must not come back and fight", code, exitDone)
	}
	x.press("\r")
	x.shows("question 1")
}

func TestIdleSessionGivesTheItemBack(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, func(c *Config) { c.Idle = 500 * time.Millisecond })
	x := r.sit(person(t, "ann"))
	x.shows("question 0")
	x.press("k")
	x.shows("B is slightly better")
	x.shows("Nobody was here for a while")
	if code := x.end(); code != exitDone {
		t.Errorf("got exit status %d, want %d", code, exitDone)
	}
	slots, err := s.Slots(t.Context(), "demo")
	if err != nil || slots[0].State != labeling.SlotOpen {
		t.Errorf("got %+v, %v, want the item free for others", slots, err)
	}
	ann, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "demo", Annotator: ann.ID, For: time.Minute})
	if err != nil || w.Draft == nil {
		t.Errorf("got %+v, %v, want the draft", w, err)
	}
}

func TestPausedAndBlockedAreToldSo(t *testing.T) {
	s := newStore(t, 3, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, nil)
	x := r.sit(person(t, "ann"))
	x.shows("question 0")
	for status, text := range map[labeling.Status]string{labeling.StatusPaused: "您的工作已暂停", labeling.StatusBlocked: "您已不再参与"} {
		if _, err := s.Amend(t.Context(), "ann", labeling.Change{Status: status}); err != nil {
			t.Fatal(err)
		}
		c := person(t, "ann")
		c.env = map[string]string{"LANG": "zh_CN.UTF-8"}
		y := r.sit(c)
		y.shows(text)
		if code := y.end(); code != exitNo {
			t.Errorf("%s: got exit status %d, want %d", status, code, exitNo)
		}
	}
	x.press("k") // who is at work is told when they go on
	x.shows("Your work here was paused")
	if code := x.end(); code != exitNo {
		t.Errorf("got exit status %d, want %d", code, exitNo)
	}
}

func TestWindowIsResized(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	x := start(t, s, nil).sit(person(t, "ann"))
	x.shows("question 0")
	for _, size := range []struct{ w, h int }{{120, 40}, {40, 12}, {39, 12}, {80, 24}} {
		x.mu.Lock()
		x.screen.Resize(size.w, size.h)
		x.mu.Unlock()
		if err := x.s.WindowChange(size.h, size.w); err != nil {
			t.Fatal(err)
		}
		switch {
		case size.w >= 100:
			x.shows("┌─ A", "┌─ B")
		case size.w < 40:
			x.shows("Terminal too small: 39×12")
		default:
			x.until("one response", func(screen string) bool {
				return strings.Contains(screen, "─[A] B") && !strings.Contains(screen, "┌─")
			})
		}
	}
}

// A terminal that claims to have a size that nobody has costs nothing.
func TestSizesOfStrangers(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, nil)
	for _, size := range []struct{ w, h int }{{0, 0}, {1, 1}, {1<<31 - 1, 1<<31 - 1}} {
		c := person(t, "ann")
		c.width, c.height = size.w, size.h
		conn, err := r.dial(c)
		if err != nil {
			t.Fatal(err)
		}
		session, err := conn.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		out, err := session.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := session.RequestPty(c.term, c.height, c.width, nil); err != nil {
			t.Fatal(err)
		}
		if err := session.Shell(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, 50)); err != nil {
			t.Errorf("%v: %v", size, err)
		}
		conn.Close() //nolint:errcheck // the next one
	}
}

func TestChineseByLANG(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	c := person(t, "ann")
	c.env = map[string]string{"LANG": "zh_CN.UTF-8"}
	r := start(t, s, nil)
	x := r.sit(c)
	x.shows("尚未选择")
	x.press("q")
	x.shows("已评判 0 个")
	c.env, c.command = nil, "label zh"
	r.sit(c).shows("尚未选择")
}

func TestLinearOnADumbTerminal(t *testing.T) {
	s := newStore(t, 2, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	c := person(t, "ann")
	c.term = "dumb"
	x := start(t, s, nil).sit(c)
	x.shows("New item. Prompt:", "question 0")
	x.press("k")
	x.shows("B is slightly better")
	x.press("\r")
	x.shows("question 1")
	x.press("q")
	if code := x.end(); code != exitDone {
		t.Errorf("got exit status %d", code)
	}
	if strings.Contains(x.all(), "\x1b") {
		t.Errorf("escape sequences: %q", x.all())
	}
}

// Whoever has no terminal judges by lines: ssh -T.
func TestLinesWithoutATerminal(t *testing.T) {
	s := newStore(t, 2, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	c := person(t, "ann")
	c.term, c.height = "", 60
	x := start(t, s, nil).sit(c)
	x.shows("question 0")
	x.press("k\n")
	x.shows("B is slightly better")
	x.press("c\n")
	x.shows("Comment")
	x.press("good work\n")
	x.shows("good work")
	x.press("\n")
	x.shows("comment: good work")
	x.press("\n")
	x.shows("question 1")
	x.press("q\n")
	if code := x.end(); code != exitDone {
		t.Errorf("got exit status %d", code)
	}
	if strings.Contains(x.all(), "\x1b") {
		t.Errorf("escape sequences: %q", x.all())
	}
}

// 10 MB pasted into one terminal are read and forgotten, and others do not notice.
func TestFloodIsItsSendersAlone(t *testing.T) {
	s := newStore(t, 50, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann", "bob")
	r := start(t, s, func(c *Config) { c.InputRate = 64 << 20 }) // the test does not wait for the rate
	for i, text := range []string{
		"\x1b[200~" + strings.Repeat("sad\rkl\r", 10<<20/7) + "\x1b[201~", // bracketed
		strings.Repeat("sad\r", 10<<20/4),
		strings.Repeat("\x1b[", 1<<20) + strings.Repeat("\x1b]", 1<<20), // sequences that never end
	} {
		flooder := r.sit(person(t, "ann"))
		flooder.shows("▏ question")
		sent := make(chan error, 1)
		go func() { _, err := io.WriteString(flooder.keys, text); sent <- err }()
		x := r.sit(person(t, "bob"))
		for _, k := range []string{"k", "a", "l"} {
			x.shows("▏ question", "Nothing chosen yet")
			x.press(k)
			x.shows(map[string]string{"k": "B is slightly better", "a": "A is significantly better", "l": "B is better"}[k])
			x.press("\r")
		}
		x.shows(fmt.Sprintf("you %d", 3*(i+1)))
		if err := <-sent; err != nil {
			t.Errorf("flood %d: %v", i, err)
		}
		x.conn.Close()       //nolint:errcheck // the next one
		flooder.conn.Close() //nolint:errcheck // as above
	}
}

func TestStrangersHaveLittleTime(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, func(c *Config) { c.Handshake = 500 * time.Millisecond })
	silent := r.stranger()
	slow := r.stranger()
	go func() { // a byte at a time, forever
		for _, b := range []byte(strings.Repeat("S", 1<<20)) {
			if _, err := slow.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	idle, err := r.dial(person(t, "ann")) // a key, and then nothing
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]io.Reader{"silent": silent, "slow": slow} {
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: got %v, want it closed", name, err)
		}
	}
	if err := idle.Wait(); err == nil {
		t.Error("a connection without a session stays")
	}
	x := r.sit(person(t, "ann")) // and one with a session stays longer than that
	x.shows("question 0")
	again, err := x.conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	r.until("no strangers", func() bool { return r.refusals(refusedTimeout) >= 1 })
	x.press("k")
	x.shows("B is slightly better")
}

func TestTooManyAreClosedAtOnce(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann", "bob", "eve")
	t.Run("startups", func(t *testing.T) {
		r := start(t, s, func(c *Config) { c.Startups = 3 })
		for range 3 {
			one := make([]byte, 4)
			if _, err := io.ReadFull(r.stranger(), one); err != nil || string(one) != "SSH-" {
				t.Fatalf("got %q, %v", one, err)
			}
		}
		if _, err := r.stranger().Read(make([]byte, 1)); err == nil {
			t.Error("the fourth is listened to")
		}
		if got := r.refusals(refusedStartups); got != 1 {
			t.Errorf("got %v refusals, want 1", got)
		}
	})
	t.Run("startups of others", func(t *testing.T) {
		r := start(t, s, func(c *Config) { c.Startups = 4 })
		flood := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
		for range 4 {
			c, err := flood.DialContext(t.Context(), "tcp", r.Addr().String())
			if err != nil {
				t.Skipf("a second loopback address: %v", err)
			}
			t.Cleanup(func() { c.Close() }) //nolint:errcheck // it may be closed
			if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
		}
		r.sit(person(t, "ann")).shows("question 0") // the flood shuts out itself alone
		if got := r.refusals(refusedStartups); got != 1 {
			t.Errorf("got %v refusals, want 1", got)
		}
	})
	t.Run("address", func(t *testing.T) {
		r := start(t, s, func(c *Config) { c.PerAddress = 2 })
		ann, bob := r.sit(person(t, "ann")), r.sit(person(t, "bob"))
		ann.shows("question 0")
		bob.shows("Nothing is left")
		if _, err := r.dial(person(t, "eve")); err == nil {
			t.Error("a third connection of the address is listened to")
		}
		bob.press("q")
		bob.end()
		bob.conn.Close() //nolint:errcheck // it may be closed
		r.until("room", func() bool {
			c, err := r.dial(person(t, "eve"))
			if err == nil {
				c.Close() //nolint:errcheck // it got in
			}
			return err == nil
		})
	})
	t.Run("sessions", func(t *testing.T) {
		r := start(t, s, func(c *Config) { c.Sessions = 1 })
		r.sit(person(t, "ann")).shows("question 0")
		x := r.sit(person(t, "bob"))
		x.shows("Too many people")
		if code := x.end(); code != exitAgain {
			t.Errorf("got exit status %d, want %d", code, exitAgain)
		}
	})
}

// refusals is how many there were for a reason, as the metrics tell it.
func (r *running) refusals(reason string) (n int) {
	r.t.Helper()
	want := fmt.Sprintf(`plumb_label_refusals_total{reason=%q} `, reason)
	for line := range strings.Lines(r.get("/metrics")) {
		if rest, ok := strings.CutPrefix(line, want); ok {
			fmt.Sscan(rest, &n) //nolint:errcheck // 0 fails the test
		}
	}
	return n
}

// get is what a machine reads.
func (r *running) get(path string) string {
	r.t.Helper()
	q, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+r.MetricsAddr().String()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer a.Body.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(a.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if a.StatusCode != http.StatusOK {
		r.t.Errorf("%s: got %s: %s", path, a.Status, b)
	}
	return string(b)
}

func TestFigures(t *testing.T) {
	s := newStore(t, 3, 2)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, nil)
	if _, err := r.dial(person(t, "eve")); err == nil {
		t.Error("eve got in")
	}
	x := r.sit(person(t, "ann"))
	x.shows("question 0")
	x.press("k")
	x.shows("B is slightly better")
	x.press("\r")
	x.shows("question 1")
	x.press("n")
	x.shows("Why skip?")
	x.press("1")
	x.press("\r")
	x.shows("question 2")
	if got := r.get("/healthz"); got != "ok\n" {
		t.Errorf("health: got %q", got)
	}
	all := r.get("/metrics")
	for _, want := range []string{
		`plumb_label_sessions{view="label"} 1`,
		`plumb_label_logins_total 1`,
		`plumb_label_refusals_total{reason="key"} 1`,
		`plumb_label_judgements_total 1`,
		`plumb_label_skips_total 1`,
		`plumb_label_submit_seconds_count 1`,
		`plumb_label_slots{state="done"} 1`,
		`plumb_label_slots{state="leased"} 1`,
		`plumb_label_slots{state="open"} 4`,
		`plumb_label_handshakes 0`,
		`process_resident_memory_bytes`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s among\n%s", want, all)
		}
	}
}

func TestHostKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host")
	first, err := hostKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if first.PublicKey().Type() != gossh.KeyAlgoED25519 {
		t.Errorf("got %s", first.PublicKey().Type())
	}
	second, err := hostKey(path)
	if err != nil || gossh.FingerprintSHA256(second.PublicKey()) != gossh.FingerprintSHA256(first.PublicKey()) {
		t.Errorf("got another key, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want 0600", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("got %v, %v, want the key alone", left, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := hostKey(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that others can read: got %v", err)
	}
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := hostKey(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no key: got %v", err)
	}
	if _, err := hostKey(filepath.Join(path, "below")); err == nil {
		t.Error("a place where no file can be: got no error")
	}
}

func TestConfig_Faults(t *testing.T) {
	c := DefaultConfig()
	if err := c.Validate(); err != nil {
		t.Errorf("by default: %v", err)
	}
	err := (Config{Listen: "nowhere", Metrics: "0.0.0.0:9222"}).Validate()
	if err == nil {
		t.Fatal("got no faults")
	}
	for _, key := range []string{"listen", "host_key", "metrics", "lease", "idle", "recheck", "handshake", "stall", "startups", "per_address", "auth_tries", "sessions", "per_annotator", "input_rate", "per_minute", "log"} {
		if !strings.Contains(err.Error(), key+": ") {
			t.Errorf("no word of %s in %v", key, err)
		}
	}
	c.Metrics, c.Exposed = "0.0.0.0:9222", true
	if err := c.Validate(); err != nil {
		t.Errorf("exposed on purpose: %v", err)
	}
}
