package main

import (
	"strings"
	"testing"
)

func TestLabelManage_Faults(t *testing.T) {
	db := labels(t, 1)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no terminal", []string{"manage", db}, 1, "this is no terminal to draw on; plumb label stats prints the same figures"},
		{"language", []string{"manage", db, "--lang", "fr"}, 2, `--lang: got "fr", want en or zh`},
		{"project", []string{"manage", db, "--project", "other"}, 1, `"other"`},
		{"adjudicate without a terminal", []string{"adjudicate", db, "--as", "judge"}, 1, "this is no terminal to judge at"},
		{"adjudicate unknown", []string{"adjudicate", db}, 1, "--as somebody enrols you"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("USER", "somebody")
			code, _, stderr := plumb(t, append([]string{"label"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d, %q, want %d, %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}
