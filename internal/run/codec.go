package run

import (
	"fmt"
	"os"
	"slices"

	"plumbline/internal/dataset"
	"plumbline/models/chat"
	"plumbline/models/checkpoint"
	"plumbline/models/tokenizer"
	"plumbline/sft"
)

// codec turns the texts of a run into token ids the way its model reads them.
type codec struct {
	tok  tokenizer.Tokenizer
	chat *chat.Template
	stop []int32
}

// newCodec reads the tokenizer and the chat template of a model directory.
func newCodec(dir string) (*codec, error) {
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	return codecOf(dir, tok)
}

// codecOf is the codec of a tokenizer and the chat template in dir.
func codecOf(dir string, tok tokenizer.Tokenizer) (*codec, error) {
	if tok.Specials().EOS < 0 {
		return nil, fmt.Errorf("run: %s: the tokenizer has no EOS token to end a response with", dir)
	}
	t, err := chat.Load(dir, tok)
	if err != nil {
		return nil, err
	}
	stop, err := t.Stop()
	if err != nil {
		return nil, err
	}
	if eos := tok.Specials().EOS; !slices.Contains(stop, eos) {
		stop = append(stop, eos)
	}
	return &codec{tok, t, stop}, nil
}

// prompt is the ids that a model continues.
func (c *codec) prompt(p dataset.Prompt) ([]int32, error) {
	if p.Messages == nil {
		return chat.PlainPrompt(c.tok, p.Text), nil
	}
	ids, _, err := c.chat.Encode(p.Messages, true)
	return ids, err
}

// question is the ids of a prompt, of which a model of that context can answer ≥ 1 token.
func (c *codec) question(p dataset.Prompt, context int) ([]int32, error) {
	ids, err := c.prompt(p)
	if err == nil && (len(ids) == 0 || len(ids) >= context) {
		err = fmt.Errorf("got %d tokens, want 1 to %d: the model's context is %d", len(ids), context-1, context)
	}
	if err != nil {
		return nil, fmt.Errorf("run: prompt %q: %w", p.ID, err)
	}
	return ids, nil
}

// answered is the ids of a prompt and a response to it, with what ends the response,
// and the mask of the response.
func (c *codec) answered(p dataset.Prompt, response string) (sft.Sequence, error) {
	var ids []int32
	var mask []float32
	var err error
	if p.Messages == nil {
		ids, mask, err = chat.Plain(c.tok, p.Text, response)
	} else {
		ids, mask, err = c.chat.Encode(append(slices.Clone(p.Messages), dataset.Message{Role: "assistant", Content: response}), false)
	}
	return sft.Sequence{Tokens: ids, Mask: mask}, err
}

// document is the ids of a text by itself, EOS at its end.
func (c *codec) document(text string) []int32 {
	return append(chat.PlainPrompt(c.tok, text), c.tok.Specials().EOS)
}

// text is what a response says.
func (c *codec) text(response []int32) string { return c.tok.DecodeText(response) }

// carry puts a tokenizer's files into a model, so that they are saved with it.
func carry(m *checkpoint.Model, tok tokenizer.Tokenizer) error {
	dir, err := os.MkdirTemp("", "plumb-tokenizer-")
	if err != nil {
		return fmt.Errorf("run: tokenizer: want a temporary directory (TMPDIR) to write to: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // temporary
	if err := tok.Save(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if m.Files[e.Name()], err = os.ReadFile(dir + "/" + e.Name()); err != nil {
			return err
		}
	}
	return nil
}
