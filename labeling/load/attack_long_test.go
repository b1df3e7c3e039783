//go:build long

package load

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"plumbline/labeling"
)

// attacker comes from an address that the people judging do not share.
type attacker struct {
	addr string
	from net.IP
	evil Person // enrolled, so that the worst from within is tried too
	good Person // whose handle is known, but not the key
}

func (a attacker) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: a.from}}
	return d.DialContext(ctx, "tcp", a.addr)
}

// login tries a handle with a key.
func (a attacker) login(ctx context.Context, user string, keys ...ssh.Signer) (*ssh.Client, error) {
	nc, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return nil, err
	}
	conn, chans, reqs, err := ssh.NewClientConn(nc, a.addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // it is we who attack
	})
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	c := ssh.NewClient(conn, chans, reqs)
	context.AfterFunc(ctx, func() { c.Close() }) //nolint:errcheck // it may be closed already
	return c, nil
}

func aKey() ssh.Signer {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		panic(err)
	}
	return s
}

// An attack returns an error where the server let it through.
type attack func(ctx context.Context, a attacker) error

// Attacks from outside come each from an address of its own, which together may have more
// connections without a session than the server has room for; those from within from one.
var (
	outside = map[string]attack{
		"wrong keys":              wrongKeys,
		"other methods":           otherMethods,
		"a thousand handshakes":   thousandHandshakes,
		"stalled handshakes":      stalledHandshakes,
		"garbage for a handshake": garbage,
	}
	inside = map[string]attack{
		"ten megabytes pasted":  pasted,
		"huge windows":          hugeWindows,
		"thousands of channels": manyChannels,
		"floods of variables":   manyVariables,
		"shells and tunnels":    shellsAndTunnels,
	}
)

// wrongKeys: a handle that is known with a key that is not, a key that is known with the
// handle of somebody else, and neither.
func wrongKeys(ctx context.Context, a attacker) error {
	for user, key := range map[string]ssh.Signer{a.good.Handle: aKey(), "manager": a.evil.Key, "root": aKey(), strings.Repeat("x", 100_000): aKey()} {
		if c, err := a.login(ctx, user, key); err == nil {
			c.Close() //nolint:errcheck // it should not be open
			return fmt.Errorf("%.20s was let in", user)
		}
	}
	return nil
}

// otherMethods: no key at all, passwords, and as many keys as there are.
func otherMethods(ctx context.Context, a attacker) error {
	for _, auth := range [][]ssh.AuthMethod{nil, {ssh.Password("")}, {ssh.KeyboardInteractive(func(_, _ string, q []string, _ []bool) ([]string, error) { return make([]string, len(q)), nil })}} {
		nc, err := a.dial(ctx)
		if err != nil {
			continue // refused
		}
		conn, _, _, err := ssh.NewClientConn(nc, a.addr, &ssh.ClientConfig{User: a.good.Handle, Auth: auth, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second}) //nolint:gosec // it is we who attack
		if err == nil {
			conn.Close() //nolint:errcheck // it should not be open
			return errors.New("was let in without a key")
		}
		nc.Close() //nolint:errcheck // it is over
	}
	keys := make([]ssh.Signer, 30)
	for i := range keys {
		keys[i] = aKey()
	}
	if _, err := a.login(ctx, a.evil.Handle, append(keys, a.evil.Key)...); err == nil {
		return errors.New("thirty wrong keys were heard before the right one")
	}
	return nil
}

func thousandHandshakes(ctx context.Context, a attacker) error {
	var all sync.WaitGroup
	var in atomic.Int64
	key := aKey()
	for range 1000 {
		all.Go(func() {
			if c, err := a.login(ctx, a.good.Handle, key); err == nil {
				in.Add(1)
				c.Close() //nolint:errcheck // it should not be open
			}
		})
	}
	all.Wait()
	if n := in.Load(); n > 0 {
		return fmt.Errorf("%d of 1000 were let in", n)
	}
	return nil
}

// stalledHandshakes opens connections that say nothing, half a version, or the version
// and no more, and waits for the server to close each.
func stalledHandshakes(ctx context.Context, a attacker) error {
	var all sync.WaitGroup
	var open atomic.Int64
	for i := range 300 {
		all.Go(func() {
			c, err := a.dial(ctx)
			if err != nil {
				return
			}
			defer c.Close()                                                      //nolint:errcheck // it is over
			io.WriteString(c, []string{"", "SSH-2.0-slo", "SSH-2.0-x\r\n"}[i%3]) //nolint:errcheck // it may be closed
			c.SetReadDeadline(time.Now().Add(30 * time.Second))                  //nolint:errcheck // as above
			if _, err := io.Copy(io.Discard, c); errors.As(err, new(interface{ Timeout() bool })) && strings.Contains(err.Error(), "timeout") {
				open.Add(1)
			}
		})
	}
	all.Wait()
	if n := open.Load(); n > 0 {
		return fmt.Errorf("%d of 300 are still open", n)
	}
	return nil
}

func garbage(ctx context.Context, a attacker) error {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 50 {
		c, err := a.dial(ctx)
		if err != nil {
			continue // refused
		}
		b := make([]byte, 1+r.IntN(100_000))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if i%2 == 0 {
			b = append([]byte("SSH-2.0-garbage\r\n"), b...)
		}
		c.Write(b)                                          //nolint:errcheck // the server may close at the first of it
		c.SetReadDeadline(time.Now().Add(30 * time.Second)) //nolint:errcheck // as above
		_, err = io.Copy(io.Discard, c)
		c.Close() //nolint:errcheck // it is over
		if err != nil && strings.Contains(err.Error(), "timeout") {
			return errors.New("a connection that sent garbage is still open")
		}
	}
	return nil
}

// refused tells whether the server had no room, or enough: both are as they should be.
func refused(err error) bool { return err != nil }

// within is a session of somebody who is enrolled.
func (a attacker) within(ctx context.Context, do func(c *ssh.Client, s *ssh.Session, in io.WriteCloser, ended func() error) error) error {
	c, err := a.login(ctx, a.evil.Handle, a.evil.Key)
	if refused(err) {
		return nil
	}
	s, err := c.NewSession()
	if refused(err) {
		c.Close() //nolint:errcheck // it is closed
		return nil
	}
	in, err := s.StdinPipe()
	if err != nil {
		return err
	}
	screen := &Terminal{}
	s.Stdout = screen
	ended := sync.OnceValue(s.Wait) // a second Wait would wait for ever
	err = do(c, s, in, ended)
	c.Close() //nolint:errcheck // it may be closed
	ended()   //nolint:errcheck // the screen is written to until then
	return errors.Join(err, screen.Fault())
}

// pasted is 10 MB into the screen: words that are keys, and lines that end in Enter.
func pasted(ctx context.Context, a attacker) error {
	return a.within(ctx, func(_ *ssh.Client, s *ssh.Session, in io.WriteCloser, ended func() error) error {
		if refused(s.RequestPty("xterm", 24, 80, nil)) || refused(s.Shell()) {
			return nil
		}
		time.Sleep(300 * time.Millisecond)
		for _, text := range []string{"sad jazz\r", "\x1b[200~sad jazz\r", "\x1b[", "\xff\x00\x1b]52;c;aGk=\x07"} {
			if _, err := io.WriteString(in, strings.Repeat(text, 2_500_000/len(text))); refused(err) {
				return nil
			}
		}
		in.Close() //nolint:errcheck // it may be closed
		ended()    //nolint:errcheck // however it ends
		return nil
	})
}

func hugeWindows(ctx context.Context, a attacker) error {
	return a.within(ctx, func(_ *ssh.Client, s *ssh.Session, _ io.WriteCloser, _ func() error) error {
		if refused(s.RequestPty("xterm", 1<<31-1, 1<<31-1, nil)) || refused(s.Shell()) {
			return nil
		}
		for i := range 5000 {
			n := []uint32{1<<32 - 1, 1 << 31, 0, 1, 80}[i%5]
			if err := s.WindowChange(int(n), int(n)); refused(err) {
				return nil
			}
		}
		return nil
	})
}

func manyChannels(ctx context.Context, a attacker) error {
	c, err := a.login(ctx, a.evil.Handle, a.evil.Key)
	if refused(err) {
		return nil
	}
	defer c.Close() //nolint:errcheck // it is over
	open := 0
	for range 3000 {
		ch, reqs, err := c.OpenChannel("session", nil)
		if err == nil {
			open++
			go ssh.DiscardRequests(reqs)
			defer ch.Close() //nolint:errcheck // it is over
		}
	}
	if open > 10 {
		return fmt.Errorf("%d channels at once", open)
	}
	return nil
}

func manyVariables(ctx context.Context, a attacker) error {
	return a.within(ctx, func(_ *ssh.Client, s *ssh.Session, _ io.WriteCloser, _ func() error) error {
		taken := 0
		for i := range 300 {
			name := fmt.Sprint("LANG_", i)
			if i%2 == 0 {
				name = "LANG"
			}
			if s.Setenv(name, strings.Repeat("x", 20_000)) == nil {
				taken++
			}
		}
		if taken > 0 {
			return fmt.Errorf("%d variables of 20 kB were taken", taken)
		}
		return nil
	})
}

func shellsAndTunnels(ctx context.Context, a attacker) error {
	return a.within(ctx, func(c *ssh.Client, s *ssh.Session, _ io.WriteCloser, _ func() error) error {
		if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
			return errors.Join(errors.New("the server listens for somebody"), l.Close())
		}
		if nc, err := c.Dial("tcp", a.addr); err == nil {
			return errors.Join(errors.New("the server dials for somebody"), nc.Close())
		}
		if s.RequestSubsystem("sftp") == nil {
			return errors.New("there is a file transfer")
		}
		for _, kind := range []string{"auth-agent-req@openssh.com", "x11-req", "signal", "break"} {
			if ok, err := s.SendRequest(kind, true, nil); ok && err == nil {
				return fmt.Errorf("%s was granted", kind)
			}
		}
		other, err := c.NewSession()
		if refused(err) {
			return nil
		}
		if out, err := other.CombinedOutput("sh -c 'echo $((6*7))'"); err == nil || strings.Contains(string(out), "42") {
			return fmt.Errorf("a command was run: %q", out)
		}
		return nil
	})
}

// siege tries everything again and again until ctx is done, and counts.
func siege(ctx context.Context, t *testing.T, s labeling.Store, addr string, known Person) (wait func()) {
	t.Helper()
	var all sync.WaitGroup
	tried := map[string]*atomic.Int64{}
	begin := func(name string, try attack, from net.IP) {
		evil, err := enrol(ctx, s, "evil: "+name, 1) // one each, because of one annotator's sessions the newest win
		if err != nil {
			t.Fatal(err)
		}
		n := new(atomic.Int64)
		tried[name] = n
		all.Go(func() {
			for ctx.Err() == nil {
				if err := try(ctx, attacker{addr, from, evil, known}); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				n.Add(1)
			}
		})
	}
	for name, try := range outside {
		begin(name, try, net.IPv4(127, 9, 9, byte(10+len(tried))))
	}
	for name, try := range inside {
		begin(name, try, net.IPv4(127, 9, 9, 8))
	}
	return func() {
		all.Wait()
		for name, n := range tried {
			t.Logf("%s: %d times", name, n.Load())
		}
	}
}

// Twenty people judge while everything else is tried on the server: nothing gets through,
// no memory is taken for it, nobody is cut off or loses anything, and whoever reconnects
// gets in.
func TestAttacks(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes all processors for some seconds")
	}
	path, s, f := plot(t, FieldConfig{Items: 1500, Overlap: 2, People: 20, Seed: 1})
	if _, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "manager", Role: labeling.RoleManager}); err != nil {
		t.Fatal(err)
	}
	cmd, addr := server(t, path)
	c := SSHConfig{Addr: addr, PID: cmd.Process.Pid, Think: 300 * time.Millisecond, For: time.Second, Disconnects: .05}
	quiet, err := SSH(t.Context(), s, f, c)
	if err != nil || quiet.Errors > 0 {
		t.Fatalf("undisturbed: got %+v, %v", quiet, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	wait := siege(ctx, t, s, addr, f.People[0])
	c.For = attackFor
	r, err := SSH(t.Context(), s, f, c)
	stop()
	wait()
	if err != nil || r.Errors > 0 || !r.Clean() || r.SameDraft != r.Disconnects || r.Acknowledged == 0 {
		t.Errorf("under attack: got %+v, %v, want nobody disturbed", r, err)
	}
	if r.ServerPeakMB > 400 {
		t.Errorf("the server took %.0f MB", r.ServerPeakMB)
	}
	nothingBy(t, s, "evil: ")
	t.Logf("Enter to next item, p50 and p99: %.1f and %.1f ms undisturbed, %.1f and %.1f ms under attack: %.1f times; %.0f MB at most",
		quiet.NextItem.P50, quiet.NextItem.P99, r.NextItem.P50, r.NextItem.P99, r.NextItem.P99/quiet.NextItem.P99, r.ServerPeakMB)
	kill(t, cmd)
}

// nothingBy checks that nobody whose handle begins so has judged anything.
func nothingBy(t *testing.T, s labeling.Store, prefix string) {
	t.Helper()
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range j.Judgements {
			if strings.HasPrefix(g.Annotator, prefix) {
				t.Errorf("%s: got a judgement by %s: %+v", j.Item.Ref, g.Annotator, g.Answer)
			}
		}
	}
}
