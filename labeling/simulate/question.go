package simulate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"plumbline/labeling"
)

// respond is the answer to one question: unread, by side or length alone with the
// probabilities |LeftBias| and |LengthBias|, or by the utilities.
func (v view) respond(q labeling.Question, l lot) labeling.Response {
	left, length := math.Abs(v.a.LeftBias), math.Abs(v.a.LengthBias)
	switch {
	case v.blind != nil:
		return v.unread(q)
	case q.Marks():
		return v.marks(q, l.more)
	case l.unread < left:
		return v.along(q, l, func(id labeling.CandidateID) float64 { return v.a.LeftBias * -float64(slices.Index(v.shown, id)) })
	case l.unread < left+length && !v.sameLength():
		return v.along(q, l, func(id labeling.CandidateID) float64 { return v.a.LengthBias * float64(v.length[id]) })
	case q.Kind == labeling.AskRanking:
		return v.rank(q, l.more)
	}
	return v.prefer(q, l)
}

func (v view) sameLength() bool {
	return !slices.ContainsFunc(v.shown, func(id labeling.CandidateID) bool { return v.length[id] != v.length[v.shown[0]] })
}

// along orders the candidates by something else than their utility, the most of it first.
func (v view) along(q labeling.Question, l lot, of func(labeling.CandidateID) float64) labeling.Response {
	order := slices.Clone(v.shown)
	slices.SortStableFunc(order, func(a, b labeling.CandidateID) int { return cmp.Compare(of(b), of(a)) })
	return ordered(q, order, 1+int(4*l.degree))
}

// ordered is an answer without ties.
func ordered(q labeling.Question, order []labeling.CandidateID, strength int) (r labeling.Response) {
	for _, id := range order {
		r.Order = append(r.Order, []labeling.CandidateID{id})
	}
	if q.Kind == labeling.AskPreference {
		r.Strength = strength
	}
	return r
}

// prefer is the honest answer to a preference:
//
//	P(better | gap)   = Skill, or σ(gap / Temperature); less what drifted away
//	strength          = 1 + ⌊4·gap/Scale⌋, at most 4, when right; 1 or 2 when wrong
//
// where gap ≥ 0 is the difference of the utilities. Equal ones are a tie where the
// question has ties, else a coin decides, negligibly.
func (v view) prefer(q labeling.Question, l lot) labeling.Response {
	better, worse := v.ids[0], v.ids[1]
	if v.utility[worse] > v.utility[better] {
		better, worse = worse, better
	}
	gap := v.utility[better] - v.utility[worse]
	switch {
	case gap == 0 && q.Ties:
		return labeling.Response{Order: [][]labeling.CandidateID{{better, worse}}}
	case gap == 0:
		return ordered(q, pick(l.choice < .5, better, worse), 1)
	case l.choice < v.chance(gap):
		return ordered(q, pick(true, better, worse), min(1+int(min(4*gap/v.scale, 3)), labeling.MaxStrength))
	}
	return ordered(q, pick(false, better, worse), 1+int(2*l.degree))
}

func pick(first bool, a, b labeling.CandidateID) []labeling.CandidateID {
	if first {
		return []labeling.CandidateID{a, b}
	}
	return []labeling.CandidateID{b, a}
}

// chance is that of being right about a gap; a drift takes it towards ½.
func (v view) chance(gap float64) float64 {
	p := v.a.Skill
	if v.a.Temperature > 0 {
		p = 1 / (1 + math.Exp(-gap/v.a.Temperature))
	}
	return p - (p-.5)*v.a.Drift*v.t
}

// precision is the β of σ(β·gap): 1/Temperature, or what makes a gap of Scale be seen
// with the probability Skill; ±Inf for who never, or always, errs.
func (v view) precision() float64 {
	p := v.chance(v.scale)
	if v.a.Temperature > 0 && v.a.Drift == 0 {
		return 1 / v.a.Temperature // also where σ rounds to 1
	}
	return math.Log(p/(1-p)) / v.scale
}

// rank is the honest answer to a ranking, a draw of the model of Plackett and Luce,
//
//	P(x first of S) = exp(β·u_x) / Σ_{y ∈ S} exp(β·u_y), and so on among the rest,
//
// made by sorting β·u + Gumbel noise (Yellott 1977). Candidates of one utility share
// their noise, and their place, where the question has ties.
func (v view) rank(q labeling.Question, draw *rand.Rand) (r labeling.Response) {
	beta := v.precision()
	type entry struct {
		id              labeling.CandidateID
		u, score, noise float64
	}
	var all []entry
	for _, id := range v.ids {
		e := entry{id: id, u: v.utility[id], noise: -math.Log(draw.ExpFloat64())}
		if i := slices.IndexFunc(all, func(o entry) bool { return o.u == e.u }); i >= 0 && q.Ties {
			e.noise = all[i].noise
		}
		e.score = beta*e.u + e.noise
		if math.IsInf(beta, 0) {
			e.score = math.Copysign(1, beta) * e.u
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.noise, a.noise))
	})
	for i, e := range all {
		if i > 0 && q.Ties && e.u == all[i-1].u {
			last := &r.Order[len(r.Order)-1]
			*last = append(*last, e.id)
			continue
		}
		r.Order = append(r.Order, []labeling.CandidateID{e.id})
	}
	return r
}

// marks is the honest answer to a question about each candidate by itself: the mark of
// the utility and logistic noise, which makes it an ordered logit. Who cannot tell a gap
// of Scale from none marks at random.
func (v view) marks(q labeling.Question, draw *rand.Rand) labeling.Response {
	beta := v.precision()
	r := labeling.Response{Marks: map[labeling.CandidateID]int{}}
	for _, id := range v.ids {
		x := draw.Float64()
		noise := math.Log(x/(1-x)) / beta
		switch {
		case !slices.Contains(v.shown, id):
		case !(beta > 0):
			r.Marks[id] = 1 + int(x*float64(q.Top()))
		default:
			r.Marks[id] = mark(q, v.utility[id]+noise, v.scale)
		}
	}
	return r
}

// mark is the mark that a utility deserves: of P marks, one more than there are thresholds
//
//	Scale·(2k/P - 1), k = 1 .. P-1
//
// below it. The options of a choice go from best to worst.
func mark(q labeling.Question, u, scale float64) int {
	top, m := q.Top(), 1
	for k := 1; k < top; k++ {
		if u > scale*(2*float64(k)/float64(top)-1) {
			m++
		}
	}
	if q.Kind == labeling.AskChoice {
		return top + 1 - m
	}
	return m
}

// unread is an answer by places alone.
func (v view) unread(q labeling.Question) labeling.Response {
	first := v.a.Spammer == SpamFirst
	if q.Marks() {
		r := labeling.Response{Marks: map[labeling.CandidateID]int{}}
		for _, id := range v.shown {
			r.Marks[id] = 1
			if !first {
				r.Marks[id] = 1 + v.blind.IntN(q.Top())
			}
		}
		return r
	}
	order := slices.Clone(v.shown)
	if first {
		return ordered(q, order, labeling.MaxStrength)
	}
	v.blind.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return ordered(q, order, 1+v.blind.IntN(labeling.MaxStrength))
}

// guarded puts the candidates that hold a guard before those that do not.
func guarded(q labeling.Question, r labeling.Response, holds []labeling.CandidateID) labeling.Response {
	var good, bad [][]labeling.CandidateID
	for _, group := range r.Order {
		var g, b []labeling.CandidateID
		for _, id := range group {
			if slices.Contains(holds, id) {
				g = append(g, id)
			} else {
				b = append(b, id)
			}
		}
		good, bad = appendGroup(good, g), appendGroup(bad, b)
	}
	order := append(good, bad...)
	if q.Kind == labeling.AskPreference && !slices.EqualFunc(order, r.Order, slices.Equal) {
		r.Strength = 1
	}
	r.Order = order
	return r
}

func appendGroup(groups [][]labeling.CandidateID, g []labeling.CandidateID) [][]labeling.CandidateID {
	if len(g) == 0 {
		return groups
	}
	return append(groups, g)
}
