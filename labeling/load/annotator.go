package load

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// done is what the screen says when an annotator has judged everything.
var done = [][]byte{[]byte("Nothing is left for you"), []byte("没有需要您评判的条目了")}

// gone is what it says beside the next item when an answer came too late to be saved.
var gone = [][]byte{[]byte("it went to somebody else"), []byte("已转给别人")}

// chair is somebody's SSH connection and what they see.
type chair struct {
	client  *ssh.Client
	session *ssh.Session
	keys    io.WriteCloser
	changed chan struct{} // something was written

	mu    sync.Mutex
	term  Terminal
	sight sight
	first time.Time // when something was written first
	ended error     // why nothing is written any more
	bytes int64
}

// sight is what is on the screen.
type sight struct {
	item, first int // of the item shown, and the place of the response that stands first
	shown       bool
	done        bool      // nothing is left
	late        bool      // the answer before it was not saved, and that is said
	at          time.Time // when it came to be seen
}

// doorman dials, and remembers the host key that it was shown first.
type doorman struct {
	addr    string
	timeout time.Duration
	mu      sync.Mutex
	host    ssh.PublicKey
}

func (d *doorman) known(_ string, _ net.Addr, key ssh.PublicKey) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.host == nil {
		d.host = key
	}
	if ssh.FingerprintSHA256(d.host) != ssh.FingerprintSHA256(key) {
		return errors.New("labeling/load: the host key has changed")
	}
	return nil
}

// dial connects, from an address of loopback that few others come from where the server
// is there: a server bounds the connections of one address.
func (d *doorman) dial(ctx context.Context, n int) (net.Conn, error) {
	dialer := net.Dialer{Timeout: d.timeout}
	if host, _, _ := net.SplitHostPort(d.addr); host == "127.0.0.1" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+n/50/250), byte(1+n/50%250))}
	}
	return dialer.DialContext(ctx, "tcp", d.addr)
}

// connect is a session at such a terminal; n tells the person's place.
func (d *doorman) connect(ctx context.Context, p Person, n int, t seat) (*chair, error) {
	nc, err := d.dial(ctx, n)
	if err != nil {
		return nil, err
	}
	config := &ssh.ClientConfig{User: p.Handle, Auth: []ssh.AuthMethod{ssh.PublicKeys(p.Key)}, HostKeyCallback: d.known}
	if err := nc.SetDeadline(time.Now().Add(d.timeout)); err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	conn, channels, requests, err := ssh.NewClientConn(nc, d.addr, config)
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	c := &chair{client: ssh.NewClient(conn, channels, requests), changed: make(chan struct{}, 1)}
	if err := errors.Join(c.sit(t), nc.SetDeadline(time.Time{})); err != nil {
		return nil, errors.Join(err, c.client.Close())
	}
	return c, nil
}

// seat is a terminal: its size, what it calls itself (dumb ones get lines), its language.
type seat struct {
	columns, rows int
	term, lang    string
}

// sit begins the session.
func (c *chair) sit(t seat) (err error) {
	if c.session, err = c.client.NewSession(); err != nil {
		return err
	}
	if c.keys, err = c.session.StdinPipe(); err != nil {
		return err
	}
	out, err := c.session.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.session.RequestPty(t.term, t.rows, t.columns, nil); err != nil {
		return err
	}
	if err := c.session.Setenv("LANG", t.lang); err != nil {
		return err
	}
	if err := c.session.Shell(); err != nil {
		return err
	}
	go c.watch(out)
	return nil
}

// watch looks at the screen until it is gone.
func (c *chair) watch(out io.Reader) {
	b := make([]byte, 16<<10)
	for {
		n, err := out.Read(b)
		c.saw(b[:n], err)
		select {
		case c.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (c *chair) saw(b []byte, err error) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes == 0 {
		c.first = now
	}
	c.bytes += int64(len(b))
	c.ended = err
	c.term.Write(b) //nolint:errcheck // it never fails
	s := sight{at: now}
	s.item, s.first, s.shown = c.term.shown()
	s.done = !s.shown && c.term.has(done)
	s.late = c.term.has(gone)
	if last := c.sight; s.item == last.item && s.shown == last.shown && s.done == last.done {
		s.at = last.at
	}
	c.sight = s
}

// look is what is to be seen now, or why nothing is.
func (c *chair) look() (sight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sight, errors.Join(c.ended, c.term.Fault())
}

// written is how many bytes have arrived.
func (c *chair) written() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// forget is a screen that is empty until something is written on it again.
func (c *chair) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.term.rows, c.term.row, c.sight = nil, 0, sight{}
}

// footer is the end of what is on the screen, where a program says what is wrong.
func (c *chair) footer() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := strings.TrimSpace(c.term.Text())
	return text[max(0, len(text)-160):]
}

var errNothingSeen = errors.New("labeling/load: it was not to be seen in time")

// await waits until something is to be seen.
func (c *chair) await(ctx context.Context, limit time.Duration, what func(sight) bool) (sight, error) {
	t := time.NewTimer(limit)
	defer t.Stop()
	for {
		s, err := c.look()
		if what(s) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		select {
		case <-c.changed:
		case <-t.C:
			return s, errNothingSeen
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

// press types keys.
func (c *chair) press(keys string) error {
	_, err := io.WriteString(c.keys, keys)
	return err
}

// settle waits for the first item, reading with Enter what is shown before it to who is
// new: a welcome.
func (c *chair) settle(ctx context.Context, limit time.Duration, isNew bool) (sight, error) {
	end := time.Now().Add(limit)
	for {
		s, err := c.await(ctx, reading, func(s sight) bool { return s.shown || s.done })
		if !errors.Is(err, errNothingSeen) || time.Now().After(end) {
			return s, err
		}
		if isNew && c.written() > 0 {
			if err := c.press("\r"); err != nil {
				return s, err
			}
		}
	}
}

// reading is how long a welcome is looked at.
const reading = 500 * time.Millisecond

// cut ends the connection as a broken line does.
func (c *chair) cut() { c.client.Close() } //nolint:errcheck // it is over either way

// choices are the keys of the eight steps, by strength from 1, for the first and for the
// second of the responses shown.
var choices = [2]string{"fdsa", "jkl;"}

// keyFor is the key that prefers a response, given which of the two stands first.
func keyFor(better, first, strength int) string {
	side := choices[0]
	if better != first {
		side = choices[1]
	}
	return side[strength-1 : strength]
}
