package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"

	"plumbline/internal/durable"
	"plumbline/internal/eval"
	"plumbline/internal/report"
	"plumbline/internal/train"
)

// WriteReport draws what is in a run directory, finished or not, as HTML. out is the
// file to write, "" for report.html in the directory; the path written is returned.
func WriteReport(path, out string) (string, error) {
	if out == "" {
		out = filepath.Join(path, ReportFile)
	}
	d, err := reportData(path)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := report.Render(&page, d); err != nil {
		return "", err
	}
	if err := durable.WriteFile(out, page.Bytes()); err != nil {
		return "", fmt.Errorf("run: report: %w", err)
	}
	return out, nil
}

// reportData gathers what run.json, metrics.jsonl, samples.jsonl, responses.jsonl and
// eval.json say.
func reportData(path string) (report.Data, error) {
	m, err := ReadManifest(path)
	if err != nil {
		return report.Data{}, err
	}
	d := report.Data{
		Name: m.Name, State: overall(m, InUse(path)), Created: m.Created,
		Program: fmt.Sprintf("plumb %s, %s, %s, seed %d", m.Versions.Plumb, m.Versions.Go, m.Versions.OS, m.Seed),
	}
	if d.Rows, err = train.ReadMetrics(path); err != nil {
		return d, err
	}
	for _, name := range []string{train.SamplesFile, ResponsesFile} {
		samples, err := train.ReadSamples(filepath.Join(path, name))
		if err != nil {
			return d, err
		}
		d.Samples = append(d.Samples, samples...)
	}
	result, err := ReadResult(path)
	if err != nil {
		return d, err
	}
	if d.Eval, err = evaluation(result); err != nil {
		return d, err
	}
	config, err := json.MarshalIndent(m.Config, "", "  ")
	if err != nil {
		return d, fmt.Errorf("run: report: %w", err)
	}
	d.Config = string(config)
	d.Stages = reportStages(m, d.Rows)
	return d, nil
}

// reportStages is the provenance table.
func reportStages(m Manifest, rows []train.Row) []report.Stage {
	times := map[string]float64{}
	for _, r := range rows {
		times[r.Stage] = r.TimeS
	}
	var stages []report.Stage
	for _, s := range m.Stages {
		line := report.Stage{Name: s.Name, State: string(s.State), TimeS: times[s.Name], SHA256: s.SHA256}
		for _, p := range s.Parents {
			line.From = append(line.From, p.Stage+" "+short(p.SHA256))
		}
		for _, in := range s.Inputs {
			line.From = append(line.From, filepath.Base(in.Path)+" "+short(in.SHA256))
		}
		stages = append(stages, line)
	}
	return stages
}

// measures are the figures of eval.json as the report names them, in its order.
var measures = []struct {
	name, unit, better string
	of                 func(eval.Figures) *eval.Interval
}{
	{"utility", "the true one, of unseen prompts", "higher", func(f eval.Figures) *eval.Interval { return f.Utility }},
	{"reward", "of the reward model", "higher", func(f eval.Figures) *eval.Interval { return f.Reward }},
	{"KL to sft", "nats per sequence", "", func(f eval.Figures) *eval.Interval {
		if f.KL == nil {
			return nil
		}
		return &f.KL.K1
	}},
	{"perplexity", "of held-out text", "lower", func(f eval.Figures) *eval.Interval { return f.Perplexity }},
	{"fluency", "perplexity of the responses under the base", "lower", func(f eval.Figures) *eval.Interval { return f.Fluency }},
	{"length", "tokens", "", func(f eval.Figures) *eval.Interval { return f.Length }},
	{"finished", "share that ends by itself", "", func(f eval.Figures) *eval.Interval { return f.Finished }},
}

// evaluation turns eval.json into the report's tables; nil where there is none.
func evaluation(r *eval.Result) (*report.Evaluation, error) {
	if r == nil {
		return nil, nil
	}
	e := &report.Evaluation{}
	for _, f := range r.Models {
		e.Models = append(e.Models, f.Model)
	}
	for _, m := range measures {
		row := report.Measure{Name: m.name, Unit: m.unit, Better: m.better, Values: map[string]eval.Interval{}}
		for _, f := range r.Models {
			if v := m.of(f); v != nil {
				row.Values[f.Model] = *v
			}
		}
		if len(row.Values) > 0 {
			e.Measures = append(e.Measures, row)
		}
	}
	for _, g := range r.Gains {
		e.Gains = append(e.Gains, report.Gain{Measure: g.Figure, From: g.Over, To: g.Model, Gain: g.Gain})
	}
	var err error
	if r.Reward != nil {
		e.Calibration, err = calibration(*r.Reward)
	}
	return e, err
}

// calibration adds the intervals to a reliability table.
func calibration(q eval.RewardQuality) (*report.Calibration, error) {
	c := &report.Calibration{Accuracy: q.Accuracy, LogLoss: q.LogLoss, ECE: q.ECE}
	for _, b := range q.Bins {
		if b.N == 0 {
			continue
		}
		right, err := eval.Wilson(int(math.Round(b.Observed*float64(b.N))), b.N, q.Accuracy.Level)
		if err != nil {
			return nil, fmt.Errorf("run: report: calibration: %w", err)
		}
		c.Bins = append(c.Bins, report.Bin{N: b.N, Confidence: b.Predicted, Accuracy: right})
	}
	return c, nil
}
