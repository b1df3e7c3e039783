package main

import (
	"bytes"
	"encoding/json"

	"github.com/spf13/cobra"

	"plumbline/configs"
	"plumbline/internal/run"
)

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Show the settings of a run",
		Example: "  plumb config show run.yaml --set ppo.kl_coef=0.1\n  plumb config schema > plumb.schema.json",
	}
	cmd.AddCommand(newConfigShow(a), newConfigSchema(a))
	return cmd
}

func newConfigShow(a *app) *cobra.Command {
	var sets []string
	cmd := &cobra.Command{
		Use:     "show FILE.yaml",
		Short:   "Check a run file and print every setting as it will be used",
		Example: "  plumb config show quickstart.yaml --set seed=2",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return showConfig(a, args[0], sets)
		},
	}
	cmd.Flags().StringArrayVar(&sets, "set", nil, "override a setting: `KEY=VALUE`; repeatable")
	return cmd
}

func showConfig(a *app, path string, sets []string) error {
	c, err := configs.Load(path, run.DefaultConfig(), sets)
	if err != nil {
		return err
	}
	if a.json {
		tree, err := configs.Tree(c)
		if err != nil {
			return err
		}
		return json.NewEncoder(a.Out).Encode(tree)
	}
	b, err := configs.Resolved(c)
	if err != nil {
		return err
	}
	_, err = a.Out.Write(b)
	return err
}

func newConfigSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of run files",
		Example: "  plumb config schema > plumb.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b, err := configs.JSONSchema(run.DefaultConfig())
			if err != nil {
				return err
			}
			if a.json { // one object a line
				var line bytes.Buffer
				if err := json.Compact(&line, b); err != nil {
					return err
				}
				b = line.Bytes()
			}
			_, err = a.Out.Write(append(b, '\n'))
			return err
		},
	}
}
