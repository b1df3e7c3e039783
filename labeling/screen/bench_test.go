package screen

import (
	"runtime"
	"strings"
	"testing"

	"plumbline/labeling"
)

// usual is a pair as people judge it: two Markdown answers of about 600 words.
func usual() Content {
	return Content{Prompt: sorting.Prompt, Candidates: []string{strings.Repeat(markdownAnswer+"\n\n", 5), strings.Repeat(sky.Candidates[0]+"\n\n", 6)}}
}

func BenchmarkView(b *testing.B) {
	for name, keys := range map[string]string{"plain": "k", "diff": "k w", "search": "/ s o r t enter", "edit": "e", "help": "?"} {
		b.Run(name, func(b *testing.B) {
			s := opened(Options{Color: true}, 120, 40).Show(usual())
			for _, k := range strings.Fields(keys) {
				s, _ = s.Key(k, hand)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n += len(s.View())
			}
			b.ReportMetric(float64(n)/float64(b.N), "B/view")
		})
	}
}

// An item is shown once, and then laid out again for each size.
func BenchmarkShow(b *testing.B) {
	s := opened(Options{}, 120, 40)
	c := usual()
	b.ReportAllocs()
	for b.Loop() {
		s = s.Show(c)
	}
}

func BenchmarkResize(b *testing.B) {
	s := opened(Options{}, 120, 40).Show(usual())
	n := 0
	for b.Loop() {
		n++
		s = s.Resize(120+n%2, 40)
	}
}

func BenchmarkKey(b *testing.B) {
	s := opened(Options{}, 120, 40).Show(usual())
	keys := []string{"k", "down", "j", "up"}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		s, _ = s.Key(keys[n%4], hand)
		n++
	}
}

// A key in the longest edit there can be, of one line.
func BenchmarkEditMegabyte(b *testing.B) {
	s := opened(Options{}, 120, 40).Show(Content{Prompt: prompt("p"), Candidates: []string{strings.Repeat("词语 ", 1<<17), "b"}})
	s, _ = s.Key("e", hand)
	for b.Loop() {
		s, _ = s.Key("x", hand)
		s.View()
	}
}

// What a session keeps in memory for its screen.
func BenchmarkMemory(b *testing.B) {
	var states []State
	task := labeling.PairTask(false)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 200 {
		s := New(Options{Task: task}).Resize(120, 40).Show(usual())
		s.View()
		states = append(states, s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(states)), "B/session")
	runtime.KeepAlive(states)
}
