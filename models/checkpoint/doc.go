// Package checkpoint reads and writes models as files. Read it in this order:
//
//	model.go        a model directory: Load, Save
//	config.go       config.json and generation_config.json, kept as they were read
//	shards.go       one safetensors file or several with an index
//	tensors.go      tensors of a safetensors file
//	safetensors.go  its header, which is not trusted
//	dtype.go        element types
//	directory.go    a directory that appears whole or not at all
//	adapter.go      a LoRA adapter in PEFT's form
//	llama2c.go      the .bin files of llama2.c
//
// A directory that Load accepts and Save writes again has equal tensors, names,
// types and config: keys that mean nothing here and files such as tokenizer.json
// are carried along. Errors name the file, and the tensor or key.
package checkpoint
