package serve

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	gossh "golang.org/x/crypto/ssh"
)

// hostKey reads the host key of a file, or makes one (ed25519) where there is none.
func hostKey(path string) (gossh.Signer, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeHostKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("labeling/serve: host key: %w", err)
		}
		b, err = os.ReadFile(path) // also where another process made it meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("labeling/serve: host key: %w", err)
	}
	if err := private(path); err != nil {
		return nil, fmt.Errorf("labeling/serve: host key: %w", err)
	}
	key, err := gossh.ParsePrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("labeling/serve: host key: %s: %w: want an OpenSSH private key without a passphrase", path, err)
	}
	return key, nil
}

// private refuses a key that others can read.
func private(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("%s: got mode %04o, want 0600: others can read it", path, info.Mode().Perm())
	}
	return err
}

// makeHostKey writes a new key that nobody else can read. The file has its name only
// when it is whole and on the disk: a second one never replaces it.
func makeHostKey(path string) (err error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := gossh.MarshalPrivateKey(key, "plumb label serve")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(pem.EncodeToMemory(block))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
