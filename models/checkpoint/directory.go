package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// WriteFile is an open file of a directory being written. *os.File is one.
type WriteFile interface {
	io.WriteCloser
	Sync() error
}

// Creator opens a new file for writing. Tests put one that fails in its place.
type Creator func(path string) (WriteFile, error)

// createFile is the Creator of a real disk.
func createFile(path string) (WriteFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// Directory is a directory that appears whole or not at all: files are written into
// a hidden directory beside the target, forced to the disk, and moved into place by
// Commit. After an error the target is as it was.
//
//	d, err := checkpoint.Create(path, nil)
//	if err != nil { return err }
//	defer d.Abort()
//	d.WriteFile("state.json", state)
//	return d.Commit()
type Directory struct {
	path, temp string
	create     Creator
	files      []string
	err        error // the first failure; Commit returns it
	done       bool
}

// Create begins a directory that will stand at path; its parents are made. A nil
// create writes to the disk.
func Create(path string, create Creator) (*Directory, error) {
	path = filepath.Clean(path)
	if create == nil {
		create = createFile
	}
	if st, err := os.Stat(path); err == nil && !st.IsDir() {
		return nil, fmt.Errorf("checkpoint: save %s: got a file of that name, want a directory or nothing", path)
	}
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("checkpoint: save %s: %w", path, err)
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return nil, fmt.Errorf("checkpoint: save %s: %w", path, err)
	}
	if err := os.Chmod(temp, 0o755); err != nil { // MkdirTemp makes it private
		return nil, errors.Join(fmt.Errorf("checkpoint: save %s: %w", path, err), os.RemoveAll(temp))
	}
	return &Directory{path: path, temp: temp, create: create}, nil
}

// Write makes a file of the directory by calling f with its writer. The first error
// is kept: later calls do nothing and Commit returns it.
func (d *Directory) Write(name string, f func(io.Writer) error) error {
	if d.err != nil {
		return d.err
	}
	if err := d.write(name, f); err != nil {
		d.err = fmt.Errorf("checkpoint: save %s: write %s: %w; nothing was changed at %s", d.path, name, err, d.path)
	}
	return d.err
}

func (d *Directory) write(name string, f func(io.Writer) error) error {
	if name != filepath.Base(name) || name == "." || name == ".." || slices.Contains(d.files, name) {
		return errors.New("want a plain file name, used once")
	}
	d.files = append(d.files, name)
	file, err := d.create(filepath.Join(d.temp, name))
	if err != nil {
		return err
	}
	if err = f(file); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// WriteFile makes a file with the given contents.
func (d *Directory) WriteFile(name string, contents []byte) error {
	return d.Write(name, func(w io.Writer) error {
		_, err := w.Write(contents)
		return err
	})
}

// Commit forces the directory to the disk and moves it into place; one that stood
// there before is replaced.
func (d *Directory) Commit() error {
	if d.err != nil {
		return errors.Join(d.err, d.Abort())
	}
	if d.done {
		return fmt.Errorf("checkpoint: save %s: got a second end, want one Commit or Abort", d.path)
	}
	if err := d.commit(); err != nil {
		d.err = fmt.Errorf("checkpoint: save %s: %w", d.path, err)
		return errors.Join(d.err, d.Abort())
	}
	d.done = true
	return nil
}

func (d *Directory) commit() error {
	if err := syncDir(d.temp); err != nil {
		return err
	}
	if err := replace(d.temp, d.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(d.path))
}

// Abort removes what was written. After Commit it does nothing.
func (d *Directory) Abort() error {
	if d.done {
		return nil
	}
	d.done = true
	if err := os.RemoveAll(d.temp); err != nil {
		return fmt.Errorf("checkpoint: save %s: remove %s: %w", d.path, d.temp, err)
	}
	return nil
}

// replace moves the directory from to the name to, which may hold another one: they
// change places in one step where the system can do that, so that a crash at any
// moment leaves a whole directory there.
func replace(from, to string) error {
	if _, err := os.Lstat(to); errors.Is(err, os.ErrNotExist) {
		return os.Rename(from, to)
	}
	if err := exchange(from, to); err != nil {
		return err
	}
	return os.RemoveAll(from) // now the old contents
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// swap lets two directories change places in three renames. A crash in between
// leaves b under the name b + ".old".
func swap(a, b string) error {
	old := b + ".old"
	if err := os.Rename(b, old); err != nil {
		return err
	}
	if err := os.Rename(a, b); err != nil {
		return errors.Join(err, os.Rename(old, b))
	}
	return os.Rename(old, a)
}
