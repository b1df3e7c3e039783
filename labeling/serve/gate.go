package serve

import (
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charmbracelet/ssh"
)

// gate decides which connections are listened to at all.
type gate struct {
	c Config
	m *metrics

	mu        sync.Mutex
	closed    bool
	strangers int                // connections without a session
	addresses map[string]int     // connections by address
	conns     map[*conn]struct{} // all of them
}

func newGate(c Config, m *metrics) *gate {
	return &gate{c: c, m: m, addresses: map[string]int{}, conns: map[*conn]struct{}{}}
}

// close closes every connection, also those to come.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	all := slices.Collect(maps.Keys(g.conns))
	g.mu.Unlock()
	for _, c := range all {
		c.Close() //nolint:errcheck // it is gone either way
	}
}

// connKey finds the connection in the context that the SSH library hands on.
type connKey struct{}

// admit takes a connection in and guards it, or returns nil: then it is closed at once.
func (g *gate) admit(ctx ssh.Context, nc net.Conn) net.Conn {
	host, _, err := net.SplitHostPort(nc.RemoteAddr().String())
	if err != nil {
		host = nc.RemoteAddr().String()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return nil
	case g.addresses[host] >= g.c.PerAddress:
		g.m.refuse(refusedAddress)
		return nil
	case g.strangers >= g.c.Startups:
		g.m.refuse(refusedStartups)
		if !g.makeRoomLocked(host) {
			return nil
		}
	}
	g.addresses[host]++
	c := &conn{Conn: nc, gate: g, host: host}
	g.conns[c] = struct{}{}
	c.waitLocked()
	ctx.SetValue(connKey{}, c)
	return c
}

// makeRoomLocked closes the oldest stranger of the address that has the most, so that a
// flood shuts out nobody but itself. It is false where the newcomer's own has as many.
func (g *gate) makeRoomLocked(newcomer string) bool {
	oldest, strangers := map[string]*conn{}, map[string]int{}
	for c := range g.conns {
		if !c.stranger {
			continue
		}
		strangers[c.host]++
		if o := oldest[c.host]; o == nil || c.since.Before(o.since) {
			oldest[c.host] = c
		}
	}
	most := newcomer
	for host, n := range strangers {
		if n > strangers[most] {
			most = host
		}
	}
	if most == newcomer {
		return false
	}
	c := oldest[most]
	c.leaveLocked()
	if err := c.Conn.Close(); err != nil {
		g.c.Log.Debug("making room", "address", c.host, "error", err) // it is closed
	}
	return true
}

// conn is a connection that has so long to begin a session: from its start, and from the
// end of its last one.
type conn struct {
	net.Conn
	gate     *gate
	host     string
	sessions int       // guarded by gate.mu
	stranger bool      // guarded by gate.mu
	since    time.Time // when it became one; guarded by gate.mu
	closed   bool      // guarded by gate.mu
	channels atomic.Int32
}

// SetDeadline does nothing: the library sets one with every read and write.
func (c *conn) SetDeadline(time.Time) error { return nil }

// begin and end a session.
func (c *conn) begin() {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	c.sessions++
	c.settleLocked()
	c.deadline(time.Time{})
}

func (c *conn) end() {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	if c.sessions--; c.sessions == 0 && !c.closed {
		c.waitLocked()
	}
}

// Close closes the connection and makes room for another.
func (c *conn) Close() error {
	c.gate.mu.Lock()
	c.leaveLocked()
	c.gate.mu.Unlock()
	return c.Conn.Close()
}

// leaveLocked makes room for another, once.
func (c *conn) leaveLocked() {
	if c.closed {
		return
	}
	c.closed = true
	delete(c.gate.conns, c)
	c.settleLocked()
	if c.gate.addresses[c.host]--; c.gate.addresses[c.host] == 0 {
		delete(c.gate.addresses, c.host)
	}
}

func (c *conn) waitLocked() {
	c.stranger, c.since = true, time.Now()
	c.gate.strangers++
	c.gate.m.handshakes.Set(float64(c.gate.strangers))
	c.deadline(time.Now().Add(c.gate.c.Handshake))
}

func (c *conn) settleLocked() {
	if c.stranger {
		c.stranger = false
		c.gate.strangers--
		c.gate.m.handshakes.Set(float64(c.gate.strangers))
	}
}

func (c *conn) deadline(t time.Time) {
	if err := c.Conn.SetDeadline(t); err != nil {
		c.gate.c.Log.Debug("deadline", "address", c.host, "error", err) // it is closed
	}
}
