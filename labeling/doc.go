// Package labeling turns candidate responses into human preferences. Read it in
// the order a preference comes about:
//
//	task.go       the questions asked about an item; tasks/ has those built in
//	project.go    a task, its guideline, how many answers per item, how annotators are checked
//	item.go       a prompt and the candidate responses to it
//	import.go     items into a project; import_lines.go, import_expected.go: from JSON lines
//	answer.go     what one annotator decided, in candidate ids
//	judgement.go  who said so, when, and what became of it
//	store.go      the Store interface: who may judge what, and what was judged
//	compare.go    all answers to an item -> one Comparison to train on
//	export.go     judgements -> files, recorded with their hashes; export_lines.go: their lines,
//	              export_split.go: into parts by prompt, export_origin.go: what stands beside them
//
// The packages below it: store keeps everything in SQLite or PostgreSQL; screen and tui
// show an item to a person, serve over SSH; offline lends items out; quality measures, and
// manage shows a manager what it found; simulate answers with a known skill.
//
// An answer never says "left" or "right": it names a candidate, and which candidate
// stood where is kept beside it, so that a side bias can be measured and undone.
package labeling
