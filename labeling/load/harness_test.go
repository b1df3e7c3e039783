package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/serve"
	"plumbline/labeling/store"
	"plumbline/labeling/store/storetest"
)

// childEnv names what this program is to be instead of a test: a server, or a process
// that judges, on the store that pathEnv names.
const (
	childEnv = "LABELING_LOAD_CHILD"
	pathEnv  = "LABELING_LOAD_DB"
	keyEnv   = "LABELING_LOAD_HOST_KEY"
)

func TestMain(m *testing.M) {
	children := map[string]func(context.Context, string) error{"serve": serveChild, "judge": judgeChild}
	run, ok := children[os.Getenv(childEnv)]
	if !ok {
		os.Exit(m.Run())
	}
	go func() { // whoever outlives the test is in the way of the next
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // its end is all that counts
		os.Exit(1)
	}()
	if err := run(context.Background(), os.Getenv(pathEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serveChild is a server on a port of its own, which it prints.
func serveChild(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	c := serve.DefaultConfig()
	c.Listen, c.Metrics, c.HostKey = "127.0.0.1:0", "", os.Getenv(keyEnv)
	c.PerMinute, c.Handshake = 100_000, 3*time.Second
	server, err := serve.New(ctx, s, c)
	if err != nil {
		return err
	}
	fmt.Println(server.Addr())
	return server.Run(ctx)
}

// child is this program in another role, until the test ends.
func child(t testing.TB, role, path string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), childEnv+"="+role, pathEnv+"="+path), env...)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // open as long as we are
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// server is a child that serves, and where.
func server(t testing.TB, path string) (cmd *exec.Cmd, addr string) {
	t.Helper()
	cmd, out := child(t, "serve", path, keyEnv+"="+filepath.Join(t.TempDir(), "host"))
	if !out.Scan() {
		t.Fatalf("the server did not start: %v", cmd.Wait())
	}
	return cmd, out.Text()
}

// kill is SIGKILL.
func kill(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("child: got %v, want killed", err)
	}
}

// plot is a store with a field in it, in a file.
func plot(t testing.TB, c FieldConfig) (string, *store.Store, *Field) {
	t.Helper()
	where := storetest.SQLite(t)
	s, f := plotAt(t, where, c)
	return where, s, f
}

func plotAt(t testing.TB, where string, c FieldConfig) (*store.Store, *Field) {
	t.Helper()
	s, err := store.Create(t.Context(), where, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Project = "p"
	f, err := Grow(t.Context(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

// complete checks that every item was judged by as many people as it should.
func complete(t testing.TB, s labeling.Store, f *Field) {
	t.Helper()
	for j, err := range s.Judged(t.Context(), f.Project.Name) {
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Judgements) != f.Project.Overlap {
			t.Errorf("%s: got %d judgements, want %d", j.Item.Ref, len(j.Judgements), f.Project.Overlap)
		}
	}
}
