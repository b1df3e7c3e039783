package ppo

import (
	"slices"
	"testing"

	"plumbline/models/generate"
)

// A reward model reads every response at an EOS; one that has it is not changed.
func TestEnded(t *testing.T) {
	for name, c := range map[string]struct {
		r    generate.Rollout
		want []int32
	}{
		"finished": {generate.Rollout{Prompt: []int32{5, 6}, Response: []int32{7, 0}, Finished: true}, []int32{5, 6, 7, 0}},
		"cut off":  {generate.Rollout{Prompt: []int32{5, 6}, Response: []int32{7, 8}}, []int32{5, 6, 7, 8, 0}},
		"full":     {generate.Rollout{Prompt: []int32{5, 6, 4}, Response: []int32{7, 8}}, []int32{5, 6, 4, 7, 0}},
	} {
		if got := Ended(c.r, 0, 5); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		if len(c.r.Response) != 2 {
			t.Errorf("%s: the rollout itself changed", name)
		}
	}
}
