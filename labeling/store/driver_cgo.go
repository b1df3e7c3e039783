//go:build cgo

package store

import (
	"errors"

	"github.com/mattn/go-sqlite3" // also registers the driver "sqlite3"
)

// isLocked tells whether another process was in the way, so that a second try may succeed.
func isLocked(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked)
}
