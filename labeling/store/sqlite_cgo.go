//go:build cgo

package store

import (
	"errors"

	"github.com/mattn/go-sqlite3" // also registers the driver "sqlite3"
)

// again: another process was in the way.
func (*sqlite) again(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked)
}
