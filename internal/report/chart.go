package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"plumbline/internal/eval"
)

// svg gathers the elements of a drawing. Colours and fonts are the page's classes.
type svg struct {
	b             strings.Builder
	width, height float64
}

func newSVG(width, height float64, title string) *svg {
	s := &svg{width: width, height: height}
	fmt.Fprintf(&s.b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, height, template.HTMLEscapeString(title))
	return s
}

func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&s.b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (s *svg) text(anchor string, x, y float64, text string) {
	fmt.Fprintf(&s.b, `<text text-anchor="%s" x="%.1f" y="%.1f">%s</text>`, anchor, x, y, template.HTMLEscapeString(text))
}

func (s *svg) dot(class string, x, y, r float64, title string) {
	fmt.Fprintf(&s.b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%g"><title>%s</title></circle>`, class, x, y, r, template.HTMLEscapeString(title))
}

func (s *svg) path(class string, xs, ys []float64) {
	fmt.Fprintf(&s.b, `<path class="%s" d="`, class)
	for i := range xs {
		fmt.Fprintf(&s.b, "%c%.1f %.1f", "ML"[min(i, 1)], xs[i], ys[i])
	}
	s.b.WriteString(`"/>`)
}

func (s *svg) html() template.HTML { return template.HTML(s.b.String() + "</svg>") }

// scale maps values onto pixels.
type scale struct{ from, to, low, high float64 }

func (c scale) at(v float64) float64 {
	return c.low + (v-c.from)/(c.to-c.from)*(c.high-c.low)
}

// around is the range of values with a margin, never empty.
func around(values []float64, margin float64) (from, to float64) {
	from, to = slices.Min(values), slices.Max(values)
	pad := (to - from) * margin
	if pad == 0 {
		pad = math.Max(math.Abs(to)*.1, 1e-9)
	}
	return from - pad, to + pad
}

// curveSVG draws a figure over its steps: every value faintly, their running mean
// strongly.
func curveSVG(c *series) template.HTML {
	const width, height, left, right, top, bottom = 340, 168, 52, 10, 10, 22
	s := newSVG(width, height, c.name)
	steps, vals := thin(c.steps, c.vals, 400)
	from, to := around(vals, .06)
	y := scale{from, to, height - bottom, top}
	last := math.Max(float64(steps[len(steps)-1]), float64(steps[0]+1))
	x := scale{float64(steps[0]), last, left, width - right}
	for _, v := range ticks(from, to, 5) {
		s.line("grid", left, y.at(v), width-right, y.at(v))
		s.text("end", left-6, y.at(v)+3.5, number(v))
	}
	s.text("start", left, height-6, fmt.Sprint(c.steps[0]))
	s.text("end", width-right, height-6, fmt.Sprintf("step %d", c.steps[len(c.steps)-1]))
	xs, ys, smooth := make([]float64, len(vals)), make([]float64, len(vals)), make([]float64, len(vals))
	for i, m := range runningMean(vals) {
		xs[i], ys[i], smooth[i] = x.at(float64(steps[i])), y.at(vals[i]), y.at(m)
	}
	s.path("raw", xs, ys)
	s.path("mean", xs, smooth)
	return s.html()
}

// thin replaces a long course by the means of at most n equal parts.
func thin(steps []int, vals []float64, n int) ([]int, []float64) {
	if len(vals) <= n {
		return steps, vals
	}
	at, means := make([]int, n), make([]float64, n)
	for i := range n {
		a, b := i*len(vals)/n, (i+1)*len(vals)/n
		at[i] = steps[b-1]
		for _, v := range vals[a:b] {
			means[i] += v / float64(b-a)
		}
	}
	return at, means
}

// runningMean is the centred mean over a window of a twelfth of the course, less at
// its ends.
func runningMean(vals []float64) []float64 {
	half := len(vals) / 24
	out := make([]float64, len(vals))
	for i := range vals {
		window := vals[max(0, i-half):min(len(vals), i+half+1)]
		for _, v := range window {
			out[i] += v / float64(len(window))
		}
	}
	return out
}

// ticks are round values within a range, about n of them.
func ticks(from, to float64, n int) []float64 {
	raw := (to - from) / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := unit * 10
	for _, m := range []float64{1, 2, 5} {
		if unit*m >= raw {
			step = unit * m
			break
		}
	}
	var out []float64
	for i := math.Ceil(from / step); i*step <= to && len(out) < 2*n+2; i++ {
		out = append(out, i*step+0) // + 0 turns -0 into 0
	}
	return out
}

// whiskersSVG draws the intervals of one measure, a row per model, on one scale.
// zero brings the value 0 into sight; first is the colour of the first row.
func whiskersSVG(names []string, values map[string]eval.Interval, zero bool, first int) template.HTML {
	const width, row, left, right = 300, 17, 8, 8
	all := []float64{}
	for _, n := range names {
		if v, ok := values[n]; ok {
			all = append(all, v.Low, v.High)
		}
	}
	if len(all) == 0 {
		return ""
	}
	if zero {
		all = append(all, 0)
	}
	from, to := around(all, .05)
	x := scale{from, to, left, width - right}
	s := newSVG(width, float64(row*len(names)), "intervals")
	if zero || (from < 0 && to > 0) {
		s.line("axis", x.at(0), 0, x.at(0), s.height)
	}
	for i, n := range names {
		v, ok := values[n]
		if !ok {
			continue
		}
		y := float64(row*i) + row/2.
		s.line("whisker", x.at(v.Low), y, x.at(v.High), y)
		s.dot(fmt.Sprintf("dot m%d", (i+first)%5), x.at(v.Estimate), y, 4.5, n+" "+v.String())
	}
	return s.html()
}

// reliabilitySVG draws how often the reward model is right against how sure it is.
func reliabilitySVG(c *Calibration) template.HTML {
	const side, pad = 300, 34
	s := newSVG(side, side, "reliability")
	x, y := scale{.5, 1, pad, side - 10}, scale{0, 1, side - pad, 10}
	for _, v := range []float64{0, .25, .5, .75, 1} {
		s.line("grid", pad, y.at(v), side-10, y.at(v))
		s.text("end", pad-5, y.at(v)+3.5, number(v))
	}
	for _, v := range []float64{.5, .75, 1} {
		s.text("middle", x.at(v), side-pad+15, number(v))
	}
	s.text("middle", side/2, side-5, "how sure it is")
	s.text("start", pad+4, 20, "how often it is right")
	s.line("axis", x.at(.5), y.at(.5), x.at(1), y.at(1))
	most := 1
	for _, b := range c.Bins {
		most = max(most, b.N)
	}
	for _, b := range c.Bins {
		if b.N == 0 {
			continue
		}
		at := x.at(b.Confidence)
		s.line("whisker", at, y.at(b.Accuracy.Low), at, y.at(b.Accuracy.High))
		s.dot("dot m1", at, y.at(b.Accuracy.Estimate), 3+4*math.Sqrt(float64(b.N)/float64(most)), fmt.Sprintf("%d pairs: %v", b.N, b.Accuracy))
	}
	return s.html()
}

// number is a figure as people read it.
func number(v float64) string {
	if a := math.Abs(v); a != 0 && (a >= 1e5 || a < 1e-3) {
		return fmt.Sprintf("%.3g", v)
	}
	text := fmt.Sprintf("%.3g", v)
	if strings.ContainsAny(text, "e") {
		text = fmt.Sprintf("%.0f", v)
	}
	return text
}
