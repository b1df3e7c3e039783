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
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is the URL of a schema without a store in it, or with an empty one: to empty
// what the last test used is ten times as fast as to make it. The server is Debian's
// package "postgresql" where it is installed; else the test is skipped. It listens on a
// Unix socket alone.
func Postgres(tb testing.TB) string {
	tb.Helper()
	s := running(tb)
	schema, ok := s.take()
	if !ok {
		schema = s.create(tb)
	}
	tb.Cleanup(func() {
		if err := s.empty(schema); err != nil {
			tb.Errorf("PostgreSQL: %v", err)
			return
		}
		s.give(schema)
	})
	return s.url(schema)
}

// NewPostgres is the URL of an empty schema, for a test that does to it what cannot be
// cleaned up.
func NewPostgres(tb testing.TB) string {
	tb.Helper()
	s := running(tb)
	return s.url(s.create(tb))
}

// running is the server of this test binary.
func running(tb testing.TB) *server {
	tb.Helper()
	bin, err := programs()
	if err != nil {
		tb.Skipf("PostgreSQL: %v", err)
	}
	s, err := start(bin)
	if err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	return s
}

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
type server struct {
	dir string

	mu   sync.Mutex
	made int
	free []string // schemas that were emptied
}

func (s *server) url(schema string) string {
	return "postgres:///postgres?" + url.Values{"host": {s.dir}, "user": {"plumb"}, "search_path": {schema}}.Encode()
}

func (s *server) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url("public"))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

func (s *server) create(tb testing.TB) string {
	tb.Helper()
	s.mu.Lock()
	s.made++
	name := fmt.Sprint("plumb", s.made)
	s.mu.Unlock()
	if err := s.exec("CREATE SCHEMA " + name); err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	return name
}

func (s *server) take() (schema string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 {
		return "", false
	}
	schema, s.free = s.free[0], s.free[1:]
	return schema, true
}

func (s *server) give(schema string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, schema)
}

// empty empties all tables but that of the migrations, past the triggers that forbid it.
func (s *server) empty(schema string) error {
	return s.exec(`DO $$ DECLARE tables TEXT; BEGIN
		SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') INTO tables FROM pg_tables
			WHERE schemaname = '` + schema + `' AND tablename <> 'goose_db_version';
		IF tables IS NOT NULL THEN
			SET LOCAL session_replication_role = replica;
			EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY';
		END IF;
	END $$`)
}

var once struct {
	sync.Mutex
	server *server
	err    error
}

// start starts the server, the first time.
func start(bin string) (*server, error) {
	once.Lock()
	defer once.Unlock()
	if once.server == nil && once.err == nil {
		once.server, once.err = launch(bin)
	}
	return once.server, once.err
}

// supervise stops the server and removes its directory once standard input ends, as it
// does with the process that holds the other end, however that one dies.
const supervise = `"$0" -D "$1" -k "$1" -c listen_addresses= -c max_connections=200 >"$1/log" 2>&1 &
cat >/dev/null; kill -INT $!; wait; rm -rf "$1"`

func launch(bin string) (s *server, err error) {
	s = &server{}
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
var keepOpen io.WriteCloser //nolint:unused // it is held, not read

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
func (s *server) ready() error {
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
