package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/run"
)

type generateOptions struct {
	speakOptions
	Prompt, PromptFile string
	N                  int
	Chat               bool
}

func newGenerate(a *app) *cobra.Command {
	var o generateOptions
	cmd := &cobra.Command{
		Use:   "generate --model DIR --prompt TEXT",
		Short: "Let a model continue a prompt",
		Long: `Continue a prompt. What no flag says is as the model's generation_config.json says;
where that is silent too, the likeliest token is taken always. A temperature, a filter
or --n above 1 asks for sampling. With --json, each answer is an object with its text,
tokens, logprob (their sum, in nats, before filters) and whether it came to an end.`,
		Example: `  plumb generate --model runs/quickstart/ppo/last --prompt "The food was" --temperature 0.8
  plumb generate --model stories260K.bin --prompt-file prompt.txt --n 4 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return threaded(cmd, o.Threads, func(rt *engine.Runtime) error { return o.run(cmd, a, rt) })
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.Prompt, "prompt", "", "`TEXT` to continue")
	cmd.Flags().StringVar(&o.PromptFile, "prompt-file", "", "`FILE` with the text to continue, less a line end at its end; - = standard input")
	cmd.Flags().IntVar(&o.N, "n", 1, "how many answers")
	cmd.Flags().BoolVar(&o.Chat, "chat", false, "the prompt is what a user says: put it through the chat template")
	cmd.MarkFlagsOneRequired("prompt", "prompt-file")
	cmd.MarkFlagsMutuallyExclusive("prompt", "prompt-file")
	return cmd
}

func (o *generateOptions) run(cmd *cobra.Command, a *app, rt *engine.Runtime) error {
	if o.N < 1 {
		return wrongUse(cmd, fmt.Errorf("--n: got %d, want ≥ 1", o.N))
	}
	q, err := o.prompt(a.In)
	if err != nil {
		return err
	}
	if several := o.N > 1; several { // n times the same would be of no use
		o.chosen.Sample = &several
	}
	s, sampling, err := o.open(cmd, rt, o.N)
	if err != nil {
		return err
	}
	if a.OutTerminal && !a.json && o.N == 1 {
		return stream(a.Out, func(hear func(string)) error {
			_, err := s.Answer(cmd.Context(), q, 1, sampling, o.Stop, hear)
			return err
		})
	}
	answers, err := s.Answer(cmd.Context(), q, o.N, sampling, o.Stop, nil)
	if err != nil {
		return err
	}
	return print(a, answers, printAnswers)
}

// prompt is what to continue.
func (o *generateOptions) prompt(stdin io.Reader) (dataset.Prompt, error) {
	text := o.Prompt
	if o.PromptFile != "" {
		b, err := readFileOr(o.PromptFile, stdin)
		if err != nil {
			return dataset.Prompt{}, err
		}
		text = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	}
	if o.Chat {
		return dataset.Prompt{Messages: []dataset.Message{{Role: "user", Content: text}}}, nil
	}
	return dataset.Prompt{Text: text}, nil
}

// readFileOr reads a file, or stdin where the path is "-".
func readFileOr(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

// stream writes what say tells as it comes, and a line end.
func stream(w io.Writer, say func(hear func(string)) error) error {
	var failed error
	err := say(func(piece string) {
		if err := printable(w, piece); failed == nil {
			failed = err
		}
	})
	if failed == nil {
		failed = printable(w, "\n")
	}
	if err != nil {
		return err
	}
	return failed
}

// printAnswers writes answers one after the other, a rule between them.
func printAnswers(w io.Writer, answers []run.Answer) error {
	var texts []string
	for _, x := range answers {
		texts = append(texts, x.Text+"\n")
	}
	_, err := io.WriteString(w, strings.Join(texts, strings.Repeat("-", 40)+"\n"))
	return err
}
