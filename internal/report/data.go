package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// Evaluation is eval.json: what was measured of several models on the same prompts.
type Evaluation struct {
	Models      []string     `json:"models"` // in the order of the columns: base, sft, ppo
	Measures    []Measure    `json:"measures"`
	Gains       []Gain       `json:"gains,omitempty"`
	Calibration *Calibration `json:"calibration,omitempty"`
}

// Measure is one figure of every model, with intervals.
type Measure struct {
	Name   string                   `json:"name"`             // "true utility"
	Unit   string                   `json:"unit,omitempty"`   // "nats per sequence"
	Better string                   `json:"better,omitempty"` // higher, lower or ""
	Values map[string]eval.Interval `json:"values"`           // model -> value
}

// Gain is the paired difference of a measure between two models.
type Gain struct {
	Measure string        `json:"measure"`
	From    string        `json:"from"`
	To      string        `json:"to"`
	Gain    eval.Interval `json:"gain"`
}

// Calibration says how sure the reward model is and how often it is right.
type Calibration struct {
	Pairs    int           `json:"pairs"`
	Accuracy eval.Interval `json:"accuracy"`
	LogLoss  float64       `json:"log_loss"` // nats
	ECE      float64       `json:"ece"`      // expected calibration error, in [0, 1]
	Bins     []Bin         `json:"bins"`
}

// Bin is a row of the reliability table.
type Bin struct {
	Low        float64       `json:"low"`
	High       float64       `json:"high"`
	N          int           `json:"n"`
	Confidence float64       `json:"confidence"` // mean
	Accuracy   eval.Interval `json:"accuracy"`
}

// ReadEvaluation reads eval.json; no file is no evaluation.
func ReadEvaluation(path string) (*Evaluation, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var e Evaluation
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return &e, nil
}
