// Package store keeps projects, work and judgements in one SQLite file. Read it in
// the order a judgement takes:
//
//	open.go       the file: settings, migrations, one writer and a pool of readers;
//	              driver_*.go: SQLite, and what is left without cgo
//	writer.go     group commit: everything waiting goes into one transaction
//	catalogue.go  projects and their guidelines; items.go what is judged in them
//	roster.go     annotators: roles, status, keys, and the record of each change
//	claim.go      leases; sides.go says who stands left
//	checks.go     the test before the work, gold and hidden repeats within it
//	checkout.go   work to be taken along
//	submit.go     answers, corrections, skips, drafts
//	court.go      disputes and final words; withdraw.go judgements that no longer count
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
//
// # What the log vouches for
//
// Projects, guidelines, items, annotators and their changes, judgements, skips, final
// words, withdrawals and exports: each has an event with a digest of its row. A lease that
// was taken from somebody is an event too. Leases otherwise, drafts, an annotator's
// progress and an item's state are not: they come and go, or follow from the rest.
package store
