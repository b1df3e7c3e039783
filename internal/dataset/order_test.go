package dataset

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func manyExamples() []Example {
	var all []Example
	for i := range 2000 {
		ask := fmt.Sprintf("question %d", i/2) // two answers to each
		all = append(all, Example{ID: fmt.Sprint(i), Prompt: Prompt{ID: fmt.Sprint(i), Text: ask}})
	}
	return all
}

func TestSplitKeepsAPromptOnOneSide(t *testing.T) {
	all := manyExamples()
	train, eval, err := Split(all, .1, 1)
	if err != nil || len(train)+len(eval) != len(all) {
		t.Fatalf("got %d + %d, %v, want %d", len(train), len(eval), err, len(all))
	}
	held := map[string]bool{}
	for _, e := range eval {
		held[e.Key()] = true
	}
	for _, e := range train {
		if held[e.Key()] {
			t.Fatalf("%q is on both sides", e.Key())
		}
	}
	// 1000 prompts, binomial with standard deviation 9.5: four of them.
	if n := len(held); math.Abs(float64(n)-100) > 38 {
		t.Errorf("got %d prompts held out, want about 100", n)
	}
}

func TestSplitDoesNotDependOnTheOthers(t *testing.T) {
	all := manyExamples()
	_, eval, err := Split(all, .1, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, fewer, err := Split(Shuffle(all, 9, 9)[:1000], .1, 1)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, e := range eval {
		ids[e.ID] = true
	}
	for _, e := range fewer {
		if !ids[e.ID] {
			t.Errorf("%s is held out of fewer examples but not of all", e.ID)
		}
	}
	_, other, err := Split(all, .1, 2)
	if err != nil || reflect.DeepEqual(eval, other) {
		t.Errorf("another seed gave the same split, %v", err)
	}
}

func TestSplitBounds(t *testing.T) {
	all := manyExamples()
	for _, c := range []struct {
		fraction    float64
		train, eval int
	}{{0, 2000, 0}, {1, 0, 2000}} {
		train, eval, err := Split(all, c.fraction, 3)
		if err != nil || len(train) != c.train || len(eval) != c.eval {
			t.Errorf("fraction %v: got %d, %d, %v, want %d, %d", c.fraction, len(train), len(eval), err, c.train, c.eval)
		}
	}
	for _, bad := range []float64{-.1, 1.1, math.NaN()} {
		if _, _, err := Split(all, bad, 3); err == nil {
			t.Errorf("fraction %v: got no error", bad)
		}
	}
}

func TestKeyIgnoresWhiteSpaceAndID(t *testing.T) {
	a := Prompt{ID: "a", Messages: []Message{{"user", "Hi "}}}
	b := Prompt{ID: "b", Messages: []Message{{"user", "\nHi"}}}
	if a.Key() != b.Key() || (Prompt{Text: "x\n"}).Key() != (Prompt{ID: "y", Text: " x"}).Key() {
		t.Error("the same prompts have different keys")
	}
	if a.Key() == (Prompt{Messages: []Message{{"system", "Hi"}}}).Key() {
		t.Error("the role does not count")
	}
}

func TestPermutation(t *testing.T) {
	const n = 1000
	a := Permutation(n, 1, 0)
	sorted := slices.Sorted(slices.Values(a))
	for i, v := range sorted {
		if v != i {
			t.Fatalf("got %d in place %d: not a permutation", v, i)
		}
	}
	if !reflect.DeepEqual(a, Permutation(n, 1, 0)) {
		t.Error("the same seed and epoch gave another order")
	}
	for _, o := range [][2]uint64{{1, 1}, {2, 0}, {0, 1}} {
		same := 0
		for i, v := range Permutation(n, o[0], o[1]) {
			if v == a[i] {
				same++
			}
		}
		if same > 10 { // Poisson with mean 1
			t.Errorf("seed, epoch %v: %d items stay where they are", o, same)
		}
	}
}

// Where item 0 of 4 lands over 4000 epochs: χ² with 3 degrees of freedom is below 16.3
// with probability .999 (tables).
func TestPermutationIsUniform(t *testing.T) {
	var at [4]float64
	for epoch := range uint64(4000) {
		at[slices.Index(Permutation(4, 7, epoch), 0)]++
	}
	chi := 0.0
	for _, n := range at {
		chi += (n - 1000) * (n - 1000) / 1000
	}
	if chi > 16.3 {
		t.Errorf("χ² = %v over %v, want below 16.3", chi, at)
	}
}

func TestShuffleLeavesItsArgument(t *testing.T) {
	in := []string{"a", "b", "c", "d", "e", "f"}
	out := Shuffle(in, 1, 2)
	if !slices.Equal(in, []string{"a", "b", "c", "d", "e", "f"}) || slices.Equal(in, out) {
		t.Errorf("got %v of %v", out, in)
	}
	slices.Sort(out)
	if !slices.Equal(in, out) {
		t.Errorf("got %v, want a permutation of %v", out, in)
	}
}

func TestRepetition(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64 // counted by hand
	}{
		{"", 0}, {"a a", 0}, {"a b c d", 0}, {"a a a a", .5}, // two triples, the same
		{"a b c a b c", .25}, // abc bca cab abc
	} {
		if got := Repetition(strings.Fields(c.text)); got != c.want {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
}
