package kernel

import "math"

func refLogProb[T float](logprob, entropy, lse, logits []T, targets []int32, rows, v int, invTemp T) {
	for r := range rows {
		x := logits[r*v : (r+1)*v]
		refScale(x, invTemp)
		m := x[refMax(x)]
		var sum, weighted float64
		for _, l := range x {
			e := math.Exp(float64(l - m))
			sum += e
			if e > 0 { // a logit of -Inf adds 0, not NaN
				weighted += e * float64(l-m)
			}
		}
		lse[r] = T(float64(m) + math.Log(sum))
		logprob[r] = T(float64(x[targets[r]]-m) - math.Log(sum))
		if entropy != nil {
			entropy[r] = T(math.Log(sum) - weighted/sum)
		}
	}
}

func refLogProbGrad[T float](logits []T, targets []int32, lse, entropy, dlogprob, dentropy []T, rows, v int, invTemp T) {
	for r := range rows {
		x := logits[r*v : (r+1)*v]
		for i := range x {
			l := x[i] - lse[r]
			p := exp(l)
			d := dlogprob[r]
			if dentropy != nil && p > 0 {
				d += dentropy[r] * (l + entropy[r])
			}
			x[i] = -invTemp * p * d
		}
		x[targets[r]] += invTemp * dlogprob[r]
	}
}

func refArgmax[T float](out []int32, logits []T, rows, v int) {
	for r := range rows {
		out[r] = int32(refMax(logits[r*v : (r+1)*v]))
	}
}

// refMax is the index of the greatest value, the first of equals.
func refMax[T float](x []T) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
