package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/load"
	"plumbline/labeling/store"
)

func newLabelBench(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure how large a crowd this machine serves",
		Example: "  plumb label bench store --json\n  plumb label bench ssh --annotators 500 --think 20s --for 2m --json",
	}
	cmd.AddCommand(newLabelBenchStore(a), newLabelBenchSSH(a))
	return cmd
}

// labelBench is a store of its own, made for the measurement and gone after it.
type labelBench struct {
	field    load.FieldConfig
	postgres string
	keep     string // a directory to leave the store in; empty: a temporary one
}

func (b *labelBench) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&b.field.People, "annotators", b.field.People, "how many")
	f.IntVar(&b.field.Overlap, "overlap", 3, "judgements of each item")
	f.Uint64Var(&b.field.Seed, "seed", 1, "decides texts, answers and times")
	f.StringVar(&b.postgres, "postgres", "", "`URL` of an empty PostgreSQL database, instead of an SQLite file")
	f.StringVar(&b.keep, "dir", "", "`DIR` to make the store in and to leave it there; a temporary one by default")
}

// run makes the store with as many judgements in it as will be wanted, and measures.
func (b *labelBench) run(ctx context.Context, wanted int, measure func(s labeling.Store, place string, f *load.Field) error) (err error) {
	dir := b.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "plumb-label-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	place := b.postgres
	if place == "" {
		place = filepath.Join(dir, "labels.db")
	}
	s, err := store.Create(ctx, place, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	b.field.Project, b.field.Items = "bench", min(99_999, wanted/b.field.Overlap+b.field.People)
	f, err := load.Grow(ctx, s, b.field)
	if err != nil {
		return err
	}
	return measure(s, place, f)
}

func newLabelBenchStore(a *app) *cobra.Command {
	b := &labelBench{field: load.FieldConfig{People: 64}}
	var c load.StoreConfig
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Let annotators without think time judge through a store",
		Long: `Let annotators without think time judge through a store in this process, a claim and a
submission each, and check afterwards that nothing was lost, given twice or stored twice.`,
		Example: "  plumb label bench store --annotators 64 --for 10s --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := b.validate(c.For); err != nil {
				return wrongUse(cmd, err)
			}
			const most = 8000 // judgements a second that the items suffice for
			return b.run(cmd.Context(), int(most*c.For.Seconds()), func(s labeling.Store, _ string, f *load.Field) error {
				r, err := load.Store(cmd.Context(), s, f, c)
				if err != nil {
					return err
				}
				return errors.Join(print(a, []load.StoreReport{r}, printStoreBench), unclean(r.Verdict))
			})
		},
	}
	b.flags(cmd)
	cmd.Flags().DurationVar(&c.For, "for", 10*time.Second, "how long")
	cmd.Flags().IntVar(&c.Resend, "resend", 20, "send every so many-th answer twice; 0: none")
	return cmd
}

func (b *labelBench) validate(d time.Duration) error {
	var errs []error
	rule := func(ok bool, flag string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("--%s: got %v, want %s", flag, got, want))
		}
	}
	rule(b.field.People >= 1 && b.field.People <= 10_000, "annotators", b.field.People, "1 to 10000")
	rule(b.field.Overlap >= 1 && b.field.Overlap <= min(labeling.MaxOverlap, b.field.People), "overlap", b.field.Overlap, fmt.Sprintf("1 to %d, and no more than annotators", labeling.MaxOverlap))
	rule(d > 0, "for", d, "> 0")
	return errors.Join(errs...)
}

// unclean is the error that makes a measurement with faults exit with 1.
func unclean(v load.Verdict) error {
	if v.Clean() {
		return nil
	}
	return fmt.Errorf("label bench: %d lost, %d over-assigned, %d duplicate, %d faults of the audit: %q", v.Lost, v.OverAssigned, v.Duplicate, v.AuditFaults, v.Examples)
}

func newLabelBenchSSH(a *app) *cobra.Command {
	b := &labelBench{field: load.FieldConfig{People: 500}}
	c := load.SSHConfig{Think: 20 * time.Second, For: 2 * time.Minute, Ramp: 20 * time.Second, Disconnects: .02, Doubles: .02, Sleepers: .02}
	cmd := &cobra.Command{
		Use:   "ssh",
		Short: "Let a crowd judge over SSH on this machine",
		Long: `Start a server of this program on loopback and let a crowd come to it over SSH: every
annotator with a key of their own and a terminal of 80x24 or 100x30, who looks, thinks,
chooses and presses Enter, some of whom fall asleep, lose the connection or press twice.
Whatever a screen said was saved is looked up in the store afterwards.`,
		Example: "  plumb label bench ssh --annotators 500 --think 20s --for 2m --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(b.validate(c.For), c.Validate()); err != nil {
				return wrongUse(cmd, err)
			}
			wanted := float64(b.field.People) * (c.For.Seconds()/max(.25, c.Think.Seconds()) + 1)
			return b.run(cmd.Context(), int(1.5*wanted), func(s labeling.Store, place string, f *load.Field) error {
				server, err := startServer(cmd.Context(), place)
				if err != nil {
					return err
				}
				c.Addr, c.PID = server.addr, server.cmd.Process.Pid
				r, err := load.SSH(cmd.Context(), s, f, c)
				if err = errors.Join(err, server.stop()); err != nil {
					return err
				}
				return errors.Join(print(a, []load.SSHReport{r}, printSSHBench), unclean(r.Verdict))
			})
		},
	}
	b.flags(cmd)
	f := cmd.Flags()
	f.DurationVar(&c.Think, "think", c.Think, "mean time from an item to the choice")
	f.BoolVar(&c.Exponential, "exponential", false, "think times of any length, instead of ½ to 1½ of the mean")
	f.DurationVar(&c.For, "for", c.For, "how long, from when everybody sits")
	f.DurationVar(&c.Ramp, "ramp", c.Ramp, "in which everybody comes")
	f.Float64Var(&c.Sleepers, "sleepers", c.Sleepers, "share of the annotators who sit there and do nothing")
	f.Float64Var(&c.Disconnects, "disconnects", c.Disconnects, "share of the items at which the line breaks")
	f.Float64Var(&c.Doubles, "doubles", c.Doubles, "share of the items at which Enter is pressed twice")
	return cmd
}

// serverProcess is plumb label serve as a child.
type serverProcess struct {
	cmd    *exec.Cmd
	addr   string
	stderr bytes.Buffer
	ended  chan error
}

// startServer starts a server on a port that is free, and waits until it listens.
func startServer(ctx context.Context, place string) (*serverProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &serverProcess{addr: l.Addr().String(), ended: make(chan error, 1)}
	if err := l.Close(); err != nil {
		return nil, err
	}
	key, err := os.MkdirTemp("", "plumb-label-bench-key-")
	if err != nil {
		return nil, err
	}
	p.cmd = exec.CommandContext(ctx, self, "label", "serve", place, "--quiet", "--listen", p.addr, "--metrics", "", "--host-key", filepath.Join(key, "host"))
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = 30 * time.Second
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- errors.Join(p.cmd.Wait(), os.RemoveAll(key)) }()
	return p, p.listens(ctx)
}

func (p *serverProcess) listens(ctx context.Context) error {
	for {
		if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.addr); err == nil {
			return c.Close()
		}
		select {
		case err := <-p.ended:
			return fmt.Errorf("label bench: the server ended: %w: %s", err, p.stderr.String())
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stop ends the server gently.
func (p *serverProcess) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if err := <-p.ended; err != nil && p.cmd.ProcessState.ExitCode() != exitInterrupted {
		return fmt.Errorf("label bench: the server: %w: %s", err, p.stderr.String())
	}
	return nil
}

func printStoreBench(w io.Writer, rs []load.StoreReport) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rs {
		fmt.Fprintf(t, "%d annotators without think time, %.0f s, %d processors\n", r.Annotators, r.Seconds, runtime.NumCPU())
		fmt.Fprintf(t, "judgements\t%.0f/s\t%d stored\n", r.SubmitsPerSecond, r.Stored)
		printLatency(t, "claim", r.Claim)
		printLatency(t, "submit", r.Submit)
		fmt.Fprintf(t, "errors\t%d locked, %d others %s\n", r.Locked, r.Errors, r.FirstError)
		printVerdict(t, r.Verdict)
	}
	return t.Flush()
}

func printSSHBench(w io.Writer, rs []load.SSHReport) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rs {
		fmt.Fprintf(t, "%d annotators over SSH, %.0f s think time, %.0f s, %d processors\n", r.Annotators, r.ThinkS, r.Seconds, runtime.NumCPU())
		fmt.Fprintf(t, "judgements\t%.1f/s\t%d stored\n", r.PerSecond, r.Stored)
		printLatency(t, "Enter to next item", r.NextItem)
		printLatency(t, "key to screen", r.KeyShown)
		printLatency(t, "dial to first screen", r.FirstScreen)
		fmt.Fprintf(t, "server\t%.0f MB at most, %.0f MB before anybody came\t%.1f s of processor time\n", r.ServerPeakMB, r.ServerStartMB, r.ServerCPUS)
		fmt.Fprintf(t, "driver\t\t%.1f s of processor time\n", r.DriverCPUS)
		fmt.Fprintf(t, "on the way\t%d asleep, %d lines broken, %d back at the same draft, %d pressed twice\n", r.Sleepers, r.Disconnects, r.SameDraft, r.Doubles)
		fmt.Fprintf(t, "errors\t%d %s\n", r.Errors, r.FirstError)
		printVerdict(t, r.Verdict)
	}
	return t.Flush()
}

func printLatency(t io.Writer, name string, l load.Latency) {
	fmt.Fprintf(t, "%s\tp50 %.1f ms\tp99 %.1f ms\tmost %.1f ms\n", name, l.P50, l.P99, l.Max) //nolint:errcheck // a tabwriter reports at its Flush
}

func printVerdict(t io.Writer, v load.Verdict) {
	fmt.Fprintf(t, "checked\t%d acknowledged: %d lost, %d over-assigned, %d duplicate, %d faults of the audit\n", v.Acknowledged, v.Lost, v.OverAssigned, v.Duplicate, v.AuditFaults) //nolint:errcheck // as above
}
