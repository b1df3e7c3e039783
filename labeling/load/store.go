package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"plumbline/labeling"
)

// StoreConfig is how hard a store is driven.
type StoreConfig struct {
	For    time.Duration // how long; 0: until nothing is left
	Resend int           // every so many-th submission is sent twice; 0: none
}

// StoreReport is what a store could do.
type StoreReport struct {
	Annotators       int     `json:"annotators"`
	Seconds          float64 `json:"seconds"`
	SubmitsPerSecond float64 `json:"submits_per_s"` // with a claim before each
	Claim            Latency `json:"claim"`
	Submit           Latency `json:"submit"`
	Locked           int     `json:"locked"` // errors that say so
	Errors           int     `json:"errors"` // others
	FirstError       string  `json:"first_error,omitempty"`
	CPUSeconds       float64 `json:"cpu_s"` // of this process, driver included
	Verdict
}

// Store lets the people of a field judge as fast as the store answers, each in turn
// claiming and submitting, and checks what came of it.
func Store(ctx context.Context, s labeling.Store, f *Field, c StoreConfig) (StoreReport, error) {
	d := &storeDriver{store: s, field: f, c: c}
	before := cpu()
	begun := time.Now()
	working := ctx
	if c.For > 0 {
		var cancel context.CancelFunc
		working, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	var all sync.WaitGroup
	for _, p := range f.People {
		all.Go(func() { d.work(ctx, working, p) })
	}
	all.Wait()
	took := time.Since(begun).Seconds()
	r := StoreReport{
		Annotators: len(f.People), Seconds: took, SubmitsPerSecond: float64(len(d.saved.all)) / took,
		Claim: d.claims.latency(), Submit: d.submits.latency(),
		Locked: int(d.locked.Load()), Errors: int(d.errors.Load()), CPUSeconds: (cpu() - before).Seconds(),
	}
	if first := d.first.Load(); first != nil {
		r.FirstError = (*first).Error()
	}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	var err error
	r.Verdict, err = Check(ctx, s, f.Project.Name, d.saved.all)
	return r, err
}

type storeDriver struct {
	store           labeling.Store
	field           *Field
	c               StoreConfig
	claims, submits times
	locked, errors  atomic.Int64
	first           atomic.Pointer[error]
	saved           ledger
	sent            atomic.Int64
}

// work is one annotator. What was begun when the time is up is finished.
func (d *storeDriver) work(ctx, working context.Context, p Person) {
	for working.Err() == nil {
		begun := time.Now()
		w, err := d.store.Claim(ctx, labeling.ClaimRequest{Project: d.field.Project.Name, Annotator: p.ID, For: time.Minute})
		if errors.Is(err, labeling.ErrNoWork) {
			return
		}
		if err == nil {
			d.claims.add(time.Since(begun))
			err = d.submit(ctx, p, w)
		}
		if err != nil && !d.failed(err) {
			return
		}
	}
}

func (d *storeDriver) submit(ctx context.Context, p Person, w labeling.Assignment) error {
	sub, saved, err := d.field.answer(p, w)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := d.store.Submit(ctx, sub); err != nil {
		return err
	}
	d.submits.add(time.Since(begun))
	d.saved.add(saved)
	if n := d.sent.Add(1); d.c.Resend > 0 && n%int64(d.c.Resend) == 0 {
		return d.store.Submit(ctx, sub)
	}
	return nil
}

// answer is a person's submission for an item of the field, and what it says.
func (f *Field) answer(p Person, w labeling.Assignment) (labeling.Submission, Saved, error) {
	var i int
	if _, err := fmt.Sscanf(w.Item.Ref, "Q%d", &i); err != nil {
		return labeling.Submission{}, Saved{}, fmt.Errorf("labeling/load: item %q: got a stranger, want one of the field's", w.Item.Ref)
	}
	better, strength := f.verdict(p.Handle, i)
	c := w.Item.Candidates
	saved := Saved{ID: labeling.NewID(), Handle: p.Handle, Item: w.Item.Ref, Better: better, Strength: strength}
	return labeling.Submission{
		ID: saved.ID, Lease: w.Lease, Answer: labeling.Prefer("preference", c[better].ID, c[1-better].ID, strength),
		Active: time.Second, Wall: time.Second,
	}, saved, nil
}

// failed counts an error; with too many of them the annotator gives up.
func (d *storeDriver) failed(err error) (goOn bool) {
	d.first.CompareAndSwap(nil, &err)
	text := err.Error()
	if strings.Contains(text, "locked") || strings.Contains(text, "busy") || strings.Contains(text, "deadlock") || strings.Contains(text, "serialize") {
		return d.locked.Add(1) < 100_000
	}
	return d.errors.Add(1) < 1000
}
