package quality

// Cohen is Cohen's kappa of two annotators, in [-1, 1]; table[i][j] counts the items that
// the first put in class i and the second in class j, or is what is expected of that:
//
//	κ = (p_o - p_e) / (1 - p_e),  p_o = Σ p_ii,  p_e = Σ p_i·p_j  (margins of class i)
//
// ok is false where it is undefined: no items, or all in one class of both. Cohen 1960,
// Educ. Psychol. Meas. 20:37.
func Cohen[T int | float64](table [][]T) (kappa float64, ok bool) {
	rows, columns := make([]float64, len(table)), make([]float64, len(table))
	var n, same, chance float64
	for i, row := range table {
		for j, k := range row {
			rows[i] += float64(k)
			columns[j] += float64(k)
		}
		n += rows[i]
		same += float64(row[i])
	}
	for i := range table {
		chance += rows[i] * columns[i]
	}
	return chanceCorrected(same/n, chance/n/n)
}

// Fleiss is Fleiss' kappa of n ≥ 2 annotators per item, in [-1, 1]; counts[i][j] of them
// put item i in class j. Items with other than n answers do not count:
//
//	κ = (P - P_e) / (1 - P_e)
//	P   = mean over items of Σ_j n_ij·(n_ij - 1) / n(n - 1)
//	P_e = Σ_j (share of class j)²
//
// ok is false where it is undefined: no such items, or one class. Fleiss 1971, Psychol.
// Bull. 76:378.
func Fleiss(counts [][]int, n int) (kappa float64, ok bool) {
	var class []int
	items, same := 0, 0
	for _, row := range counts {
		if sum(row) != n {
			continue
		}
		items++
		for len(class) < len(row) {
			class = append(class, 0)
		}
		for j, k := range row {
			class[j] += k
			same += k * (k - 1)
		}
	}
	if items == 0 {
		return 0, false
	}
	total := float64(items * n)
	var chance float64
	for _, k := range class {
		chance += float64(k) / total * float64(k) / total
	}
	return chanceCorrected(float64(same)/(total*float64(n-1)), chance)
}

func chanceCorrected(observed, chance float64) (kappa float64, ok bool) {
	if !(chance < 1-1e-9) { // one class alone, or nothing (NaN)
		return 0, false
	}
	return (observed - chance) / (1 - chance), true
}

func sum[T int | float64](v []T) (n T) {
	for _, x := range v {
		n += x
	}
	return n
}
