package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"plumbline/internal/durable"
)

// The files of a run directory that a Log appends to.
const (
	MetricsFile = "metrics.jsonl"
	SamplesFile = "samples.jsonl"
)

// Metrics are the figures of one step by name, such as loss, kl, tok_s. Names are
// lower case with underscores; every figure is finite.
type Metrics map[string]float64

// Sample is a text that a model wrote, for people to read.
type Sample struct {
	Stage    string             `json:"stage"` // that recorded it
	Step     int                `json:"step"`
	Model    string             `json:"model"` // that wrote it: base, sft or ppo
	ID       string             `json:"id"`    // of the prompt
	Prompt   string             `json:"prompt"`
	Response string             `json:"response"`
	Scores   map[string]float64 `json:"scores,omitempty"`
}

// Log appends what a stage measures to metrics.jsonl, samples.jsonl and a TensorBoard
// event file of a run directory. The lines of a step are written at once and are never
// changed; see OpenLog for what happens to them on resume.
type Log struct {
	stage            string
	before           float64 // seconds the stage ran before this process
	began            time.Time
	metrics, samples *os.File
	events           *os.File
}

// OpenLog opens the log of a run directory for one stage that goes on after step, its
// last durable one (0: from the start). What the stage had written for later steps is
// taken out, so that a resumed log has each step once, as an undisturbed one has.
func OpenLog(dir, stage string, step int) (*Log, error) {
	l := &Log{stage: stage, began: time.Now()}
	err := func() (err error) {
		if err = cutJSONL(filepath.Join(dir, MetricsFile), stage, step, &l.before); err != nil {
			return err
		}
		if err = cutJSONL(filepath.Join(dir, SamplesFile), stage, step, nil); err != nil {
			return err
		}
		if l.metrics, err = openAppend(filepath.Join(dir, MetricsFile)); err != nil {
			return err
		}
		if l.samples, err = openAppend(filepath.Join(dir, SamplesFile)); err != nil {
			return err
		}
		l.events, err = openEvents(dir, stage, step)
		return err
	}()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("train: log: %w", err), l.Close())
	}
	return l, nil
}

func openAppend(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
}

// TimeS is how long the stage has run, in seconds, pauses between resumes left out.
func (l *Log) TimeS() float64 { return l.before + time.Since(l.began).Seconds() }

var metricName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// line is {"stage":..,"step":..,"time_s":..} followed by the figures by name.
func (m Metrics) line(stage string, step int, timeS float64) ([]byte, error) {
	head, err := json.Marshal(struct {
		Stage string  `json:"stage"`
		Step  int     `json:"step"`
		TimeS float64 `json:"time_s"`
	}{stage, step, math.Round(timeS*1e3) / 1e3})
	if err != nil || len(m) == 0 {
		return append(head, '\n'), err
	}
	tail, err := json.Marshal(map[string]float64(m)) // sorted by name
	return slices.Concat(head[:len(head)-1], []byte(","), tail[1:], []byte("\n")), err
}

// check refuses a figure that JSON cannot hold and that would hide a failure: NaN, ±Inf.
func (m Metrics) check(stage string, step int) error {
	var errs []error
	for _, name := range m.names() {
		if v := m[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			errs = append(errs, fmt.Errorf("train: metrics: %s step %d: %s: got %v, want a finite number", stage, step, name, v))
		}
		if !metricName.MatchString(name) || name == "stage" || name == "step" || name == "time_s" {
			errs = append(errs, fmt.Errorf("train: metrics: %s step %d: got the name %q, want a-z, 0-9 and _ and not stage, step or time_s", stage, step, name))
		}
	}
	return errors.Join(errs...)
}

// names lists the figures in alphabetical order.
func (m Metrics) names() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Write records one step. A NaN or infinite figure is an error that names it, and
// nothing is written.
func (l *Log) Write(step int, m Metrics) error {
	if err := m.check(l.stage, step); err != nil {
		return err
	}
	line, err := m.line(l.stage, step, l.TimeS())
	if err == nil {
		_, err = l.metrics.Write(line)
	}
	if err == nil && len(m) > 0 {
		err = writeEvent(l.events, scalarEvent(time.Now(), l.stage, step, m))
	}
	if err != nil {
		return fmt.Errorf("train: metrics: %w", err)
	}
	return nil
}

// Sample records a text; its Stage is set to the log's.
func (l *Log) Sample(s Sample) error {
	s.Stage = l.stage
	line, err := json.Marshal(s)
	if err == nil {
		_, err = l.samples.Write(append(line, '\n'))
	}
	if err == nil {
		text := "> " + s.Prompt + "\n\n" + s.Response
		err = writeEvent(l.events, textEvent(time.Now(), l.stage, s.Step, "sample/"+s.ID, text))
	}
	if err != nil {
		return fmt.Errorf("train: sample: %w", err)
	}
	return nil
}

// files lists the open ones.
func (l *Log) files() []*os.File {
	return slices.DeleteFunc([]*os.File{l.metrics, l.samples, l.events}, func(f *os.File) bool { return f == nil })
}

// Sync waits until all that was written is on the disk.
func (l *Log) Sync() error {
	var errs []error
	for _, f := range l.files() {
		errs = append(errs, f.Sync())
	}
	return errors.Join(errs...)
}

// Close closes the files.
func (l *Log) Close() error {
	var errs []error
	for _, f := range l.files() {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// place is where a line of a log belongs.
type place struct {
	Stage string  `json:"stage"`
	Step  int     `json:"step"`
	TimeS float64 `json:"time_s"`
}

// cutJSONL takes out of a log the stage's lines of later steps, and half a line that a
// crash left at the end. timeS, if asked for, becomes the time of the stage's last line.
func cutJSONL(path, stage string, step int, timeS *float64) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	var kept []byte
	err = eachLine(path, b, func(line []byte, p place) {
		if p.Stage == stage && p.Step > step {
			return
		}
		if p.Stage == stage && timeS != nil {
			*timeS = p.TimeS
		}
		kept = append(append(kept, line...), '\n')
	})
	if err != nil || len(kept) == len(b) {
		return err
	}
	return durable.WriteFile(path, kept)
}

// eachLine calls f for every complete line of a log; one that is not a JSON object is
// an error that names it.
func eachLine(path string, b []byte, f func(line []byte, p place)) error {
	for n := 1; ; n++ {
		line, rest, complete := bytes.Cut(b, []byte("\n"))
		if !complete {
			return nil
		}
		var p place
		if err := json.Unmarshal(line, &p); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		f(line, p)
		b = rest
	}
}

// Row is one line of metrics.jsonl.
type Row struct {
	Stage   string
	Step    int
	TimeS   float64
	Metrics Metrics
}

// ReadMetrics reads metrics.jsonl of a run directory, in the order of writing. No file
// is no rows; half a line at the end is left out.
func ReadMetrics(dir string) ([]Row, error) {
	var rows []Row
	err := readJSONL(filepath.Join(dir, MetricsFile), func(line []byte, p place) error {
		row := Row{p.Stage, p.Step, p.TimeS, Metrics{}}
		var all map[string]any
		if err := json.Unmarshal(line, &all); err != nil {
			return err
		}
		for name, v := range all {
			if f, ok := v.(float64); ok && name != "step" && name != "time_s" {
				row.Metrics[name] = f
			}
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// ReadSamples reads a file of samples, such as samples.jsonl of a run directory, as
// ReadMetrics does.
func ReadSamples(path string) ([]Sample, error) {
	var samples []Sample
	err := readJSONL(path, func(line []byte, _ place) error {
		var s Sample
		err := json.Unmarshal(line, &s)
		samples = append(samples, s)
		return err
	})
	return samples, err
}

// readJSONL calls f for each line of a file that may be absent.
func readJSONL(path string, f func(line []byte, p place) error) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var errs []error
	if err == nil {
		err = eachLine(path, b, func(line []byte, p place) {
			if err := f(line, p); err != nil {
				errs = append(errs, fmt.Errorf("%s: %s step %d: %w", path, p.Stage, p.Step, err))
			}
		})
	}
	if err = errors.Join(err, errors.Join(errs...)); err != nil {
		return fmt.Errorf("train: log: %w", err)
	}
	return nil
}
