package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"plumbline/internal/train"
	"plumbline/labeling"
	"plumbline/labeling/store"
)

// tiny is a run file over all stages that takes a second or two.
var tiny, _ = filepath.Abs("testdata/tiny.yaml") // a test may change the directory; a path that is wrong fails every test

// process is plumb in a process of its own: this test program, which TestMain turns
// into it. It is killed when the test ends.
func process(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), "PLUMB_TEST_MAIN=1"), env...)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// exited runs a process to its end and gives its exit status and what it complained of.
func exited(t *testing.T, cmd *exec.Cmd) (code int, stderr string) {
	t.Helper()
	var err bytes.Buffer
	cmd.Stderr = &err
	var exit *exec.ExitError
	if e := cmd.Run(); e != nil && !errors.As(e, &exit) {
		t.Fatal(e)
	}
	return cmd.ProcessState.ExitCode(), err.String()
}

// done runs plumb in this process and fails the test unless it succeeds.
func done(t *testing.T, args ...string) {
	t.Helper()
	if code, _, stderr := plumb(t, args...); code != 0 {
		t.Fatalf("plumb %s: got exit status %d:\n%s", strings.Join(args, " "), code, stderr)
	}
}

// watched is a process whose events are seen as they come.
type watched struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	events chan train.Event // closed at the end of its standard output
}

// watch starts plumb with --json.
func watch(t *testing.T, args ...string) *watched {
	t.Helper()
	w := &watched{cmd: process(t, nil, append(args, "--json")...), events: make(chan train.Event, 1024)}
	w.cmd.Stderr = &w.stderr
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e train.Event
			if json.Unmarshal(lines.Bytes(), &e) == nil { // a line cut short by a kill is none
				w.events <- e
			}
		}
	}()
	return w
}

// wait waits for the end and gives the exit status, -1 where a signal brought it about.
func (w *watched) wait(t *testing.T) int {
	t.Helper()
	for range w.events { // what is left
	}
	var exit *exec.ExitError
	if err := w.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return w.cmd.ProcessState.ExitCode()
}

// killed waits for the end and tells whether it was a kill. If not, the run is done.
func (w *watched) killed(t *testing.T) bool {
	t.Helper()
	code := w.wait(t)
	if code > 0 {
		t.Fatalf("got exit status %d:\n%s", code, &w.stderr)
	}
	return code < 0
}

func (w *watched) kill() {
	w.cmd.Process.Kill() //nolint:errcheck // it may be done already
}

// result is everything that a run leaves behind, by path below its directory, without
// what differs between two runs that are equal: times, speed, the directory's own name.
// A file that has no business there, such as a temporary one, is part of it.
func result(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			files[name], err = os.Readlink(path)
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			err = plain(files, name, b)
		}
		return err
	})
	if err == nil {
		err = exports(t, files, filepath.Join(dir, "labels.db"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// plain files the part of a file that equal runs have in common.
func plain(files map[string]string, name string, b []byte) (err error) {
	switch {
	case name == ".lock", name == "report.html", name == "labels.db": // a process id, times, a database
		return nil
	case name == "metrics.jsonl":
		files[name], err = without(b, "time_s", "tok_s")
	case name == "run.json":
		files[name], err = without(b, "name", "created", "began", "ended", "mtime_ns")
	case strings.HasPrefix(name, "events.out.tfevents."):
		files["events"], err = scalars(b)
	default:
		files[name] = string(b)
	}
	return err
}

// without writes a row of JSON values anew, less the keys named, at every depth.
func without(b []byte, keys ...string) (string, error) {
	var out strings.Builder
	for dec := json.NewDecoder(bytes.NewReader(b)); dec.More(); {
		var v any
		if err := dec.Decode(&v); err != nil {
			return "", err
		}
		drop(v, keys)
		line, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		out.Write(append(line, '\n'))
	}
	return out.String(), nil
}

func drop(v any, keys []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			if slices.Contains(keys, k) {
				delete(v, k)
			}
			drop(sub, keys)
		}
	case []any:
		for _, sub := range v {
			drop(sub, keys)
		}
	}
}

// scalars lists step and length of the events of a TensorBoard file, whose records are
// length, CRC, event, CRC and whose first field is the time.
func scalars(b []byte) (string, error) {
	var out strings.Builder
	for len(b) >= 12 {
		n := binary.LittleEndian.Uint64(b)
		if uint64(len(b)) < 16+n {
			break
		}
		event := b[12 : 12+n]
		const timeField = 9 // tag and double
		step, _ := protowire.ConsumeVarint(event[timeField+1:])
		fmt.Fprintf(&out, "step %d, %d bytes\n", step, n)
		b = b[16+n:]
	}
	if len(b) > 0 {
		return "", errors.New("events: cut short")
	}
	return out.String(), nil
}

// exports adds what labelling exports, in every format, and the audit of its history.
func exports(t *testing.T, files map[string]string, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		return err
	}
	for _, f := range labeling.Formats() {
		var out bytes.Buffer
		if _, err := labeling.Export(t.Context(), s, labeling.ExportOptions{Project: "tiny", Format: f}, &out); err != nil {
			return errors.Join(err, s.Close())
		}
		files["labels.db: "+string(f)] = out.String()
	}
	audit, err := s.Audit(t.Context(), "")
	files["labels.db: audit"] = strings.Join(audit.Faults, "\n")
	return errors.Join(err, s.Close())
}

// same reports where two runs differ, by file and line.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: has %s, which an undisturbed run has not", what, name)
		}
	}
	for name, w := range want {
		if g, ok := got[name]; !ok {
			t.Errorf("%s: lacks %s", what, name)
		} else if g != w {
			t.Errorf("%s: %s differs: %s", what, name, difference(g, w))
		}
	}
}

// difference shows the first line in which two files differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d: got %.300q, want %.300q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

// reference is a run of tiny that nothing disturbed.
type reference struct {
	files  map[string]string
	events []train.Event
	took   time.Duration
}

// references are the runs made so far, by what they set beyond tiny.
var references = map[string]reference{}

// undisturbed runs tiny with sets (--set KEY=VALUE) once for all tests.
func undisturbed(t *testing.T, sets ...string) reference {
	t.Helper()
	key := strings.Join(sets, " ")
	r, made := references[key]
	if made {
		return r
	}
	dir, began := t.TempDir(), time.Now()
	w := watch(t, append([]string{"run", tiny, "--out", dir}, sets...)...)
	for e := range w.events {
		r.events = append(r.events, e)
	}
	if code := w.wait(t); code != 0 {
		t.Fatalf("got exit status %d:\n%s", code, &w.stderr)
	}
	r.took, r.files = time.Since(began), result(t, dir)
	references[key] = r
	return r
}
