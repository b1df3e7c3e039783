package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
	"plumbline/internal/train"
)

// plumb runs a command line with buffers for streams.
func plumb(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = execute(t.Context(), streams{In: strings.NewReader(""), Out: &out, Err: &err}, args)
	return code, out.String(), err.String()
}

func TestExitStatus(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("seed: 1\nppo:\n  kl_coeff: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"done", []string{"version"}, 0, ""},
		{"help", []string{"--help"}, 0, ""},
		{"help of a group of verbs", []string{"runs"}, 0, ""},
		{"failed", []string{"runs", "show", "nowhere"}, 1, "plumb: run: open nowhere/run.json: no such file or directory"},
		{"no such verb", []string{"rnus"}, 2, `unknown command "rnus" for "plumb"`},
		{"no such verb below", []string{"runs", "lst"}, 2, `unknown command "lst" for "plumb runs"`},
		{"no such flag", []string{"version", "--jso"}, 2, "unknown flag: --jso\nRun \"plumb version --help\""},
		{"argument missing", []string{"runs", "show"}, 2, "accepts 1 arg(s), received 0\nRun \"plumb runs show --help\""},
		{"settings", []string{"config", "show", bad}, 2, "bad.yaml:3: ppo.kl_coeff: unknown key; did you mean ppo.kl_coef?"},
		{"no such file", []string{"config", "show", "nowhere.yaml"}, 2, "configs: nowhere.yaml: no such file; the built-in ones are quickstart.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := plumb(t, tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.stderr) || (tt.code == 0) != (stderr == "") {
				t.Errorf("got %d, %q, want %d, %q", code, stderr, tt.code, tt.stderr)
			}
		})
	}
}

func TestTell_StatusAndHint(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		want string
	}{
		{
			fmt.Errorf("ppo: %w", &train.Interrupted{Stage: "ppo", Step: 7, Dir: "runs/a b/ppo/step-000007"}), 130,
			"step 7 is saved in runs/a b/ppo/step-000007\nGo on with: plumb run x.yaml --out 'runs/a b' --resume\n",
		},
		{&run.ChangedError{Dir: "runs/a", Stage: "sft", Changes: []string{"sft.lr: was 1, is 2"}}, 2, "sft.lr: was 1, is 2\nUndo the change, choose another --out, or make it again from there: --redo sft\n"},
		{errors.New("disk full"), 1, "plumb: disk full\n"},
	} {
		var w bytes.Buffer
		if code := tell(&w, tt.err, []string{"run", "x.yaml", "--out", "runs/a b"}); code != tt.code || !strings.HasSuffix(w.String(), tt.want) {
			t.Errorf("got %d, %q, want %d, ... %q", code, w.String(), tt.code, tt.want)
		}
	}
}

// A shell must read the resume command as it was meant.
func TestResumeCommand_Quotes(t *testing.T) {
	args := []string{"run", "a b.yaml", "--set", "x=it's $HOME", "--resume", ""}
	out, err := exec.Command("sh", "-c", strings.Replace(resumeCommand(args), "plumb", "printf '%s\\n'", 1)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(args, "\n") + "\n"; string(out) != want {
		t.Errorf("a shell reads %q, want %q", out, want)
	}
}

// Every verb says what it does and shows an example that parses.
func TestEveryVerbHasHelpAndAnExample(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || !strings.HasPrefix(cmd.Example, "  plumb") {
			t.Errorf("%s: no short help or example", cmd.CommandPath())
		}
		for _, line := range strings.Split(cmd.Example, "\n") {
			words := strings.Fields(strings.Split(strings.Split(line, " > ")[0], "#")[0])
			sub, _, err := cmd.Root().Find(words[1:])
			if err != nil || (sub != cmd && !cmd.HasSubCommands()) {
				t.Errorf("%s: its example runs %q: %v", cmd.CommandPath(), line, err)
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{}))
}

func TestRuns(t *testing.T) {
	root := t.TempDir()
	d, err := run.Open(filepath.Join(root, "a"), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(run.Spec{Name: "sft"}); err != nil {
		t.Fatal(err)
	}
	l, err := train.OpenLog(d.Path, "sft", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Write(12, train.Metrics{"loss": 2.5}), l.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"runs", "list", root}, "stopped  sft 12"},
		{[]string{"runs", "show", d.Path}, "  sft running\nfigures of sft step 12:\n  loss             2.5\n"},
		{[]string{"runs", "lineage", d.Path}, d.Path + " sft (running)"},
		{[]string{"report", d.Path}, filepath.Join(d.Path, "report.html")},
	} {
		code, stdout, stderr := plumb(t, tt.args...)
		if code != 0 || !strings.Contains(stdout, tt.want) {
			t.Errorf("%v: got %d, %q, %q, want %q", tt.args, code, stdout, stderr, tt.want)
		}
		code, stdout, _ = plumb(t, append(tt.args, "--json")...)
		if code != 0 || !json.Valid([]byte(stdout)) || strings.Count(stdout, "\n") != 1 {
			t.Errorf("%v --json: got %d, %q, want one line of JSON", tt.args, code, stdout)
		}
	}
}

func TestConfig(t *testing.T) {
	code, shown, stderr := plumb(t, "config", "show", "quickstart.yaml", "--set", "seed=7")
	if code != 0 || !strings.Contains(shown, "\nseed: 7\n") {
		t.Fatalf("got %d, %q, %q", code, shown, stderr)
	}
	file := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(file, []byte(shown), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, again, stderr := plumb(t, "config", "show", file); code != 0 || again != shown {
		t.Errorf("what it prints is another config: got %d, %q", code, stderr)
	}
	if code, schema, _ := plumb(t, "config", "schema", "--json"); code != 0 || !json.Valid([]byte(schema)) || strings.Count(schema, "\n") != 1 {
		t.Errorf("schema: got %d, %.80q", code, schema)
	}
}

func TestManAndCompletion(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := plumb(t, "man", dir); code != 0 {
		t.Fatal(stderr)
	}
	if pages, err := filepath.Glob(filepath.Join(dir, "plumb-runs-*.1")); err != nil || len(pages) < 3 {
		t.Errorf("got %v, %v, want a page per verb of runs", pages, err)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, stderr := plumb(t, "completion", shell); code != 0 || !strings.Contains(out, "plumb") {
			t.Errorf("%s: got %d, %q", shell, code, stderr)
		}
	}
}

func TestLive_SaysThatCtrlCWasHeard(t *testing.T) {
	var people, programs bytes.Buffer
	a := &app{streams: streams{Out: &programs, Err: &people}, json: true}
	ctx, cancel := context.WithCancel(t.Context())
	emit, stop := a.live(ctx)
	emit(train.Event{Kind: train.StageBegan, Stage: "sft", Steps: 3})
	cancel()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if want := "sft      begins\nfinishing and saving the step; Ctrl-C again stops at once\n"; people.String() != want || strings.Count(programs.String(), "\n") != 2 {
		t.Errorf("people got %q, programs got %q", people.String(), programs.String())
	}
}

// TestMain lets the test program stand in for plumb itself (see process), and for a run
// that gets Ctrl-C: it takes a while to save after the first and never ends without the
// second where told to hang.
func TestMain(m *testing.M) {
	if os.Getenv("PLUMB_TEST_MAIN") != "" {
		main()
	}
	mode := os.Getenv("PLUMB_TEST_INTERRUPT")
	if mode == "" {
		os.Exit(m.Run())
	}
	ctx, stop := interruptible(context.Background(), os.Exit)
	defer stop()
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println("saving")
	if mode == "hang" {
		select {}
	}
	os.Exit(tell(os.Stderr, &train.Interrupted{Stage: "sft"}, nil))
}

func TestInterrupt(t *testing.T) {
	for mode, signals := range map[string]int{"save": 1, "hang": 2} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PLUMB_TEST_INTERRUPT="+mode)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 64)
		for range signals {
			if _, err := out.Read(line); err != nil { // "ready", then "saving"
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
		kill := time.AfterFunc(20*time.Second, func() { cmd.Process.Signal(syscall.SIGKILL) }) //nolint:errcheck // it ended by itself then
		err = cmd.Wait()
		kill.Stop()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
			t.Errorf("%s: got %v, want exit status 130", mode, err)
		}
	}
}
