package main

import (
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/quality"
	"plumbline/labeling/screen"
)

// crowdStats is a crowd of one honest annotator and one with a hostile name whom a rule
// speaks of.
func crowdStats() quality.Stats {
	insight, fleiss := .68, .46
	finish := time.Date(2026, 1, 5, 12, 30, 0, 0, time.UTC)
	return quality.Stats{
		Project: "film", Overlap: 3,
		Counts: quality.Counts{Items: 200, Touched: 120, Corrections: 1, Withdrawn: 2, Skips: 3, Flagged: 4, Ties: 5, Edits: 6, Adjudicated: 7},
		Queue:  quality.Queue{Done: 340, Open: 250, Leased: 10, Lapsed: 2, LapsedFor: 34},
		Pace:   quality.Pace{LastHour: 104, PerHour: 80, HoursLeft: 3.25, Finish: &finish},
		Questions: []quality.Question{{
			Key: "preference", Answers: 340, Agreement: quality.Share{K: 160, N: 220, P: 160. / 220}, Fleiss: &fleiss,
			Alpha: []quality.Reliability{{Level: quality.Nominal, Alpha: .45, Low: .38, High: .52}},
		}},
		Crowd: quality.Crowd{Annotators: 2, Main: "preference"},
		Annotators: []quality.Annotator{
			{Handle: "ada", Status: labeling.StatusActive, Judged: 170, Seconds: 30.04, Gold: quality.Share{K: 18, N: 20, P: .9}, Questions: []quality.Opinion{{Question: "preference", Agreement: quality.Share{K: 80, N: 100, P: .8}, Insight: &insight}}},
			{
				Handle: "eve\u202e", Status: labeling.StatusActive, Judged: 170, Simulated: true,
				Left:      quality.Lean{Share: quality.Share{K: 90, N: 100, P: .9, Low: .83, High: .94}},
				Proposals: []quality.Proposal{{Annotator: "eve\u202e", Rule: quality.RuleSide, Evidence: labeling.Label{"en": "prefers the left one", "zh": "选左边"}}},
			},
		},
	}
}

func TestLabelStats_Tables(t *testing.T) {
	for lang, want := range map[screen.Lang]string{
		screen.English: `film: 120 of 200 items judged, 3 judgements wanted of each
judgements: 340 done, 250 open, 10 being made, 2 of those abandoned, the first 34 s ago
1 corrected, 2 withdrawn, 3 skipped, 4 flagged, 5 ties, 6 rewritten, 7 adjudicated
104 in the last hour; 80.0 in an hour of work, 3.2 such hours are left; all done at 2026-01-05 12:30 UTC if this goes on

QUESTION    ANSWERS  AGREE         KRIPPENDORFF'S ALPHA       FLEISS' KAPPA
preference  340      160/220 0.73  nominal 0.45 [0.38, 0.52]  0.46

ANNOTATOR    STATUS             JUDGED  SKIPPED  SECONDS  GOLD        AGREES       INSIGHT  LEFT               LONGER  SAME AGAIN
ada          active             170     0        30.0     18/20 0.90  80/100 0.80  0.68     -                  -       -
eve⟨U+202E⟩  active, simulated  170     0        0.0      -           -            -        0.90 [0.83, 0.94]  -       -

TO BE PAUSED? A manager decides.
eve⟨U+202E⟩: prefers the left one
`,
		screen.Chinese: `film：120/200 题已有判断，每题需 3 份
判断：已完成 340，待领 250，进行中 10，其中 2 份已失效，最早的在 34 秒前
更正 1，撤回 2，跳过 3，标记 4，平局 5，改写 6，已裁定 7
最近一小时 104 份；工作时每小时 80.0 份，还需 3.2 小时；照此速度 2026-01-05 12:30 UTC 完成

问题        答案  一致          Krippendorff α          Fleiss κ
preference  340   160/220 0.73  名义 0.45 [0.38, 0.52]  0.46

标注员       状态        已判  跳过  秒    已知答案    与人一致     洞察力  选左               选长  重复一致
ada          在岗        170   0     30.0  18/20 0.90  80/100 0.80  0.68    -                  -     -
eve⟨U+202E⟩  在岗, 模拟  170   0     0.0   -           -            -       0.90 [0.83, 0.94]  -     -

建议暂停，由管理员决定：
eve⟨U+202E⟩: 选左边
`,
	} {
		var b strings.Builder
		if err := statsWords[lang].write(&b, []quality.Stats{crowdStats()}); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%s: got\n%s\nwant\n%s", lang, b.String(), want)
		}
	}
}

// Columns line up in cells of the terminal, not in bytes or letters.
func TestLabelStats_WideHandles(t *testing.T) {
	s := crowdStats()
	s.Annotators[0].Handle = "王小明"
	var b strings.Builder
	if err := statsWords[screen.English].write(&b, []quality.Stats{s}); err != nil {
		t.Fatal(err)
	}
	at := -1
	for line := range strings.Lines(b.String()) {
		if i := strings.Index(line, " active"); i >= 0 {
			if n := cellWidth.StringWidth(line[:i]); at >= 0 && n != at {
				t.Errorf("a status begins in cell %d, another in %d:\n%s", at, n, b.String())
			} else {
				at = n
			}
		}
	}
	if at < 0 {
		t.Errorf("no status found:\n%s", b.String())
	}
}

func TestLabelStats_WrongLanguage(t *testing.T) {
	code, _, stderr := plumb(t, "label", "stats", "any.db", "--lang", "fr")
	if code != 2 || !strings.Contains(stderr, `--lang: got "fr", want en or zh`) {
		t.Errorf("got %d, %q", code, stderr)
	}
}
