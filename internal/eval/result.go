package eval

// Result is what an evaluation found: the file eval.json of a run.
type Result struct {
	Prompts int       `json:"prompts"` // unseen ones
	Samples int       `json:"samples"` // responses to each
	Models  []Figures `json:"models"`  // in the order base, sft, ppo, as far as there are
	Gains   []Gain    `json:"gains"`   // of each model over the one before

	Reward *RewardQuality `json:"reward,omitempty"` // of the reward model on held-out comparisons
	KL     float64        `json:"kl_target,omitempty"`
}

// Figures are what was measured of one model. A figure that does not apply is absent.
type Figures struct {
	Model      string    `json:"model"` // base, sft or ppo
	Utility    *Interval `json:"utility,omitempty"`
	Reward     *Interval `json:"reward,omitempty"` // of the reward model
	KL         *KL       `json:"kl,omitempty"`     // to sft, nats per sequence
	Perplexity *Interval `json:"perplexity,omitempty"`
	Fluency    *Interval `json:"fluency,omitempty"`  // perplexity of the responses under the base
	Length     *Interval `json:"length,omitempty"`   // tokens
	Finished   *Interval `json:"finished,omitempty"` // share that ends with EOS
	Distinct2  float64   `json:"distinct_2"`
}

// Gain is how much better a model is than another on the same prompts.
type Gain struct {
	Model   string   `json:"model"`
	Over    string   `json:"over"`
	Figure  string   `json:"figure"` // utility or reward
	Gain    Interval `json:"gain"`
	WinRate WinRate  `json:"win_rate"`
}

// RewardQuality is how well the reward model predicts held-out judgements.
type RewardQuality struct {
	Accuracy Interval      `json:"accuracy"`
	LogLoss  float64       `json:"log_loss"`
	ECE      float64       `json:"ece"`
	Bins     []Reliability `json:"bins,omitempty"`
}

// Reliability is a row of a calibration table.
type Reliability struct {
	Predicted float64 `json:"predicted"` // mean probability that chosen is better
	Observed  float64 `json:"observed"`  // share in which it was
	N         int     `json:"n"`
}
