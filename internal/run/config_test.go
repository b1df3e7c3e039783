package run_test

import (
	"testing"

	"plumbline/configs"
	"plumbline/internal/run"
)

// The defaults are a valid config, and so are the built-in files.
func TestDefaultsAreValid(t *testing.T) {
	for _, file := range append(configs.Names(), "") {
		c, err := configs.Load(file, run.DefaultConfig(), []string{"data.synthetic.documents=10"})
		if err != nil {
			t.Errorf("%q: %v", file, err)
		} else if c.Score.Model != 1 {
			t.Errorf("%q: score.model: got %v, want 1: PPO maximises the reward model", file, c.Score.Model)
		}
	}
}
