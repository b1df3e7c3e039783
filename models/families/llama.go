package families

import "plumbline/models"

// llama is LLaMA 1 to 3 and everything published in its layout (SmolLM, TinyLlama).
var llama = Family{
	Name:     "llama",
	Causal:   "LlamaForCausalLM",
	Headless: []string{"LlamaForSequenceClassification", "LlamaForTokenClassification", "LlamaModel"},
	Prefix:   "model.",
	spec:     llamaSpec,
	config:   llamaConfig,
	start: []tensor{
		{"model.embed_tokens.weight", "embed", ""},
	},
	block: []tensor{
		{"model.layers.{}.self_attn.q_proj.weight", "block.{}.attn.qkv", "q"},
		{"model.layers.{}.self_attn.q_proj.bias", "block.{}.attn.qkv.bias", "q"},
		{"model.layers.{}.self_attn.k_proj.weight", "block.{}.attn.qkv", "k"},
		{"model.layers.{}.self_attn.k_proj.bias", "block.{}.attn.qkv.bias", "k"},
		{"model.layers.{}.self_attn.v_proj.weight", "block.{}.attn.qkv", "v"},
		{"model.layers.{}.self_attn.v_proj.bias", "block.{}.attn.qkv.bias", "v"},
		{"model.layers.{}.self_attn.o_proj.weight", "block.{}.attn.out", ""},
		{"model.layers.{}.self_attn.o_proj.bias", "block.{}.attn.out.bias", ""},
		{"model.layers.{}.mlp.gate_proj.weight", "block.{}.mlp.up", "gate"},
		{"model.layers.{}.mlp.gate_proj.bias", "block.{}.mlp.up.bias", "gate"},
		{"model.layers.{}.mlp.up_proj.weight", "block.{}.mlp.up", "up"},
		{"model.layers.{}.mlp.up_proj.bias", "block.{}.mlp.up.bias", "up"},
		{"model.layers.{}.mlp.down_proj.weight", "block.{}.mlp.down", ""},
		{"model.layers.{}.mlp.down_proj.bias", "block.{}.mlp.down.bias", ""},
		{"model.layers.{}.input_layernorm.weight", "block.{}.attn.norm", ""},
		{"model.layers.{}.post_attention_layernorm.weight", "block.{}.mlp.norm", ""},
	},
	end: []tensor{
		{"model.norm.weight", "norm", ""},
		{"lm_head.weight", "head", ""},
	},
	derived: []string{"model.layers.{}.self_attn.rotary_emb.inv_freq"},
	heads:   []string{"score.weight", "score.bias"},
}

func llamaSpec(c *config) models.Spec {
	s := models.Spec{
		Vocab: c.int("vocab_size"), Width: c.int("hidden_size"), Layers: c.int("num_hidden_layers"),
		Heads: c.int("num_attention_heads"), FFN: c.int("intermediate_size"), Context: c.int("max_position_embeddings"),
		Norm: models.RMSNorm, Eps: c.float("rms_norm_eps"),
		Position: models.RotaryPositions, Activation: models.SwiGLU,
		MLPBias: c.boolOr("mlp_bias", false), Tied: c.boolOr("tie_word_embeddings", false),
		InitStd: c.floatOr("initializer_range", .02), BOS: c.ids("bos_token_id"), EOS: c.ids("eos_token_id"),
	}
	s.KV = c.intOr("num_key_value_heads", s.Heads)
	s.Head = c.intOr("head_dim", s.Width/max(s.Heads, 1))
	s.QKVBias = c.boolOr("attention_bias", false)
	s.OutBias = s.QKVBias
	s.Rotary = c.rope(s.Head, s.Context)
	if r := s.Rotary.Scaling; r.Kind == models.DynamicScaling && r.Factor < 1e6 {
		s.Context = int(r.Factor * float64(s.Context)) // max_position_embeddings stays at the original there
	}
	c.only("hidden_act", `"silu"`)
	c.only("rope_interleaved", "false")
	c.ignore("pretraining_tp", "is_llama_config") // a split of the same products; a mark
	return s
}

func llamaConfig(s models.Spec) map[string]any {
	c := map[string]any{
		"vocab_size": s.Vocab, "hidden_size": s.Width, "num_hidden_layers": s.Layers, "num_attention_heads": s.Heads,
		"num_key_value_heads": s.KV, "head_dim": s.Head, "intermediate_size": s.FFN, "max_position_embeddings": s.Context,
		"rms_norm_eps": s.Eps, "hidden_act": "silu", "attention_bias": s.QKVBias, "mlp_bias": s.MLPBias,
		"tie_word_embeddings": s.Tied, "initializer_range": s.InitStd,
	}
	if s.Rotary.Scaling.Kind == models.DynamicScaling {
		c["max_position_embeddings"] = s.Rotary.Scaling.Original
	}
	ropeConfig(c, s.Rotary)
	return c
}
