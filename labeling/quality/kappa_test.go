package quality

import (
	"math"
	"testing"
)

func TestCohen(t *testing.T) {
	for _, c := range []struct {
		source string
		table  [][]int
		want   float64
	}{
		{"Wikipedia, Cohen's kappa: 50 grant proposals", [][]int{{20, 5}, {10, 15}}, .40},
		{"Wikipedia, Cohen's kappa: same percentages, first table", [][]int{{45, 15}, {25, 15}}, .1304},
		{"Wikipedia, Cohen's kappa: same percentages, second table", [][]int{{25, 35}, {5, 35}}, .2593},
		{"Cohen 1960, table 1, in % of 200", [][]int{{88, 14, 18}, {10, 40, 10}, {2, 6, 12}}, .492},
	} {
		if got, ok := Cohen(c.table); !ok || math.Abs(got-c.want) > 5e-4 {
			t.Errorf("%s: got %.4f, %v, want %.4f", c.source, got, ok, c.want)
		}
	}
	for _, table := range [][][]int{nil, {{0, 0}, {0, 0}}, {{9, 0}, {0, 0}}} {
		if got, ok := Cohen(table); ok {
			t.Errorf("%v: got %v, want undefined", table, got)
		}
	}
}

// Wikipedia, Fleiss' kappa: 14 raters, 10 subjects, 5 categories, .210; the first and the
// last row, with a rater less, are not to count.
func TestFleiss(t *testing.T) {
	counts := [][]int{
		{13, 0, 0, 0, 0},
		{0, 0, 0, 0, 14},
		{0, 2, 6, 4, 2},
		{0, 0, 3, 5, 6},
		{0, 3, 9, 2, 0},
		{2, 2, 8, 1, 1},
		{7, 7, 0, 0, 0},
		{3, 2, 6, 3, 0},
		{2, 5, 3, 2, 2},
		{6, 5, 2, 1, 0},
		{0, 2, 2, 3, 7},
		{13, 0, 0, 0, 0},
	}
	if got, ok := Fleiss(counts, 14); !ok || math.Abs(got-.210) > 5e-4 {
		t.Errorf("got %.4f, %v, want .210", got, ok)
	}
	if got, ok := Fleiss(counts, 13); ok {
		t.Errorf("one class alone: got %v, want undefined", got)
	}
	if got, ok := Fleiss(counts, 3); ok {
		t.Errorf("no items: got %v, want undefined", got)
	}
}
