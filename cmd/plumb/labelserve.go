package main

import (
	"io"
	"log/slog"
	"runtime/debug"

	"github.com/spf13/cobra"

	"plumbline/labeling/serve"
	"plumbline/labeling/store"
)

func newLabelServe(a *app) *cobra.Command {
	c := serve.DefaultConfig()
	cmd := &cobra.Command{
		Use:   "serve DB",
		Short: "Let a crowd judge over SSH",
		Long: `Let a crowd judge over SSH. Only those get in whose key plumb label enrol knows, under
the handle that it is enrolled for; managers and adjudicators see screens of their own
(ssh -t HOST manage | adjudicate | label). Nobody gets a shell.

SIGTERM and Ctrl-C end it gently: drafts are kept, and whoever comes back to a server on
the same store goes on where they were. Figures (/metrics) and health (/healthz) are
told on a loopback address.`,
		Example: "  plumb label serve labels.db --listen :2222 --host-key /var/lib/plumb/host_ed25519",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Log = logger(a)
			if err := c.Validate(); err != nil {
				return wrongUse(cmd, err)
			}
			debug.SetGCPercent(50) // hundreds of sessions make garbage slowly: memory is dearer here than time
			return withStore(cmd.Context(), args[0], func(s *store.Store) error { return serve.Run(cmd.Context(), s, c) })
		},
	}
	projectFlag(cmd, &c.Project)
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", c.Listen, "`HOST:PORT` for annotators")
	f.StringVar(&c.HostKey, "host-key", c.HostKey, "`FILE` of the server's key; made where there is none")
	f.StringVar(&c.Metrics, "metrics", c.Metrics, "`HOST:PORT` for /metrics and /healthz; empty: none")
	f.BoolVar(&c.Exposed, "expose-metrics", false, "let --metrics be on another address than loopback")
	f.DurationVar(&c.Lease, "lease", c.Lease, "how long an item waits for somebody whose connection broke")
	f.DurationVar(&c.Idle, "idle", c.Idle, "without a key until a session ends")
	f.DurationVar(&c.Grace, "grace", c.Grace, "for sessions to settle when the server ends")
	f.DurationVar(&c.Recheck, "recheck", c.Recheck, "how often it is asked whether an annotator may still be there")
	f.DurationVar(&c.Handshake, "handshake", c.Handshake, "from connecting to a session")
	f.IntVar(&c.Startups, "startups", c.Startups, "connections without a session at once")
	f.IntVar(&c.PerAddress, "per-address", c.PerAddress, "connections of one address at once")
	f.IntVar(&c.AuthTries, "auth-tries", c.AuthTries, "keys that one connection may offer")
	f.IntVar(&c.Sessions, "sessions", c.Sessions, "sessions at once")
	f.IntVar(&c.PerAnnotator, "per-annotator", c.PerAnnotator, "sessions of one annotator at once")
	f.DurationVar(&c.Stall, "stall", c.Stall, "until a terminal that takes nothing is gone")
	f.IntVar(&c.InputRate, "input-rate", c.InputRate, "bytes a second that are read of one terminal")
	f.IntVar(&c.PerMinute, "per-minute", c.PerMinute, "submissions of one annotator; who is faster waits")
	return cmd
}

// logger writes what happens for operators: lines on standard error, JSON with --json.
func logger(a *app) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if a.quiet {
		o.Level = slog.LevelError
	}
	return slog.New(logHandler(a.Err, a.json, o))
}

func logHandler(w io.Writer, programs bool, o *slog.HandlerOptions) slog.Handler {
	if programs {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}
