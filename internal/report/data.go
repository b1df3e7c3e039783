package report

import (
	"time"

	"plumbline/internal/eval"
	"plumbline/internal/train"
)

// Data is what a report is made of. Only Name is needed; what is empty is left out.
type Data struct {
	Name    string
	State   string // done, running, stopped
	Created time.Time
	Program string // name, version and machine
	Stages  []Stage
	Rows    []train.Row
	Samples []train.Sample
	Eval    *Evaluation
	Config  string // resolved, for people
}

// Stage is a line of the provenance table.
type Stage struct {
	Name, State string
	TimeS       float64
	SHA256      string   // of its output
	From        []string // "sft 3fa9…", "data.jsonl 77ab…"
}

// Evaluation is what was measured of several models on the same prompts.
type Evaluation struct {
	Models      []string // in the order of the columns: base, sft, ppo
	Measures    []Measure
	Gains       []Gain
	Calibration *Calibration
}

// Measure is one figure of every model, with intervals.
type Measure struct {
	Name   string                   // "true utility"
	Unit   string                   // "nats per sequence"
	Better string                   // higher, lower or ""
	Values map[string]eval.Interval // model -> value
}

// Gain is the paired difference of a measure between two models.
type Gain struct {
	Measure string
	From    string
	To      string
	Gain    eval.Interval
}

// Calibration says how sure the reward model is and how often it is right.
type Calibration struct {
	Accuracy eval.Interval
	LogLoss  float64 // nats
	ECE      float64 // expected calibration error, in [0, 1]
	Bins     []Bin
}

// Bin is a row of the reliability table.
type Bin struct {
	N          int
	Confidence float64 // mean
	Accuracy   eval.Interval
}
