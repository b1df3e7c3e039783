// Package tokenizer turns text into token ids and back. Read it in the order a text moves:
//
//	tokenizer.go      the Tokenizer interface; Load and Save
//	bpe.go            BPE: text -> sections -> words -> ids
//	added.go          added tokens ("<|im_end|>") are found before anything else
//	normalize.go      a section is normalised (NFC, U+2581 for a space)
//	split.go          and split into words, mostly by regular expression
//	merge.go          a word's symbols are merged, best pair first
//	decode.go         ids -> text, at once or as they are sampled
//
// Where a tokenizer comes from:
//
//	json.go           Hugging Face tokenizer.json, byte-level or SentencePiece-like BPE
//	config.go         the files beside it: which token begins, ends and pads a text
//	gpt2.go           GPT-2's vocab.json and merges.txt
//	sentencepiece.go  tokenizer.model of type BPE
//	train.go write.go a vocabulary of our own, written as tokenizer.json
//
// Errors name the file and the key: "tokenizer: DIR/tokenizer.json: model.merges[7]:
// got ..., want ...". What would give other ids than the reference does (Unigram, WordPiece,
// an unknown normalizer) is refused by name; nothing is guessed. A loaded tokenizer is
// immutable and may be used by many goroutines.
package tokenizer
