package quality

import (
	"fmt"

	"plumbline/labeling"
)

// Rule names a reason to pause an annotator.
type Rule string

// The rules, in the order of how much they prove.
const (
	RuleAttention    Rule = "attention"    // fails checks that only who does not read fails
	RuleGold         Rule = "gold"         // too few known answers
	RuleSkill        Rule = "skill"        // what they say tells next to nothing
	RuleSide         Rule = "side"         // goes by the side, not by the text
	RuleInconsistent Rule = "inconsistent" // answers the same item differently
	RuleSpeed        Rule = "speed"        // far faster than the others
	RuleDrift        Rule = "drift"        // was better before
)

// Proposal is that a manager should pause an annotator, and why. Nobody is paused by it.
type Proposal struct {
	Annotator string         `json:"annotator"`
	Rule      Rule           `json:"rule"`
	Evidence  labeling.Label `json:"evidence"` // the figures in words, by language
}

// Rules are the thresholds of what is worth a manager's look. A share is judged by the
// end of its interval that speaks for the annotator, so that few cases prove nothing.
type Rules struct {
	Attention    float64 // attention checks: the interval lies below this
	Gold         float64 // known answers: the interval lies below this
	Consistent   float64 // hidden repeats: the interval lies below this
	Insight      float64 // what they know beyond chance is below this
	Answers      int     // fewest answers for insight and speed
	Side         float64 // share of one side is at least this
	Significance float64 // p-value of side and drift, divided by the number of annotators looked at
	SpeedZ       float64 // below the crowd's median by this many deviations, and by half
	Drop         float64 // drift: fell by at least this
}

// DefaultRules leaves an annotator like InstructGPT's, right in .84 of the cases, alone:
// insight .68, self-consistency .73, and of 20 known answers .75 or more in 90 % of cases,
// the interval of which reaches .89.
func DefaultRules() Rules {
	return Rules{
		Attention: .8, Gold: .7, Consistent: .6,
		Insight: .3, Answers: 40,
		Side: .65, Significance: .01, SpeedZ: -3.5, Drop: .15,
	}
}

// Propose lists the rules that an annotator at work breaks.
func (r Rules) Propose(a Annotator, c Crowd) (out []Proposal) {
	if a.Status != labeling.StatusActive {
		return nil
	}
	for _, rule := range []struct {
		name  Rule
		words labeling.Label
	}{
		{RuleAttention, below(a.Attention, r.Attention, "attention checks right", "注意力检查答对")},
		{RuleGold, below(a.Gold, r.Gold, "known answers given", "已知答案答对")},
		{RuleSkill, r.skill(a, c.Main)},
		{RuleSide, r.side(a, c)},
		{RuleInconsistent, below(a.Consistent, r.Consistent, "hidden repeats answered as before", "隐藏重复题答案一致")},
		{RuleSpeed, r.speed(a, c)},
		{RuleDrift, r.drift("with the majority of the others", "与其他人的多数一致", a.Drift, c)},
		{RuleDrift, r.drift("known answers given", "已知答案答对", a.GoldDrift, c)},
	} {
		if rule.words != nil {
			out = append(out, Proposal{a.Handle, rule.name, rule.words})
		}
	}
	return out
}

// below speaks where a share's interval lies below a threshold.
func below(s Share, least float64, en, zh string) labeling.Label {
	if s.N == 0 || s.High >= least {
		return nil
	}
	return labeling.Label{
		"en": fmt.Sprintf("%s: %d of %d, 95 %% interval %.2f to %.2f, below %.2f", en, s.K, s.N, s.Low, s.High, least),
		"zh": fmt.Sprintf("%s：%d/%d，95%% 区间 %.2f 至 %.2f，低于 %.2f", zh, s.K, s.N, s.Low, s.High, least),
	}
}

func (r Rules) skill(a Annotator, main string) labeling.Label {
	o, ok := a.Opinion(main)
	if !ok || o.Insight == nil || *o.Insight >= r.Insight || o.Answers < r.Answers {
		return nil
	}
	return labeling.Label{
		"en": fmt.Sprintf("in %d answers, insight %.2f, below %.2f (0 is guessing, 1 always right); agrees with %d of %d other answers", o.Answers, *o.Insight, r.Insight, o.Agreement.K, o.Agreement.N),
		"zh": fmt.Sprintf("共 %d 题，洞察力 %.2f，低于 %.2f（0 为瞎猜，1 为全对）；与其他答案一致 %d/%d", o.Answers, *o.Insight, r.Insight, o.Agreement.K, o.Agreement.N),
	}
}

func (r Rules) side(a Annotator, c Crowd) labeling.Label {
	l := a.Left
	if !(max(l.P, 1-l.P) >= r.Side && l.PValue < r.level(c)) {
		return nil
	}
	return labeling.Label{
		"en": fmt.Sprintf("prefers the left one in %d of %d, %.2f, 95 %% interval %.2f to %.2f; by chance alone p = %.1g", l.K, l.N, l.P, l.Low, l.High, l.PValue),
		"zh": fmt.Sprintf("选左边 %d/%d，比例 %.2f，95%% 区间 %.2f 至 %.2f；纯属偶然的 p = %.1g", l.K, l.N, l.P, l.Low, l.High, l.PValue),
	}
}

func (r Rules) speed(a Annotator, c Crowd) labeling.Label {
	if a.SpeedZ > r.SpeedZ || a.Judged < r.Answers || c.Seconds < 2*a.Seconds {
		return nil
	}
	return labeling.Label{
		"en": fmt.Sprintf("%.1f s an item in the median of %d, the crowd %.1f s; %.1f robust standard deviations below it", a.Seconds, a.Judged, c.Seconds, -a.SpeedZ),
		"zh": fmt.Sprintf("每题中位数 %.1f 秒（共 %d 题），众人 %.1f 秒；低 %.1f 个稳健标准差", a.Seconds, a.Judged, c.Seconds, -a.SpeedZ),
	}
}

func (r Rules) drift(en, zh string, d Drift, c Crowd) labeling.Label {
	if d.Before.P-d.Recent.P < r.Drop || d.PValue >= r.level(c) {
		return nil
	}
	return labeling.Label{
		"en": fmt.Sprintf("%s: %d of the last %d, %.2f, before %d of %d, %.2f; without a change p = %.1g", en, d.Recent.K, d.Recent.N, d.Recent.P, d.Before.K, d.Before.N, d.Before.P, d.PValue),
		"zh": fmt.Sprintf("%s：最近 %d/%d（%.2f），之前 %d/%d（%.2f）；若无变化 p = %.1g", zh, d.Recent.K, d.Recent.N, d.Recent.P, d.Before.K, d.Before.N, d.Before.P, d.PValue),
	}
}

// level is the p-value that is too small for chance, though everybody is looked at
// (Bonferroni).
func (r Rules) level(c Crowd) float64 { return r.Significance / float64(max(1, c.Annotators)) }
