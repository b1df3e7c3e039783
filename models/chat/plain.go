package chat

import (
	"errors"

	"plumbline/models/tokenizer"
)

// PlainPrompt is the ids of a prompt without a conversation: BOS if the model's own
// pre-processing adds it, then the text, special tokens in it being text.
func PlainPrompt(tok tokenizer.Tokenizer, prompt string) []int32 {
	var ids []int32
	if sp := tok.Specials(); sp.AddBOS {
		ids = append(ids, sp.BOS)
	}
	return append(ids, tok.EncodeParts(false, tokenizer.Part{Text: prompt, Plain: true})...)
}

// Plain is the ids of a prompt, its response and EOS, and their mask, both [T]: 1 on
// the response and EOS. ids begin with PlainPrompt(tok, prompt). A tokenizer without
// EOS is an error: the model would never learn to stop.
func Plain(tok tokenizer.Tokenizer, prompt, response string) (ids []int32, mask []float32, err error) {
	eos := tok.Specials().EOS
	if eos < 0 {
		return nil, nil, errors.New("chat: plain: the tokenizer has no EOS token to end a response with")
	}
	ids = PlainPrompt(tok, prompt)
	said := len(ids)
	ids = append(ids, tok.EncodeParts(prompt != "", tokenizer.Part{Text: response, Plain: true})...)
	ids = append(ids, eos)
	mask = make([]float32, len(ids))
	for i := said; i < len(ids); i++ {
		mask[i] = 1
	}
	return ids, mask, nil
}
