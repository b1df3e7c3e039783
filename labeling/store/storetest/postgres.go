//go:build unix

package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is the URL of an empty database. The server is Debian's package "postgresql"
// where it is installed; else the test is skipped. It listens on a Unix socket alone.
func Postgres(tb testing.TB) string {
	tb.Helper()
	bin, err := programs()
	if err != nil {
		tb.Skipf("PostgreSQL: %v", err)
	}
	server, err := start(bin)
	if err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	name := fmt.Sprint("plumb", databases.Add(1))
	if err := server.exec("CREATE DATABASE " + name); err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	return server.url(name)
}

var databases atomic.Int64

// programs finds the directory of the newest server, or that of the one in PATH.
func programs() (string, error) {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(all) > 0 {
		return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return version(a) - version(b) })), nil
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", errors.New("no program postgres; it is in Debian's package postgresql")
	}
	return filepath.Dir(path), nil
}

func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// server is a running PostgreSQL.
type server struct{ dir string }

func (s server) url(database string) string {
	q := url.Values{"host": {s.dir}, "user": {"plumb"}}
	return "postgres:///" + database + "?" + q.Encode()
}

func (s server) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

var once struct {
	sync.Mutex
	server server
	err    error
}

// start starts the server of this test binary.
func start(bin string) (server, error) {
	once.Lock()
	defer once.Unlock()
	if once.server.dir == "" && once.err == nil {
		once.server, once.err = launch(bin)
	}
	return once.server, once.err
}

// supervise stops the server and removes its directory once standard input ends, as it
// does with the process that holds the other end, however that one dies.
const supervise = `"$0" -D "$1" -k "$1" -c listen_addresses= -c max_connections=200 >"$1/log" 2>&1 &
cat >/dev/null; kill -INT $!; wait; rm -rf "$1"`

func launch(bin string) (s server, err error) {
	if s.dir, err = os.MkdirTemp("", "plumb-pg"); err != nil {
		return s, err
	}
	as, err := servant(s.dir)
	if err != nil {
		return s, err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", s.dir, "-U", "plumb", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return s, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	run := exec.Command("/bin/sh", "-c", supervise, filepath.Join(bin, "postgres"), s.dir)
	run.SysProcAttr, run.Dir = as, s.dir
	if keepOpen, err = run.StdinPipe(); err != nil {
		return s, err
	}
	if err := run.Start(); err != nil {
		return s, err
	}
	return s, s.ready()
}

// keepOpen is the end of the pipe that the server lives by.
var keepOpen io.WriteCloser

// servant is how a server is run: not as root, which it refuses.
func servant(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is for the test
	if os.Getuid() != 0 {
		return as, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errU, errG, os.Chown(dir, int(uid), int(gid))); err != nil {
			return nil, err
		}
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return as, nil
	}
	return nil, errors.New("no user to run it as: want postgres or nobody")
}

// ready waits until the server answers.
func (s server) ready() error {
	var err error
	for range 300 {
		if err = s.exec("SELECT 1"); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return fmt.Errorf("does not answer: %w: %s", err, log)
}
