package manage

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"plumbline/labeling"
	"plumbline/labeling/quality"
	"plumbline/labeling/screen"
)

var update = flag.Bool("update", false, "write the golden files anew; look at them before you commit")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func ptr(v float64) *float64 { return &v }

func of(k, n int) quality.Share { return quality.Share{K: k, N: n}.WithInterval() }

// someone is an annotator with n judgements of whom k of 20 known answers are right.
func someone(handle string, n, k int, seconds float64) Person {
	right := .5 + float64(k-10)/20
	p := Person{Annotator: quality.Annotator{
		Handle: handle, Role: labeling.RoleAnnotator, Status: labeling.StatusActive,
		Judged: n, Last: noon.Add(-time.Duration(n) * time.Second), Seconds: seconds, Recent: seconds * .9, SpeedZ: -.4,
		Gold: of(k, 20), Attention: of(5, 5), Consistent: of(8, 10),
		Left: quality.Lean{Share: of(n/2, n), PValue: quality.Coin(n/2, n)}, Longer: quality.Lean{Share: of(n/2, n), PValue: 1}, LongerOdds: .5,
		Questions: []quality.Opinion{{
			Question: "preference", Answers: n, Agreement: of(n, 2*n), Kappa: ptr(.42), Skill: right, Insight: ptr(2*right - 1),
			Confusion: [][]float64{{right, 1 - right}, {1 - right, right}},
		}},
	}}
	p.Drift = quality.Drift{
		Windows: []quality.Window{
			{From: noon.Add(-3 * time.Hour), To: noon.Add(-2 * time.Hour), Share: of(18, 20)},
			{From: noon.Add(-time.Hour), To: noon, Share: of(11, 20)},
		},
		Before: of(18, 20), Recent: of(11, 20), PValue: .03,
	}
	return p
}

// crowd is a project in full swing: honest annotators, a spammer, somebody with a hostile
// name, somebody whose name is wide, somebody who has not begun.
func crowd() Picture {
	bob := someone("bob", 180, 9, 3.1)
	bob.Left = quality.Lean{Share: of(160, 180), PValue: quality.Coin(160, 180)}
	bob.Proposals = []quality.Proposal{
		{Annotator: "bob", Rule: quality.RuleGold, Evidence: labeling.Label{
			"en": "known answers given: 9 of 20, 95 % interval 0.26 to 0.66, below 0.70", "zh": "已知答案答对：9/20，95% 区间 0.26 至 0.66，低于 0.70",
		}},
		{Annotator: "bob", Rule: quality.RuleSide, Evidence: labeling.Label{
			"en": "prefers the left one in 160 of 180, 0.89, 95 % interval 0.83 to 0.93; by chance alone p = 1e-28", "zh": "选左边 160/180，比例 0.89，95% 区间 0.83 至 0.93；纯属偶然的 p = 1e-28",
		}},
	}
	bob.Held, bob.Lapsed = 3, 2
	carol := someone("carol", 95, 17, 21)
	carol.Status, carol.Flagged, carol.Skipped = labeling.StatusPaused, 2, 4
	eve := someone("eve\x1b]52;c;QUJD\x07\u202e", 40, 16, 30)
	eve.Proposals = []quality.Proposal{{Annotator: eve.Handle, Rule: quality.RuleDrift, Evidence: labeling.Label{
		"en": "with the majority of the others: 11 of the last 20, 0.55, before 18 of 20, 0.90; without a change p = 0.03", "zh": "与其他人的多数一致：最近 11/20（0.55），之前 18/20（0.90）；若无变化 p = 0.03",
	}}}
	fresh := Person{Annotator: quality.Annotator{Handle: "newcomer", Role: labeling.RoleAnnotator, Status: labeling.StatusScreening}, Keys: 1}
	pic := Picture{
		Project:  labeling.DefaultProject("stories"),
		Disputes: 12,
		People:   []Person{someone("ada", 210, 19, 18.2), bob, carol, someone("标注员小王", 130, 18, 140), eve, fresh},
	}
	for i := range 24 {
		pic.People = append(pic.People, someone(fmt.Sprintf("worker-%02d", i), 20+i, 15+i%5, 15+float64(i)))
	}
	finish := noon.Add(9 * time.Hour)
	pic.Stats = quality.Stats{
		Project: "stories", At: noon, Overlap: 3,
		Counts: quality.Counts{Items: 2000, Touched: 700, Judgements: 723, Flagged: 3, Skips: 5, Withdrawn: 40},
		Queue:  quality.Queue{Open: 1240, Leased: 37, Lapsed: 3, Done: 723, LapsedFor: 700},
		Pace:   quality.Pace{LastHour: 142, PerHour: 118, HoursLeft: 10.8, Finish: &finish},
		Questions: []quality.Question{{Key: "preference", Kind: labeling.AskPreference, Answers: 723, Alpha: []quality.Reliability{
			{Level: quality.Nominal, Alpha: .61, Low: .55, High: .67}, {Level: quality.Ordinal, Alpha: .66, Low: .6, High: .71},
		}}},
		Crowd: quality.Crowd{Annotators: 29, Main: "preference", Seconds: 19.5},
	}
	return pic
}

// press types keys separated by spaces; "space" is the space bar.
func press(s State, keys string) (State, Action) {
	var last Action
	for _, k := range strings.Fields(keys) {
		if k == "space" {
			k = " "
		}
		var a Action
		if s, a = s.Key(k); a.Kind != None {
			last = a
		}
	}
	return s, last
}

func opened(lang screen.Lang, w, h int) State {
	return New(Options{Lang: lang, Title: "mia"}).Resize(w, h).Show(crowd()).At(noon.Add(4 * time.Second))
}

// checkFrame checks that a view fills the terminal exactly and has no controls but
// styles, which end on their row.
func checkFrame(t *testing.T, s State, w, h int) string {
	t.Helper()
	view := s.View()
	rows := strings.Split(view, "\n")
	if len(rows) != h {
		t.Fatalf("got %d rows, want %d", len(rows), h)
	}
	for i, r := range rows {
		bare := ansi.Strip(r)
		if n := cells(bare); n != w {
			t.Errorf("row %d: got %d cells, want %d: %q", i, n, w, r)
		}
		for _, style := range []string{bold, dim, reverse} {
			if strings.Count(r, style) > strings.Count(r, off) {
				t.Errorf("row %d: a style does not end: %q", i, r)
			}
		}
		if clean := cleanText(bare); clean != bare {
			t.Errorf("row %d: not clean: %q", i, r)
		}
	}
	return ansi.Strip(view)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestGoldenScreens(t *testing.T) {
	for _, lang := range []screen.Lang{screen.English, screen.Chinese} {
		for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
			for _, c := range []struct{ name, keys string }{
				{"table", ""},
				{"person", "enter pgdown"},
				{"pause", "down p d u l l"},
				{"help", "?"},
				{"sorted", "s s s s s S end"},
			} {
				name := fmt.Sprintf("%s-%dx%d-%s", lang, size[0], size[1], c.name)
				t.Run(name, func(t *testing.T) {
					s, _ := press(opened(lang, size[0], size[1]), c.keys)
					golden(t, name, checkFrame(t, s, size[0], size[1])+"\n")
				})
			}
		}
	}
}

// Every size fills the terminal exactly, whatever is on the screen.
func TestEverySizeFits(t *testing.T) {
	for w := 1; w <= 130; w += 3 {
		for h := 1; h <= 45; h += 2 {
			for _, keys := range []string{"", "end", "enter end", "?", "b", "/ x x x"} {
				for _, lang := range []screen.Lang{screen.English, screen.Chinese} {
					s, _ := press(opened(lang, w, h), keys)
					checkFrame(t, s, w, h)
				}
			}
		}
	}
}

func TestWaitsForTheFirstPicture(t *testing.T) {
	s := New(Options{}).Resize(80, 24)
	if view := checkFrame(t, s, 80, 24); !strings.Contains(view, "Reading the project") {
		t.Errorf("got %q", view)
	}
	for _, k := range []string{"p", "y", "u", "enter", "down", "tab", "S", "x"} {
		if next, a := s.Key(k); a.Kind != None || next.View() == "" {
			t.Errorf("%s: got %+v, want nothing", k, a)
		}
	}
	if view := checkFrame(t, s.Trouble("the disk\x1b[2J is gone"), 80, 24); !strings.Contains(view, "the disk␛[2J is gone") {
		t.Errorf("got %q", view)
	}
}

// Age and trouble of the last picture are on the screen, which stays.
func TestSaysHowOldThePictureIs(t *testing.T) {
	s := opened(screen.English, 80, 24).At(noon.Add(90 * time.Second))
	if view := checkFrame(t, s, 80, 24); !strings.Contains(view, "1 min ago") {
		t.Errorf("got %q", view)
	}
	if view := checkFrame(t, s.Trouble("database is locked"), 80, 24); !strings.Contains(view, "1 min ago · no newer figures: database is locked") || !strings.Contains(view, "worker-00") {
		t.Errorf("got %q", view)
	}
}

func TestActions(t *testing.T) {
	drift := "drift: with the majority of the others: 11 of the last 20, 0.55, before 18 of 20, 0.90; without a change p = 0.03"
	gold := "gold: known answers given: 9 of 20, 95 % interval 0.26 to 0.66, below 0.70; " +
		"side: prefers the left one in 160 of 180, 0.89, 95 % interval 0.83 to 0.93; by chance alone p = 1e-28"
	for _, tt := range []struct {
		name, keys string
		want       Action
	}{
		{"leave", "q", Action{Kind: Leave}},
		{"leave at once", "p ctrl+c", Action{Kind: Leave}},
		{"new figures", "g", Action{Kind: Refresh}},
		{"pause", "p l a z y enter", Action{Kind: Amend, Handle: "bob", Status: labeling.StatusPaused, Reason: "lazy"}},
		{"pause and think again", "p l esc", Action{}},
		{"block, from the page", "enter b x backspace enter", Action{Kind: Amend, Handle: "bob", Status: labeling.StatusBlocked}},
		{"resume", "/ c a r o l enter r o k enter", Action{Kind: Amend, Handle: "carol", Status: labeling.StatusActive, Reason: "ok"}},
		{"paused already", "/ c a r o l enter p", Action{}},
		{"follow", "y", Action{Kind: Amend, Handle: "bob", Status: labeling.StatusPaused, Reason: gold}},
		{"nothing to follow", "/ a d a enter y", Action{}},
		{"dismissed is dismissed", "x home tab y", Action{Kind: Amend, Handle: crowd().People[4].Handle, Status: labeling.StatusPaused, Reason: drift}},
		{"requeue", "u", Action{Kind: Requeue, Handle: "bob"}},
		{"nothing to requeue", "/ a d a enter u", Action{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, got := press(opened(screen.English, 80, 24), tt.keys)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			checkFrame(t, s, 80, 24)
		})
	}
}

// What is dismissed stays so until the figures change.
func TestDismissedUntilTheEvidenceChanges(t *testing.T) {
	s, _ := press(opened(screen.English, 80, 24), "x")
	next := crowd()
	if s = s.Show(next); s.waiting() != 1 {
		t.Errorf("the same figures: got %d to look at, want 1", s.waiting())
	}
	next.People[1].Proposals[0].Evidence = labeling.Label{"en": "known answers given: 9 of 21"}
	if s = s.Show(next); s.waiting() != 2 {
		t.Errorf("other figures: got %d to look at, want 2", s.waiting())
	}
}

// The person chosen stays chosen when others come and go, and whoever goes leaves the
// choice with a neighbour.
func TestChoiceStays(t *testing.T) {
	s, _ := press(opened(screen.English, 80, 24), "/ w o r k e r - 0 7 enter esc")
	if p, ok := s.person(); !ok || p.Handle != "worker-07" {
		t.Fatalf("got %+v", p)
	}
	next := crowd()
	next.People = append(next.People[:3:3], next.People[10:]...)
	if p, ok := s.Show(next).person(); !ok || p.Handle != "worker-07" {
		t.Errorf("others are gone: got %q", p.Handle)
	}
	next.People = next.People[:3]
	if _, ok := s.Show(next).person(); !ok {
		t.Error("they are gone: got nobody, want a neighbour")
	}
	next.People = nil
	if view := checkFrame(t, s.Show(next), 80, 24); !strings.Contains(view, "Nobody here.") {
		t.Errorf("got %q", view)
	}
}

func TestSortsByEveryColumn(t *testing.T) {
	first := map[column]string{
		byConcern: "bob", byHandle: "ada", byStatus: "ada", byJudged: "ada", bySeconds: "bob", byGold: "bob", byLeft: "bob", byConsistent: "ada", bySkill: "bob", bySeen: "worker-00",
	}
	s := opened(screen.English, 120, 40)
	for c := range columnCount {
		if s.sort != c {
			t.Fatalf("got column %d, want %d", s.sort, c)
		}
		if s.rows[0].Handle != first[c] {
			t.Errorf("column %d: got %s first, want %s", c, s.rows[0].Handle, first[c])
		}
		if last := s.rows[len(s.rows)-1].Handle; c >= bySeconds && c != bySeen && last != "newcomer" {
			t.Errorf("column %d: got %s last, want who has not begun", c, last)
		}
		s, _ = s.Key("s")
	}
}

func TestSaysWhatBecameOfAnAction(t *testing.T) {
	s := opened(screen.English, 80, 24)
	for want, got := range map[string]State{
		"bob is paused; r undoes it.":                       s.Changed(Action{Kind: Amend, Handle: "bob", Status: labeling.StatusPaused}, nil),
		"What bob held went back to the others.":            s.Changed(Action{Kind: Requeue, Handle: "bob"}, nil),
		"That did not work: database is locked":             s.Changed(Action{Kind: Amend}, errors.New("database is locked")),
		"The proposal about bob is dropped until its figur": func() State { s, _ := s.Key("x"); return s }(),
	} {
		if view := checkFrame(t, got, 80, 24); !strings.Contains(view, want) {
			t.Errorf("got %q, want %q", view, want)
		}
	}
}

func TestMovesAndScrolls(t *testing.T) {
	for keys, want := range map[string]string{
		"":                       "bob",
		"down down":              "ada",
		"down down up":           crowd().People[4].Handle,
		"up":                     "bob",
		"end":                    "worker-23",
		"end up home down":       crowd().People[4].Handle,
		"pgdown":                 "worker-07", // 13 people at a time at 80x24
		"pgdown pgup":            "bob",
		"tab":                    crowd().People[4].Handle,
		"tab tab":                "bob",
		"/ 小 enter":              "标注员小王",
		"/ x x backspace ctrl+u": "bob",
	} {
		s, _ := press(opened(screen.English, 80, 24), keys)
		if p, _ := s.person(); p.Handle != want {
			t.Errorf("%q: got %q, want %q", keys, p.Handle, want)
		}
	}
	for keys, want := range map[string]int{ // 55 lines, 10 at a time
		"": 0, "down down up": 1, "pgdown": 10, "end": 45, "end home": 0, "up": 0,
	} {
		s, _ := press(opened(screen.English, 40, 12), "enter "+keys)
		if s.scroll != want {
			t.Errorf("page, %q: got line %d, want %d", keys, s.scroll, want)
		}
	}
}

// What was done is seen before the next picture; what failed was not done.
func TestShowsWhatWasDone(t *testing.T) {
	s := opened(screen.English, 80, 24)
	pause := Action{Kind: Amend, Handle: "bob", Status: labeling.StatusPaused}
	if p, _ := s.Changed(pause, errors.New("no")).person(); p.Status != labeling.StatusActive || p.Held != 3 {
		t.Errorf("failed: got %s, holding %d", p.Status, p.Held)
	}
	if p, _ := s.Changed(pause, nil).person(); p.Status != labeling.StatusPaused || p.Held != 0 {
		t.Errorf("paused: got %s, holding %d", p.Status, p.Held)
	}
	if p, _ := s.Changed(Action{Kind: Requeue, Handle: "bob"}, nil).person(); p.Status != labeling.StatusActive || p.Held != 0 {
		t.Errorf("requeued: got %s, holding %d", p.Status, p.Held)
	}
	if p, _ := s.person(); p.Status != labeling.StatusActive || p.Held != 3 {
		t.Errorf("before: got %s, holding %d: the state before was changed", p.Status, p.Held)
	}
}

// Nobody is paused unseen.
func TestTooSmallOnlyLeaves(t *testing.T) {
	for _, size := range [][2]int{{39, 24}, {80, 11}} {
		s := opened(screen.English, size[0], size[1])
		if after, a := press(s, "p x enter"); a.Kind != None || after.mode != watching {
			t.Errorf("%v: got %+v, mode %d", size, a, after.mode)
		}
		for _, k := range []string{"q", "ctrl+c"} {
			if _, a := s.Key(k); a.Kind != Leave {
				t.Errorf("%v, %s: got %+v, want to leave", size, k, a)
			}
		}
		if _, a := press(s.Resize(40, 12), "p enter"); a.Kind != Amend {
			t.Errorf("%v, then large enough: got %+v", size, a)
		}
	}
}

func TestPasteGoesWhereTextIsAsked(t *testing.T) {
	s, a := press(opened(screen.English, 80, 24).Paste("y\nq"), "p")
	if a.Kind != None {
		t.Errorf("got %+v", a)
	}
	if _, a = s.Paste("two\nlines\x1b[2J").Key("enter"); a.Reason != "two lines␛[2J" {
		t.Errorf("got %q", a.Reason)
	}
	long := s.Paste(strings.Repeat("x", labeling.MaxComment)).Paste("y")
	if _, a = long.Key("enter"); len(a.Reason) != labeling.MaxComment {
		t.Errorf("got %d bytes, want at most %d", len(a.Reason), labeling.MaxComment)
	}
}
