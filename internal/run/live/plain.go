package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"plumbline/internal/train"
)

// plain writes events as lines for people.
type plain struct {
	w       io.Writer
	p       progress
	printed float64 // time of the stage's last line, in seconds
	errs    []error
}

// everyS is how many seconds of a stage pass between two lines of its steps.
const everyS = 2

func (l *plain) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(l.w, format+"\n", args...); err != nil {
		l.errs = append(l.errs, err)
	}
}

// show writes what an event is worth. Steps come at most every two seconds, the first,
// the last and those with an evaluation always.
func (l *plain) show(e train.Event) {
	l.p.apply(e)
	switch e.Kind {
	case train.RunPlanned:
		l.printf("run      %s: %s", e.Path, strings.Join(e.Stages, ", "))
	case train.StageBegan:
		l.printed = -everyS
		if e.Step > 0 {
			l.printf("%-8s goes on after step %d of %d", e.Stage, e.Step, e.Steps)
		} else {
			l.printf("%-8s begins", e.Stage)
		}
	case train.StageSkipped:
		l.printf("%-8s was done before", e.Stage)
	case train.StepDone:
		l.step(e)
	case train.StageDone:
		l.printf("%-8s done in %s  %s", e.Stage, clock(e.TimeS), brief(e.Metrics, 4))
	case train.Saved:
		l.printf("%-8s saved %s", e.Stage, e.Path)
	case train.Note:
		l.printf("%s", clean(e.Text))
	case train.Waiting:
		l.printf("%-8s waits for %s", e.Stage, clean(e.Text))
	case train.Resumed:
		l.printf("%-8s goes on", e.Stage)
	case train.SampleDrawn: // samples.jsonl has them
	}
}

func (l *plain) step(e train.Event) {
	if e.TimeS-l.printed < everyS && e.Step != e.Steps && !hasEval(e.Metrics) {
		return
	}
	l.printed = e.TimeS
	line := fmt.Sprintf("%-8s %d/%d  %s", e.Stage, e.Step, e.Steps, brief(e.Metrics, 6))
	if left := l.p.at(e.Stage).left(); left > 0 {
		line += "  " + clock(left) + " left"
	}
	l.printf("%s", line)
}

func hasEval(m train.Metrics) bool {
	for name := range m {
		if strings.HasPrefix(name, "eval_") {
			return true
		}
	}
	return false
}

// brief names the most telling n figures.
func brief(m train.Metrics, n int) string {
	var parts []string
	for _, name := range train.Telling {
		if v, ok := m[name]; ok && len(parts) < n {
			parts = append(parts, name+" "+figure(v))
		}
	}
	return strings.Join(parts, "  ")
}

// jsonLines writes each event as a JSON object in a line of its own.
type jsonLines struct {
	enc  *json.Encoder
	errs []error
}

func (j *jsonLines) show(e train.Event) {
	if err := j.enc.Encode(e); err != nil {
		j.errs = append(j.errs, err)
	}
}

func (j *jsonLines) close() error { return errors.Join(j.errs...) }
func (l *plain) close() error     { return errors.Join(l.errs...) }
