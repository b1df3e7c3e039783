// Package dataset reads what people have into what the stages learn from. Read it in
// the order a file moves:
//
//	types.go        Message, Prompt, Example, Comparison: what everything becomes
//	open.go         a path, packed or not -> bytes
//	rows.go         JSON array, JSONL, CSV -> rows that know their file and line;
//	                parquet.go the same of parquet
//	fields.go       one key of a row -> a string, a conversation, a prompt
//	shape.go        which of the known shapes has these keys
//	prompts.go  examples.go  comparisons.go  items.go    the known shapes, one table each;
//	                argilla.go, openassistant.go, ultrafeedback.go read those of others
//	transcript.go   "\n\nHuman: ... \n\nAssistant: ..." -> messages
//	text.go         corpora -> documents
//	order.go        held-out split by prompt, shuffling by (seed, epoch)
//	repetition.go   how much a text says again
//
// A reader is an iterator: it holds one row at a time, and the first fault ends it.
// Every fault names file, line and key; no row is dropped or repaired in silence.
//
//	for p, err := range dataset.Prompts("prompts.jsonl", dataset.Options{}) { ... }
//	all, err := dataset.Collect(dataset.Examples("alpaca.json.gz", dataset.Options{}))
//
// Data written by our own generator, with a known true utility, is in
// [plumbline/internal/dataset/synthetic].
package dataset
