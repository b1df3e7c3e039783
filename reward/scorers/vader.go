package scorers

import (
	"strings"
	"sync"

	"github.com/jonreiter/govader"
)

var analyzer = sync.OnceValue(govader.NewSentimentIntensityAnalyzer)

// NewVADER scores the sentiment of an English response: VADER's compound score, in
// [-1, 1]; the prompt does not count. Hutto & Gilbert 2014, ICWSM-14. All white space
// separates words, as in the authors' own program.
func NewVADER() Func {
	return Func{"vader", func(_, response string) float64 {
		return analyzer().PolarityScores(strings.Join(strings.Fields(response), " ")).Compound
	}}
}
