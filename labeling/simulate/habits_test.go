package simulate

import (
	"reflect"
	"strings"
	"testing"

	"plumbline/labeling"
)

// finished checks that every slot was judged once, by somebody else each, and that the
// history holds.
func finished(t *testing.T, s labeling.Store, items, overlap int) {
	t.Helper()
	n := 0
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		if j.Item.Kind != labeling.KindTask {
			continue
		}
		n++
		by := map[string]bool{}
		for _, g := range j.Judgements {
			by[g.Annotator] = true
		}
		if len(j.Judgements) != overlap || len(by) != overlap {
			t.Errorf("%s: got %d judgements by %d annotators, want %d", j.Item.Ref, len(j.Judgements), len(by), overlap)
		}
	}
	if n != items {
		t.Errorf("got %d items, want %d", n, items)
	}
	if a, err := s.Audit(t.Context(), ""); err != nil || len(a.Faults) > 0 {
		t.Errorf("audit: %v, %q", err, a.Faults)
	}
}

// Broken connections and answers sent twice change nothing about what is exported.
func TestInterruptionsLeaveTheSameExport(t *testing.T) {
	calm, rough := mustProject(t, 60, 3), mustProject(t, 60, 3)
	c := DefaultConfig()
	if _, err := Run(t.Context(), calm, c, length); err != nil {
		t.Fatal(err)
	}
	for i := range c.Annotators {
		c.Annotators[i].Disconnect, c.Annotators[i].Duplicate = .5, .5
	}
	r, err := Run(t.Context(), rough, c, length)
	if err != nil || r.Judged != 180 {
		t.Fatalf("got %+v, %v, want 180 judged", r, err)
	}
	if r.Reconnected < 50 || r.Resent < 50 { // binomial(180, ½): six standard deviations below the mean
		t.Errorf("got %d reconnected, %d resent, want about 90", r.Reconnected, r.Resent)
	}
	if export(t, rough) != export(t, calm) {
		t.Error("the export differs from that of an undisturbed crowd")
	}
	finished(t, rough, 60, 3)
}

// What sleepers leave is judged by the others, or by themselves when they are back.
func TestSleepersLeaseLapses(t *testing.T) {
	s := mustProject(t, 40, 2)
	c := DefaultConfig()
	c.Annotators = append(Crowd(2, Annotator{Handle: "awake", Skill: .9, Seconds: 20}),
		Crowd(2, Annotator{Handle: "sleepy", Skill: .9, Seconds: 20, Sleeper: .7})...)
	r, err := Run(t.Context(), s, c, length)
	if err != nil || r.Judged != 80 || r.Open != 0 {
		t.Fatalf("got %+v, %v, want 80 judged", r, err)
	}
	if r.Lapsed < 10 {
		t.Errorf("got %d leases lapsed, want about 28 of the 40 of the sleepers", r.Lapsed)
	}
	finished(t, s, 40, 2)
}

// Where everybody sleeps over everything, they are back at it later.
func TestOnlySleepers(t *testing.T) {
	s := mustProject(t, 6, 2)
	c := DefaultConfig()
	c.Annotators = Crowd(2, Annotator{Handle: "sleepy", Skill: 1, Seconds: 20, Sleeper: 1})
	r, err := Run(t.Context(), s, c, length)
	if err != nil || r.Judged != 12 {
		t.Fatalf("got %+v, %v, want 12 judged", r, err)
	}
	finished(t, s, 6, 2)
}

func TestReadCrowd(t *testing.T) {
	got, err := ReadCrowd(strings.NewReader(`
- {handle: good, count: 2, skill: .9, drift: .2}
- {handle: spam, spammer: random, seconds: 4}
`), "crowd.yaml")
	want := []Annotator{
		{Handle: "good-01", Skill: .9, Drift: .2, Seconds: 30},
		{Handle: "good-02", Skill: .9, Drift: .2, Seconds: 30},
		{Handle: "spam-01", Skill: .85, Seconds: 4, Spammer: SpamRandom},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for text, fault := range map[string]string{
		"":                                      "EOF",
		"[]":                                    "got no annotators",
		"- {handle: a, skil: 1}":                "line 1: field skil not found",
		"- {handle: a, count: 0}":               "[0].count: got 0, want 1 to 10000",
		"- {handle: a}\n- {skill: 2}":           "[1].skill: got 2, want in [0, 1]",
		"- {handle: a, spammer: often}":         `[0].spammer: got "often"`,
		"- {handle: a, left_bias: 1, lazy: -1}": "[0].lazy: got -1",
		"- {handle: a, left_bias: 1, length_bias: 1}": "at most 1 together with left_bias",
	} {
		if _, err := ReadCrowd(strings.NewReader(text), "crowd.yaml"); err == nil || !strings.Contains(err.Error(), fault) || !strings.Contains(err.Error(), "crowd.yaml") {
			t.Errorf("%q: got %v, want crowd.yaml: %s", text, err, fault)
		}
	}
}

// Whatever is read is a crowd that may work.
func FuzzReadCrowd(f *testing.F) {
	f.Add("- {handle: good, count: 2, skill: .9}\n- {handle: spam, spammer: random}")
	f.Add("- &a {handle: x}\n- *a")
	f.Add("- {handle: x, skill: .nan, seconds: .inf, count: 99999999999}")
	f.Fuzz(func(t *testing.T, text string) {
		crowd, err := ReadCrowd(strings.NewReader(text), "f")
		if err != nil {
			return
		}
		for _, a := range crowd {
			if err := a.Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
