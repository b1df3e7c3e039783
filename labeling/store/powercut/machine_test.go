package powercut

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The environment of the process under the shim.
const (
	envWork  = "POWERCUT_WORK" // what to do: a key of works
	envDir   = "POWERCUT_DIR"
	envTrace = "POWERCUT_TRACE"
)

// database is the only file in the directory, but for those that SQLite makes beside it.
const database = "labels.db"

// works is what the process can do; none ends but by an error.
var works = map[string]func(n notes, path string) error{
	"crowd": crowd,
	"rows":  rows(""), "rows FULL": rows("FULL"), "rows NORMAL": rows("NORMAL"), "rows OFF": rows("OFF"),
}

// TestMain is also the process under the shim.
func TestMain(m *testing.M) {
	if work := works[os.Getenv(envWork)]; work != nil {
		n, err := openTrace(os.Getenv(envTrace))
		if err == nil {
			err = work(n, filepath.Join(os.Getenv(envDir), database))
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// notes are what somebody asked of the store and was told.
type notes interface{ write(note) error }

// trace is a file that a process notes things in, among what the shim writes: a note
// stands behind all that was written and synced before it was made.
type trace struct{ *os.File }

func openTrace(path string) (trace, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	return trace{f}, err
}

func (t trace) write(n note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if _, err := t.Write(record{kind: kindNote, fd: -1, data: b}.bytes()); err != nil || !n.Acked {
		return err
	}
	_, err = os.Stdout.WriteString("\n") // for the parent to count
	return err
}

// machine runs processes whose disk accesses are traced.
type machine struct {
	*testing.T
	shim string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skipf("the shim is for Linux, this is %s", runtime.GOOS)
	}
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed: the shim cannot be built")
	}
	m := machine{t, filepath.Join(t.TempDir(), "shim.so")}
	out, err := exec.Command(gcc, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", m.shim, "testdata/shim.c", "-ldl", "-lpthread").CombinedOutput()
	if err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return m
}

// killed is what is left of a process and of the files it worked on.
type killed struct {
	begins image // the files before
	trace  []record
	files  image // and after
	shm    []byte
}

// run lets a process work on files until it was told often enough that something is
// saved, and kills it.
func (m machine) run(name string, begins image, acks int) killed {
	m.Helper()
	dir, err := filepath.EvalSymlinks(m.TempDir()) // SQLite does so too
	m.must(err)
	work := filepath.Join(dir, "disk")
	m.must(save(work, begins))
	trace := filepath.Join(dir, "trace")
	m.must(save(dir, image{"trace": nil}))
	m.kill(name, work, trace, acks)
	b, err := os.ReadFile(trace)
	m.must(err)
	k := killed{begins: begins, trace: readTrace(b), files: m.load(work)}
	k.shm = k.files[database+"-shm"]
	delete(k.files, database+"-shm")
	m.must(os.RemoveAll(dir))
	m.wantComplete(k)
	return k
}

func (m machine) kill(name, dir, trace string, acks int) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), envWork+"="+name, envDir+"="+dir, envTrace+"="+trace, "LD_PRELOAD="+m.shim)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	m.must(err)
	m.must(cmd.Start())
	told := bufio.NewReader(out)
	for n := 0; n < acks && err == nil; n++ {
		_, err = told.ReadByte()
	}
	if err != nil {
		err = fmt.Errorf("%w; %w", err, cmd.Wait())
		m.Fatalf("%s: %v: %s", name, err, stderr.Bytes())
	}
	m.must(cmd.Process.Kill())
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		m.Fatalf("%s: got %v, want killed: %s", name, err, stderr.Bytes())
	}
}

// wantComplete compares the files with what the trace makes of them: the shim must have
// seen every byte. The last thing done may be done, half done or not done.
func (m machine) wantComplete(k killed) {
	m.Helper()
	last := 0
	for i, r := range k.trace {
		if r.kind == kindWrite || r.kind == kindTruncate || r.kind == kindCreate || r.kind == kindUnlink {
			last = i
		}
	}
	d := newDisk(k.begins)
	var before image
	for i, r := range k.trace {
		if i == last {
			before = d.now()
		}
		m.must(d.play(r))
	}
	after := d.now()
	for name, got := range k.files {
		if !between(got, before[name], after[name]) {
			m.Fatalf("%s: got %d bytes that differ from the trace's %d: the shim missed something", name, len(got), len(after[name]))
		}
	}
	for name := range after {
		if before[name] != nil && k.files[name] == nil {
			m.Fatalf("%s: gone, but not in the trace: the shim missed something", name)
		}
	}
}

// between tells whether every byte is as it was before or after.
func between(got, before, after []byte) bool {
	for i, b := range got {
		was := i < len(before) && before[i] == b
		is := i < len(after) && after[i] == b
		if !was && !is {
			return false
		}
	}
	return len(got) >= min(len(before), len(after))
}

func (m machine) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func save(dir string, files image) error {
	errs := []error{os.MkdirAll(dir, 0o777)}
	for name, b := range files {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), b, 0o666))
	}
	return errors.Join(errs...)
}

func (m machine) load(dir string) image {
	m.Helper()
	entries, err := os.ReadDir(dir)
	m.must(err)
	files := image{}
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		m.must(err)
	}
	return files
}
