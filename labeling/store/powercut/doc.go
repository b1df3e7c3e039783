// Package powercut tests that the store keeps its word when the power fails. It has no
// code but its tests. Read them in the order in which a power cut comes about:
//
//	testdata/shim.c   writes down all that a process does to its files, and when it syncs
//	trace_test.go     reads what the shim wrote
//	machine_test.go   runs a process under the shim and kills it; the trace must be complete
//	crowd_test.go     the process: a crowd at work, noting what it asks and what it is told
//	disk_test.go      plays a trace up to a moment; what a disk may hold that loses power then
//	ledger_test.go    plays the notes: what must be stored, and what may be; compare_test.go
//	                  makes every kind of fault by hand
//	survivor_test.go  opens what the disk holds, compares, goes on working, audits
//	powercut_test.go  rounds of kills and power cuts, each from what the one before left
//	control_test.go   disks that lie and settings that sync too little: losses are noticed
//
// # What a disk may hold
//
// Everything that was synced: a file's bytes by a sync of the file, its name by a sync
// of the directory. Of what was written since, anything: nothing, all, what came first, or
// any part of it, torn at 512 bytes or 4 KiB, the rest as it was or overwritten by
// garbage. A name made or removed since may be there or not, whatever became of the file.
// Bytes next to those written stay as they are, which SQLite relies on too
// (https://sqlite.org/psow.html).
package powercut
