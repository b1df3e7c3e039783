package quality

import (
	"slices"
	"strings"
	"testing"

	"plumbline/labeling"
)

func share(k, n int) Share { return Share{K: k, N: n}.WithInterval() }

func lean(k, n int) Lean { return Lean{Share{K: k, N: n}, 0}.complete() }

// Each rule at the last case that is let pass and the first that is not.
func TestRulesAtTheirEdges(t *testing.T) {
	insight := func(v float64, answers int) func(*Annotator) {
		return func(a *Annotator) {
			a.Questions = []Opinion{{Question: "preference", Answers: answers, Insight: &v}}
		}
	}
	for _, c := range []struct {
		rule       Rule
		pass, fail func(*Annotator)
	}{
		// Upper ends of Wilson's interval, R's prop.test without correction: 3/4 .954, 1/3 .792.
		{RuleAttention, func(a *Annotator) { a.Attention = share(3, 4) }, func(a *Annotator) { a.Attention = share(1, 3) }},
		// 10/20 .701, 9/20 .658.
		{RuleGold, func(a *Annotator) { a.Gold = share(10, 20) }, func(a *Annotator) { a.Gold = share(9, 20) }},
		// 8/20 .613, 7/20 .567.
		{RuleInconsistent, func(a *Annotator) { a.Consistent = share(8, 20) }, func(a *Annotator) { a.Consistent = share(7, 20) }},
		{RuleSkill, insight(.3, 40), insight(.29, 40)},
		{RuleSkill, insight(0, 39), insight(0, 40)},
		// p of 66/100 is .0018, of 70/100 .000079; .01 is shared by 100 annotators.
		{RuleSide, func(a *Annotator) { a.Left = lean(66, 100) }, func(a *Annotator) { a.Left = lean(70, 100) }},
		{RuleSide, func(a *Annotator) { a.Left = lean(6000, 10000) }, func(a *Annotator) { a.Left = lean(3500, 10000) }},
		{RuleSpeed, func(a *Annotator) { a.SpeedZ, a.Seconds, a.Judged = -3.4, 5, 40 }, func(a *Annotator) { a.SpeedZ, a.Seconds, a.Judged = -3.5, 5, 40 }},
		{RuleSpeed, func(a *Annotator) { a.SpeedZ, a.Seconds, a.Judged = -9, 16, 40 }, func(a *Annotator) { a.SpeedZ, a.Seconds, a.Judged = -9, 15, 40 }},
		{
			RuleDrift,
			func(a *Annotator) { a.Drift = Drift{Before: share(80, 100), Recent: share(5, 20), PValue: .0001} },
			func(a *Annotator) { a.Drift = Drift{Before: share(80, 100), Recent: share(5, 20), PValue: .00009} },
		},
		{
			RuleDrift,
			func(a *Annotator) { a.GoldDrift = Drift{Before: share(80, 100), Recent: share(66, 100)} },
			func(a *Annotator) { a.GoldDrift = Drift{Before: share(80, 100), Recent: share(65, 100)} },
		},
	} {
		crowd := Crowd{Annotators: 100, Main: "preference", Seconds: 30}
		nothing := Annotator{Handle: "ann", Status: labeling.StatusActive, Left: lean(0, 0), Drift: NewDrift(nil), GoldDrift: NewDrift(nil)}
		pass, fail := nothing, nothing
		c.pass(&pass)
		c.fail(&fail)
		if got := DefaultRules().Propose(pass, crowd); len(got) > 0 {
			t.Errorf("%s: got %v, want nobody paused", c.rule, got)
		}
		got := DefaultRules().Propose(fail, crowd)
		if len(got) != 1 || got[0].Rule != c.rule {
			t.Errorf("%s: got %v, want that rule", c.rule, got)
		}
		fail.Status = labeling.StatusPaused
		if got := DefaultRules().Propose(fail, crowd); len(got) > 0 {
			t.Errorf("%s: got %v for who is paused already", c.rule, got)
		}
	}
}

func TestEvidenceHasTheFigures(t *testing.T) {
	a := Annotator{Handle: "ann", Status: labeling.StatusActive, Gold: share(9, 20), Left: lean(90, 100)}
	got := DefaultRules().Propose(a, Crowd{Annotators: 5})
	if len(got) != 2 {
		t.Fatalf("got %v, want two proposals", got)
	}
	for i, figures := range [][]string{{"9", "20", "0.26", "0.66", "0.70"}, {"90", "100", "0.83", "0.94", "p = "}} {
		for _, lang := range []string{"en", "zh"} {
			words := got[i].Evidence[lang]
			if slices.ContainsFunc(figures, func(f string) bool { return !strings.Contains(words, f) }) {
				t.Errorf("got %q, want %v in it", words, figures)
			}
		}
	}
}
