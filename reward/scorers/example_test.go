package scorers_test

import (
	"context"
	"fmt"

	"plumbline/reward/scorers"
)

func ExampleNew() {
	s, err := scorers.New(
		scorers.Config{Kind: "vader", Weight: 2},
		scorers.Config{Kind: "rules", Weight: 1, Rules: scorers.Rules{MaxWords: 10, EndsSentence: true}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = scorers.Close(s) }()
	scores, err := s.Score(context.Background(), []string{"How was the book?"}, []string{"The book was good."})
	fmt.Printf("%s = %.2f %v\n", s.Name(), scores, err)
	// Output: 2·vader + 1·rules = [1.88] <nil>
}
