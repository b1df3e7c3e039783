package report

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"time"

	"plumbline/internal/eval"
	"plumbline/internal/train"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"curve":       curveSVG,
	"name":        func(c *series) string { return c.name },
	"latest":      func(c *series) string { return number(c.vals[len(c.vals)-1]) },
	"number":      number,
	"short":       func(sum string) string { return sum[:min(12, len(sum))] },
	"clock":       func(s float64) string { return time.Duration(s * float64(time.Second)).Round(time.Second).String() },
	"reliability": reliabilitySVG,
	"whiskers":    func(m []string, v map[string]eval.Interval) template.HTML { return whiskersSVG(m, v, false, 0) },
	"gain":        gainSVG,
	"verdict":     verdict,
	"percent":     func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
	"scores":      scores,
	"day":         func(t time.Time) string { return t.Format("2006-01-02 15:04 MST") },
}).Parse(pageText))

// stageView is one stage's curves on the page.
type stageView struct {
	Name     string
	Telling  []*series // shown at once
	Others   []*series // unfolded on demand
	LastStep int
}

// Render writes the report as one HTML page.
func Render(w io.Writer, d Data) error {
	var order []string
	if d.Eval != nil {
		order = d.Eval.Models
	}
	view := struct {
		Data
		Curves  []stageView
		Answers []answers
		Level   string
	}{Data: d, Answers: sideBySide(d.Samples, order), Level: level(d.Eval)}
	for _, st := range curves(d.Rows) {
		v := stageView{Name: st.name}
		for _, s := range st.series {
			v.LastStep = max(v.LastStep, s.steps[len(s.steps)-1])
			if rank(s.name) < len(train.Telling) {
				v.Telling = append(v.Telling, s)
			} else {
				v.Others = append(v.Others, s)
			}
		}
		view.Curves = append(view.Curves, v)
	}
	if err := page.Execute(w, view); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// level is the confidence of the intervals, as in "95 %".
func level(e *Evaluation) string {
	if e != nil {
		for _, m := range e.Measures {
			for _, v := range m.Values {
				return fmt.Sprintf("%g %%", 100*v.Level)
			}
		}
	}
	return "95 %"
}

// gainSVG draws one gain against 0.
func gainSVG(g Gain) template.HTML {
	return whiskersSVG([]string{g.Measure}, map[string]eval.Interval{g.Measure: g.Gain}, true, 1)
}

// verdict says what an interval of a gain allows to say.
func verdict(e *Evaluation, g Gain) string {
	better := ""
	for _, m := range e.Measures {
		if m.Name == g.Measure {
			better = m.Better
		}
	}
	switch {
	case !g.Gain.Excludes(0):
		return "no difference shown"
	case better == "":
		return "differs"
	case (g.Gain.Estimate > 0) == (better == "higher"):
		return "better"
	}
	return "worse"
}

// scores writes the scores of a sample, by name.
func scores(s train.Sample) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Scores)) {
		all = append(all, name+" "+number(s.Scores[name]))
	}
	return all
}
