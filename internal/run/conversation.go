package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"plumbline/internal/dataset"
	"plumbline/internal/random"
	"plumbline/models/generate"
)

// Conversation is a talk with a model through its chat template. Every turn is a prompt
// of all that was said; a turn that fails leaves it as it was.
type Conversation struct {
	Options generate.Options
	Stop    []string

	speaker  *Speaker
	system   string
	messages []dataset.Message
	turns    uint64 // ever taken: what random numbers are keyed by
}

// Converse begins a conversation, with a system message unless that is empty.
func (s *Speaker) Converse(system string, o generate.Options, stop []string) *Conversation {
	c := &Conversation{Options: o, Stop: stop, speaker: s, system: system}
	c.Reset()
	return c
}

// Reset forgets all that was said but the system message.
func (c *Conversation) Reset() {
	c.messages = nil
	if c.system != "" {
		c.messages = []dataset.Message{{Role: "system", Content: c.system}}
	}
}

// Say gives the model a turn and tells hear its answer piece by piece. Once ctx ends,
// the answer stays in the conversation as far as it has come, and the error is ctx's.
// A conversation that has outgrown the model's context is an error that says so.
func (c *Conversation) Say(ctx context.Context, text string, hear func(string)) (Answer, error) {
	said := append(slices.Clone(c.messages), dataset.Message{Role: "user", Content: text})
	o := c.Options
	o.Seed = random.New(c.Options.Seed, random.Key("chat"), c.turns).Uint64()
	answers, err := c.speaker.Answer(ctx, dataset.Prompt{Messages: said}, 1, o, c.Stop, hear)
	if err != nil && !errors.Is(err, ctx.Err()) {
		return Answer{}, fmt.Errorf("run: chat: %w", err)
	}
	c.turns++
	c.messages = append(said, dataset.Message{Role: "assistant", Content: answers[0].Text})
	return answers[0], err
}
