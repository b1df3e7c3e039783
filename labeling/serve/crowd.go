package serve

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Why a session ends that its annotator did not end.
var (
	errRestart   = errors.New("the server ends")
	errElsewhere = errors.New("the annotator went on at another terminal")
	errFull      = errors.New("too many sessions")
)

// patience is for a session to leave by itself, before its connection is cut.
const patience = 5 * time.Second

// crowd counts who is there. Of one annotator's sessions the newest win: somebody who
// was cut off comes back before the server has noticed.
type crowd struct {
	all, each int // the most sessions, in all and of one annotator

	mu    sync.Mutex
	n     int
	seats map[int64][]*seat // by annotator, the oldest first
}

// seat is one session.
type seat struct {
	view  view
	leave context.CancelCauseFunc
	cut   func() // for who does not leave
	left  chan struct{}
}

func newCrowd(all, each int) *crowd {
	return &crowd{all: all, each: each, seats: map[int64][]*seat{}}
}

// join takes a seat once the sessions that it displaces have settled: the one that shows
// the same view, or the oldest of too many. errFull where no seat is left.
func (c *crowd) join(ctx context.Context, annotator int64, s *seat) error {
	s.left = make(chan struct{})
	for {
		older, err := c.sit(annotator, s)
		if older == nil || err != nil {
			return err
		}
		older.leave(errElsewhere)
		if err := older.wait(ctx); err != nil {
			return err
		}
	}
}

// sit takes the seat, or says who has to leave before.
func (c *crowd) sit(annotator int64, s *seat) (older *seat, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := c.seats[annotator]
	if i := slices.IndexFunc(mine, func(o *seat) bool { return o.view == s.view }); i >= 0 {
		return mine[i], nil
	}
	if len(mine) >= c.each {
		return mine[0], nil
	}
	if c.n >= c.all {
		return nil, errFull
	}
	c.n++
	c.seats[annotator] = append(mine, s)
	return nil, nil
}

// leave frees a seat.
func (c *crowd) leave(annotator int64, s *seat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	c.seats[annotator] = slices.DeleteFunc(c.seats[annotator], func(o *seat) bool { return o == s })
	if len(c.seats[annotator]) == 0 {
		delete(c.seats, annotator)
	}
	close(s.left)
}

// wait is for a session to be over.
func (s *seat) wait(ctx context.Context) error {
	t := time.AfterFunc(patience, s.cut)
	defer t.Stop()
	select {
	case <-s.left:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
