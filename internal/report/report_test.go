package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline/internal/eval"
	"plumbline/internal/train"
)

func interval(estimate, half float64) eval.Interval {
	return eval.Interval{Estimate: estimate, Low: estimate - half, High: estimate + half, Level: .95, N: 200}
}

// whole is a report with everything in it; its numbers are invented.
func whole() Data {
	r := rand.New(rand.NewPCG(1, 2))
	d := Data{
		Name: "quickstart", State: "done", Created: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Program: "plumb v1, linux/amd64",
		Stages: []Stage{
			{"sft", "done", 71, "3fa94b1c9d02aa", []string{"data.jsonl 77ab01c2"}},
			{"ppo", "done", 154, "90ab4b1c9d02aa", []string{"sft 3fa94b1c", "reward 11ce90aa"}},
		},
		Config: "seed: 1\nppo:\n  kl_coef: 0.05\n",
		Eval: &Evaluation{
			Models: []string{"base", "sft", "ppo"},
			Measures: []Measure{
				{"true utility", "", "higher", map[string]eval.Interval{"base": interval(-.41, .12), "sft": interval(.22, .1), "ppo": interval(.83, .09)}},
				{"KL to SFT", "nats per sequence", "", map[string]eval.Interval{"ppo": interval(5.2, .6)}},
				{"perplexity", "held-out text", "lower", map[string]eval.Interval{"base": interval(11.4, .8), "sft": interval(8.2, .5), "ppo": interval(8.9, .6)}},
			},
			Gains: []Gain{{"true utility", "sft", "ppo", interval(.61, .11)}, {"perplexity", "sft", "ppo", interval(.7, .5)}, {"KL to SFT", "sft", "ppo", interval(.1, .4)}},
			Calibration: &Calibration{Accuracy: interval(.79, .05), LogLoss: .48, ECE: .031, Bins: []Bin{
				{40, .55, interval(.52, .15)}, {0, 0, eval.Interval{}}, {90, .76, interval(.74, .09)}, {110, .95, interval(.93, .05)},
			}},
		},
	}
	for _, m := range []string{"base", "sft", "ppo"} {
		d.Samples = append(d.Samples,
			train.Sample{Stage: "eval", Model: m, ID: "1", Prompt: "The film was", Response: m + " wrote <script>alert(1)</script> & more", Scores: map[string]float64{"utility": .5}},
			train.Sample{Stage: "eval", Model: m, ID: "2", Prompt: "这部电影", Response: m + "：很好看，我非常喜欢，推荐给大家。"})
	}
	for step := 1; step <= 200; step++ {
		x := float64(step) / 200
		d.Rows = append(d.Rows, train.Row{Stage: "sft", Step: step, TimeS: x * 71, Metrics: train.Metrics{"loss": 2 + 3*math.Exp(-4*x) + .1*r.NormFloat64(), "lr": 1e-3 * (1 - x), "tokens": 512}})
	}
	for step := 1; step <= 900; step++ {
		x := float64(step) / 900
		d.Rows = append(d.Rows, train.Row{Stage: "ppo", Step: step, Metrics: train.Metrics{
			"reward": 1.2*x + .3*r.NormFloat64(), "kl": 6*x + .4*r.NormFloat64(), "entropy": 3 - x + .05*r.NormFloat64(), "clip_frac": .1 + .02*r.NormFloat64(), "kl_coef": .05 * (1 + x),
		}})
	}
	return d
}

func render(t *testing.T, d Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What a model writes must not become part of the page, and no network is asked.
func TestRender_EscapesAndStandsAlone(t *testing.T) {
	html := render(t, whole())
	if strings.Contains(html, "<script") {
		t.Error("a sample's script got into the page")
	}
	if !strings.Contains(html, "sft wrote &lt;script&gt;alert(1)&lt;/script&gt; &amp; more") {
		t.Error("no escaped sample")
	}
	for _, link := range []string{"http:", "https:", "src=", "href=", "@import", "url("} {
		if strings.Contains(html, link) {
			t.Errorf("the page has %q", link)
		}
	}
	for _, want := range []string{
		"这部电影", "ppo：很好看", `<td class="good">better</td>`, `<td class="bad">worse</td>`, `<td class="soft">no difference shown</td>`,
		"79.0 %", "[0.5, 0.72]", "1 more<", "kl_coef: 0.05", "3fa94b1c9d02", "2m34s",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// Every drawing is well-formed and has no coordinate that is not a number.
func TestRender_Drawings(t *testing.T) {
	html := render(t, whole())
	n := 0
	for rest := html; ; n++ {
		_, after, found := strings.Cut(rest, "<svg")
		if !found {
			break
		}
		body, tail, _ := strings.Cut(after, "</svg>")
		if err := wellFormed("<svg" + body + "</svg>"); err != nil {
			t.Errorf("drawing %d: %v", n, err)
		}
		if strings.Contains(body, "NaN") || strings.Contains(body, "Inf") {
			t.Errorf("drawing %d has a coordinate that is no number", n)
		}
		rest = tail
	}
	// 2 curves of sft (tokens never vary), 5 of ppo, 3 gains, 3 measures, calibration.
	if n != 2+5+3+3+1 {
		t.Errorf("got %d drawings, want 14", n)
	}
}

func wellFormed(text string) error {
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// A run that has only begun, and figures at the edge of what can be drawn.
func TestRender_LittleData(t *testing.T) {
	for name, d := range map[string]Data{
		"nothing":      {Name: "empty"},
		"one step":     {Rows: []train.Row{{Stage: "sft", Step: 1, Metrics: train.Metrics{"loss": 1}}}},
		"two steps":    {Rows: []train.Row{{Stage: "sft", Step: 5, Metrics: train.Metrics{"loss": 0}}, {Stage: "sft", Step: 6, Metrics: train.Metrics{"loss": 1e-300}}}},
		"huge":         {Rows: []train.Row{{Stage: "sft", Step: 1, Metrics: train.Metrics{"loss": -1e300}}, {Stage: "sft", Step: 2, Metrics: train.Metrics{"loss": 1e300}}}},
		"no intervals": {Eval: &Evaluation{Models: []string{"a"}, Measures: []Measure{{Name: "m"}}}},
		"exact":        {Eval: &Evaluation{Models: []string{"a"}, Measures: []Measure{{Name: "m", Values: map[string]eval.Interval{"a": interval(0, 0)}}}}},
	} {
		if html := render(t, d); strings.Contains(html, "NaN") || strings.Contains(html, "Inf") {
			t.Errorf("%s: a coordinate that is no number", name)
		}
	}
}

func TestCurve_SaysWhatIsTrue(t *testing.T) {
	vals := make([]float64, 1000)
	steps := make([]int, 1000)
	for i := range vals {
		vals[i], steps[i] = float64(i), i+1
	}
	at, means := thin(steps, vals, 10)
	if len(at) != 10 || at[9] != 1000 || math.Abs(means[0]-49.5)+math.Abs(means[9]-949.5) > 1e-9 { // means of 0…99 and 900…999
		t.Errorf("thin: got %v at %v", means, at)
	}
	smooth := runningMean(vals)
	for i := 41; i < 1000-41; i++ { // half a window from the ends, that of a straight line is the line
		if math.Abs(smooth[i]-vals[i]) > 1e-9 {
			t.Fatalf("running mean at %d: got %v, want %v", i, smooth[i], vals[i])
		}
	}
	if math.Abs(smooth[0]-20.5) > 1e-9 { // the mean of 0…41
		t.Errorf("running mean at the start: got %v, want 20.5", smooth[0])
	}
	if got := fmt.Sprint(ticks(-.3, 1.1, 4)); got != "[0 0.5 1]" {
		t.Errorf("ticks: got %v", got)
	}
}

func TestSideBySide_LatestOfEachModel(t *testing.T) {
	got := sideBySide([]train.Sample{
		{ID: "1", Model: "ppo", Step: 10, Response: "old"},
		{ID: "2", Model: "ppo", Response: "alone"},
		{ID: "1", Model: "ppo", Step: 20, Response: "new"},
		{ID: "1", Model: "base", Response: "b"},
	}, []string{"base", "sft", "ppo"})
	if len(got) != 1 || got[0].By["ppo"].Response != "new" || strings.Join(got[0].Models, " ") != "base ppo" {
		t.Errorf("got %+v", got)
	}
}
