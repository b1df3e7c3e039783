package kernel

// LogProbRows scores one target per row of logits[rows,V]. logits are multiplied by
// invTemp, in place, then in nats
//
//	lse = log Σ_v exp(x_v);  logprob = x_target - lse;  entropy = lse - Σ_v p_v·x_v
//
// logprob, lse and, unless nil, entropy are [rows]; targets are in [0,V). The order
// of each sum depends on V only.
func (t *Team) LogProbRows(logprob, entropy, lse, logits []float32, targets []int32, rows, V int, invTemp float32) {
	need("logprob rows", "logprob", len(logprob), rows)
	need("logprob rows", "lse", len(lse), rows)
	checkVocab("logprob rows", logits, targets, entropy, rows, V)
	bd := active.Load()
	t.rows(rows, V, func(lo, hi int) {
		bd.logProb(logprob[lo:hi], part(entropy, lo, hi), lse[lo:hi], logits[lo*V:hi*V], targets[lo:hi], hi-lo, V, invTemp)
	})
}

// LogProbGradRows turns logits, as LogProbRows left them, into the gradient of the
// loss by the logits before scaling, given that by logprob and, unless nil, by entropy:
//
//	p = exp(x - lse)
//	dx_v = invTemp·(dlogprob·([v = target] - p_v) - dentropy·p_v·(x_v - lse + entropy))
func (t *Team) LogProbGradRows(logits []float32, targets []int32, lse, entropy, dlogprob, dentropy []float32, rows, V int, invTemp float32) {
	need("logprob grad rows", "lse", len(lse), rows)
	need("logprob grad rows", "dlogprob", len(dlogprob), rows)
	if dentropy != nil {
		need("logprob grad rows", "dentropy", len(dentropy), rows)
		need("logprob grad rows", "entropy", len(entropy), rows)
	}
	checkVocab("logprob grad rows", logits, targets, entropy, rows, V)
	bd := active.Load()
	t.rows(rows, V, func(lo, hi int) {
		bd.logProbGrad(logits[lo*V:hi*V], targets[lo:hi], lse[lo:hi], part(entropy, lo, hi), dlogprob[lo:hi], part(dentropy, lo, hi), hi-lo, V, invTemp)
	})
}

// Argmax is the index of each row's greatest logit, the first of equals.
func (t *Team) Argmax(out []int32, logits []float32, rows, V int) {
	need("argmax", "out", len(out), rows)
	need("argmax", "logits", len(logits), rows*V)
	bd := active.Load()
	t.rows(rows, V, func(lo, hi int) { bd.argmax(out[lo:hi], logits[lo*V:hi*V], hi-lo, V) })
}

func checkVocab(op string, logits []float32, targets []int32, entropy []float32, rows, V int) {
	need(op, "logits", len(logits), rows*V)
	need(op, "targets", len(targets), rows)
	inRange(op, targets[:rows], V)
	if entropy != nil {
		need(op, "entropy", len(entropy), rows)
	}
}
