package labeling

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// QuestionKind is how a question is answered.
type QuestionKind string

const (
	// AskPreference asks which of two candidates is better, and how much: the eight steps
	// of Llama-2 (arXiv:2307.09288, sec. 3.2.1).
	AskPreference QuestionKind = "preference"
	// AskRanking asks for the order of all candidates, as InstructGPT did
	// (arXiv:2203.02155, sec. 3.4).
	AskRanking QuestionKind = "ranking"
	// AskRating asks for a number of points for each candidate (Likert).
	AskRating QuestionKind = "rating"
	// AskChoice asks for one of several options for each candidate.
	AskChoice QuestionKind = "choice"
)

// MaxStrength is the top of the strength scale of a preference: 1 negligibly better or
// unsure, 2 slightly better, 3 better, 4 significantly better.
const MaxStrength = 4

// Bounds of a task.
const (
	MaxCandidates = 9 // as many as there are keys for
	MaxQuestions  = 20
	MaxPoints     = 9
)

// Label is a text in the languages of the interface, by their codes: "en", "zh". In YAML
// a plain string is English.
type Label map[string]string

// In is the label in a language; English, or any, where there is none.
func (l Label) In(lang string) string {
	if s := l[lang]; s != "" {
		return s
	}
	if s := l["en"]; s != "" {
		return s
	}
	for _, code := range sortedKeys(l) {
		return l[code]
	}
	return ""
}

// UnmarshalYAML reads a string or a table by language.
func (l *Label) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = Label{"en": n.Value}
		return nil
	}
	return n.Decode((*map[string]string)(l))
}

// Option is one answer to a question of kind AskChoice.
type Option struct {
	Key   string `json:"key" yaml:"key"`
	Label Label  `json:"label,omitempty" yaml:"label"`
}

// Condition holds for a candidate if an earlier question of kind AskChoice was answered
// with that option.
type Condition struct {
	Question string `json:"question" yaml:"question"`
	Is       string `json:"is" yaml:"is"`
}

// Question is one thing asked about an item.
type Question struct {
	Key     string       `json:"key" yaml:"key"`
	Kind    QuestionKind `json:"kind" yaml:"kind"`
	Label   Label        `json:"label,omitempty" yaml:"label"`     // what is asked, in a few words
	Help    Label        `json:"help,omitempty" yaml:"help"`       // what it means, for the help page
	Ties    bool         `json:"ties,omitempty" yaml:"ties"`       // Preference, Ranking: "equally good" is an answer
	Points  int          `json:"points,omitempty" yaml:"points"`   // Rating: 1..Points, 2..MaxPoints
	Ends    []Label      `json:"ends,omitempty" yaml:"ends"`       // Rating: words for 1 and for Points, or none
	Options []Option     `json:"options,omitempty" yaml:"options"` // Choice
	// When: asked only of the candidates for which it holds (LaMDA's chain sensible ->
	// specific -> interesting, arXiv:2201.08239, sec. 4.1).
	When *Condition `json:"when,omitempty" yaml:"when"`
	// Guard: Preference, Ranking: a candidate for which it holds is never worse than one
	// for which it does not (Llama-2's safety bins, arXiv:2307.09288, sec. 3.2.1).
	Guard    *Condition `json:"guard,omitempty" yaml:"guard"`
	Optional bool       `json:"optional,omitempty" yaml:"optional"` // may be left unanswered
}

// Marks tells whether the question is answered for each candidate by itself.
func (q Question) Marks() bool { return q.Kind == AskRating || q.Kind == AskChoice }

// Top is the largest mark of a question that has marks.
func (q Question) Top() int {
	if q.Kind == AskChoice {
		return len(q.Options)
	}
	return q.Points
}

// Task declares what an annotator is asked about each item. It is a small YAML file,
// so that a criterion is added without code; see tasks/ for those that are built in.
type Task struct {
	Name       string     `json:"name,omitempty" yaml:"name"`
	Candidates int        `json:"candidates" yaml:"candidates"` // per item, 1..MaxCandidates; 0 leaves it to the item
	Questions  []Question `json:"questions" yaml:"questions"`   // in the order they are asked
	Edit       bool       `json:"edit,omitempty" yaml:"edit"`   // annotators may rewrite a response into a demonstration
}

// PairTask asks for one preference, under the key "preference".
func PairTask(ties bool) Task {
	return Task{Name: "pair", Candidates: 2, Edit: true, Questions: []Question{{
		Key: "preference", Kind: AskPreference, Ties: ties, Label: Label{"en": "Which is better?", "zh": "哪个更好？"},
	}}}
}

//go:embed tasks/*.yaml
var taskFiles embed.FS

// TaskNames lists the built-in tasks.
func TaskNames() (names []string) {
	files, _ := taskFiles.ReadDir("tasks") // embedded: it is there
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return names
}

// BuiltinTask is a built-in task by name.
func BuiltinTask(name string) (Task, error) {
	b, err := taskFiles.ReadFile(path.Join("tasks", name+".yaml"))
	if err != nil {
		return Task{}, fmt.Errorf("labeling: task: got %q, want a file or one of %s", name, strings.Join(TaskNames(), ", "))
	}
	return ReadTask(bytes.NewReader(b), name)
}

// ReadTask reads a task in YAML and validates it. name is the file's, for errors.
func ReadTask(r io.Reader, name string) (t Task, err error) {
	d := yaml.NewDecoder(r)
	d.KnownFields(true)
	switch err := d.Decode(&t); {
	case errors.Is(err, io.EOF):
		return t, fmt.Errorf("labeling: task: %s: got nothing, want a task", name)
	case err != nil:
		return t, fmt.Errorf("labeling: task: %s: %w", name, err)
	}
	if err := t.Validate(); err != nil {
		return t, fmt.Errorf("labeling: task: %s: %w", name, err)
	}
	return t, nil
}

// UnmarshalJSON reads a task; also {"kind":"pair"}, as stores of the first version have it.
func (t *Task) UnmarshalJSON(b []byte) error {
	var first struct {
		Kind string `json:"kind"`
		Ties bool   `json:"ties"`
	}
	if err := json.Unmarshal(b, &first); err == nil && first.Kind == "pair" {
		*t = PairTask(first.Ties)
		t.Edit = false
		return nil
	}
	type plain Task
	return json.Unmarshal(b, (*plain)(t))
}

// Question finds a question by key.
func (t Task) Question(key string) (Question, bool) {
	for _, q := range t.Questions {
		if q.Key == key {
			return q, true
		}
	}
	return Question{}, false
}

// Main is the question that decides between candidates: the last preference or
// ranking. ok is false in a task of marks alone.
func (t Task) Main() (q Question, ok bool) {
	for _, x := range t.Questions {
		if !x.Marks() {
			q, ok = x, true
		}
	}
	return q, ok
}

var keyPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// Validate reports every fault of the task.
func (t Task) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(t.Candidates >= 0 && t.Candidates <= MaxCandidates, "candidates", t.Candidates, fmt.Sprintf("0 to %d", MaxCandidates))
	rule(len(t.Questions) >= 1 && len(t.Questions) <= MaxQuestions, "questions", len(t.Questions), fmt.Sprintf("1 to %d", MaxQuestions))
	for i, q := range t.Questions {
		for _, err := range q.faults(t, t.Questions[:i]) {
			errs = append(errs, fmt.Errorf("questions[%d] %q: %w", i, q.Key, err))
		}
	}
	return errors.Join(errs...)
}

// faults of a question of a task, after the questions before it.
func (q Question) faults(t Task, before []Question) (errs []error) {
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(keyPattern.MatchString(q.Key), "key", fmt.Sprintf("%q", q.Key), "a-z, then a-z 0-9 _ -, at most 40")
	rule(!slices.ContainsFunc(before, func(o Question) bool { return o.Key == q.Key }), "key", q.Key, "a key of its own")
	rule(slices.Contains([]QuestionKind{AskPreference, AskRanking, AskRating, AskChoice}, q.Kind), "kind", fmt.Sprintf("%q", q.Kind), "preference, ranking, rating or choice")
	rule(q.Kind != AskPreference || t.Candidates == 2, "kind", "preference with other than 2 candidates", "candidates: 2, or kind: ranking")
	rule(q.Kind != AskRanking || t.Candidates != 1, "kind", "ranking of 1 candidate", "at least 2 candidates")
	rule((q.Kind == AskRating) == (q.Points != 0) && q.Points >= 0 && q.Points != 1 && q.Points <= MaxPoints, "points", q.Points, fmt.Sprintf("2 to %d in a rating, none elsewhere", MaxPoints))
	rule(len(q.Ends) == 0 || q.Kind == AskRating && len(q.Ends) == 2, "ends", len(q.Ends), "two labels, in a rating")
	rule((q.Kind == AskChoice) == (len(q.Options) > 0) && len(q.Options) != 1 && len(q.Options) <= MaxPoints, "options", len(q.Options), fmt.Sprintf("2 to %d in a choice, none elsewhere", MaxPoints))
	rule(!q.Ties || !q.Marks(), "ties", true, "preference or ranking")
	rule(q.When == nil || q.Marks(), "when", "a condition", "none in a preference or ranking")
	rule(q.Guard == nil || !q.Marks(), "guard", "a condition", "none in a rating or choice")
	seen := map[string]bool{}
	for i, o := range q.Options {
		rule(keyPattern.MatchString(o.Key) && !seen[o.Key], fmt.Sprintf("options[%d].key", i), fmt.Sprintf("%q", o.Key), "a key of its own: a-z, then a-z 0-9 _ -")
		seen[o.Key] = true
	}
	for name, c := range map[string]*Condition{"when": q.When, "guard": q.Guard} {
		if c != nil && !c.known(before) {
			rule(false, name, fmt.Sprintf("%s = %s", c.Question, c.Is), "an option of an earlier choice")
		}
	}
	return errs
}

func (c Condition) known(before []Question) bool {
	for _, q := range before {
		if q.Key == c.Question {
			return q.option(c.Is) > 0
		}
	}
	return false
}

// option is the mark of an option, from 1; 0 if there is none.
func (q Question) option(key string) int {
	return 1 + slices.IndexFunc(q.Options, func(o Option) bool { return o.Key == key })
}
