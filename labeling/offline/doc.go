// Package offline lets an annotator judge without a connection. A checkout is a small
// store of their own, with the items leased to them, the task and the guideline, and
// nothing else; what was judged there is handed in later. Read it in this order:
//
//	tag.go       how an item and its candidates in the small store name those they are copies of
//	checkout.go  leases -> a file
//	checkin.go   the file -> judgements, skips and drafts
//
// Handing in is repeatable: every judgement keeps the id it was made under, so that a
// check-in that was cut off, or done twice, stores nothing twice.
package offline
