package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"plumbline/internal/bench"
	"plumbline/internal/engine"
	"plumbline/internal/kernel"
)

func newBench(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure how fast this machine trains and decodes",
		Example: "  plumb bench kernel --json\n  plumb bench sft --arch gpt2-124m --batch 4 --length 256 --json",
	}
	cmd.AddCommand(newBenchKernel(a), newBenchSFT(a), newBenchDecode(a))
	return cmd
}

func newBenchKernel(a *app) *cobra.Command {
	var threads int
	cmd := &cobra.Command{
		Use:   "kernel",
		Short: "Measure the kernels and their share of the machine's peak",
		Long: `Measure matrix products, attention and the peak of multiply-adds out of registers, on the
shapes of GPT-2 and small ones. It takes about half a minute.`,
		Example: "  plumb bench kernel --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return threaded(cmd, threads, func(rt *engine.Runtime) error {
				return print(a, kernel.Bench(rt.Team.Size()), printKernels)
			})
		},
	}
	cmd.Flags().IntVar(&threads, "threads", 0, "0 = all cores")
	return cmd
}

func printKernels(w io.Writer, rs []kernel.BenchResult) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KERNEL\tSHAPE\tISA\tGFLOPS\tMEDIAN\tSHARE OF PEAK")
	for _, r := range rs {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.1f\t%.1f\t%.0f %%\n", r.Name, r.Shape, r.ISA, r.GFLOPS, r.Median, 100*r.Share)
	}
	return t.Flush()
}

func newBenchSFT(a *app) *cobra.Command {
	var o bench.TrainOptions
	cmd := &cobra.Command{
		Use:   "sft",
		Short: "Measure training steps of a published architecture",
		Long: `Measure training steps, forward, backward and AdamW, with random weights and tokens. The
operations are those of the model by formula, attention and output matrix included, of
forward and backward; what is computed again is not counted.`,
		Example: "  plumb bench sft --arch gpt2-124m --batch 4 --length 256 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return wrongUse(cmd, err)
			}
			r, err := bench.Train(cmd.Context(), o)
			if err != nil {
				return err
			}
			return print(a, []bench.Speed{r}, printSpeeds)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Arch, "arch", "gpt2-124m", "one of "+strings.Join(bench.Archs(), ", "))
	f.IntVar(&o.Batch, "batch", 4, "sequences per step")
	f.IntVar(&o.Length, "length", 256, "tokens of each")
	f.IntVar(&o.Steps, "steps", 5, "timed steps; one more comes before")
	f.IntVar(&o.Threads, "threads", 0, "0 = all cores")
	f.BoolVar(&o.Checkpoint, "checkpoint", false, "recompute activations: less memory, more time")
	return cmd
}

func newBenchDecode(a *app) *cobra.Command {
	var o bench.DecodeOptions
	cmd := &cobra.Command{
		Use:     "decode",
		Short:   "Measure sampling with a KV cache",
		Long:    "Measure sampling with a KV cache, with random weights and prompts. A step is one token of\nevery sequence.",
		Example: "  plumb bench decode --arch llama-135m --batch 8 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return wrongUse(cmd, err)
			}
			r, err := bench.Decode(cmd.Context(), o)
			if err != nil {
				return err
			}
			return print(a, []bench.Speed{r}, printSpeeds)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Arch, "arch", "gpt2-124m", "one of "+strings.Join(bench.Archs(), ", "))
	f.IntVar(&o.Batch, "batch", 1, "sequences at a time")
	f.IntVar(&o.Prompt, "prompt", 64, "tokens of each prompt")
	f.IntVar(&o.Steps, "steps", 64, "timed steps; two more come before")
	f.IntVar(&o.Threads, "threads", 0, "0 = all cores")
	return cmd
}

func printSpeeds(w io.Writer, rs []bench.Speed) error {
	for _, r := range rs {
		_, err := fmt.Fprintf(w, "%s (%.1f M parameters), %d × %d tokens, %s, %d threads\n%.1f tokens/s, %.3f s per step (best %.3f), %.1f GFLOPS = %.0f %% of the peak of %.1f, %.0f MB, %.0f %% of the processors' time\n",
			r.Arch, float64(r.Params)/1e6, r.Batch, r.Length, r.ISA, r.Threads, r.TokS, r.StepS, r.BestStepS, r.GFLOPS, 100*r.Share, r.Peak, r.PeakRSSMB, 100*r.CPUShare)
		if err != nil {
			return err
		}
	}
	return nil
}
