package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"plumbline/labeling"
)

// SSHConfig is a crowd at the far end of connections.
type SSHConfig struct {
	Addr        string        // of the server
	PID         int           // of the server's process, for its memory and processor time; 0: not measured
	Think       time.Duration // mean, from seeing an item to choosing
	Exponential bool          // think times of any length, instead of ½ to 1½ of the mean
	For         time.Duration // from when everybody sits; 0: until nothing is left
	Ramp        time.Duration // in which everybody comes

	Sleepers    float64 // share of the people who sit before their first item and never answer
	Disconnects float64 // share of the items at which the line breaks between choosing and Enter
	Doubles     float64 // share of the items at which Enter is pressed twice at once
}

// Validate reports every fault.
func (c SSHConfig) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(c.Think >= 0 && c.Think <= time.Hour, "think", c.Think, "0 to 1h")
	rule(c.For >= 0, "for", c.For, "≥ 0")
	rule(c.Ramp >= 0, "ramp", c.Ramp, "≥ 0")
	rule(c.Sleepers >= 0 && c.Sleepers < 1, "sleepers", c.Sleepers, "in [0, 1)")
	rule(c.Disconnects >= 0 && c.Disconnects <= 1, "disconnects", c.Disconnects, "in [0, 1]")
	rule(c.Doubles >= 0 && c.Doubles <= 1, "doubles", c.Doubles, "in [0, 1]")
	return errors.Join(errs...)
}

// SSHReport is how a server did.
type SSHReport struct {
	Annotators  int     `json:"annotators"`
	ThinkS      float64 `json:"think_s"`
	Seconds     float64 `json:"seconds"`      // from when everybody sat
	ConnectS    float64 `json:"connect_s"`    // until everybody sat
	FirstScreen Latency `json:"first_screen"` // from dialling
	KeyShown    Latency `json:"key_shown"`    // from a choice to the answer on the screen
	NextItem    Latency `json:"next_item"`    // from Enter to the next item
	PerSecond   float64 `json:"judgements_per_s"`
	BytesPerKey float64 `json:"bytes_per_key"` // that the server wrote, per key pressed

	Sleepers      int     `json:"sleepers"`
	Disconnects   int     `json:"disconnects"`   // connections cut before Enter
	SameDraft     int     `json:"same_draft"`    // of those: came back to the item, and what was chosen needed only Enter
	Doubles       int     `json:"doubles"`       // Enter pressed twice at once
	RefusedDials  int     `json:"refused_dials"` // connections that did not come about at the first try
	Errors        int     `json:"errors"`        // of people who gave up
	FirstError    string  `json:"first_error,omitempty"`
	ServerPeakMB  float64 `json:"server_peak_mb"`
	ServerCPUS    float64 `json:"server_cpu_s"` // from when everybody sat
	DriverCPUS    float64 `json:"driver_cpu_s"`
	ServerStartMB float64 `json:"server_start_mb"` // before anybody came
	Verdict
}

// SSH lets the people of a field judge over SSH, and checks afterwards, in the store,
// every judgement that a screen said was saved, by going on to the next item.
func SSH(ctx context.Context, s labeling.Store, f *Field, c SSHConfig) (SSHReport, error) {
	if err := c.Validate(); err != nil {
		return SSHReport{}, fmt.Errorf("labeling/load: ssh: %w", err)
	}
	d := newSSHDriver(f, c)
	r := SSHReport{Annotators: len(f.People), ThinkS: c.Think.Seconds(), ServerStartMB: peakMB(c.PID)}
	working, stop := context.WithCancel(ctx)
	defer stop()
	begun := time.Now()
	d.begin(working)
	d.coming.Wait()
	sat := time.Now()
	r.ConnectS = sat.Sub(begun).Seconds()
	server, driver := cpuOf(c.PID), cpu()
	close(d.sat)
	if c.For > 0 {
		pause(ctx, c.For)
		r.measure(c.PID, server, driver, sat)
		stop()
	}
	d.people.Wait()
	if c.For == 0 {
		r.measure(c.PID, server, driver, sat)
	}
	d.fill(&r)
	if err := ctx.Err(); err != nil {
		return r, err
	}
	var err error
	r.Verdict, err = Check(ctx, s, f.Project.Name, d.saved.all)
	return r, err
}

func (r *SSHReport) measure(pid int, server, driver time.Duration, since time.Time) {
	r.Seconds = time.Since(since).Seconds()
	r.ServerCPUS, r.DriverCPUS = (cpuOf(pid) - server).Seconds(), (cpu() - driver).Seconds()
	r.ServerPeakMB = peakMB(pid)
}

// patience is how long somebody waits for the server before giving up.
const patience = 30 * time.Second

// A hand is slower than what the screen takes for a paste or a stuck key: from seeing an
// item to choosing, and from choosing to Enter.
const (
	glance = 200 * time.Millisecond
	hand   = 120 * time.Millisecond
)

type sshDriver struct {
	field  *Field
	c      SSHConfig
	door   doorman
	coming sync.WaitGroup // until everybody sits, or has given up
	sat    chan struct{}  // closed to let them begin
	people sync.WaitGroup // until everybody has gone

	first, key, next                                    times
	saved                                               ledger
	sleepers, cuts, same, doubles, errors, keys, output atomic.Int64
	refused                                             atomic.Int64
	problem                                             atomic.Pointer[error]
}

func newSSHDriver(f *Field, c SSHConfig) *sshDriver {
	return &sshDriver{field: f, c: c, door: doorman{addr: c.Addr, timeout: patience}, sat: make(chan struct{})}
}

// begin lets everybody come; they judge once sat is closed.
func (d *sshDriver) begin(ctx context.Context) {
	d.coming.Add(len(d.field.People))
	for i, p := range d.field.People {
		d.people.Go(func() { d.person(ctx, i, p) })
	}
}

func (d *sshDriver) fill(r *SSHReport) {
	r.FirstScreen, r.KeyShown, r.NextItem = d.first.latency(), d.key.latency(), d.next.latency()
	r.PerSecond = float64(len(d.saved.all)) / r.Seconds
	r.BytesPerKey = float64(d.output.Load()) / float64(max(1, d.keys.Load()))
	r.Sleepers, r.Disconnects, r.SameDraft, r.Doubles = int(d.sleepers.Load()), int(d.cuts.Load()), int(d.same.Load()), int(d.doubles.Load())
	r.RefusedDials, r.Errors = int(d.refused.Load()), int(d.errors.Load())
	if p := d.problem.Load(); p != nil {
		r.FirstError = (*p).Error()
	}
}

// sitter is one person at work.
type sitter struct {
	*sshDriver
	n     int
	who   Person
	rand  *rand.Rand
	chair *chair
	isNew bool // has saved nothing yet, and so is welcomed; what they find may be chosen already
}

// person comes, judges until the time is up, and goes.
func (d *sshDriver) person(ctx context.Context, n int, p Person) {
	s := &sitter{sshDriver: d, n: n, who: p, rand: d.field.random("person "+p.Handle, n), isNew: true}
	pause(ctx, time.Duration(float64(d.c.Ramp)*float64(n)/float64(len(d.field.People))))
	seen, err := s.come(ctx)
	d.coming.Done()
	if err == nil {
		<-d.sat
		if s.rand.Float64() < d.c.Sleepers {
			d.sleepers.Add(1)
			<-ctx.Done()
		} else {
			pause(ctx, time.Duration(s.rand.Float64()*float64(d.c.Think))) // nobody begins with anybody else
			err = s.judgeAll(ctx, seen)
		}
	}
	if s.chair != nil {
		s.part()
	}
	if err != nil && ctx.Err() == nil {
		d.errors.Add(1)
		err = fmt.Errorf("%s: %w", p.Handle, err)
		d.problem.CompareAndSwap(nil, &err)
	}
}

// come connects and waits for the first item. A server that is full is tried again.
func (s *sitter) come(ctx context.Context) (seen sight, err error) {
	at := seat{80, 24, "xterm-256color", "en_US.UTF-8"}
	if s.n%2 == 1 {
		at.columns, at.rows = 100, 30
	}
	begun := time.Now()
	for try := 1; ; try++ {
		if s.chair, err = s.door.connect(ctx, s.who, s.n, at); err == nil {
			break
		}
		if s.refused.Add(1); try == 10 || ctx.Err() != nil {
			return seen, err
		}
		pause(ctx, time.Duration(try)*100*time.Millisecond)
	}
	if seen, err = s.chair.settle(ctx, patience, s.isNew); err == nil {
		s.sshDriver.first.add(s.chair.first.Sub(begun))
	}
	return seen, err
}

// part cuts the connection.
func (s *sitter) part() {
	s.chair.cut()
	s.chair.mu.Lock()
	s.output.Add(s.chair.bytes)
	s.chair.mu.Unlock()
}

func (s *sitter) judgeAll(ctx context.Context, seen sight) (err error) {
	for !seen.done {
		if !pause(ctx, s.think()) {
			return nil // the time is up
		}
		if seen, err = s.judge(ctx, seen); err != nil {
			return err
		}
	}
	return nil
}

// think is never so short that the screen takes it for a stuck key.
func (s *sitter) think() time.Duration {
	share := .5 + s.rand.Float64()
	if s.c.Exponential {
		share = s.rand.ExpFloat64()
	}
	return max(glance, time.Duration(share*float64(s.c.Think)))
}

// judge answers the item on the screen and waits for the next one.
func (s *sitter) judge(ctx context.Context, seen sight) (sight, error) {
	better, strength := s.field.verdict(s.who.Handle, seen.item)
	if err := s.choose(ctx, keyFor(better, seen.first, strength)); err != nil {
		return seen, err
	}
	pause(ctx, hand)
	if s.rand.Float64() < s.c.Disconnects {
		again, err := s.comeBack(ctx, seen)
		if err != nil || again.item != seen.item {
			return again, err
		}
		pause(ctx, glance)
	}
	enter := "\r"
	if s.rand.Float64() < s.c.Doubles {
		enter = "\r\r"
		s.doubles.Add(1)
	}
	pressed := time.Now()
	if err := s.chair.press(enter); err != nil {
		return seen, err
	}
	s.keys.Add(1)
	next, err := s.chair.await(ctx, patience, func(n sight) bool { return n.shown && n.item != seen.item || n.done })
	if err != nil {
		return next, fmt.Errorf("after Enter on %s: %w; the screen ends in %q", promptMark(seen.item), err, s.chair.footer())
	}
	s.next.add(next.at.Sub(pressed))
	s.isNew = false
	if next.late { // they were told that it is not saved
		return next, nil
	}
	s.saved.add(Saved{Handle: s.who.Handle, Item: promptMark(seen.item), Better: better, Strength: strength})
	return next, nil
}

// choose presses a choice and waits for the screen to answer. It does not answer to what
// it shows already, which only who has just come may find.
func (s *sitter) choose(ctx context.Context, key string) error {
	before := s.chair.written()
	pressed := time.Now()
	if err := s.chair.press(key); err != nil {
		return err
	}
	s.keys.Add(1)
	limit := patience
	if s.isNew {
		limit = reading
	}
	_, err := s.chair.await(ctx, limit, func(sight) bool { return s.chair.written() > before })
	switch {
	case err == nil:
		s.key.add(time.Since(pressed))
	case !s.isNew || !errors.Is(err, errNothingSeen):
		return fmt.Errorf("after a choice: %w", err)
	}
	return nil
}

// comeBack cuts the line and connects anew.
func (s *sitter) comeBack(ctx context.Context, seen sight) (sight, error) {
	s.part()
	again, err := s.come(ctx)
	if ctx.Err() != nil {
		return again, ctx.Err() // nobody knows how it would have ended
	}
	s.cuts.Add(1)
	if err != nil {
		return again, err
	}
	if again.item == seen.item && again.shown {
		s.same.Add(1)
	}
	return again, nil
}

// pause is time that passes; false where ctx ended it.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
