// Package report draws what a run did as one HTML file that needs no network, reads
// well in light, dark and on paper, and shows any language. Read it in order:
//
//	data.go       what a report is made of
//	figures.go    rows of the log -> one curve per stage and figure
//	chart.go      curves, intervals, calibration -> SVG
//	render.go     all of it -> page.html
//
// Every text that a model or a person wrote is escaped by html/template.
package report
