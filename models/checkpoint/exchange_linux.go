package checkpoint

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange lets two directories change places atomically; a file system that cannot
// (some network ones) gets two renames.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return swap(a, b)
	}
	return err
}
