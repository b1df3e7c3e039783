package main

import (
	"path/filepath"
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// The flags of label init reach the project; again they change nothing.
func TestLabelInit(t *testing.T) {
	mine := write(t, "mine.yaml", "name: mine\ncandidates: 1\nquestions:\n  - {key: quality, kind: rating, points: 5}\n")
	for _, tt := range []struct {
		name, task string
		args       []string
		control    labeling.Control
	}{
		{"by default", "pair", nil, labeling.Control{}},
		{"built in", "lamda", []string{"--task", "lamda"}, labeling.Control{}},
		{"a file", "mine", []string{"--task", mine}, labeling.Control{}},
		{"ties", "pair", []string{"--ties"}, labeling.Control{}},
		{"three of four pass", "pair", []string{"--screening", "20"}, labeling.Control{Screening: labeling.Screening{Items: 20, Pass: 15}}},
		{
			"control", "pair",
			[]string{"--gold", ".1", "--repeats", ".03", "--screening", "10", "--pass", "9"},
			labeling.Control{Gold: .1, Repeats: .03, Screening: labeling.Screening{Items: 10, Pass: 9}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "crowd.db")
			for range 2 {
				made := must[project](t, append([]string{"init", db}, tt.args...)...)
				if made.Project != "crowd" || made.Task != tt.task || made.Control != tt.control || made.Guideline != 1 {
					t.Errorf("got %+v, want task %s, %+v", made, tt.task, tt.control)
				}
			}
			s, err := store.Open(t.Context(), db, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // only read
			p, err := s.Project(t.Context(), "")
			if err != nil || p.Task.Name != tt.task || p.Control != tt.control || p.Task.Questions[0].Ties != (tt.name == "ties") {
				t.Errorf("stored: got %+v, %v", p, err)
			}
		})
	}
}

// Again without a guideline keeps the one there is: it is read by everybody, and a new
// version of it has everybody read again.
func TestLabelInit_KeepsTheGuideline(t *testing.T) {
	db, guide := filepath.Join(t.TempDir(), "crowd.db"), write(t, "guide.txt", "Prefer the shorter one.")
	for i, args := range [][]string{nil, {"--guideline", guide}, nil, {"--guideline", guide}} {
		made := must[project](t, append([]string{"init", db}, args...)...)
		if want := min(i+1, 2); made.Guideline != want {
			t.Errorf("call %d: got version %d, want %d", i+1, made.Guideline, want)
		}
	}
}

func TestLabelInit_Faults(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crowd.db")
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such task", []string{"--task", "pears"}, 2, `got "pears", want a file or one of helpful-honest-harmless, lamda, likert, llama2-safety, pair, ranking`},
		{"no such file", []string{"--task", "nowhere.yaml"}, 1, "nowhere.yaml: no such file"},
		{"a broken file", []string{"--task", write(t, "broken.yaml", "name: x\ncandidates: 2\nquestions: []\n")}, 2, "broken.yaml: questions: got 0, want 1 to 20"},
		{"an empty file", []string{"--task", write(t, "empty.yaml", "")}, 2, "empty.yaml: got nothing, want a task"},
		{"a guideline in Latin-1", []string{"--guideline", write(t, "guide.txt", "caf\xe9")}, 2, "guideline: got bytes that are not UTF-8"},
		{"ties elsewhere", []string{"--task", "lamda", "--ties"}, 2, "--ties: got it with --task lamda"},
		{"too much gold", []string{"--gold", ".9"}, 2, "control.gold: got 0.9, want 0 to .5"},
		{"more than all", []string{"--screening", "5", "--pass", "6"}, 2, "control.screening.pass: got 6, want at most the items"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := plumb(t, append([]string{"label", "init", db}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d, %q, want %d, %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}

func TestStoreName(t *testing.T) {
	for store, want := range map[string]string{
		"labels.db": "labels", "runs/a/labels.db": "labels", "postgres://ada@host:5432/crowd?sslmode=disable": "crowd", "no-extension": "no-extension",
	} {
		if got := storeName(store); got != want {
			t.Errorf("%s: got %q, want %q", store, got, want)
		}
	}
}
