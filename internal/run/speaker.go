package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/models/tokenizer"
)

// defaultMaxTokens is how long an answer is at most where neither the person nor the
// model's generation_config.json says.
const defaultMaxTokens = 256

// Speaker is a model that answers in text: weights, tokenizer and chat template.
type Speaker struct {
	dec        *models.Decoder
	codec      *codec
	generator  *generate.Generator
	generation checkpoint.Generation
}

// OpenSpeaker loads the model at path: a directory, one of an adapter, or a llama2.c
// .bin file. tokens is the file of its tokenizer; "" finds it in the directory, in that
// of an adapter's base, or as the only *.model beside a .bin file. Up to batch answers
// are made at a time.
func OpenSpeaker(rt *engine.Runtime, path, tokens string, batch int) (*Speaker, error) {
	m, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	s := &Speaker{dec: m.Decoder, generator: generate.New(rt, m.Decoder, models.Options{}, batch)}
	if s.generation, err = checkpoint.ParseGeneration(m.Generation); err != nil {
		return nil, fmt.Errorf("run: %s: %w", path, err)
	}
	s.codec, err = modelCodec(path, m.Base, tokens)
	return s, err
}

// modelCodec is the codec of a model, whose base is that of an adapter or itself.
func modelCodec(path, base, tokens string) (*codec, error) {
	dir := path
	if strings.HasSuffix(path, ".bin") {
		dir = filepath.Dir(path)
		if tokens == "" {
			var err error
			if tokens, err = onlyModelFile(dir); err != nil {
				return nil, err
			}
		}
	}
	if tokens != "" {
		tok, err := tokenizer.LoadFile(tokens)
		if err != nil {
			return nil, err
		}
		return codecOf(dir, tok)
	}
	c, err := newCodec(dir)
	if errors.Is(err, fs.ErrNotExist) && base != path {
		return newCodec(base)
	}
	return c, err
}

func onlyModelFile(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.model"))
	if err == nil && len(files) != 1 {
		err = fmt.Errorf("run: tokenizer: got %d *.model files in %s, want one, or the tokenizer's file named", len(files), dir)
	}
	if err != nil {
		return "", err
	}
	return files[0], nil
}

// Options are the settings of sampling: what the person chose, else what the model's
// generation_config.json says, else greedy. Whoever chooses a temperature or a filter
// wants to sample.
func (s *Speaker) Options(chosen checkpoint.Generation) generate.Options {
	file := s.generation
	o := generate.Options{
		MaxNew:            *cmp.Or(chosen.MaxNewTokens, file.MaxNewTokens, ptr(defaultMaxTokens)),
		TopK:              *cmp.Or(chosen.TopK, file.TopK, ptr(0)),
		TopP:              *cmp.Or(chosen.TopP, file.TopP, ptr(0.)),
		MinP:              *cmp.Or(chosen.MinP, file.MinP, ptr(0.)),
		RepetitionPenalty: *cmp.Or(chosen.RepetitionPenalty, file.RepetitionPenalty, ptr(0.)),
		Stop:              s.stop(),
	}
	asked := chosen.Temperature != nil || chosen.TopK != nil || chosen.TopP != nil || chosen.MinP != nil
	if asked || *cmp.Or(chosen.Sample, file.Sample, ptr(false)) {
		o.Temperature = *cmp.Or(chosen.Temperature, file.Temperature, ptr(1.))
	}
	return o
}

// stop is the tokens that end an answer.
func (s *Speaker) stop() []int32 { return slices.Concat(s.codec.stop, s.generation.EOS) }

// Answer is what a model said.
type Answer struct {
	Text     string  `json:"text"`
	Tokens   []int32 `json:"tokens"`   // as sampled, with what ended it
	LogProb  float64 `json:"logprob"`  // of all tokens, in nats, before filters
	Finished bool    `json:"finished"` // ended by a stop token or text, not by length
}

// Answer answers a prompt n times. An answer ends before any of the stop texts; hear,
// if not nil, is told the first one piece by piece. Once ctx ends, the answers are as
// far as they have come, beside its error.
func (s *Speaker) Answer(ctx context.Context, q dataset.Prompt, n int, o generate.Options, stop []string, hear func(string)) ([]Answer, error) {
	ids, err := s.codec.prompt(q)
	if err != nil {
		return nil, err
	}
	listeners := make([]*listener, n)
	for i := range listeners {
		listeners[i] = s.listen(q, ids, stop)
	}
	listeners[0].tell = hear
	o.Halt = func(i int, response []int32) bool {
		return listeners[i].push(response[len(response)-1]) || ctx.Err() != nil
	}
	rollouts, err := s.generator.Generate(context.WithoutCancel(ctx), slices.Repeat([][]int32{ids}, n), o, nil)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, n)
	for i, r := range rollouts {
		l := listeners[i]
		l.end()
		answers[i] = Answer{Text: l.text.String(), Tokens: r.Response, Finished: r.Finished || l.stopped}
		for _, p := range r.LogProb {
			answers[i].LogProb += float64(p)
		}
	}
	return answers, ctx.Err()
}

// listener turns the tokens of one answer into text, up to a stop text.
type listener struct {
	stream  *tokenizer.Stream
	stop    []string
	tell    func(string) // nil = nobody
	held    string       // may be the beginning of a stop text
	text    strings.Builder
	stopped bool
}

// listen is a listener for an answer to q. A text is continued where it ends, spaces
// included; the answer in a conversation is a text of its own.
func (s *Speaker) listen(q dataset.Prompt, ids []int32, stop []string) *listener {
	l := &listener{stream: s.codec.tok.Stream(true), stop: stop}
	if q.Messages == nil {
		for _, id := range ids {
			l.stream.Push(id)
		}
	}
	return l
}

// push takes one token and tells whether the answer is over.
func (l *listener) push(id int32) bool {
	l.say(l.stream.Push(id), false)
	return l.stopped
}

// end says what is left.
func (l *listener) end() { l.say(l.stream.Flush(), true) }

// say says what cannot be part of a stop text any more.
func (l *listener) say(piece string, all bool) {
	if l.stopped {
		return
	}
	l.held += piece
	n := len(l.held)
	for _, s := range l.stop {
		if at := strings.Index(l.held[:n], s); at >= 0 {
			n, l.stopped = at, true
		}
	}
	if !l.stopped && !all {
		n -= l.undecided()
	}
	if n > 0 && l.tell != nil {
		l.tell(l.held[:n])
	}
	l.text.WriteString(l.held[:n])
	l.held = l.held[n:]
}

// undecided is how many bytes at the end may begin a stop text.
func (l *listener) undecided() int {
	most := 0
	for _, s := range l.stop {
		for k := min(len(s)-1, len(l.held)); k > most; k-- {
			if strings.HasSuffix(l.held, s[:k]) {
				most = k
			}
		}
	}
	return most
}

// answer is one response to a prompt.
type answer struct {
	generate.Rollout
	Text string
}

// respond lets the model answer every prompt n times, by its own end tokens unless o
// says others.
func (s *Speaker) respond(ctx context.Context, prompts []dataset.Prompt, n int, o generate.Options) ([][]answer, error) {
	if o.Stop == nil {
		o.Stop = s.stop()
	}
	var asked []dataset.Prompt
	for _, q := range prompts {
		asked = append(asked, slices.Repeat([]dataset.Prompt{q}, n)...)
	}
	rollouts, err := s.reply(ctx, asked, o)
	if err != nil {
		return nil, err
	}
	answers := make([][]answer, len(prompts))
	for i, r := range rollouts {
		answers[i/n] = append(answers[i/n], answer{r, s.text(asked[i], r)})
	}
	return answers, nil
}

// text is what a rollout says in answer to q.
func (s *Speaker) text(q dataset.Prompt, r generate.Rollout) string {
	l := s.listen(q, r.Prompt, nil)
	for _, id := range r.Response {
		l.push(id)
	}
	l.end()
	return l.text.String()
}

// reply lets the model answer each prompt once. Prompts in a row that are the same are
// encoded once.
func (s *Speaker) reply(ctx context.Context, prompts []dataset.Prompt, o generate.Options) ([]generate.Rollout, error) {
	ids := make([][]int32, len(prompts))
	for i, q := range prompts {
		if i > 0 && q.ID == prompts[i-1].ID && q.Key() == prompts[i-1].Key() {
			ids[i] = ids[i-1]
			continue
		}
		var err error
		if ids[i], err = s.codec.question(q, s.dec.Spec.Context); err != nil {
			return nil, err
		}
	}
	return s.generator.Generate(ctx, ids, o, nil)
}
