package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"plumbline/internal/engine"
	"plumbline/internal/run"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
)

// speakOptions are the flags of the verbs that let a model speak.
type speakOptions struct {
	Model, Tokenizer string
	Threads          int
	Seed             uint64
	Stop             []string

	chosen checkpoint.Generation // the sampling flags that were given; nil = as the model says
}

func (o *speakOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.Model, "model", "", "`DIR` of a model or an adapter, or a llama2.c .bin file")
	f.StringVar(&o.Tokenizer, "tokenizer", "", "tokenizer `FILE`; that beside the model by default")
	f.IntVar(&o.Threads, "threads", 0, "0 = all cores; changes no result")
	f.Uint64Var(&o.Seed, "seed", 1, "decides every random number")
	f.StringArrayVar(&o.Stop, "stop", nil, "end an answer before this `TEXT`; repeatable")
	f.Var(integer{&o.chosen.MaxNewTokens}, "max-tokens", "most new tokens; as the model says, else 256")
	f.Var(number{&o.chosen.Temperature}, "temperature", "logits are divided by it; 0 = always the likeliest token")
	f.Var(integer{&o.chosen.TopK}, "top-k", "sample from so many likeliest tokens; 0 = all")
	f.Var(number{&o.chosen.TopP}, "top-p", "sample from the likeliest tokens that together reach this probability")
	f.Var(number{&o.chosen.MinP}, "min-p", "sample from tokens at least this likely, as a share of the likeliest")
	f.Var(number{&o.chosen.RepetitionPenalty}, "repetition-penalty", "> 1 makes tokens that stood before less likely")
	require(cmd, "model")
}

// require makes flags of a verb required.
func require(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // no such flag: a mistake in this program
		}
	}
}

// open loads the model and settles how it samples; batch answers are made at a time.
func (o *speakOptions) open(cmd *cobra.Command, rt *engine.Runtime, batch int) (*run.Speaker, generate.Options, error) {
	if slices.Contains(o.Stop, "") {
		return nil, generate.Options{}, wrongUse(cmd, errors.New("--stop: got an empty text, want some characters"))
	}
	s, err := run.OpenSpeaker(rt, o.Model, o.Tokenizer, batch)
	if err != nil {
		return nil, generate.Options{}, err
	}
	sampling := s.Options(o.chosen)
	sampling.Seed = o.Seed
	if err := sampling.Validate(); err != nil {
		return nil, sampling, wrongUse(cmd, err)
	}
	return s, sampling, nil
}

// threaded checks --threads, then lets f use a team of so many.
func threaded(cmd *cobra.Command, threads int, f func(*engine.Runtime) error) error {
	if threads < 0 {
		return wrongUse(cmd, fmt.Errorf("--threads: got %d, want ≥ 0", threads))
	}
	rt := engine.NewRuntime(threads)
	defer rt.Close()
	return f(rt)
}

// wrongUse is an error about a flag's value, found when the verb's work had begun.
func wrongUse(cmd *cobra.Command, err error) error { return &usageError{err, cmd.CommandPath()} }

// printable writes what a model says to a terminal, which it must not be able to steer:
// of the control characters only line ends and tabs pass.
func printable(w io.Writer, text string) error {
	_, err := io.WriteString(w, strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
	return err
}

// number is a flag that can be absent.
type number struct{ p **float64 }

func (n number) String() string { return "" }
func (n number) Type() string   { return "float" }
func (n number) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	*n.p = &v
	return err
}

// integer is a flag that can be absent.
type integer struct{ p **int }

func (n integer) String() string { return "" }
func (n integer) Type() string   { return "int" }
func (n integer) Set(s string) error {
	v, err := strconv.Atoi(s)
	*n.p = &v
	return err
}
