//go:build cgo

package kernel

// native lists the C builds that this machine runs, best first.
func native() []*build { return nil }
