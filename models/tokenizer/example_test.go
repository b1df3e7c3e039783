package tokenizer_test

import (
	"fmt"
	"os"
	"slices"

	"plumbline/models/tokenizer"
)

func Example() {
	texts := []string{"the cat sat on the mat. the cat sat.", "猫坐在垫子上。"}
	trained, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{
		VocabSize: 280,
		Specials:  []string{"<|end|>"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "tokenizer")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)                   //nolint:errcheck // a temporary directory
	if err := trained.Save(dir); err != nil { // other programs load it as well
		fmt.Println(err)
		return
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range tok.Encode("the cat sat<|end|>") {
		fmt.Printf("%q ", tok.Token(id))
	}
	fmt.Println(tok.DecodeText(tok.EncodePlain("猫<|end|>")))
	// Output: "the" "Ġcat" "Ġsat" "<|end|>" 猫<|end|>
}
