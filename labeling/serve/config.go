package serve

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"plumbline/labeling/tui"
)

// Config is how a server listens and what it bounds.
type Config struct {
	Listen  string // host:port for annotators
	HostKey string // file of the host key; made where there is none
	Metrics string // host:port for /metrics and /healthz, on loopback; empty: none
	Exposed bool   // Metrics may be on another address than loopback
	Project string // empty: the only one

	Lease time.Duration // how long an item waits for somebody whose connection broke
	Idle  time.Duration // without a key until a session ends and its item is given back
	Grace time.Duration // for sessions to settle when the server ends
	// Recheck is how often it is asked whether an annotator may still be there.
	Recheck time.Duration

	Handshake    time.Duration // from connecting to a session
	Startups     int           // connections without a session at once; beyond, the oldest of the address with the most is closed, or the newest where it comes from there
	PerAddress   int           // connections of one address at once
	AuthTries    int           // keys that one connection may offer
	Sessions     int           // at once
	PerAnnotator int           // at once; the oldest beyond is closed. One of them labels.

	Stall     time.Duration // a terminal that takes nothing for so long is gone
	InputRate int           // bytes a second that are read of one terminal
	PerMinute int           // submissions of one annotator; who is faster waits

	Log *slog.Logger
}

// DefaultConfig is a server for a thousand annotators.
func DefaultConfig() Config {
	return Config{
		Listen: ":2222", HostKey: "plumb_host_ed25519", Metrics: "127.0.0.1:9222",
		Lease: tui.DefaultLease, Idle: 30 * time.Minute, Grace: 10 * time.Second, Recheck: 30 * time.Second,
		Handshake: 15 * time.Second, Startups: 200, PerAddress: 100, AuthTries: 6, Sessions: 1000, PerAnnotator: 2,
		Stall: time.Minute, InputRate: 1 << 20, PerMinute: 120,
		Log: slog.New(slog.DiscardHandler),
	}
}

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	address := func(key, a string) (host string) {
		host, port, err := net.SplitHostPort(a)
		rule(err == nil && port != "", key, fmt.Sprintf("%q", a), "HOST:PORT")
		return host
	}
	between := func(key string, got, low, high time.Duration) {
		rule(got >= low && got <= high, key, got, fmt.Sprintf("%v to %v", low, high))
	}
	count := func(key string, got, most int) {
		rule(got >= 1 && got <= most, key, got, fmt.Sprintf("1 to %d", most))
	}
	address("listen", c.Listen)
	rule(c.HostKey != "", "host_key", "nothing", "a file")
	if c.Metrics != "" {
		host := address("metrics", c.Metrics)
		rule(c.Exposed || isLoopback(host), "metrics", fmt.Sprintf("%q", c.Metrics), "an address on loopback: the figures are for this host alone")
	}
	between("lease", c.Lease, time.Second, 24*time.Hour)
	between("idle", c.Idle, time.Millisecond, 24*time.Hour)
	between("recheck", c.Recheck, time.Millisecond, time.Hour)
	between("grace", c.Grace, 0, 10*time.Minute)
	between("handshake", c.Handshake, time.Millisecond, 10*time.Minute)
	between("stall", c.Stall, time.Millisecond, time.Hour)
	count("startups", c.Startups, 1e5)
	count("per_address", c.PerAddress, 1e5)
	count("auth_tries", c.AuthTries, 100)
	count("sessions", c.Sessions, 1e5)
	count("per_annotator", c.PerAnnotator, 100)
	rule(c.InputRate >= 1024, "input_rate", c.InputRate, "at least 1024")
	count("per_minute", c.PerMinute, 1e6)
	rule(c.Log != nil, "log", nil, "a logger")
	return errors.Join(errs...)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
