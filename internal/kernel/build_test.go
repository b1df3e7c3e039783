package kernel

import (
	"slices"
	"strings"
	"testing"
)

func TestUseNamesWhatTheMachineRuns(t *testing.T) {
	was := Active()
	isas := ISAs()
	if isas[len(isas)-1] != "go" {
		t.Errorf("got %v, want the reference last", isas)
	}
	err := Use("sse9")
	if err == nil || !strings.Contains(err.Error(), `got "sse9", want one of `+strings.Join(isas, ", ")) {
		t.Errorf("got error %v, want it to name sse9 and %v", err, isas)
	}
	if Active() != was {
		t.Errorf("after a refusal: got %s active, want %s as before", Active(), was)
	}
}

func TestEnvironmentChoosesTheBuild(t *testing.T) {
	was := Active()
	defer func() {
		if err := Use(was); err != nil {
			t.Error(err)
		}
	}()
	t.Setenv("PLUMB_ISA", "go")
	if err := start(); err != nil || Active() != "go" {
		t.Errorf("PLUMB_ISA=go: got %s active and error %v", Active(), err)
	}
	t.Setenv("PLUMB_ISA", "sse9")
	if err := start(); err == nil || !strings.Contains(err.Error(), "PLUMB_ISA") || Active() != ISAs()[0] {
		t.Errorf("PLUMB_ISA=sse9: got %s active and error %v, want the best build and an error that names the variable", Active(), err)
	}
}

// Scratch handed back is handed out again, the smallest that fits, and at most maxFree are kept.
func TestPoolReusesMemory(t *testing.T) {
	var p pool
	small, large := p.take(100), p.take(1000)
	p.give(large)
	p.give(small)
	if got := p.take(50); &got[0] != &small[0] {
		t.Error("got other memory for 50 floats, want the small buffer")
	}
	if got := p.take(500); &got[0] != &large[0] {
		t.Error("got other memory for 500 floats, want the large buffer")
	}
	for i := range 3 * maxFree {
		p.give(make([]float32, i+1))
	}
	if len(p.free) != maxFree {
		t.Errorf("got %d buffers kept, want %d", len(p.free), maxFree)
	}
	if i := slices.IndexFunc(p.free, func(b []float32) bool { return cap(b) == 3*maxFree }); i < 0 {
		t.Error("the largest buffer was dropped, want the smallest dropped")
	}
}

func TestAllocIsZeroed(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 3 << 20} {
		x := Alloc(n)
		if len(x) != n {
			t.Fatalf("got %d floats, want %d", len(x), n)
		}
		for i, v := range x {
			if v != 0 {
				t.Fatalf("%d floats: got %v at %d, want 0", n, v, i)
			}
		}
		fill(x, 1) // a later Alloc must not see this
	}
}
