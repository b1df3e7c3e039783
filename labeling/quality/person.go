package quality

import (
	"math"
	"slices"
	"time"

	"plumbline/labeling"
)

// Annotator describes one annotator and what became of their judgements. Gold, attention
// checks and hidden repeats count in every figure but Judged and Questions' agreement;
// the tutorial in none.
type Annotator struct {
	Handle    string          `json:"handle"`
	Role      labeling.Role   `json:"role"`
	Status    labeling.Status `json:"status"`
	Simulated bool            `json:"simulated,omitempty"`
	Judged    int             `json:"judged"` // of the items to judge
	Skipped   int             `json:"skipped"`
	Flagged   int             `json:"flagged"`
	Last      time.Time       `json:"last,omitzero"` // judgement
	Seconds   float64         `json:"median_seconds"`
	Recent    float64         `json:"recent_median_seconds"` // of the latest 20
	// SpeedZ is how far the median is from the crowd's; see robustZ. 0 where that has no
	// scale: fewer than five annotators.
	SpeedZ     float64 `json:"speed_z"`
	Gold       Share   `json:"gold"`      // known answers given
	Attention  Share   `json:"attention"` // checks that only who does not read gets wrong
	Consistent Share   `json:"consistent"`
	Left       Lean    `json:"left"` // preferred the candidate on the left
	// Longer is how often the longer candidate was preferred. Length may be a merit: only
	// LongerOdds, the p-value that the others' share is the same, speaks of the annotator.
	Longer     Lean       `json:"longer"`
	LongerOdds float64    `json:"longer_p_like_others"`
	Questions  []Opinion  `json:"questions"`
	Drift      Drift      `json:"drift"`      // in going with the majority of the others
	GoldDrift  Drift      `json:"gold_drift"` // in giving known answers
	Proposals  []Proposal `json:"proposals,omitempty"`
}

// Lean is a share that is ½ for who does not care, with the two-sided p-value that it is.
type Lean struct {
	Share
	PValue float64 `json:"p_value"`
}

// Opinion is how an annotator's answers to one question compare.
type Opinion struct {
	Question  string   `json:"question"`
	Answers   int      `json:"answers"`
	Agreement Share    `json:"agreement"`       // with each other answer to the same
	Kappa     *float64 `json:"kappa,omitempty"` // Cohen's, with those answers; nil where undefined
	Skill     float64  `json:"skill"`           // Dawid-Skene: chance to say the true class
	// Confusion is the chance to say each class (columns) of each true class (rows).
	Confusion [][]float64 `json:"confusion"`
	Insight   *float64    `json:"insight,omitempty"` // what they know beyond chance: 1 is always right, 0 guesses; nil where undefined
}

// Opinion finds what an annotator answered to a question; ok is false where that is nothing.
func (a Annotator) Opinion(question string) (o Opinion, ok bool) {
	i := slices.IndexFunc(a.Questions, func(o Opinion) bool { return o.Question == question })
	if i < 0 {
		return o, false
	}
	return a.Questions[i], true
}

// person is an annotator while the records are read.
type person struct {
	Annotator
	paces    []timed
	answered []int     // [questions] judgements with an answer
	trials   []Trial   // with or against the majority of the others
	golds    []Trial   // known answers given or not
	tables   [][][]int // [questions][own class][other's class]
}

func newPerson(a labeling.Annotator, questions int) *person {
	p := &person{answered: make([]int, questions), tables: make([][][]int, questions)}
	p.Handle, p.Role, p.Status, p.Simulated = a.Handle, a.Role, a.Status, a.Simulated
	if p.Role == "" {
		p.Role = labeling.RoleAnnotator
	}
	if p.Status == "" {
		p.Status = labeling.StatusActive
	}
	return p
}

// timed is how long an answer took, and when it was given.
type timed struct {
	at      time.Time
	seconds float64
}

// recent is how many of the latest answers show how somebody works now.
const recent = 20

// pace is the median time of all answers and of the latest, in seconds.
func (p *person) pace() (all, latest float64) {
	slices.SortStableFunc(p.paces, func(a, b timed) int { return a.at.Compare(b.at) })
	seconds := make([]float64, len(p.paces))
	for i, x := range p.paces {
		seconds[i] = x.seconds
	}
	latest = median(slices.Clone(seconds[max(0, len(seconds)-recent):]))
	return median(seconds), latest
}

// known counts an answer to an item whose answer is known. A flag is no answer.
func (p *person) known(it labeling.Item, g labeling.Judgement) {
	if g.Answer.Flagged {
		return
	}
	share := &p.Gold
	if it.Kind == labeling.KindAttention {
		share = &p.Attention
	}
	right := g.Answer.Agrees(it.Expected)
	share.count(right)
	p.golds = append(p.golds, Trial{g.At, right})
}

// sides counts where the best candidate stood, and whether it is longer than the worst.
func (p *person) sides(it labeling.Item, g labeling.Judgement, r labeling.Response) {
	best, worst, ok := extremes(r)
	if !ok {
		return
	}
	p.Left.count(slices.Index(g.Shown, best) < slices.Index(g.Shown, worst))
	if x, y := length(it, best), length(it, worst); x != y {
		p.Longer.count(x > y)
	}
}

// finish completes the figures that need nobody else's.
func (p *person) finish() {
	p.Seconds, p.Recent = p.pace()
	p.Gold, p.Attention, p.Consistent = p.Gold.WithInterval(), p.Attention.WithInterval(), p.Consistent.WithInterval()
	p.Left, p.Longer = p.Left.complete(), p.Longer.complete()
	p.Drift, p.GoldDrift = NewDrift(p.trials), NewDrift(p.golds)
}

func (l Lean) complete() Lean {
	return Lean{l.WithInterval(), Coin(l.K, l.N)}
}

// seen tells whether there is anything to say of an annotator.
func (p *person) seen() bool { return len(p.paces) > 0 || p.Skipped > 0 }

// Crowd is what annotators are compared with.
type Crowd struct {
	Annotators int     `json:"annotators"`
	Main       string  `json:"main_question"`  // by which a judgement as a whole is measured
	Seconds    float64 `json:"median_seconds"` // exp of the median of log Annotator.Seconds
	Longer     Share   `json:"longer"`         // how often the longer candidate was preferred
}

// compare sets what only makes sense among others: speed and the liking for length.
func compare(people []*person, main string) Crowd {
	c := Crowd{Annotators: len(people), Main: main}
	var paced []*person
	var logs []float64
	for _, p := range people {
		if p.Seconds > 0 {
			paced = append(paced, p)
			logs = append(logs, math.Log(p.Seconds))
		}
		c.Longer.K += p.Longer.K
		c.Longer.N += p.Longer.N
	}
	for i, z := range robustZ(logs) {
		paced[i].SpeedZ = z
	}
	if len(logs) > 0 {
		c.Seconds = math.Exp(median(logs))
	}
	for _, p := range people {
		p.LongerOdds = Fisher(p.Longer.K, p.Longer.N, c.Longer.K-p.Longer.K, c.Longer.N-p.Longer.N)
	}
	c.Longer = c.Longer.WithInterval()
	return c
}

// robustZ is how many standard deviations each value is from the median, where outliers
// do not move the scale:
//
//	z = (x - median) / (1.4826·MAD),  MAD = median |x - median|
//
// Beyond ±3.5 is an outlier (Iglewicz & Hoaglin 1993). Fewer than five values, or half of
// them equal, have no scale: nil.
func robustZ(x []float64) []float64 {
	if len(x) < 5 {
		return nil
	}
	middle := median(slices.Clone(x))
	distances := make([]float64, len(x))
	for i, v := range x {
		distances[i] = math.Abs(v - middle)
	}
	scale := 1.4826 * median(distances)
	if scale == 0 {
		return nil
	}
	z := make([]float64, len(x))
	for i, v := range x {
		z[i] = (v - middle) / scale
	}
	return z
}

// median of values, 0 of none; it reorders them.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
