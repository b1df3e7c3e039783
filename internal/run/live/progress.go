package live

import (
	"slices"

	"plumbline/internal/train"
)

// progress is what is known of a run from its events.
type progress struct {
	path   string
	stages []*stage
	sample *train.Sample
	note   string
}

// stage is one line of the view.
type stage struct {
	name        string
	state       train.Kind // "" = to come
	step, steps int
	timeS       float64
	first       int     // step and
	firstS      float64 // time of the first event of this process
	last        train.Metrics
	curves      map[string]*curve
}

// at is the stage of a name; one that was not planned is added.
func (p *progress) at(name string) *stage {
	i := slices.IndexFunc(p.stages, func(s *stage) bool { return s.name == name })
	if i < 0 {
		p.stages = append(p.stages, &stage{name: name, curves: map[string]*curve{}})
		i = len(p.stages) - 1
	}
	return p.stages[i]
}

// current is the stage under way, or the last that was, or nil.
func (p *progress) current() *stage {
	for _, s := range slices.Backward(p.stages) {
		if s.state != "" && s.state != train.StageSkipped {
			return s
		}
	}
	return nil
}

// apply takes in one event.
func (p *progress) apply(e train.Event) {
	switch e.Kind {
	case train.RunPlanned:
		p.path = e.Path
		for _, name := range e.Stages {
			p.at(name)
		}
	case train.Note:
		p.note = e.Text
	case train.SampleDrawn:
		p.sample = e.Sample
	case train.Saved, train.Waiting, train.Resumed: // the stage's line does not tell
	case train.StageBegan:
		s := p.at(e.Stage)
		s.state, s.step, s.steps, s.first, s.firstS = e.Kind, e.Step, e.Steps, e.Step, e.TimeS
	case train.StageSkipped:
		p.at(e.Stage).state = e.Kind
	case train.StepDone:
		s := p.at(e.Stage)
		s.step, s.steps = e.Step, e.Steps
		s.measure(e)
	case train.StageDone:
		s := p.at(e.Stage)
		s.state = e.Kind
		s.measure(e)
	}
}

// measure takes over time and figures.
func (s *stage) measure(e train.Event) {
	if e.TimeS > 0 {
		s.timeS = e.TimeS
	}
	if e.Metrics == nil {
		return
	}
	s.last = e.Metrics
	if e.Kind != train.StepDone {
		return
	}
	for name, v := range e.Metrics {
		if s.curves[name] == nil {
			s.curves[name] = &curve{}
		}
		s.curves[name].add(v)
	}
}

// left is how many seconds the stage still takes at the pace of this process; 0 where
// that is not known.
func (s *stage) left() float64 {
	if s.step <= s.first || s.steps == 0 {
		return 0
	}
	return (s.timeS - s.firstS) / float64(s.step-s.first) * float64(s.steps-s.step)
}

// curve keeps a figure's course in at most curvePoints means of equally many steps.
type curve struct {
	means  []float64
	stride int // steps per mean
	last   float64
	sum    float64
	n      int
}

const curvePoints = 512

func (c *curve) add(v float64) {
	c.stride = max(1, c.stride)
	c.last = v
	c.sum += v
	c.n++
	if c.n < c.stride {
		return
	}
	c.means = append(c.means, c.sum/float64(c.n))
	c.sum, c.n = 0, 0
	if len(c.means) == curvePoints {
		for i := range curvePoints / 2 {
			c.means[i] = (c.means[2*i] + c.means[2*i+1]) / 2
		}
		c.means, c.stride = c.means[:curvePoints/2], 2*c.stride
	}
}
