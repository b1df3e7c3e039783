package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/quality"
	"plumbline/labeling/screen"
	"plumbline/labeling/store"
	"plumbline/labeling/tui"
)

func newLabelStats(a *app) *cobra.Command {
	var name string
	lang := string(tui.DefaultOptions(os.Getenv).Lang)
	cmd := &cobra.Command{
		Use:   "stats DB",
		Short: "Show the queue, the pace, how far annotators agree, and who to look at",
		Long: `Show what a manager looks at: the queue and when it will be done, Krippendorff's alpha of
each question with its bootstrap interval, and for each annotator the median seconds,
known answers given, agreement with the others, insight (what they know beyond chance: 1 is
always right, 0 guesses), the share of answers for the left side and for the longer
response, and whether hidden repeats were answered as before. Below are those whom a
manager should pause, with the evidence. --json has every figure.`,
		Example: "  plumb label stats labels.db --lang zh",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			words, ok := statsWords[screen.Lang(lang)]
			if !ok {
				return wrongUse(cmd, fmt.Errorf("--lang: got %q, want en or zh", lang))
			}
			return withProject(cmd.Context(), args[0], name, func(s *store.Store, p labeling.Project) error {
				r, err := quality.Compute(cmd.Context(), s, p.Name)
				if err != nil {
					return err
				}
				return print(a, []quality.Stats{r}, words.write)
			})
		},
	}
	projectFlag(cmd, &name)
	cmd.Flags().StringVar(&lang, "lang", lang, "language of the tables: en or zh")
	return cmd
}

// statsText is what the tables say in one language.
type statsText struct {
	lang                                       string
	items, queue, leases, counts, pace, finish string
	questions, annotators                      []string
	levels                                     map[quality.Level]string
	simulated, proposals                       string
	status                                     map[labeling.Status]string
}

var statsWords = map[screen.Lang]statsText{
	screen.English: {
		lang:       "en",
		items:      "%s: %d of %d items judged, %d judgements wanted of each",
		queue:      "judgements: %d done, %d open, %d being made",
		leases:     ", %d of those abandoned, the first %.0f s ago",
		counts:     "%d corrected, %d withdrawn, %d skipped, %d flagged, %d ties, %d rewritten, %d adjudicated",
		pace:       "%d in the last hour; %.1f in an hour of work, %.1f such hours are left",
		finish:     "; all done at %s if this goes on",
		questions:  []string{"QUESTION", "ANSWERS", "AGREE", "KRIPPENDORFF'S ALPHA", "FLEISS' KAPPA"},
		levels:     map[quality.Level]string{quality.Nominal: "nominal", quality.Ordinal: "ordinal", quality.Interval: "interval"},
		annotators: []string{"ANNOTATOR", "STATUS", "JUDGED", "SKIPPED", "SECONDS", "GOLD", "AGREES", "INSIGHT", "LEFT", "LONGER", "SAME AGAIN"},
		simulated:  "simulated",
		proposals:  "TO BE PAUSED? A manager decides.",
		status:     map[labeling.Status]string{},
	},
	screen.Chinese: {
		lang:       "zh",
		items:      "%s：%d/%d 题已有判断，每题需 %d 份",
		queue:      "判断：已完成 %d，待领 %d，进行中 %d",
		leases:     "，其中 %d 份已失效，最早的在 %.0f 秒前",
		counts:     "更正 %d，撤回 %d，跳过 %d，标记 %d，平局 %d，改写 %d，已裁定 %d",
		pace:       "最近一小时 %d 份；工作时每小时 %.1f 份，还需 %.1f 小时",
		finish:     "；照此速度 %s 完成",
		questions:  []string{"问题", "答案", "一致", "Krippendorff α", "Fleiss κ"},
		levels:     map[quality.Level]string{quality.Nominal: "名义", quality.Ordinal: "顺序", quality.Interval: "等距"},
		annotators: []string{"标注员", "状态", "已判", "跳过", "秒", "已知答案", "与人一致", "洞察力", "选左", "选长", "重复一致"},
		simulated:  "模拟",
		proposals:  "建议暂停，由管理员决定：",
		status: map[labeling.Status]string{
			labeling.StatusActive: "在岗", labeling.StatusPaused: "暂停", labeling.StatusBlocked: "停用", labeling.StatusScreening: "测试中",
		},
	},
}

func (t statsText) write(w io.Writer, rs []quality.Stats) error {
	var b strings.Builder
	for _, r := range rs {
		t.head(&b, r)
		fmt.Fprintln(&b)
		table(&b, t.questions, r.Questions, t.question)
		if len(r.Annotators) > 0 {
			fmt.Fprintln(&b)
			table(&b, t.annotators, r.Annotators, func(a quality.Annotator) []string { return t.annotator(a, r.Crowd.Main) })
		}
		t.propose(&b, r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t statsText) head(b *strings.Builder, r quality.Stats) {
	c, q, p := r.Counts, r.Queue, r.Pace
	fmt.Fprintf(b, t.items+"\n", clean(r.Project), c.Touched, c.Items, r.Overlap)
	fmt.Fprintf(b, t.queue, q.Done, q.Open, q.Leased)
	if q.Lapsed > 0 {
		fmt.Fprintf(b, t.leases, q.Lapsed, q.LapsedFor)
	}
	fmt.Fprintf(b, "\n"+t.counts+"\n", c.Corrections, c.Withdrawn, c.Skips, c.Flagged, c.Ties, c.Edits, c.Adjudicated)
	if p.PerHour > 0 {
		fmt.Fprintf(b, t.pace, p.LastHour, p.PerHour, p.HoursLeft)
		if p.Finish != nil {
			fmt.Fprintf(b, t.finish, p.Finish.Format("2006-01-02 15:04 MST"))
		}
		fmt.Fprintln(b)
	}
}

func (t statsText) question(q quality.Question) []string {
	var alpha []string
	for _, a := range q.Alpha {
		alpha = append(alpha, fmt.Sprintf("%s %.2f [%.2f, %.2f]", t.levels[a.Level], a.Alpha, a.Low, a.High))
	}
	return []string{q.Key, fmt.Sprint(q.Answers), ofN(q.Agreement), strings.Join(alpha, ", "), optional(q.Fleiss)}
}

func (t statsText) annotator(a quality.Annotator, main string) []string {
	status := string(a.Status)
	if word := t.status[a.Status]; word != "" {
		status = word
	}
	if a.Simulated {
		status += ", " + t.simulated
	}
	agrees, insight := "-", "-"
	if o, ok := a.Opinion(main); ok {
		agrees, insight = ofN(o.Agreement), optional(o.Insight)
	}
	return []string{
		clean(a.Handle), status, fmt.Sprint(a.Judged), fmt.Sprint(a.Skipped), fmt.Sprintf("%.1f", a.Seconds),
		ofN(a.Gold), agrees, insight, interval(a.Left), interval(a.Longer), ofN(a.Consistent),
	}
}

func (t statsText) propose(b *strings.Builder, r quality.Stats) {
	first := true
	for _, a := range r.Annotators {
		for _, p := range a.Proposals {
			if first {
				fmt.Fprintf(b, "\n%s\n", t.proposals)
				first = false
			}
			fmt.Fprintf(b, "%s: %s\n", clean(p.Annotator), p.Evidence.In(t.lang))
		}
	}
}

func ofN(s quality.Share) string {
	if s.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d %.2f", s.K, s.N, s.P)
}

func interval(l quality.Lean) string {
	if l.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", l.P, l.Low, l.High)
}

func optional(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *v)
}

func clean(s string) string {
	c, _ := screen.Clean(s)
	return c
}

// cellWidth measures as most terminals do, whatever the locale: ambiguous characters are
// narrow.
var cellWidth = &runewidth.Condition{StrictEmojiNeutral: true}

// table writes rows in columns, which line up with wide characters too.
func table[T any](b *strings.Builder, header []string, all []T, row func(T) []string) {
	lines := [][]string{header}
	for _, x := range all {
		lines = append(lines, row(x))
	}
	width := make([]int, len(header))
	for _, cells := range lines {
		for i, c := range cells {
			width[i] = max(width[i], cellWidth.StringWidth(c))
		}
	}
	for _, cells := range lines {
		var line strings.Builder
		for i, c := range cells {
			line.WriteString(c + strings.Repeat(" ", width[i]-cellWidth.StringWidth(c)+2))
		}
		fmt.Fprintln(b, strings.TrimRight(line.String(), " "))
	}
}
