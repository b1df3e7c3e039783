//go:build long

package powercut

// Ten databases with six crowds each: 60 kills, 6,000 power cuts.
const (
	databases   = 10
	generations = 6
	cuts        = 100
)
