package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Who is new is tested where the project tests; those who judge others are not.
func TestLabelEnrol_NewAnnotatorsAreTested(t *testing.T) {
	for name, c := range map[string]struct {
		init, enrol []string
		want        string
	}{
		"where the project tests": {[]string{"--screening", "4", "--pass", "3"}, nil, "screening"},
		"where it does not":       {nil, nil, "active"},
		"unless told otherwise":   {[]string{"--screening", "4"}, []string{"--status", "active"}, "active"},
		"but for adjudicators":    {[]string{"--screening", "4"}, []string{"--role", "adjudicator"}, "active"},
	} {
		db := filepath.Join(t.TempDir(), "labels.db")
		if code, _, stderr := plumb(t, append([]string{"label", "init", db}, c.init...)...); code != 0 {
			t.Fatal(stderr)
		}
		_, out, stderr := plumb(t, append([]string{"label", "enrol", db, "ada", "--json"}, c.enrol...)...)
		if !strings.Contains(out, `"status":"`+c.want+`"`) {
			t.Errorf("%s: got %s%s, want status %s", name, out, stderr, c.want)
		}
	}
}

// Two keys as ssh-keygen made them, and what ssh-keygen -l says of them.
const (
	adaKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPexDIRZVg6sb+uPYjvK3l4TqdxPk+6+cP5ZVwzkJNz2 ada@home"
	adaSHA  = "SHA256:5TBXPw9wnX3q6my+U2uSLNeG4Y6MKu+LoWXtInqk+JI"
	workKey = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCoQzhPbBNNHvtTFx+ayvfBZJr7kfFeEzSMbn2fxfdvw3jreJ5RaIe/9dVUeKamtPZLm3S3E/k8g1+W/R25A00zwVxfoWKV6cd+ZUBsEyD3nxyXQnCZMFxaB6af3klgfGQUxpztG9ZHLBHAcOSM4jur8FlpoHrKTj1wXyC1p5V38k+RhyrIE71mAvW8iik0wdrAIPFr6p6vSCoN81Xd9j/SuF/+OtE9zQuK6uWXaGPeFB8PcOrOF9hNldMgNwulgdbphnyNxD1LMdaWEyidp0cQmZhiK59kW5e0nI+2lmd4ZjXftI9h/n8LXoDFdvZoJuKyceweXY31fFoCBsRYz/4V ada@work"
	workSHA = "SHA256:0JaCG8dbc5YGHV1ORhcOPTN3YekFO2ehQjT+ZZTt2+8"
)

func TestLabelEnrol_Keys(t *testing.T) {
	db := labels(t, 1)
	enrol := func(stdin string, args ...string) string {
		t.Helper()
		code, out, stderr := with(t, stdin, false, append([]string{"label", "enrol", db, "--json"}, args...)...)
		if code != 0 {
			t.Fatalf("%v: %s", args, stderr)
		}
		return out
	}
	file := write(t, "authorized_keys", "# at home\n"+adaKey+"\n\n"+`restrict,command="sh" `+workKey+"\r\n")
	if got, want := enrol("", "ada", "--key", file), `{"handle":"ada","role":"annotator","status":"active","keys":[`; !strings.HasPrefix(got, want) ||
		!strings.Contains(got, adaSHA) || !strings.Contains(got, workSHA) {
		t.Errorf("got %s, want %s with %s and %s", got, want, adaSHA, workSHA)
	}
	if got := enrol("", "ada", "--key", file); strings.Count(got, "SHA256:") != 2 {
		t.Errorf("the same again: got %s", got)
	}
	if got := enrol("", "ada", "--drop-key", workSHA, "--role", "manager", "--status", "paused"); strings.Contains(got, workSHA) ||
		!strings.Contains(got, `"role":"manager","status":"paused"`) {
		t.Errorf("changed: got %s", got)
	}
	if got := enrol(workKey, "eve", "--key", "-"); !strings.Contains(got, workSHA) {
		t.Errorf("by standard input: got %s", got)
	}
	if got := enrol(""); strings.Count(got, "\n") != 2 || !strings.Contains(got, `"eve"`) {
		t.Errorf("listed: got %s", got)
	}
	for _, tt := range []struct {
		name, stdin string
		args        []string
		code        int
		want        string
	}{
		{"the key of another", adaKey, []string{"eve", "--key", "-"}, 1, "it is the key of ada"},
		{"no key", "", []string{"eve", "--key", "-"}, 1, "got no public key"},
		{"a private key", adaKey + "\n-----BEGIN OPENSSH PRIVATE KEY-----\n", []string{"eve", "--key", "-"}, 1, "-:2: got \"-----BEGIN OPENSSH PRIVATE KEY-----\", want a public key"},
		{"no such file", "", []string{"eve", "--key", "nowhere.pub"}, 1, "nowhere.pub: no such file"},
		{"a key that is not there", "", []string{"eve", "--drop-key", adaSHA}, 1, "not found"},
		{"no fingerprint", "", []string{"eve", "--drop-key", "MD5:00"}, 2, "want SHA256:"},
		{"no role", "", []string{"eve", "--role", "queen"}, 2, "annotator, adjudicator or manager"},
		{"whose", "", []string{"--role", "manager"}, 2, "give a handle"},
	} {
		code, _, stderr := with(t, tt.stdin, false, append([]string{"label", "enrol", db}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: got %d, %q, want %d, %q", tt.name, code, stderr, tt.code, tt.want)
		}
	}
}

// A list lines up in cells, not in letters, and a name cannot turn it round.
func TestLabelEnrol_ListsNames(t *testing.T) {
	db := labels(t, 1)
	for _, name := range []string{"ada", "张三", "bob\u202e"} {
		if code, _, stderr := plumb(t, "label", "enrol", db, name); code != 0 {
			t.Fatal(stderr)
		}
	}
	_, out, _ := plumb(t, "label", "enrol", db)
	const want = "HANDLE       ROLE       STATUS  KEYS\n" +
		"ada          annotator  active\n" +
		"张三         annotator  active\n" +
		"bob⟨U+202E⟩  annotator  active\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}
