package families

import "plumbline/models"

// gpt2 is GPT-2. Its matrices are stored [in, out].
var gpt2 = Family{
	Name:     "gpt2",
	Causal:   "GPT2LMHeadModel",
	Headless: []string{"GPT2ForSequenceClassification", "GPT2ForTokenClassification", "GPT2Model"},
	Prefix:   "transformer.",
	spec:     gpt2Spec,
	config:   gpt2Config,
	start: []tensor{
		{"transformer.wte.weight", "embed", ""},
		{"transformer.wpe.weight", "position", ""},
	},
	block: []tensor{
		{"transformer.h.{}.ln_1.weight", "block.{}.attn.norm", ""},
		{"transformer.h.{}.ln_1.bias", "block.{}.attn.norm.bias", ""},
		{"transformer.h.{}.attn.c_attn.weight", "block.{}.attn.qkv", "transposed"},
		{"transformer.h.{}.attn.c_attn.bias", "block.{}.attn.qkv.bias", ""},
		{"transformer.h.{}.attn.c_proj.weight", "block.{}.attn.out", "transposed"},
		{"transformer.h.{}.attn.c_proj.bias", "block.{}.attn.out.bias", ""},
		{"transformer.h.{}.ln_2.weight", "block.{}.mlp.norm", ""},
		{"transformer.h.{}.ln_2.bias", "block.{}.mlp.norm.bias", ""},
		{"transformer.h.{}.mlp.c_fc.weight", "block.{}.mlp.up", "transposed"},
		{"transformer.h.{}.mlp.c_fc.bias", "block.{}.mlp.up.bias", ""},
		{"transformer.h.{}.mlp.c_proj.weight", "block.{}.mlp.down", "transposed"},
		{"transformer.h.{}.mlp.c_proj.bias", "block.{}.mlp.down.bias", ""},
	},
	end: []tensor{
		{"transformer.ln_f.weight", "norm", ""},
		{"transformer.ln_f.bias", "norm.bias", ""},
		{"lm_head.weight", "head", ""},
	},
	derived: []string{"transformer.h.{}.attn.bias", "transformer.h.{}.attn.masked_bias"}, // the causal mask
	heads:   []string{"score.weight", "score.bias"},
}

func gpt2Spec(c *config) models.Spec {
	s := models.Spec{
		Vocab: c.int("vocab_size"), Width: c.int("n_embd"), Layers: c.int("n_layer"), Heads: c.int("n_head"), Context: c.int("n_positions"),
		Norm: models.LayerNorm, Eps: c.float("layer_norm_epsilon"), Position: models.LearnedPositions,
		QKVBias: true, OutBias: true, MLPBias: true, Tied: c.boolOr("tie_word_embeddings", true), // the class's default
		InitStd: c.floatOr("initializer_range", .02), BOS: c.ids("bos_token_id"), EOS: c.ids("eos_token_id"),
	}
	s.KV = s.Heads
	s.Head = s.Width / max(s.Heads, 1)
	if s.Head*s.Heads != s.Width {
		c.fail("n_head", "got %d, want a divisor of n_embd %d", s.Heads, s.Width)
	}
	s.FFN = c.intOr("n_inner", 4*s.Width)
	act := ""
	c.get("activation_function", &act)
	switch act {
	case "gelu_new", "gelu_pytorch_tanh":
		s.Activation = models.GELUTanh
	case "gelu":
		s.Activation = models.GELUExact
	default:
		c.fail("activation_function", "got %q, want gelu_new, gelu_pytorch_tanh or gelu", act)
	}
	c.only("scale_attn_weights", "true")
	c.only("scale_attn_by_inverse_layer_idx", "false")
	c.only("add_cross_attention", "false")
	c.ignore("n_ctx", "attn_pdrop", "embd_pdrop", "resid_pdrop", "reorder_and_upcast_attn", "summary_activation",
		"summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj")
	return s
}

func gpt2Config(s models.Spec) map[string]any {
	act := "gelu_new"
	if s.Activation == models.GELUExact {
		act = "gelu"
	}
	return map[string]any{
		"vocab_size": s.Vocab, "n_embd": s.Width, "n_layer": s.Layers, "n_head": s.Heads, "n_positions": s.Context,
		"n_ctx": s.Context, "n_inner": s.FFN, "layer_norm_epsilon": s.Eps, "activation_function": act,
		"tie_word_embeddings": s.Tied, "initializer_range": s.InitStd,
		"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0,
	}
}
