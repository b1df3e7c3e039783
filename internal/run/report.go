package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"plumbline/internal/durable"
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

// reportData gathers run.json, metrics.jsonl, samples.jsonl and eval.json.
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
	if d.Samples, err = train.ReadSamples(path); err != nil {
		return d, err
	}
	if d.Eval, err = report.ReadEvaluation(filepath.Join(path, EvalFile)); err != nil {
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
