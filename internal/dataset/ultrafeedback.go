package dataset

import "plumbline/internal/exact"

// ultraFeedback reads openbmb/UltraFeedback: {instruction, completions: [{model, response,
// overall_score}]}. The scores rank the answers; where one is missing nothing is known.
func ultraFeedback(r row) ([]Item, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	var completions []struct {
		Model    string      `json:"model"`
		Response *exact.Text `json:"response"`
		Score    *float64    `json:"overall_score"`
	}
	if err := r.decode("completions", &completions, "a list of {model, response, overall_score}"); err != nil {
		return nil, err
	}
	it := r.item(p, nil, nil)
	var scores []float64
	for i, c := range completions {
		if c.Response == nil {
			return nil, r.errorf("completions", "got no response in [%d], want one", i)
		}
		it.Candidates, it.Sources = append(it.Candidates, string(*c.Response)), append(it.Sources, c.Model)
		if c.Score != nil {
			scores = append(scores, *c.Score)
		}
	}
	if len(scores) == len(completions) {
		it.Known = preferencesOf(ranksOf(scores))
	}
	return []Item{it}, nil
}

// ranksOf ranks by score: 1 is the highest, and equal scores are equal ranks.
func ranksOf(scores []float64) []int {
	ranks := make([]int, len(scores))
	for i, s := range scores {
		ranks[i] = 1
		for _, other := range scores {
			if other > s {
				ranks[i]++
			}
		}
	}
	return ranks
}
