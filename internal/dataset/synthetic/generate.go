package synthetic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"plumbline/internal/dataset"
	"plumbline/internal/random"
)

// Options say how much to write.
type Options struct {
	Documents int `mapstructure:"documents"` // of the pretraining corpus, ≥ 0; about 25 tokens each
	HeldOut   int `mapstructure:"held_out"`  // documents kept for perplexity, ≥ 0
	Examples  int `mapstructure:"examples"`  // demonstrations, ≥ 0; about 40 tokens each
}

// DefaultOptions is the amount that a small model learns in a minute or two.
func DefaultOptions() Options { return Options{Documents: 8000, HeldOut: 400, Examples: 6000} }

// Validate reports every negative count.
func (o Options) Validate() error {
	var errs []error
	rule := func(got int, key string) {
		if got < 0 {
			errs = append(errs, fmt.Errorf("synthetic: %s: got %d, want ≥ 0", key, got))
		}
	}
	rule(o.Documents, "documents")
	rule(o.HeldOut, "held_out")
	rule(o.Examples, "examples")
	return errors.Join(errs...)
}

// Data is one world. All prompts are plain text that ends in a line end.
type Data struct {
	Corpus   []string          // documents to pretrain on
	HeldOut  []string          // documents of the same kind, for perplexity
	Examples []dataset.Example // demonstrations of mixed quality, for training prompts only
	Prompts  []dataset.Prompt  // training prompts, for rollouts: 384
	Eval     []dataset.Prompt  // prompts never trained on: 192
}

// Streams keep the random numbers of different things apart.
var (
	corpusStream  = random.Key("synthetic.corpus")
	heldOutStream = random.Key("synthetic.held_out")
	exampleStream = random.Key("synthetic.examples")
	wordingStream = random.Key("synthetic.wordings")
)

// heldOutWordings of every subject are kept for evaluation.
const heldOutWordings = 2

// Generate writes the data of a seed: the same seed and options, the same bytes. Each
// item depends on the seed and its own index alone, so more of one thing changes
// nothing else.
func Generate(seed uint64, o Options) (Data, error) {
	if err := o.Validate(); err != nil {
		return Data{}, err
	}
	train, eval := tasks(seed)
	d := Data{Corpus: documents(seed, corpusStream, o.Documents), HeldOut: documents(seed, heldOutStream, o.HeldOut)}
	for _, t := range train {
		d.Prompts = append(d.Prompts, t.prompt())
	}
	for _, t := range eval {
		d.Eval = append(d.Eval, t.prompt())
	}
	for i := range o.Examples {
		epoch, place := i/len(train), i%len(train)
		t := train[dataset.Permutation(len(train), seed, uint64(epoch))[place]]
		r := writer{random.New(seed, exampleStream, uint64(i))}
		d.Examples = append(d.Examples, dataset.Example{ID: fmt.Sprintf("example-%05d", i), Prompt: t.prompt(), Response: r.response(t)})
	}
	return d, nil
}

// task is one prompt.
type task struct {
	lang    *language
	kind    int
	subject int
	wording int
}

func (t task) prompt() dataset.Prompt {
	f := t.lang.forms[t.kind]
	return dataset.Prompt{
		ID:   fmt.Sprintf("%s-%s-%s-%d", t.lang.name, kindNames[t.kind], english.forms[t.kind].subjects[t.subject], t.wording),
		Text: strings.ReplaceAll(f.asks[t.wording], "{s}", f.subjects[t.subject]) + "\n",
	}
}

// tasks are all prompts in a random order, with heldOutWordings of each subject apart.
func tasks(seed uint64) (train, eval []task) {
	n := 0
	for _, l := range languages {
		for k, f := range l.forms {
			for s := range f.subjects {
				for i, w := range random.New(seed, wordingStream, uint64(n)).Perm(len(f.asks)) {
					if t := (task{l, k, s, w}); i < heldOutWordings {
						eval = append(eval, t)
					} else {
						train = append(train, t)
					}
				}
				n++
			}
		}
	}
	return dataset.Shuffle(train, seed, 0), dataset.Shuffle(eval, seed, 0)
}

func documents(seed uint64, stream uint64, n int) []string {
	var out []string
	for i := range n {
		w := writer{random.New(seed, stream, uint64(i))}
		l := languages[w.IntN(len(languages))]
		kind := w.IntN(kinds)
		out = append(out, w.response(task{lang: l, kind: kind, subject: w.IntN(len(l.forms[kind].subjects))}))
	}
	return out
}

// writer draws a text; the package's documentation gives the distribution.
type writer struct{ *rand.Rand }

// happens is true with probability p.
func (w writer) happens(p float64) bool { return w.Float64() < p }

func (w writer) response(t task) string {
	if w.happens(.03) {
		t.lang = other(t.lang)
	}
	if w.happens(.2) {
		n := len(t.lang.forms[t.kind].subjects)
		t.subject = (t.subject + 1 + w.IntN(n-1)) % n
	}
	text := w.arrange(t, w.bodies(t))
	if w.happens(.05) {
		at := w.IntN(parts)
		text = append(text[:at+1], text[at:]...)
	}
	if w.happens(.1) {
		last := len(text) - 1
		text[last] = w.cut(text[last])
	}
	return strings.Join(text, t.lang.space)
}

func other(l *language) *language {
	if l == &english {
		return &chinese
	}
	return &english
}

// bodies are the three sentences in the order of the form, without markers.
func (w writer) bodies(t task) [parts]string {
	f := t.lang.forms[t.kind]
	leaning := [...]int{bad, neutral, neutral, good}[w.IntN(4)]
	var out [parts]string
	for i, s := range f.sentences {
		mood := leaning
		if !w.happens(.6) {
			mood = w.IntN(moods)
		}
		out[i] = w.body(t.lang, s.pattern, f.subjects[t.subject], s.words[mood])
	}
	return out
}

// body fills the slots of a pattern.
func (w writer) body(l *language, pattern, subject string, words []string) string {
	var b strings.Builder
	for _, options := range l.columns(pattern, []string{subject}, words) {
		b.WriteString(options[w.IntN(len(options))])
	}
	return b.String()
}

// arrange puts markers on the sentences and draws their order.
func (w writer) arrange(t task, bodies [parts]string) []string {
	markers := t.lang.forms[t.kind].markers
	order := []int{0, 1, 2}
	switch p := w.Float64(); {
	case p < .5:
	case p < .8:
		order = [][]int{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}[w.IntN(5)]
	default:
		markers = [parts]string{}
	}
	var out []string
	for _, i := range order {
		out = append(out, t.lang.mark(markers[i], bodies[i]))
	}
	return out
}

// cut ends a sentence early: after some of its words or characters, at least one.
func (w writer) cut(sentence string) string {
	if fields := strings.Fields(sentence); len(fields) > 1 {
		return strings.Join(fields[:1+w.IntN(len(fields)-1)], " ")
	}
	n := 1 + w.IntN(utf8.RuneCountInString(sentence)-1)
	return string([]rune(sentence)[:n])
}
