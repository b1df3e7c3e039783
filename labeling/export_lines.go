package labeling

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"

	"plumbline/internal/exact"
)

// line is one line of an export, and the judgements or the adjudication it is made of.
type line struct {
	value      any
	judgements []string
}

// Reasons why an item that was to be judged, or a part of it, has no line.
const (
	leftUnjudged   = "not judged"
	leftFlagged    = "flagged"
	leftDisputed   = "without a majority"
	leftTranscript = "no transcript can hold it"
)

// lines are those of an item, and why some are missing. Gold, repeats and the like were not
// to be judged: the raw judgements are all that is exported of them.
func (x *exporting) lines(j JudgedItem) (lines []line, leftOut string) {
	if x.Format == FormatJudgements {
		return judgementLines(j), ""
	}
	if j.Item.Kind != KindTask && j.Item.Kind != "" {
		return nil, ""
	}
	edits := edited(j)
	if x.Format == FormatSFT {
		return demonstrations(j.Item, edits), ""
	}
	if x.NoEdits || x.Format == FormatKWise || x.Format == FormatKTO {
		edits = nil
	}
	c, answered := Compare(j, x.Question)
	c = c.Weighed(x.Weights)
	lines, leftOut = nil, unanswered(j)
	if q, _ := x.task.Question(x.Question); q.Kind == AskRating {
		lines, leftOut = x.rated(j, q)
	} else if answered {
		lines, leftOut = x.judged(c)
	}
	for n, e := range edits {
		more, why := x.judged(e.better(j.Item, n))
		lines = append(lines, more...)
		leftOut = cmp.Or(leftOut, why)
	}
	return lines, leftOut
}

// unanswered is why nobody's answer counts.
func unanswered(j JudgedItem) string {
	if a := j.Adjudication; a != nil && a.Answer.Flagged {
		return leftFlagged
	}
	for _, g := range j.Judgements {
		if g.Current && g.Answer.Flagged {
			return leftFlagged
		}
	}
	return leftUnjudged
}

// judged are the lines of a comparison.
func (x *exporting) judged(c Comparison) (lines []line, leftOut string) {
	switch x.Format {
	case FormatComparisons:
		return []line{comparisonOf(c)}, ""
	case FormatKWise:
		return []line{kwise(c)}, ""
	case FormatKTO:
		return x.desirable(c)
	default:
		return x.pairs(c)
	}
}

// pairs are the pairs by majority, in the form of TRL or hh-rlhf.
func (x *exporting) pairs(c Comparison) (lines []line, leftOut string) {
	for _, p := range x.majorities(c) {
		if x.Format == FormatTRL {
			lines = append(lines, trl(c, p))
		} else if l, ok := transcript(c, p); ok {
			lines = append(lines, l)
		} else {
			leftOut = leftTranscript
		}
	}
	if len(lines) == 0 && leftOut == "" {
		leftOut = leftDisputed
	}
	return lines, leftOut
}

type judgementLine struct {
	ID         string        `json:"id"`
	Item       string        `json:"item"`
	Kind       ItemKind      `json:"kind,omitempty"` // of an item whose answer is known, or that is shown again
	Slot       int           `json:"slot"`
	Annotator  string        `json:"annotator"`
	Simulated  bool          `json:"simulated"`
	Shown      []CandidateID `json:"shown"`   // from left to right
	Sources    []exact.Text  `json:"sources"` // of the candidates shown
	Answer     Answer        `json:"answer"`
	Guideline  int           `json:"guideline"`
	ActiveMS   int64         `json:"active_ms"`
	WallMS     int64         `json:"wall_ms"`
	At         time.Time     `json:"at"`
	Supersedes string        `json:"supersedes,omitempty"`
	Current    bool          `json:"current"`
	Withdrawn  bool          `json:"withdrawn,omitempty"`
}

func judgementLines(j JudgedItem) (lines []line) {
	for _, g := range j.Judgements {
		l := judgementLine{
			ID: g.ID, Item: j.Item.Ref, Slot: g.Slot, Annotator: g.Annotator, Simulated: g.Simulated, Shown: g.Shown,
			Answer: g.Answer, Guideline: g.Guideline, ActiveMS: g.Active.Milliseconds(), WallMS: g.Wall.Milliseconds(),
			At: g.At.UTC(), Supersedes: g.Supersedes, Current: g.Current, Withdrawn: g.Withdrawn,
		}
		if j.Item.Kind != KindTask {
			l.Kind = j.Item.Kind
		}
		for _, id := range g.Shown {
			c, _ := j.Item.Candidate(id)
			l.Sources = append(l.Sources, exact.Text(c.Source))
		}
		lines = append(lines, line{l, []string{g.ID}})
	}
	return lines
}

type comparisonLine struct {
	ID          string           `json:"id"`
	Prompt      promptLine       `json:"prompt"`
	Candidates  []exact.Text     `json:"candidates"`
	Preferences []preferenceLine `json:"preferences"`
	Judgements  []string         `json:"judgement_ids"`
}

type promptLine struct {
	ID       string     `json:"id"`
	Text     exact.Text `json:"text,omitempty"`
	Messages []Message  `json:"messages,omitempty"`
}

type preferenceLine struct {
	Chosen   int     `json:"chosen"`
	Rejected int     `json:"rejected"`
	Weight   float64 `json:"weight"`
	Margin   float64 `json:"margin"`
	Tie      bool    `json:"tie"`
}

func comparisonOf(c Comparison) line {
	l := comparisonLine{
		ID: c.Item.Ref, Prompt: promptLine{c.Item.Ref, exact.Text(c.Item.Prompt.Text), c.Item.Prompt.Messages},
		Candidates: texts(c.Item.Candidates), Judgements: c.Judgements,
	}
	for _, p := range c.Preferences {
		l.Preferences = append(l.Preferences, preferenceLine{p.Chosen, p.Rejected, p.Weight, p.Margin, p.Tie})
	}
	return line{l, c.Judgements}
}

func texts(cs []Candidate) (out []exact.Text) {
	for _, c := range cs {
		out = append(out, exact.Text(c.Text))
	}
	return out
}

// pairLine is what a preference between two of K candidates has beside the texts. Its
// weight is the share of a pair divided by their number, so that a prompt counts once
// whatever K is, as it does in a comparison (Ouyang et al. 2022, arXiv:2203.02155, sec. 3.5).
type pairLine struct {
	Margin     float64  `json:"margin"`
	Weight     float64  `json:"weight"`
	Judgements []string `json:"judgement_ids"`
}

func pairOf(c Comparison, p Preference) (id string, l pairLine) {
	k := len(c.Item.Candidates)
	id = c.Item.Ref
	if k > 2 {
		id = fmt.Sprintf("%s#%d-%d", id, p.Chosen+1, p.Rejected+1)
	}
	return id, pairLine{p.Margin, p.Weight / float64(k*(k-1)/2), c.Judgements}
}

// majorities are the pairs that most annotators order the same way.
func (x *exporting) majorities(c Comparison) (out []Preference) {
	for a := range c.Item.Candidates {
		for b := a + 1; b < len(c.Item.Candidates); b++ {
			if p, ok := c.Majority(a, b); ok && p.Weight >= x.Agreement {
				out = append(out, p)
			}
		}
	}
	return out
}

// trlLine is a preference as TRL's DPO and reward trainers read it: strings, or messages
// where the prompt is a conversation.
type trlLine struct {
	ID       string `json:"id"`
	Prompt   Prompt `json:"prompt"`
	Chosen   Prompt `json:"chosen"`
	Rejected Prompt `json:"rejected"`
	pairLine
}

func trl(c Comparison, p Preference) line {
	reply := func(i int) Prompt { return c.Item.Prompt.reply(c.Item.Candidates[i].Text) }
	id, pair := pairOf(c, p)
	return line{trlLine{id, c.Item.Prompt, reply(p.Chosen), reply(p.Rejected), pair}, c.Judgements}
}

// reply is a response in the form of the prompt: a text, or the assistant's message.
func (p Prompt) reply(text string) Prompt {
	if len(p.Messages) == 0 {
		return Prompt{Text: text}
	}
	return Prompt{Messages: []Message{{"assistant", text}}}
}

// hhLine is a preference as hh-rlhf has it: two conversations that differ in the last
// turn. White space around a turn is not kept by those who read it.
type hhLine struct {
	ID       string     `json:"id"`
	Chosen   exact.Text `json:"chosen"`
	Rejected exact.Text `json:"rejected"`
	pairLine
}

// turn matches what would be read as the beginning of a turn, in hh-rlhf's transcripts or
// in Guanaco's.
var turn = regexp.MustCompile(`(?:\n\n|### ?)(?:Human|Assistant):`)

// transcript writes a preference as two transcripts. ok is false where they would be read
// as other turns: a system message, or a text with the beginning of a turn in it.
func transcript(c Comparison, p Preference) (l line, ok bool) {
	turns := c.Item.Prompt.Messages
	if len(turns) == 0 {
		turns = []Message{{"user", c.Item.Prompt.Text}}
	}
	chosen, rejected := c.Item.Candidates[p.Chosen].Text, c.Item.Candidates[p.Rejected].Text
	if turn.MatchString(chosen) || turn.MatchString(rejected) {
		return l, false
	}
	speakers := map[string]string{"user": "Human", "assistant": "Assistant"}
	var before string
	for _, m := range turns {
		who := speakers[m.Role]
		if who == "" || turn.MatchString(m.Content) {
			return l, false
		}
		before += "\n\n" + who + ": " + m.Content
	}
	before += "\n\nAssistant: "
	id, pair := pairOf(c, p)
	return line{hhLine{id, exact.Text(before + chosen), exact.Text(before + rejected), pair}, c.Judgements}, true
}

// kwiseLine is a prompt with K responses and their ranks, from 1 the best.
type kwiseLine struct {
	ID         string       `json:"id"`
	Prompt     Prompt       `json:"prompt"`
	Responses  []exact.Text `json:"responses"`
	Ranks      []int        `json:"ranks"`
	Judgements []string     `json:"judgement_ids"`
}

func kwise(c Comparison) line {
	return line{kwiseLine{c.Item.Ref, c.Item.Prompt, texts(c.Item.Candidates), c.ranks(), c.Judgements}, c.Judgements}
}

// ranks orders the candidates by their Borda counts: the sum, over the others, of the
// weight of those who prefer it and half of those who find both equally good. Equal counts
// are equal ranks, and as many ranks are left out after them.
func (c Comparison) ranks() []int {
	const same = 1e-9 // sums of the same shares in another order
	count := make([]float64, len(c.Item.Candidates))
	for _, p := range c.Preferences {
		if p.Tie {
			count[p.Chosen] += p.Weight / 2
			count[p.Rejected] += p.Weight / 2
		} else {
			count[p.Chosen] += p.Weight
		}
	}
	ranks := make([]int, len(count))
	for i := range count {
		ranks[i] = 1
		for j := range count {
			if count[j] > count[i]+same {
				ranks[i]++
			}
		}
	}
	return ranks
}

// ktoLine is a response that is wanted or not, as TRL's KTO trainer reads it.
type ktoLine struct {
	ID         string   `json:"id"`
	Prompt     Prompt   `json:"prompt"`
	Completion Prompt   `json:"completion"`
	Label      bool     `json:"label"` // desirable
	Judgements []string `json:"judgement_ids"`
}

// marked is the line of a candidate that is wanted or not.
func marked(it Item, i int, label bool, judgements []string) line {
	l := ktoLine{it.Ref, it.Prompt, it.Prompt.reply(it.Candidates[i].Text), label, judgements}
	if len(it.Candidates) > 1 {
		l.ID = fmt.Sprintf("%s#%d", it.Ref, i+1)
	}
	return line{l, judgements}
}

// desirable are the candidates that win more pairs than they lose, and undesirable those
// that lose more.
func (x *exporting) desirable(c Comparison) (lines []line, leftOut string) {
	won := make([]int, len(c.Item.Candidates))
	for _, p := range x.majorities(c) {
		won[p.Chosen]++
		won[p.Rejected]--
	}
	for i, n := range won {
		if n != 0 {
			lines = append(lines, marked(c.Item, i, n > 0, c.Judgements))
		}
	}
	if len(lines) == 0 {
		leftOut = leftDisputed
	}
	return lines, leftOut
}

// rated are the candidates with a mean of points of at least the threshold, and those
// below. Without a threshold it is the middle of the scale, where a mean is neither.
func (x *exporting) rated(j JudgedItem, q Question) (lines []line, leftOut string) {
	var ids []string
	sum, n := map[CandidateID]int{}, map[CandidateID]int{}
	for id, a := range counting(j) {
		if r := a.Responses[q.Key]; len(r.Marks) > 0 {
			ids = append(ids, id)
			for c, m := range r.Marks {
				sum[c] += m
				n[c]++
			}
		}
	}
	if len(ids) == 0 {
		return nil, unanswered(j)
	}
	for i, c := range j.Item.Candidates {
		mean, least := float64(sum[c.ID])/float64(max(1, n[c.ID])), x.Threshold
		if least == 0 {
			least = float64(1+q.Points) / 2
		}
		if n[c.ID] == 0 || x.Threshold == 0 && mean == least {
			continue
		}
		lines = append(lines, marked(j.Item, i, mean >= least, ids))
	}
	if len(lines) == 0 {
		leftOut = leftDisputed
	}
	return lines, leftOut
}

// rewritten is a response that an annotator made better.
type rewritten struct {
	Edit
	judgement string
}

// edited are the edits that count and changed something.
func edited(j JudgedItem) (out []rewritten) {
	for id, a := range counting(j) {
		if a.Edit == nil {
			continue
		}
		if was, ok := j.Item.Candidate(a.Edit.Of); ok && was.Text != a.Edit.Text {
			out = append(out, rewritten{*a.Edit, id})
		}
	}
	return out
}

// better is the comparison of what was written with what it was made of: the n-th of an
// item, from 0.
func (e rewritten) better(it Item, n int) Comparison {
	was, _ := it.Candidate(e.Of)
	it.Ref = fmt.Sprintf("%s#edit-%d", it.Ref, n+1)
	it.Candidates = []Candidate{was, {Text: e.Text}}
	return Comparison{Item: it, Judgements: []string{e.judgement}, Preferences: []Preference{{Chosen: 1, Rejected: 0, Weight: 1, Votes: 1}}}
}

// sftLine is a demonstration as TRL and others read it: prompt and completion, or a
// conversation.
type sftLine struct {
	ID         string      `json:"id"`
	Prompt     *exact.Text `json:"prompt,omitempty"`
	Completion *exact.Text `json:"completion,omitempty"`
	Messages   []Message   `json:"messages,omitempty"`
	Judgements []string    `json:"judgement_ids"`
}

func demonstrations(it Item, edits []rewritten) (lines []line) {
	for n, e := range edits {
		l := sftLine{ID: it.Ref, Judgements: []string{e.judgement}}
		if n > 0 {
			l.ID = fmt.Sprintf("%s#%d", it.Ref, n+1)
		}
		if m := it.Prompt.Messages; len(m) > 0 {
			l.Messages = append(slices.Clone(m), Message{"assistant", e.Text})
		} else {
			l.Prompt, l.Completion = (*exact.Text)(&it.Prompt.Text), (*exact.Text)(&e.Text)
		}
		lines = append(lines, line{l, l.Judgements})
	}
	return lines
}
