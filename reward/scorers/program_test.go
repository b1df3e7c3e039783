package scorers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary, run again with this variable, is a reward program; its value says
// how it behaves.
const behaviour = "PLUMB_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if how := os.Getenv(behaviour); how != "" {
		serve(how)
		return
	}
	os.Exit(m.Run())
}

func serve(how string) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var q struct {
			ID               int
			Prompt, Response string
		}
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(4)
		}
		if q.Response != "fail" {
			fmt.Printf("{\"id\": %d, \"score\": %d, \"note\": \"kept\"}\n", q.ID, len(q.Prompt)-len(q.Response))
			continue
		}
		switch how {
		case "hang":
			fmt.Fprintln(os.Stderr, "thinking")
			time.Sleep(time.Hour)
		case "exit":
			fmt.Fprintln(os.Stderr, "cannot go on")
			os.Exit(3)
		case "quit":
			os.Exit(0)
		case "cut":
			fmt.Print(`{"id": 1`)
			os.Exit(0)
		case "late":
			fmt.Printf("{\"id\": %d, \"score\": 1}\n", q.ID-1)
		case "endless":
			fmt.Print(strings.Repeat("x", 1<<20))
		case "chatty":
			fmt.Fprint(os.Stderr, strings.Repeat("noise ", 1<<16), "the end")
			os.Exit(1)
		default: // the line itself
			fmt.Println(how)
		}
	}
	if how == "bad exit" {
		os.Exit(5)
	}
	if how == "stays" {
		time.Sleep(time.Hour)
	}
}

func start(t *testing.T, how string) *Program {
	t.Helper()
	t.Setenv(behaviour, how)
	p, err := StartProgram([]string{os.Args[0]}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestProgram(t *testing.T) {
	p := start(t, "well")
	long := strings.Repeat("长", 1<<18) // more than a pipe holds
	for range 2 {
		got, err := p.Score(t.Context(), []string{"abc", "", long}, []string{"a", "\n\"", "x"})
		if err != nil || got[0] != 2 || got[1] != -2 || got[2] != 3<<18-1 {
			t.Errorf("got %v, %v, want 2, -2, %d", got, err, 3<<18-1)
		}
	}
	if p.line != 6 {
		t.Errorf("got %d lines sent, want 6: the ids go on", p.line)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Score(t.Context(), []string{""}, []string{""}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: got %v", err)
	}
}

func TestProgramFaults(t *testing.T) {
	name := os.Args[0]
	for _, c := range []struct {
		how  string
		want []string // what the error says besides the program and "line 2: "
	}{
		{"exit", []string{"ended without an answer", "exit status 3", "it said: cannot go on"}},
		{"quit", []string{"ended without an answer", "exit status 0"}},
		{"cut", []string{`got an answer cut short, "{\"id\": 1"`}},
		{"late", []string{`got an answer to line 1, want {"id": 2`}},
		{"endless", []string{"got an answer of more than 65536 bytes"}},
		{"chatty", []string{"exit status 1", "noise the end"}},
		{"not JSON", []string{`got "not JSON", want {"id": 2, "score": a finite number}`}},
		{`{"id": 2, "score": NaN}`, []string{`want {"id": 2, "score": a finite number}: invalid character 'N'`}},
		{`{"id": 2, "score": 1e999}`, []string{"a finite number", "1e999"}},
		{`{"id": 2, "score": null}`, []string{`score\": null}`, "a finite number"}},
		{`{"id": 2}`, []string{"a finite number"}},
		{`{"score": 1}`, []string{`want {"id": 2`}},
		{`{"id": 7, "score": 1}`, []string{"got an answer to line 7"}},
		{`{"id": 2, "score": "1"}`, []string{"a finite number"}},
		{`{"id": 2, "score": 1} {"id": 3}`, []string{"a finite number"}},
		{`[2, 1]`, []string{"a finite number"}},
		{"\xff", []string{"a finite number"}},
	} {
		t.Run(c.how, func(t *testing.T) {
			p := start(t, c.how)
			got, err := p.Score(t.Context(), []string{"", "", ""}, []string{"fine", "fail", "fine"})
			if err == nil || got != nil {
				t.Fatalf("got %v, %v, want an error and no scores", got, err)
			}
			for _, want := range append(c.want, "scorers: program "+name+": line 2: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if _, again := p.Score(t.Context(), []string{""}, []string{"fine"}); !errors.Is(again, err) {
				t.Errorf("asked again: got %v, want the same error", again)
			}
			if p.cmd.ProcessState == nil {
				t.Error("the program is still there")
			}
		})
	}
}

func TestProgramThatHangs(t *testing.T) {
	t.Setenv(behaviour, "hang")
	p, err := StartProgram([]string{os.Args[0]}, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Score(t.Context(), []string{""}, []string{"fail"})
	if err == nil || !strings.Contains(err.Error(), "line 1: got no answer in 2s") || p.cmd.ProcessState == nil {
		t.Errorf("got %v, want a late answer, and the program ended", err)
	}
}

// A program that does not read must not block whoever writes to it.
func TestProgramThatDoesNotRead(t *testing.T) {
	p, err := StartProgram([]string{"sleep", "3600"}, 100*time.Millisecond)
	if err != nil {
		t.Skip(err)
	}
	_, err = p.Score(t.Context(), []string{strings.Repeat("a", 1<<22)}, []string{""})
	if err == nil || !strings.Contains(err.Error(), "got no answer in 100ms") {
		t.Errorf("got %v, want a late answer", err)
	}
}

func TestProgramThatCannotStart(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{nil, {""}, {filepath.Join(dir, "absent")}, {plain}, {"no-such-program-anywhere"}} {
		_, err := StartProgram(command, 0)
		if err == nil || !strings.HasPrefix(err.Error(), "scorers: program") {
			t.Errorf("%v: got %v, want an error that names the program", command, err)
		}
	}
	good := Config{Kind: "program", Weight: 1, Command: []string{os.Args[0]}}
	t.Setenv(behaviour, "well")
	if _, err := New(good, Config{Kind: "program", Weight: 1, Command: []string{filepath.Join(dir, "absent")}}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("second of two: got %v", err)
	}
}

func TestCloseTells(t *testing.T) {
	if err := start(t, "bad exit").Close(); err == nil || !strings.Contains(err.Error(), "exit status 5") {
		t.Errorf("bad exit: got %v", err)
	}
	if err := start(t, "stays").Close(); err == nil || !strings.Contains(err.Error(), "so it was killed") {
		t.Errorf("stays: got %v", err)
	}
}

// When the context ends, so do the program and the children it started.
func TestCancelEndsTheWholeGroup(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	pids := filepath.Join(t.TempDir(), "pids")
	script := `sleep 3600 & echo $! >"$0.tmp" && mv "$0.tmp" "$0"; sleep 3600`
	p, err := StartProgram([]string{"sh", "-c", script, pids}, time.Hour)
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for t.Context().Err() == nil {
			if _, err := os.Stat(pids); err == nil {
				cancel()
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	_, err = p.Score(ctx, []string{""}, []string{""})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	b, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; alive(child); i++ {
		if i == 1000 {
			t.Fatalf("child %d is still running", child)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// alive says whether a process runs; one that ended but whose parent has not noticed
// does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	after := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return !strings.HasPrefix(strings.TrimSpace(after), "Z")
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"id": 1, "score": 0.5}`))
	f.Add([]byte(`{"id": "1", "score": -1e308}`))
	f.Add([]byte(`{"id": 1, "score": NaN}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		score, err := parse(b, 1)
		if err != nil {
			return
		}
		if checked("f", []float64{score}, 1) != nil || !json.Valid(b) {
			t.Errorf("%q passed with score %v", b, score)
		}
	})
}
