//go:build !cgo

package store

import _ "github.com/mattn/go-sqlite3" // built without cgo, its driver refuses every file and says why

func (*sqlite) again(error) bool { return false }
