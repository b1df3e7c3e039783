package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"plumbline/labeling"
)

// maxCheckOut bounds how much work is taken along at once.
const maxCheckOut = 1000

// CheckOut implements labeling.Queue.
func (s *Store) CheckOut(ctx context.Context, r labeling.ClaimRequest, n int) (out []labeling.Assignment, err error) {
	if n < 1 || n > maxCheckOut || r.For <= 0 || r.Slot != 0 {
		return nil, fmt.Errorf("labeling/store: check out: got %d items for %v, slot %d, want 1 to %d for > 0, no slot", n, r.For, r.Slot, maxCheckOut)
	}
	p, err := s.settings(ctx, r.Project)
	if err != nil {
		return nil, err
	}
	var taken []claim
	err = s.claimLast(ctx, "check out", func(tx *txn) error {
		taken, err = s.takeAlong(tx, p, r, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, c := range taken {
		a, err := c.assignment(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// takeAlong leases up to n slots, in the order that Claim would.
func (s *Store) takeAlong(tx *txn, p *settings, r labeling.ClaimRequest, n int) (taken []claim, err error) {
	c, err := s.newClaim(tx, p, r)
	if err != nil {
		return nil, err
	}
	if c.who.Status != labeling.StatusActive {
		return nil, notActive(c.who)
	}
	for len(taken) < n {
		c.lease.Token = uuid.NewString()
		err := c.work(openSlots, modeOffline)
		if errors.Is(err, labeling.ErrNoWork) && len(taken) > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		taken = append(taken, c)
	}
	return taken, nil
}
