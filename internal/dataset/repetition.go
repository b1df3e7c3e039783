package dataset

// Repetition is the share of word triples that stood there before, in [0, 1): 0 where
// all differ, and of fewer than three words.
func Repetition(words []string) float64 {
	n := len(words) - 2
	if n < 1 {
		return 0
	}
	seen := map[[3]string]bool{}
	for i := range n {
		seen[[3]string(words[i:i+3])] = true
	}
	return float64(n-len(seen)) / float64(n)
}
