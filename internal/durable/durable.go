// Package durable writes files and directories so that a crash, a full disk or a
// killed process leaves either the old content or the new, never a part of it.
//
// Each function writes beside the target, syncs to the disk, then renames: on POSIX a
// rename replaces in one step. A name that begins with a dot and ends in .tmp is what
// a crash left; the next write to the same target removes it. Errors are those of the
// operating system, which name the path, such as "write runs/a/.run.json.tmp: no
// space left on device".
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// temp is where the new content of path is written.
func temp(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
}

// WriteFile replaces the file at path by data (mode 0644 before umask).
func WriteFile(path string, data []byte) error {
	tmp := temp(path)
	err := os.WriteFile(tmp, data, 0o644)
	if err == nil {
		err = syncPath(tmp)
	}
	return commit(tmp, path, err)
}

// Link makes path a symbolic link to target, whatever path was linked to before.
func Link(target, path string) error {
	tmp := temp(path)
	err := os.Remove(tmp)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Symlink(target, tmp)
	}
	return commit(tmp, path, err)
}

// WriteDir makes a directory at path that holds what fill writes into the empty
// directory it is given. A directory already at path is removed in the last moment
// before the rename, so path must not be the only good copy of anything. An error of
// fill leaves path alone.
func WriteDir(path string, fill func(dir string) error) error {
	tmp := temp(path)
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	err := os.Mkdir(tmp, 0o755)
	if err == nil {
		err = fill(tmp)
	}
	if err == nil {
		err = syncTree(tmp)
	}
	if err == nil {
		err = os.RemoveAll(path)
	}
	return commit(tmp, path, err)
}

// commit renames tmp to path, or after an error removes what was written so far.
func commit(tmp, path string, err error) error {
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = syncPath(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("durable: %w", err), os.RemoveAll(tmp))
	}
	return nil
}

// syncTree syncs every file and directory at and below root.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		return syncPath(path)
	})
}

// syncPath waits until a file or directory is on the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
