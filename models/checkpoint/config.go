package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Generation is the part of generation_config.json that sampling uses; nil where the
// file is silent.
type Generation struct {
	BOS               IDs      `json:"bos_token_id,omitempty"`
	EOS               IDs      `json:"eos_token_id,omitempty"` // any of them ends a response
	Pad               IDs      `json:"pad_token_id,omitempty"`
	Sample            *bool    `json:"do_sample,omitempty"`
	Temperature       *float64 `json:"temperature,omitempty"`
	TopK              *int     `json:"top_k,omitempty"`
	TopP              *float64 `json:"top_p,omitempty"`
	MinP              *float64 `json:"min_p,omitempty"`
	RepetitionPenalty *float64 `json:"repetition_penalty,omitempty"`
	MaxNewTokens      *int     `json:"max_new_tokens,omitempty"`
}

// IDs is a token id or a list of them, as the files write it.
type IDs []int32

// UnmarshalJSON reads an id, a list or null.
func (x *IDs) UnmarshalJSON(text []byte) error {
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]int32)(x))
	}
	var id *int32
	if err := json.Unmarshal(text, &id); err != nil || id == nil {
		return err
	}
	*x = IDs{*id}
	return nil
}

// MarshalJSON writes one id as a number and several as a list.
func (x IDs) MarshalJSON() ([]byte, error) {
	if len(x) == 1 {
		return json.Marshal(x[0])
	}
	return json.Marshal([]int32(x))
}

// ParseGeneration reads a generation_config.json; no text gives the zero value.
func ParseGeneration(text []byte) (Generation, error) {
	var g Generation
	if len(text) == 0 {
		return g, nil
	}
	if err := json.Unmarshal(text, &g); err != nil {
		return g, fmt.Errorf("checkpoint: generation_config.json: %w", err)
	}
	return g, nil
}

// with gives a JSON object other values for some keys and keeps the rest. The text
// is returned as it is where nothing changes.
func with(text []byte, set map[string]any) ([]byte, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("checkpoint: config.json: %w", err)
	}
	if m == nil {
		return nil, errors.New("checkpoint: config.json: got null, want an object")
	}
	changed := false
	for k, v := range set {
		value, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("checkpoint: config.json: %s: %w", k, err)
		}
		if !bytes.Equal(m[k], value) {
			m[k], changed = value, true
		}
	}
	if !changed {
		return text, nil
	}
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// withDType names the type of the weights in a config.json, under the key that the
// file uses for it.
func withDType(text []byte, d DType) ([]byte, error) {
	key := "torch_dtype"
	if bytes.Contains(text, []byte(`"dtype"`)) {
		key = "dtype"
	}
	return with(text, map[string]any{key: d.torch()})
}
