package families

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// config reads config.json key by key and keeps every fault.
type config struct {
	raw  map[string]json.RawMessage
	used map[string]bool
	errs []error
}

func (c *config) fail(key, format string, a ...any) {
	c.errs = append(c.errs, fmt.Errorf("families: config.json: %s: %s", key, fmt.Sprintf(format, a...)))
}

// get reads a key that must be there.
func (c *config) get(key string, dst any) {
	if !c.optional(key, dst) {
		c.fail(key, "got nothing, want a value")
	}
}

// optional reads a key that may be absent or null, which leaves dst as it is.
func (c *config) optional(key string, dst any) bool {
	c.used[key] = true
	text, ok := c.raw[key]
	if !ok || bytes.Equal(text, []byte("null")) {
		return false
	}
	if err := json.Unmarshal(text, dst); err != nil {
		c.fail(key, "%v", err)
	}
	return true
}

func (c *config) int(key string) (n int) {
	c.get(key, &n)
	return n
}

func (c *config) intOr(key string, n int) int {
	c.optional(key, &n)
	return n
}

func (c *config) float(key string) (x float64) {
	c.get(key, &x)
	return x
}

func (c *config) floatOr(key string, x float64) float64 {
	c.optional(key, &x)
	return x
}

func (c *config) boolOr(key string, v bool) bool {
	c.optional(key, &v)
	return v
}

// ids reads a token id, a list of them, or nothing.
func (c *config) ids(key string) []int32 {
	var list []int32
	text := c.raw[key]
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		c.optional(key, &list)
		return list
	}
	var id int32
	if c.optional(key, &id) {
		list = []int32{id}
	}
	return list
}

// only accepts a key that is absent, null or one of the JSON values given: the
// family's graph has no other.
func (c *config) only(key string, values ...string) {
	c.used[key] = true
	text, ok := c.raw[key]
	if ok && !bytes.Equal(text, []byte("null")) && !slices.Contains(values, string(text)) {
		c.fail(key, "got %s, want %s: this graph has nothing else", text, strings.Join(values, " or "))
	}
}

// ignore accepts keys that do not change what the model computes.
func (c *config) ignore(keys ...string) {
	for _, k := range keys {
		c.used[k] = true
	}
}

// harmless are keys of every family that change nothing here: provenance, dropout
// (never applied), sampling defaults, output switches, label names.
var harmless = strings.Fields(`
	architectures auto_map dtype model_type name_or_path pad_token_id sep_token_id torch_dtype transformers_version
	use_cache return_dict output_attentions output_hidden_states torchscript use_bfloat16 task_specific_params
	problem_type id2label label2id num_labels finetuning_task chunk_size_feed_forward attention_dropout
	decoder_start_token_id is_decoder is_encoder_decoder tokenizer_class prefix max_length min_length do_sample
	early_stopping num_beams num_beam_groups diversity_penalty temperature top_k top_p typical_p
	repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids
	num_return_sequences output_scores return_dict_in_generate forced_bos_token_id forced_eos_token_id
	remove_invalid_values exponential_decay_length_penalty suppress_tokens begin_suppress_tokens
	cross_attention_hidden_size add_cross_attention tie_encoder_decoder tf_legacy_loss unsloth_version
	unsloth_fixed transformers.js_config`)

// finish reports what was collected, and every key that nobody read.
func (c *config) finish() error {
	c.ignore(harmless...)
	var left []string
	for k, v := range c.raw {
		if !c.used[k] && !strings.HasPrefix(k, "_") && !bytes.Equal(v, []byte("null")) {
			left = append(left, k)
		}
	}
	sort.Strings(left)
	for _, k := range left {
		c.fail(k, "unknown key, which may change the numbers; remove it if it does not")
	}
	return errors.Join(c.errs...)
}
