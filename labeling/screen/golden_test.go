package screen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"plumbline/labeling"
)

var update = flag.Bool("update", false, "write the golden files anew; look at them before you commit")

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

var sizes = [][2]int{{40, 12}, {80, 24}, {120, 40}}

// Items such as people judge: prose, Markdown, Chinese, and an attempt at the terminal.
var (
	sky = Content{
		Prompt: prompt("Explain why the sky is blue, to a child of six."),
		Candidates: []string{
			"Sunlight looks white, but it is made of all colours. When it comes through the air, the tiny bits of air " +
				"bounce the blue light around much more than the red. So blue comes to your eyes from everywhere you look.\n\n" +
				"In the evening the light has a longer way to go: most of the blue is lost on it, and what is left is red.",
			"天空是蓝色的，因为空气把蓝光（波长较短）散射得比红光更厉害；所以无论你往哪里看，都有蓝光进入你的眼睛。\n" +
				"Because of Rayleigh scattering 👩‍🔬❤️: I ∝ 1/λ⁴.\x1b]52;c;QUJD\x07 \u202eevil\u202c",
		},
	}
	sorting = Content{
		Prompt: labeling.Prompt{Messages: []labeling.Message{
			{Role: "system", Content: "You are a patient teacher."},
			{Role: "user", Content: "How do I sort a list?"},
			{Role: "assistant", Content: "In which language?"},
			{Role: "user", Content: "In **Go**, largest first, and say which sort is stable."},
		}},
		Candidates: []string{markdownAnswer, "Use `sort.Slice(s, func(i, j int) bool { return s[i] > s[j] })`. It is *not* stable.\n", "用标准库的 `slices` 包：\n\n1. 先 `slices.Sort(s)`\n2. 再 `slices.Reverse(s)`\n\n> 这不是稳定排序。", "I cannot help with that."},
	}
	storm = Content{
		Prompt:     prompt("How do I stay safe in a thunderstorm?"),
		Candidates: []string{"Go indoors, keep away from windows and water, and wait half an hour after the last thunder.", "Stand under the tallest tree: it keeps you dry."},
	}
)

const markdownAnswer = `## Sorting, largest first

Use **slices.SortFunc** and turn the comparison round:

` + "```go" + `
package main

func main() {
	s := []int{3, 1, 2}
	slices.SortFunc(s, func(a, b int) int { return cmp.Compare(b, a) }) // note the order of a and b in this comparison
	fmt.Println(s)
}
` + "```" + `

| function | stable | cost |
|:---------|:------:|-----:|
| SortFunc | no | n log n |
| SortStableFunc | *yes* | n log² n |

- [x] works since Go 1.21
- does not copy
  1. nested
  2. items

> Quoted: ~~sort.Slice~~ is older.

See [the manual](https://pkg.go.dev/slices "slices").`

// task is an item under a task, and keys that answer a part of it.
type taskScene struct {
	task    string
	content Content
	keys    []string // scenes, each going on from the one before
}

var taskScenes = []taskScene{
	{"pair", sky, []string{"", "k ! c o d d enter", "space w"}},
	{"ranking", sorting, []string{"", "C =", "A B", "right D"}},
	{"helpful-honest-harmless", storm, []string{"", "a 0", "s d enter"}},
	{"lamda", storm, []string{"", "1 2", "1 2 1 3"}},
	{"llama2-safety", storm, []string{"", "1 2", "k"}},
	{"likert", Content{Prompt: sorting.Prompt, Candidates: sorting.Candidates[:1]}, []string{"enter", "6 pgdown"}},
}

func TestGoldenTasks(t *testing.T) {
	for _, lang := range []Lang{English, Chinese} {
		for _, size := range sizes {
			for _, c := range taskScenes {
				name := fmt.Sprintf("%s-%dx%d-%s", lang, size[0], size[1], c.task)
				t.Run(name, func(t *testing.T) {
					s := opened(Options{Lang: lang, Task: builtin(t, c.task)}, size[0], size[1]).Show(c.content)
					var out strings.Builder
					for _, keys := range c.keys {
						s, _ = press(s, keys)
						out.WriteString(scene(t, keys, s, size))
					}
					golden(t, name, out.String())
				})
			}
		}
	}
}

// scene is the view after some keys.
func scene(t *testing.T, keys string, s State, size [2]int) string {
	t.Helper()
	return "<" + keys + ">\n" + checkFrame(t, s, size[0], size[1]) + "\n"
}

// scenes are what else there is to see: in the middle of the pair task unless they say
// otherwise.
var scenes = []struct {
	name string
	in   func(s State) State
	keys []string
}{
	{"help", nil, []string{"?", "pgdown"}},
	{"edit", nil, []string{"k e", "end enter N e w space 世 界 up", "esc", "enter"}},
	{"search", nil, []string{"/ b l u e enter", ". .", "esc p / s k y enter"}},
	{"raw", func(s State) State { return s.Show(sorting) }, []string{"", "r", "p", "r"}},
	{"prompt", func(s State) State { return s.Show(sorting) }, []string{"p"}},
	{"skip", nil, []string{"n", "2", "backspace ."}},
	{"welcome", func(s State) State { return s.Welcome() }, []string{""}},
	{"tutorial", tutorial, []string{"a enter", "esc", "enter"}},
	{"screening", func(s State) State {
		c := storm
		c.Phase = labeling.PhaseScreening
		return s.Progressed(Progress{Tested: 6, Tests: 20}).Show(c)
	}, []string{"a"}},
	{"passed", func(s State) State { return s.Result(true) }, []string{""}},
	{"failed", func(s State) State { return s.Result(false) }, []string{""}},
	{"adjudication", adjudication, []string{"", "v"}},
	{"guideline", func(s State) State { return s.Guide("# New\n\nPrefer the *honest* one.", 4) }, []string{"", "g", "enter"}},
	{"correcting", func(s State) State {
		c := storm
		c.Correcting, c.Answer = true, labeling.Prefer("preference", 1, 2, 3)
		return s.Show(c)
	}, []string{"", "enter"}},
	{"trouble", func(s State) State { s, _ = press(s, "k enter"); return s.Failed("disk full") }, []string{""}},
	{"loading", func(s State) State { return s.Loading() }, []string{""}},
	{"finished", func(s State) State { return s.Finished() }, []string{""}},
}

func tutorial(s State) State {
	c := storm
	c.Phase, c.Why = labeling.PhaseTutorial, "Trees attract lightning: **B** would get somebody killed."
	c.Expected = map[string]labeling.Response{"preference": {Order: [][]labeling.CandidateID{{1}, {2}}}}
	return s.Show(c)
}

func adjudication(s State) State {
	c := storm
	c.Votes = []labeling.Answer{
		labeling.Prefer("preference", 1, 2, 4),
		with(labeling.Prefer("preference", 2, 1, 1), true, "which trees?\nAnswer 3\x1b[2J"),
	}
	return s.Show(c)
}

func TestGoldenScenes(t *testing.T) {
	for _, lang := range []Lang{English, Chinese} {
		for _, size := range sizes {
			for _, c := range scenes {
				name := fmt.Sprintf("%s-%dx%d-%s", lang, size[0], size[1], c.name)
				t.Run(name, func(t *testing.T) {
					s := opened(Options{Lang: lang, GuidelineVersion: 3, Color: true}, size[0], size[1])
					s = s.Progressed(Progress{Mine: 3, Done: 10, Wanted: 80, Days: 2, Seconds: 48})
					if c.in != nil {
						s = c.in(s)
					}
					var out strings.Builder
					for _, keys := range c.keys {
						s, _ = press(s, keys)
						out.WriteString(scene(t, keys, s, size))
					}
					golden(t, name, out.String())
				})
			}
		}
	}
}

// The linear mode is a transcript: what is said after each key.
func TestGoldenLinear(t *testing.T) {
	for _, lang := range []Lang{English, Chinese} {
		for _, c := range []struct {
			name, task string
			content    Content
			keys       string
		}{
			{"pair", "pair", sky, "enter k ! space c o d d enter g x w a e end N e w left backspace ctrl+s / b l u e enter . esc n 9 space z enter"},
			{"ranking", "ranking", sorting, "enter C = A p x D B backspace B r enter"},
			{"lamda", "lamda", storm, "1 2 left tab 1 1 2 1 3 k enter"},
			{"tutorial", "pair", tutorial(New(Options{})).content(), "k enter esc space enter enter"},
		} {
			name := fmt.Sprintf("%s-linear-%s", lang, c.name)
			t.Run(name, func(t *testing.T) {
				before := New(Options{Lang: lang, Linear: true, Title: "demo · ann", Guideline: "Prefer the honest one.", Task: builtin(t, c.task)}).Resize(72, 24)
				s := before.Show(c.content)
				var out strings.Builder
				out.WriteString(s.Say(before))
				for _, k := range strings.Fields(c.keys) {
					fmt.Fprintf(&out, "<%s>", k)
					before = s
					s, _ = press(s, k)
					out.WriteString(s.Say(before))
				}
				before, s = s, s.Finished()
				out.WriteString(s.Say(before))
				checkPlain(t, out.String())
				for _, l := range strings.Split(out.String(), "\n") {
					if n := Cells(keyNames.ReplaceAllString(l, "")); n > 72+8 { // and what was typed
						t.Errorf("%d cells, want at most 72: %q", n, l)
					}
				}
				golden(t, name, out.String())
			})
		}
	}
}

// keyNames are the keys in a transcript.
var keyNames = regexp.MustCompile(`<[^ >]+>`)

// content is what is shown.
func (s State) content() Content { return *s.item }
