package report

import (
	"cmp"
	"slices"

	"plumbline/internal/train"
)

// series is the course of one figure.
type series struct {
	name  string
	steps []int
	vals  []float64
}

// stageCurves are the figures of one stage, the most telling first.
type stageCurves struct {
	name   string
	series []*series
}

// curves sorts the rows of a log by stage and figure. Stages keep the order in which
// they first appear; what never varies (a count, say) has no curve.
func curves(rows []train.Row) []stageCurves {
	var stages []stageCurves
	index := map[string]map[string]*series{}
	for _, r := range rows {
		if index[r.Stage] == nil {
			index[r.Stage] = map[string]*series{}
			stages = append(stages, stageCurves{name: r.Stage})
		}
		for name, v := range r.Metrics {
			s := index[r.Stage][name]
			if s == nil {
				s = &series{name: name}
				index[r.Stage][name] = s
			}
			s.steps, s.vals = append(s.steps, r.Step), append(s.vals, v)
		}
	}
	for i, st := range stages {
		for _, s := range index[st.name] {
			if slices.Min(s.vals) < slices.Max(s.vals) {
				stages[i].series = append(stages[i].series, s)
			}
		}
		slices.SortFunc(stages[i].series, func(a, b *series) int {
			return cmp.Or(cmp.Compare(rank(a.name), rank(b.name)), cmp.Compare(a.name, b.name))
		})
	}
	return stages
}

// rank is the place of a figure among the telling ones.
func rank(name string) int {
	if i := slices.Index(train.Telling, name); i >= 0 {
		return i
	}
	return len(train.Telling)
}

// answers are the responses of several models to one prompt.
type answers struct {
	Prompt string
	Models []string
	By     map[string]train.Sample
}

// sideBySide pairs samples of the same prompt. Of each model the latest sample counts;
// prompts that most models answered come first, then in the order of the file. Those
// that one model answered are there only if no others are.
func sideBySide(samples []train.Sample, order []string) []answers {
	var all []*answers
	index := map[string]*answers{}
	for _, s := range samples {
		key := s.ID + "\x00" + s.Prompt
		a := index[key]
		if a == nil {
			a = &answers{Prompt: s.Prompt, By: map[string]train.Sample{}}
			index[key] = a
			all = append(all, a)
		}
		if _, ok := a.By[s.Model]; !ok {
			a.Models = append(a.Models, s.Model)
		}
		a.By[s.Model] = s
	}
	place := func(m string) int {
		if i := slices.Index(order, m); i >= 0 {
			return i
		}
		return len(order)
	}
	for _, a := range all {
		slices.SortStableFunc(a.Models, func(x, y string) int { return cmp.Compare(place(x), place(y)) })
	}
	slices.SortStableFunc(all, func(x, y *answers) int { return cmp.Compare(len(y.Models), len(x.Models)) })
	var out []answers
	for _, a := range all[:min(len(all), maxAnswers)] {
		if len(a.Models) > 1 || len(all[0].Models) == 1 {
			out = append(out, *a)
		}
	}
	return out
}

// maxAnswers is how many prompts a report shows.
const maxAnswers = 12
