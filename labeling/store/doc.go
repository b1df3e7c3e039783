// Package store keeps projects, work and judgements in one SQLite file. Read it in
// the order a judgement takes:
//
//	open.go       the file: settings, migrations, one writer and a pool of readers;
//	              driver_*.go: SQLite, and what is left without cgo
//	writer.go     group commit: everything waiting goes into one transaction
//	catalogue.go  projects, items, annotators; sides.go says who stands left
//	claim.go      leases
//	submit.go     answers, corrections, skips, drafts
//	chain.go      the log of events, each with the hash of the one before
//	archive.go    reading back; audit.go finds what was tampered with
//
// # Guarantees
//
// An acknowledged judgement is on the disk (WAL, synchronous FULL). An item cannot get
// more judgements than wanted, nor two by one annotator, because each has its row
// before anybody works on it. Judgements are never updated or deleted: triggers refuse
// it, and whoever drops the triggers is found by Audit. Any number of goroutines and
// processes may use a file at the same time.
package store
