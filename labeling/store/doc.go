// Package store keeps projects, work and judgements in an SQLite file or a PostgreSQL
// database. Read it in the order a judgement takes:
//
//	open.go       a store: writers and a pool of readers, brought up to date by schema.go
//	engine.go     what differs between the databases: sqlite.go and postgres.go
//	writer.go     group commit: everything waiting goes into one transaction
//	known.go      what never changes is read once
//	catalogue.go  projects and their guidelines; items.go what is judged in them
//	roster.go     annotators: roles, status, keys, and the record of each change
//	claim.go      leases; sides.go says who stands left
//	checks.go     the test before the work, gold and hidden repeats within it
//	checkout.go   work to be taken along
//	submit.go     answers, corrections, skips, drafts
//	court.go      disputes and final words; withdraw.go judgements that no longer count
//	chain.go      the log of events, each with the hash of the one before
//	archive.go    reading back; audit.go finds what was tampered with
//	move.go       from one database into the other
//
// # Guarantees
//
// An acknowledged judgement is on the disk (SQLite: WAL, synchronous FULL; PostgreSQL:
// synchronous_commit). An item cannot get
// more judgements than wanted, nor two by one annotator, because each has its row
// before anybody works on it. Judgements are never updated or deleted: triggers refuse
// it, and whoever drops the triggers is found by Audit. Any number of goroutines and
// processes may use a file at the same time, and any number of hosts a database.
//
// # What the log vouches for
//
// Projects, guidelines, items, annotators and their changes, judgements, skips, final
// words, withdrawals and exports: each has an event with a digest of its row. A lease that
// was taken from somebody is an event too. Leases otherwise, drafts, an annotator's
// progress and an item's state are not: they come and go, or follow from the rest.
package store
