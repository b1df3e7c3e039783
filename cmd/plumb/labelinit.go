package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// project is what label init prints.
type project struct {
	Path      string           `json:"path"`
	Project   string           `json:"project"`
	Task      string           `json:"task"`
	Overlap   int              `json:"overlap"`
	Ties      bool             `json:"ties"`
	Control   labeling.Control `json:"control"`
	Guideline int              `json:"guideline_version"`
}

func newLabelInit(a *app) *cobra.Command {
	o := initOptions{project: labeling.DefaultProject("")}
	cmd := &cobra.Command{
		Use:   "init STORE",
		Short: "Make a labelling store with a project in it",
		Long: fmt.Sprintf(`Make a labelling store with a project in it. STORE is an SQLite file, or the URL of a
PostgreSQL database: postgres://USER@HOST/DB. Again with the same settings it changes
nothing, with another guideline that becomes its next version.

What is asked about each item is a task: a YAML file, or one that is built in:
%s.

--gold and --repeats are the shares of the items shown whose answer is known, and that the
annotator judged before; annotators cannot tell them from others. --screening 20 has new
annotators judge 20 items with known answers first, of which they must get --pass right.`, strings.Join(labeling.TaskNames(), ", ")),
		Example: `  plumb label init labels.db --project stories --overlap 3 --guideline guideline.txt
  plumb label init labels.db --task llama2-safety --gold 0.05 --repeats 0.03 --screening 20 --pass 15`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := o.complete(args[0], cmd.Flags().Changed)
			if err == nil {
				err = p.Validate()
			}
			if err != nil {
				return initFault(cmd, err)
			}
			return initProject(cmd.Context(), a, args[0], p, o.guideline != "")
		},
	}
	o.flags(cmd)
	return cmd
}

// initFault tells wrong use from a file that cannot be read.
func initFault(cmd *cobra.Command, err error) error {
	if errors.As(err, new(*os.PathError)) {
		return err
	}
	return wrongUse(cmd, err)
}

// initOptions are the flags of label init.
type initOptions struct {
	project         labeling.Project
	task, guideline string
	ties            bool
}

func (o *initOptions) flags(cmd *cobra.Command) {
	f, p := cmd.Flags(), &o.project
	f.StringVar(&p.Name, "project", "", "`NAME` of the project; that of the store by default")
	f.StringVar(&o.task, "task", "pair", "what is asked: `NAME|FILE.yaml`")
	f.IntVar(&p.Overlap, "overlap", p.Overlap, "judgements wanted of each item, each by somebody else")
	f.BoolVar(&o.ties, "ties", false, "\"equally good\" is an answer too, in the task pair")
	f.Float64Var(&p.Control.Gold, "gold", 0, "share of the items shown whose answer is known, 0 to .5")
	f.Float64Var(&p.Control.Repeats, "repeats", 0, "share of the items shown that were judged before, 0 to .5")
	f.IntVar(&p.Control.Screening.Items, "screening", 0, "items of the test before the first work; 0 = none")
	f.IntVar(&p.Control.Screening.Pass, "pass", 0, "of those to get right; three of four by default")
	f.Uint64Var(&p.Seed, "seed", 1, "decides which response is shown where")
	f.StringVar(&o.guideline, "guideline", "", "`FILE` with what annotators are to read; a short text by default")
}

// complete is the project that the flags describe.
func (o *initOptions) complete(store string, given func(string) bool) (labeling.Project, error) {
	p := o.project
	if p.Name == "" {
		p.Name = storeName(store)
	}
	if o.guideline != "" {
		b, err := os.ReadFile(o.guideline)
		if err != nil {
			return p, err
		}
		p.Guideline = string(b)
	}
	if s := &p.Control.Screening; !given("pass") {
		s.Pass = (3*s.Items + 3) / 4
	}
	var err error
	p.Task, err = readTask(o.task)
	if err != nil {
		return p, err
	}
	if o.ties {
		if o.task != "pair" {
			return p, fmt.Errorf("--ties: got it with --task %s, want it with pair alone: a task file says itself where ties are answers", o.task)
		}
		p.Task = labeling.PairTask(true)
	}
	return p, nil
}

// readTask reads a task file, or finds a built-in task.
func readTask(name string) (labeling.Task, error) {
	if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" {
		return labeling.BuiltinTask(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return labeling.Task{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	return labeling.ReadTask(f, name)
}

// storeName is the last part of a path or URL, without its extension.
func storeName(store string) string {
	if u, err := url.Parse(store); err == nil && u.Host != "" {
		store = u.Path
	}
	return strings.TrimSuffix(filepath.Base(store), filepath.Ext(store))
}

// initProject makes the project. Where it is there already, and no other guideline is
// given, it keeps its own.
func initProject(ctx context.Context, a *app, path string, p labeling.Project, guided bool) (err error) {
	s, err := store.Create(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if old, err := s.Project(ctx, p.Name); err == nil && !guided {
		p.Guideline = old.Guideline
	} else if err != nil && !errors.Is(err, labeling.ErrNotFound) {
		return err
	}
	if p, err = s.CreateProject(ctx, p); err != nil {
		return err
	}
	made := project{path, p.Name, p.Task.Name, p.Overlap, p.Task.Questions[0].Ties, p.Control, p.Version}
	return print(a, []project{made}, func(w io.Writer, _ []project) error {
		_, err := fmt.Fprintf(w, "%s: project %s, task %s, %d judgements per item\n", path, p.Name, p.Task.Name, p.Overlap)
		return err
	})
}
