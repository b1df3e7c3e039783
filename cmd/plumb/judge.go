package main

import (
	"context"
	"errors"
	"os"
	"os/user"

	"plumbline/labeling"
	"plumbline/labeling/tui"
)

// screenFunc is tui.Open, or what a test puts in its place.
type screenFunc func(ctx context.Context, s labeling.Store, annotator string, o tui.Options) (tui.Result, error)

// canJudge tells whether somebody sits at a terminal that a screen can be opened in.
func (a *app) canJudge() bool { return a.InTerminal && a.OutTerminal && a.Screen != nil }

// judge lets the person at this terminal judge pairs until they quit or none is left.
func (a *app) judge(ctx context.Context, s labeling.Store, project string) error {
	name, err := handle("")
	if err != nil {
		return err
	}
	o := tui.DefaultOptions(os.Getenv)
	o.Project = project
	_, err = a.Screen(ctx, s, name, o)
	return err
}

// handle is the name that a person's judgements are kept under: that given, else the
// user's.
func handle(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if name := os.Getenv("USER"); name != "" {
		return name, nil
	}
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "", errors.Join(errors.New("who judges is not known: set USER or --annotator"), err)
	}
	return u.Username, nil
}
