package run

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"plumbline/reward/scorers"
)

// Ready reports what the stages named would miss only when their turn comes, perhaps
// after hours: a model to start from, a reward model that is elsewhere, somebody to judge,
// a program or file of a scorer.
func (c Config) Ready(stages ...string) error {
	var errs []error
	does := func(names ...string) bool {
		return slices.ContainsFunc(names, func(s string) bool { return c.Has(s) && slices.Contains(stages, s) })
	}
	if c.Model.Path == "" && !c.Has(StageBase) && does(StageSFT, StageSample, StageReward, StagePPO, StageEval) {
		errs = append(errs, errors.New("model.path: got nothing and no stage base, want a model to start from"))
	}
	if does(StageSample) {
		for i, dir := range c.Sample.Rewards {
			if _, err := os.Stat(dir); err != nil {
				errs = append(errs, fmt.Errorf("sample.rewards[%d]: %w", i, err))
			}
		}
	}
	if does(StageLabel) && len(c.Label.Annotators) > 0 && len(c.Utility) == 0 {
		errs = append(errs, errors.New("utility: got nothing, want what simulated annotators judge by"))
	}
	if does(StageReward) {
		for _, path := range slices.Concat(c.Data.Comparisons, c.Data.EvalComparisons) {
			if _, err := os.Stat(path); err != nil {
				errs = append(errs, fmt.Errorf("data.comparisons: %w", err))
			}
		}
	}
	if does(StageLabel, StageEval) {
		errs = append(errs, findAll("utility", c.Utility))
	}
	if does(StagePPO) {
		errs = append(errs, findAll("score.others", c.Score.Others))
	}
	return errors.Join(errs...)
}

// findAll reports the scorers whose program or file is not there.
func findAll(key string, all []scorers.Config) error {
	var errs []error
	for i, s := range all {
		if err := s.Find(); err != nil {
			errs = append(errs, fmt.Errorf("%s[%d].%w", key, i, err))
		}
	}
	return errors.Join(errs...)
}
