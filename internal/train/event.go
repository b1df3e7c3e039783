package train

// Event is one thing that happened in a run, for whoever watches: the live view, plain
// lines, --json. Only the fields that its Kind names are set.
type Event struct {
	Kind    Kind     `json:"event"`
	Stage   string   `json:"stage,omitempty"`
	Stages  []string `json:"stages,omitempty"`
	Step    int      `json:"step,omitempty"`
	Steps   int      `json:"steps,omitempty"` // how many there will be; 0 = unknown
	TimeS   float64  `json:"time_s,omitempty"`
	Metrics Metrics  `json:"metrics,omitempty"`
	Sample  *Sample  `json:"sample,omitempty"`
	Path    string   `json:"path,omitempty"`
	Text    string   `json:"text,omitempty"`
}

// Telling are the figures to look at first, in this order.
var Telling = []string{
	"reward", "score", "eval_score", "utility", "kl", "eval_kl", "eval_loss", "eval_ppl", "eval_accuracy", "accuracy", "loss",
	"entropy", "clip_frac", "value_loss", "length", "eos_share", "tok_s",
}

// Kind tells what an Event is.
type Kind string

// The kinds of events, with the fields each sets besides Stage.
const (
	RunPlanned   Kind = "plan"    // Path of the run directory, Stages to come
	StageBegan   Kind = "began"   // Step (> 0 after a resume), Steps
	StageSkipped Kind = "skipped" // was done before
	StepDone     Kind = "step"    // Step, Steps, TimeS since the stage began, Metrics
	SampleDrawn  Kind = "sample"  // Step, Sample
	Saved        Kind = "saved"   // Step, Path
	StageDone    Kind = "done"    // TimeS, Metrics: what the stage ends with
	Note         Kind = "note"    // Text, for people
	Waiting      Kind = "waiting" // Text: for what; the terminal is somebody else's until Resumed
	Resumed      Kind = "resumed"
)
