package run_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/run"
	"plumbline/internal/train"
)

func TestWriteReport(t *testing.T) {
	tmp := t.TempDir()
	d := open(t, filepath.Join(tmp, "a"))
	data := put(t, "text", tmp, "data.jsonl")
	begin(t, d, run.Spec{Name: "sft", Inputs: []string{data}}, false)
	l, err := train.OpenLog(d.Path, "sft", 0)
	if err != nil {
		t.Fatal(err)
	}
	for step, loss := range []float64{3, 2.5} {
		if err := l.Write(step+1, train.Metrics{"loss": loss}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Sample(train.Sample{Model: "sft", ID: "1", Prompt: "p", Response: "从前"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, `{"models":[{"model":"sft","perplexity":{"estimate":8.25,"low":8,"high":9,"level":0.95,"n":9}}],
		"reward":{"accuracy":{"estimate":0.8,"low":0.7,"high":0.9,"level":0.95,"n":50},"bins":[{"predicted":0.7,"observed":0.7,"n":10},{"n":0}]}}`, d.Path, "eval.json")
	put(t, `{"stage":"eval","step":0,"model":"base","id":"1","prompt":"p","response":"很久以前"}`+"\n", d.Path, run.ResponsesFile)
	path, err := run.WriteReport(d.Path, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"从前", "很久以前", "answered by each model", "8.25", "0.7 <span class=\"soft\">[0.397, 0.892]", // scipy: binomtest(7, 10).proportion_ci(.95, 'wilson')
		"data.jsonl 982d9e3eb996", "&#34;seed&#34;: 1", "<figcaption>loss <span>2.5</span>"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	put(t, "[", d.Path, "eval.json")
	if _, err := run.WriteReport(d.Path, filepath.Join(tmp, "r.html")); err == nil || !strings.Contains(err.Error(), "eval.json") {
		t.Errorf("damaged eval.json: err = %v", err)
	}
}
