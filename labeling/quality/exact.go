package quality

import "math"

// Coin is the two-sided p-value of k of n under a fair coin, in [0, 1]; 1 of none:
//
//	p = min(1, 2·P(X ≤ min(k, n-k))),  X ~ Binomial(n, ½)
//
// exactly, as binom.test of R. It needs 0 ≤ k ≤ n.
func Coin(k, n int) float64 {
	k = min(k, n-k)
	term := math.Exp(logChoose(n, k) - float64(n)*math.Ln2)
	tail := 0.
	for ; k >= 0 && term > tail*1e-17; k-- { // the terms fall towards 0
		tail += term
		term *= float64(k) / float64(n-k+1)
	}
	return min(1, 2*tail)
}

// Fisher is the two-sided p-value that two shares, k1 of n1 and k2 of n2, are of one and
// the same chance, in [0, 1]: Fisher's exact test, the sum over the tables with the same
// margins that are no likelier than this one, as fisher.test of R. 1 where nothing can
// differ.
func Fisher(k1, n1, k2, n2 int) float64 {
	k, n := k1+k2, n1+n2
	log := func(x int) float64 { return logChoose(n1, x) + logChoose(n2, k-x) - logChoose(n, k) }
	seen := log(k1) + 1e-7 // R's tolerance for equally likely tables
	p := 0.
	for x := max(0, k-n2); x <= min(k, n1); x++ {
		if l := log(x); l <= seen {
			p += math.Exp(l)
		}
	}
	return min(1, p)
}

// logChoose is the logarithm of n over k.
func logChoose(n, k int) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k)
}

func logFactorial(n int) float64 {
	l, _ := math.Lgamma(float64(n) + 1)
	return l
}
