package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/quality"
	"plumbline/labeling/screen"
	"plumbline/labeling/simulate"
	"plumbline/labeling/tui"
)

// good and bad are responses whose order VADER's lexicon leaves no doubt about.
const good, bad = "It was good and nice.", "It was a bad, awful day."

// pairs are n lines for label import.
func pairs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id": "%d", "prompt": "How was it, %d?", "candidates": [{"text": %q}, {"text": %q}]}`+"\n", i, i, good, bad)
	}
	return b.String()
}

// labels makes a store with n pairs, each to be judged twice.
func labels(t *testing.T, n int) string {
	t.Helper()
	db := filepath.Join(t.TempDir(), "labels.db")
	if code, stdout, stderr := plumb(t, "label", "init", db, "--overlap", "2"); code != 0 || !strings.Contains(stdout, "project labels, task pair, 2 judgements per item") {
		t.Fatalf("init: got %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr := with(t, pairs(n), false, "label", "import", db, "-"); code != 0 || stdout != fmt.Sprintf("%d items read, %d of them new\n", n, n) {
		t.Fatalf("import: got %d, %q, %q", code, stdout, stderr)
	}
	return db
}

// must runs a verb of label with --json and reads the one object it prints.
func must[T any](t *testing.T, args ...string) T {
	t.Helper()
	code, stdout, stderr := plumb(t, append(append([]string{"label"}, args...), "--json")...)
	all := decode[T](t, stdout)
	if code != 0 || len(all) != 1 {
		t.Fatalf("%v: got %d, %q, %q, want one object", args, code, stdout, stderr)
	}
	return all[0]
}

// Annotators who are always right judge as the lexicon says; nothing is left over, and
// what is exported and audited are these very judgements.
func TestLabel_FromPairsToPreferences(t *testing.T) {
	db := labels(t, 6)
	if again := must[labeling.Imported](t, "import", db, write(t, "pairs.jsonl", pairs(6))); again != (labeling.Imported{Items: 6}) {
		t.Errorf("import again: got %+v, want nothing new", again)
	}
	if r := must[simulate.Report](t, "simulate", db, "--scorer", "vader", "--annotators", "3", "--skill", "1"); r != (simulate.Report{Judged: 12, Right: 12}) {
		t.Errorf("simulate: got %+v, want 12 judged, all right", r)
	}
	if s := must[quality.Stats](t, "stats", db); s.Queue.Done != 12 || s.Queue.Open != 0 || s.Questions[0].Agreement.P != 1 || len(s.Annotators) != 3 {
		t.Errorf("stats: got %+v", s)
	}
	audit := must[labeling.Audit](t, "audit", db)
	if audit.Judgements != 12 || len(audit.Faults) > 0 {
		t.Errorf("audit: got %+v", audit)
	}
	out := filepath.Join(t.TempDir(), "trl.jsonl")
	run := must[labeling.ExportRun](t, "export", db, "--format", "trl", "--out", out)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(b); run.SHA256 != hex.EncodeToString(sum[:]) || run.Lines != 6 {
		t.Errorf("export: got %+v of other bytes", run)
	}
	for _, p := range decode[struct{ Chosen, Rejected string }](t, string(b)) {
		if p.Chosen != good || p.Rejected != bad {
			t.Errorf("got %+v, want the good one chosen", p)
		}
	}
	if _, stdout, _ := plumb(t, "label", "export", db, "--format", "trl"); stdout != string(b) {
		t.Error("standard output got other bytes than the file")
	}
	if code, _, stderr := plumb(t, "label", "audit", db, "--anchor", audit.Head); code != 0 {
		t.Errorf("audit with the head of before: got %d, %q", code, stderr)
	}
	if code, stdout, _ := plumb(t, "label", "audit", db, "--anchor", "beef"); code != 1 || !strings.Contains(stdout, "the anchor beef is not in it") {
		t.Errorf("audit with a head that is not in it: got %d, %q", code, stdout)
	}
}

// A scorer that dies on the way leaves no judgement that it did not stand behind: what a
// sound scorer goes on with ends as if nothing had been.
func TestLabelSimulate_ScorerDies(t *testing.T) {
	export := func(db string) string {
		_, stdout, _ := plumb(t, "label", "export", db)
		return stdout
	}
	sound, broken := labels(t, 8), labels(t, 8)
	dies := write(t, "dies.sh", "n=0\nwhile read -r line; do n=$((n + 1)); [ $n -gt 7 ] && exit 3; echo \"{\\\"id\\\": $n, \\\"score\\\": ${#line}}\"; done\n")
	lives := write(t, "lives.sh", "n=0\nwhile read -r line; do n=$((n + 1)); echo \"{\\\"id\\\": $n, \\\"score\\\": ${#line}}\"; done\n")
	args := func(db, script string) []string {
		return []string{"label", "simulate", db, "--scorer", "program:sh " + script, "--annotators", "3", "--skill", "1"}
	}
	code, _, stderr := plumb(t, args(broken, dies)...)
	if code != 1 || !strings.Contains(stderr, "line 8: ended without an answer: unexpected EOF (exit status 3)") {
		t.Fatalf("got %d, %q, want 1 and what the program died of", code, stderr)
	}
	for _, db := range []string{broken, sound} {
		if code, _, stderr := plumb(t, args(db, lives)...); code != 0 {
			t.Fatalf("got %d, %q", code, stderr)
		}
	}
	if got, want := export(broken), export(sound); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The flags of label open reach the screen; the session's result is printed.
func TestLabelOpen(t *testing.T) {
	db := labels(t, 1)
	t.Setenv("USER", "ada")
	open := func(args ...string) (code int, o tui.Options, annotator, stdout string) {
		var out, people bytes.Buffer
		s := streams{In: strings.NewReader(""), Out: &out, Err: &people, InTerminal: true, OutTerminal: true}
		s.Screen = func(_ context.Context, _ labeling.Store, who string, got tui.Options) (tui.Result, error) {
			o, annotator = got, who
			return tui.Result{Judged: 3, Skipped: 1, Finished: true}, nil
		}
		code = execute(t.Context(), s, append([]string{"label", "open", db}, args...))
		return code, o, annotator, out.String()
	}
	code, o, who, stdout := open("--lang", "zh", "--linear", "--project", "labels", "--annotator", "eve")
	if code != 0 || o.Lang != screen.Chinese || !o.Linear || o.Project != "labels" || who != "eve" {
		t.Errorf("got %d, %+v, %s", code, o, who)
	}
	if want := "3 judged, 0 corrected, 1 skipped; nothing is left for you\n"; stdout != want {
		t.Errorf("got %q, want %q", stdout, want)
	}
	if _, _, who, stdout = open("--json"); who != "ada" || !json.Valid([]byte(stdout)) {
		t.Errorf("by default: got %s, %q, want the user and JSON", who, stdout)
	}
}

// Whoever presses Ctrl-C is told that the verb was interrupted, whatever failed for it:
// an audit cut short has found no fault.
func TestLabel_Interrupted(t *testing.T) {
	db := labels(t, 500)
	for _, verb := range []string{"audit", "stats", "export"} {
		run := func(ctx context.Context) (code int, stdout, stderr string) {
			var out, err bytes.Buffer
			code = execute(ctx, streams{In: strings.NewReader(""), Out: &out, Err: &err}, []string{"label", verb, db})
			return code, out.String(), err.String()
		}
		began := time.Now()
		if code, _, stderr := run(t.Context()); code != 0 {
			t.Fatal(code, stderr)
		}
		whole := time.Since(began)
		for i := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(whole*time.Duration(i)/20, cancel)
			if code, stdout, stderr := run(ctx); code != 0 && (code != exitInterrupted || stdout != "") {
				t.Errorf("%s, cut at %d/20: got %d, %q, %q, want 130 and no result", verb, i, code, stdout, stderr)
			}
			cancel()
		}
	}
}

func TestLabel_Faults(t *testing.T) {
	db := labels(t, 1)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"unknown verb", []string{"exprot"}, 2, `unknown command "exprot" for "plumb label"`},
		{"no store named", []string{"stats"}, 2, "accepts 1 arg(s), received 0"},
		{"missing store", []string{"stats", "nowhere.db"}, 1, "nowhere.db: not found: no such file; plumb label init makes one"},
		{"not a store", []string{"stats", write(t, "text.db", strings.Repeat("no database ", 100))}, 1, "text.db"},
		{"unknown project", []string{"stats", db, "--project", "other"}, 1, `"other"`},
		{"overlap", []string{"init", db, "--overlap", "0"}, 2, "overlap: got 0, want 1 to 15"},
		{"other settings", []string{"init", db, "--overlap", "5"}, 1, "already stored with other content"},
		{"missing guideline", []string{"init", db, "--guideline", "nowhere.txt"}, 1, "nowhere.txt: no such file"},
		{"missing pairs", []string{"import", db, "nowhere.jsonl"}, 1, "nowhere.jsonl: no such file"},
		{"broken pairs", []string{"import", db, write(t, "pairs.jsonl", pairs(1)+"{\n")}, 1, "pairs.jsonl:2: "},
		{"three candidates", []string{"import", db, write(t, "three.jsonl", `{"id":"x","prompt":"p","candidates":[{"text":"a"},{"text":"b"},{"text":"c"}]}`)}, 1, "three.jsonl:1: candidates: got 3, want 2"},
		{"language", []string{"open", db, "--lang", "fr"}, 2, `--lang: got "fr", want en or zh`},
		{"no terminal", []string{"open", db}, 1, "this is no terminal to judge at"},
		{"format", []string{"export", db, "--format", "xml"}, 2, `--format: got "xml", want one of [judgements comparisons trl hh kwise kto sft]`},
		{"nowhere to export", []string{"export", db, "--out", "no/such/dir"}, 1, "no/such"},
		{"skill", []string{"simulate", db, "--skill", "2"}, 2, "annotators[0].skill: got 2, want in [0, 1]"},
		{"a model is no truth", []string{"simulate", db, "--scorer", "reward:x"}, 2, "--scorer: got reward:x, want a scorer of texts"},
		{"too few annotators", []string{"simulate", db, "--annotators", "1"}, 1, "annotators: got 1, want ≥ 2, the project's overlap"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := plumb(t, append([]string{"label"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d, %q, want %d, %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}
