package live

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"plumbline/internal/train"
)

// maxCurves is how many figures have a curve on the screen.
const maxCurves = 6

var (
	faint = lipgloss.NewStyle().Faint(true)
	bold  = lipgloss.NewStyle().Bold(true)
	good  = lipgloss.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: "28", Dark: "78"})
	busy  = lipgloss.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: "25", Dark: "75"})
)

// view is the progress in a terminal of the given size.
func (p *progress) view(width, height int) string {
	lines := []string{bold.Render("plumb ") + p.path, ""}
	for _, s := range p.stages {
		lines = append(lines, s.line(width))
	}
	if s := p.current(); s != nil && s.state == train.StageBegan {
		lines = append(lines, "")
		lines = append(lines, s.curveLines(width)...)
	}
	foot := []string{"", faint.Render(orHint(p.note))}
	lines = append(lines, p.sampleLines(width, height-len(lines)-len(foot))...)
	lines = append(lines, foot...)
	for i, l := range lines {
		lines[i] = ansi.Truncate(l, width, "…")
	}
	return strings.Join(lines[:min(len(lines), max(1, height))], "\n") + "\n"
}

func orHint(note string) string {
	if note == "" {
		return "Ctrl-C saves and stops"
	}
	return clean(note)
}

// line is a stage in one line.
func (s *stage) line(width int) string {
	name := fmt.Sprintf("%-8s", s.name)
	switch s.state { //nolint:exhaustive // a stage has no other state
	case train.StageSkipped:
		return good.Render("✓ ") + name + faint.Render("  done before")
	case train.StageDone:
		return good.Render("✓ ") + name + "  " + clock(s.timeS) + "  " + faint.Render(brief(s.last, 3))
	case train.StageBegan:
		if s.steps == 0 {
			return busy.Render("● ") + name + "  under way"
		}
		share := float64(s.step) / float64(s.steps)
		text := fmt.Sprintf("  %d/%d", s.step, s.steps)
		if left := s.left(); left > 0 {
			text += "  " + clock(left) + " left"
		}
		return busy.Render("● ") + name + "  " + bar(share, min(30, width/3)) + text
	}
	return faint.Render("○ " + s.name)
}

// bar is a share in [0, 1] as a bar of n cells.
func bar(share float64, n int) string {
	full := int(math.Round(max(0, min(1, share)) * float64(n)))
	return busy.Render(strings.Repeat("━", full)) + faint.Render(strings.Repeat("─", max(0, n-full)))
}

// curveLines are the stage's most telling figures: name, value, course.
func (s *stage) curveLines(width int) []string {
	var lines []string
	for _, name := range train.Telling {
		c := s.curves[name]
		if c == nil || len(lines) == maxCurves {
			continue
		}
		lines = append(lines, fmt.Sprintf("  %-14s %10s  %s", name, figure(c.last), busy.Render(spark(c.means, min(60, width-32)))))
	}
	return lines
}

// sampleLines is the last sample in at most n lines.
func (p *progress) sampleLines(width, n int) []string {
	if p.sample == nil || n < 5 {
		return nil
	}
	s := p.sample
	lines := []string{"", faint.Render(fmt.Sprintf("  a sample of %s at step %d", clean(s.Model), s.Step))}
	for i, text := range []string{s.Prompt, s.Response} {
		wrapped := strings.Split(ansi.Wrap(clean(text), min(96, width-4), ""), "\n")
		if limit := []int{2, 8}[i]; len(wrapped) > limit {
			wrapped = append(wrapped[:limit-1], wrapped[limit-1]+" …")
		}
		for _, l := range wrapped {
			if i == 0 {
				l = faint.Render(l)
			}
			lines = append(lines, "  "+l)
		}
	}
	return lines[:min(len(lines), n)]
}

// clean takes the control characters out of a text, so that it cannot steer a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
}

// spark draws values as a row of at most n blocks from the lowest to the highest.
func spark(values []float64, n int) string {
	if len(values) == 0 || n < 1 {
		return ""
	}
	n = min(n, len(values))
	means := make([]float64, n)
	for i := range means {
		part := values[i*len(values)/n : (i+1)*len(values)/n]
		for _, v := range part {
			means[i] += v / float64(len(part))
		}
	}
	low, high := slices.Min(means), slices.Max(means)
	var b strings.Builder
	for _, v := range means {
		level := 0
		if high > low {
			level = int(math.Round((v - low) / (high - low) * 7))
		}
		b.WriteRune([]rune("▁▂▃▄▅▆▇█")[level])
	}
	return b.String()
}

// clock is a time in seconds as 0:07, 12:34 or 1:02:03.
func clock(seconds float64) string {
	s := int(math.Round(seconds))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// figure is a number as people read it: three digits that count.
func figure(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6 || (a > 0 && a < 1e-3):
		return fmt.Sprintf("%.2e", v)
	case a >= 1000:
		return fmt.Sprintf("%.0f", v)
	case a >= 100:
		return fmt.Sprintf("%.1f", v)
	case a >= 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
