package manage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plumbline/labeling"
	"plumbline/labeling/quality"
)

// column is a figure of the table, and what the table may be sorted by.
type column int

const (
	byConcern column = iota // whom something is proposed about first
	byHandle
	byStatus
	byJudged
	bySeconds
	byGold
	byLeft
	byConsistent
	bySkill
	bySeen
	columnCount
)

// tableColumn is how a column is shown and sorted. Its order puts first what a manager
// looks for: the busiest, the fastest, the least right, the latest.
type tableColumn struct {
	width int // cells; of a handle the least
	rank  int // the larger, the sooner it goes where there is no room
	left  bool
	cell  func(s State, p Person) string
	order func(s State, a, b Person) int
}

var columns = [columnCount]tableColumn{
	byConcern: {
		width: 1, left: true,
		cell: func(s State, p Person) string {
			if len(s.open(p)) > 0 {
				return "!"
			}
			return ""
		},
		order: func(s State, a, b Person) int { return len(s.open(b)) - len(s.open(a)) },
	},
	byHandle: {
		width: 8, left: true,
		cell:  func(_ State, p Person) string { return cleanLine(p.Handle) },
		order: func(_ State, a, b Person) int { return cmp.Compare(a.Handle, b.Handle) },
	},
	byStatus: {
		width: 9, left: true, rank: 2,
		cell:  func(s State, p Person) string { return s.w.status[p.Status] },
		order: func(_ State, a, b Person) int { return cmp.Compare(statusRank(a), statusRank(b)) },
	},
	byJudged: {
		width: 6,
		cell:  func(_ State, p Person) string { return fmt.Sprint(p.Judged) },
		order: func(_ State, a, b Person) int { return b.Judged - a.Judged },
	},
	bySeconds: {
		width: 5, rank: 4,
		cell: func(_ State, p Person) string {
			return known(len(p.Questions) > 0 || p.Seconds > 0, seconds(p.Seconds))
		},
		order: func(_ State, a, b Person) int { return knownFirst(a.Seconds, b.Seconds, a.Seconds > 0, b.Seconds > 0) },
	},
	byGold: {
		width: 14, rank: 1,
		cell: func(_ State, p Person) string {
			return known(p.Gold.N > 0, ofN(p.Gold)+" "+share(p.Gold.Low)+"–"+share(p.Gold.High))
		},
		order: func(_ State, a, b Person) int { return knownFirst(a.Gold.P, b.Gold.P, a.Gold.N > 0, b.Gold.N > 0) },
	},
	byLeft: {
		width: 10, rank: 5,
		cell: func(_ State, p Person) string { return known(p.Left.N > 0, share(p.Left.P)+" p"+chance(p.Left.PValue)) },
		order: func(_ State, a, b Person) int {
			return knownFirst(a.Left.PValue, b.Left.PValue, a.Left.N > 0, b.Left.N > 0)
		},
	},
	byConsistent: {
		width: 5, rank: 7,
		cell: func(_ State, p Person) string { return known(p.Consistent.N > 0, ofN(p.Consistent)) },
		order: func(_ State, a, b Person) int {
			return knownFirst(a.Consistent.P, b.Consistent.P, a.Consistent.N > 0, b.Consistent.N > 0)
		},
	},
	bySkill: {
		width: 6, rank: 3,
		cell: func(s State, p Person) string {
			o, ok := s.mainOpinion(p)
			return known(ok, share(o.Skill))
		},
		order: func(s State, a, b Person) int {
			x, okX := s.mainOpinion(a)
			y, okY := s.mainOpinion(b)
			return knownFirst(x.Skill, y.Skill, okX, okY)
		},
	},
	bySeen: {
		width: 6, rank: 6,
		cell:  func(s State, p Person) string { return known(!p.Last.IsZero(), s.w.ago(s.now.Sub(p.Last))) },
		order: func(_ State, a, b Person) int { return b.Last.Compare(a.Last) },
	},
}

func known(ok bool, text string) string {
	if ok {
		return text
	}
	return "–"
}

// knownFirst orders upwards, what is not known last.
func knownFirst(x, y float64, okX, okY bool) int {
	switch {
	case okX != okY && okX:
		return -1
	case okX != okY:
		return 1
	}
	return cmp.Compare(x, y)
}

func statusRank(p Person) int {
	return slices.Index([]labeling.Status{labeling.StatusActive, labeling.StatusScreening, labeling.StatusPaused, labeling.StatusBlocked}, p.Status)
}

// mainOpinion is about the question that a judgement as a whole is measured by.
func (s State) mainOpinion(p Person) (quality.Opinion, bool) {
	return p.Opinion(s.picture.Stats.Crowd.Main)
}

// shown lists the columns that there is room for, and how wide the handles may be.
func (s State) shown() (list []column, handle int) {
	for c := range columnCount {
		list = append(list, c)
	}
	used := func() (n int) {
		for _, c := range list {
			n += columns[c].width + 1
		}
		return n - 1
	}
	for used() > s.size.w {
		last := slices.MaxFunc(list, func(a, b column) int { return columns[a].rank - columns[b].rank })
		list = slices.DeleteFunc(list, func(c column) bool { return c == last })
	}
	return list, min(24, columns[byHandle].width+s.size.w-used())
}

// tableRow is a row of the table: what each column says of it.
func (s State) tableRow(text func(column) string) string {
	list, handle := s.shown()
	var parts []string
	for _, c := range list {
		w := columns[c].width
		if c == byHandle {
			w = handle
		}
		if columns[c].left {
			parts = append(parts, fit(text(c), w))
		} else {
			parts = append(parts, fitRight(text(c), w))
		}
	}
	return fit(strings.Join(parts, " "), s.size.w)
}

// titles is the row above the table; the sorted column is marked.
func (s State) titles() string {
	return s.tableRow(func(c column) string {
		title := s.w.columns[c]
		if c != s.sort {
			return title
		}
		arrow := "▾"
		if s.reverse {
			arrow = "▴"
		}
		if columns[c].width == 1 {
			return arrow
		}
		return title + arrow
	})
}

// Figures as they are shown: shares without the zero before the point.
func share(p float64) string {
	text := fmt.Sprintf("%.2f", p)
	text = strings.Replace(text, "0.", ".", 1)
	if text == "-.00" {
		return ".00"
	}
	return text
}

func interval(low, high float64) string { return "[" + share(low) + "," + share(high) + "]" }

func ofN(s quality.Share) string { return fmt.Sprintf("%d/%d", s.K, s.N) }

// chance is a p-value, with what stands between it and its name.
func chance(p float64) string {
	if p < .001 {
		return "<.001"
	}
	if p < .1 {
		return "=" + strings.TrimPrefix(fmt.Sprintf("%.3f", p), "0")
	}
	return "=" + share(p)
}

func seconds(s float64) string {
	if s < 100 {
		return fmt.Sprintf("%.1f", s)
	}
	return fmt.Sprintf("%.0f", s)
}
