package scorers

import "plumbline/internal/dataset/synthetic"

// NewUtility scores the true utility of the quickstart's texts, in [-3, 3]: see
// [synthetic.Parts].
func NewUtility() Func { return Func{"utility", synthetic.Utility} }
