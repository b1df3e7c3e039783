package families

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"plumbline/models"
)

// tensor is a row of a family's table; {} is the layer. part is which rows of a
// packed parameter it holds, "transposed" for a whole matrix stored [in, out]. Rows
// whose parameter a spec does not have (a bias, a tied output matrix) do not apply.
type tensor struct{ name, param, part string }

// Layout is how a file spells what its config leaves open.
type Layout struct {
	Bare bool     // names without the family's prefix
	Tied []string // the names under which tied embeddings are stored: that of the embedding, of the output matrix, or both
}

// Entry ties a tensor of a checkpoint to rows of a parameter.
type Entry struct {
	Name       string // in the checkpoint
	Param      string
	Row, Rows  int   // of the parameter; of a vector, elements
	Shape      []int // as stored
	Transposed bool  // stored [in, out]
}

// Entries is the table for a spec, in the order in which transformers lists the
// parameters of the model.
func (f *Family) Entries(s models.Spec, l Layout) []Entry {
	dims := map[string][]int{}
	for _, p := range s.Layout() {
		dims[p.Name] = p.Dims
	}
	var all []Entry
	for _, t := range f.unroll(s.Layers) {
		if d, ok := dims[t.param]; ok {
			all = append(all, newEntry(t, s, d))
		}
	}
	return f.spell(all, s, l)
}

// unroll is the table with the layers filled in.
func (f *Family) unroll(layers int) []tensor {
	all := slices.Clone(f.start)
	for layer := range layers {
		for _, t := range f.block {
			all = append(all, t.at(layer))
		}
	}
	return append(all, f.end...)
}

func (t tensor) at(layer int) tensor {
	n := fmt.Sprint(layer)
	return tensor{strings.ReplaceAll(t.name, "{}", n), strings.ReplaceAll(t.param, "{}", n), t.part}
}

func newEntry(t tensor, s models.Spec, dims []int) Entry {
	e := Entry{Name: t.name, Param: t.param, Rows: dims[0]}
	switch q, kv := s.Heads*s.Head, s.KV*s.Head; t.part {
	case "q":
		e.Rows = q
	case "k":
		e.Row, e.Rows = q, kv
	case "v":
		e.Row, e.Rows = q+kv, kv
	case "gate":
		e.Rows = s.FFN
	case "up":
		e.Row, e.Rows = s.FFN, s.FFN
	case "transposed":
		e.Transposed = true
		e.Shape = []int{dims[1], dims[0]}
		return e
	}
	e.Shape = append([]int{e.Rows}, dims[1:]...)
	return e
}

// spell gives the entries the names that a file uses.
func (f *Family) spell(all []Entry, s models.Spec, l Layout) []Entry {
	if s.Tied && len(l.Tied) > 0 {
		embed := all[0]
		all = all[1:]
		for _, name := range l.Tied {
			embed.Name = name
			if name == f.embedName() {
				all = slices.Insert(all, 0, embed)
			} else {
				all = append(all, embed)
			}
		}
	}
	if l.Bare {
		for i := range all {
			all[i].Name = strings.TrimPrefix(all[i].Name, f.Prefix)
		}
	}
	return all
}

// Detect finds the layout of a file from the names of its tensors.
func (f *Family) Detect(s models.Spec, names []string) Layout {
	l := Layout{Bare: !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, f.Prefix) })}
	if s.Tied {
		for _, name := range []string{f.embedName(), f.headName()} {
			if slices.Contains(names, name) || l.Bare && slices.Contains(names, strings.TrimPrefix(name, f.Prefix)) {
				l.Tied = append(l.Tied, name)
			}
		}
	}
	return l
}

func (f *Family) embedName() string { return f.start[0].name }
func (f *Family) headName() string  { return f.end[len(f.end)-1].name }

// Derived reports whether a tensor follows from the config and is not read.
func (f *Family) Derived(name string, l Layout) bool {
	if l.Bare {
		name = f.Prefix + name
	}
	return slices.ContainsFunc(f.derived, func(pattern string) bool {
		re := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\{\}`, `\d+`)
		return regexp.MustCompile("^" + re + "$").MatchString(name)
	})
}

// Head reports whether a tensor belongs to a scorer's head.
func (f *Family) Head(name string) bool { return slices.Contains(f.heads, name) }

// Modules are the linear layers of the blocks under the names that adapters use.
func (f *Family) Modules(s models.Spec) []models.Module {
	var m []models.Module
	for _, e := range f.Entries(s, Layout{}) {
		if len(e.Shape) == 2 && strings.HasPrefix(e.Param, "block.") {
			m = append(m, models.Module{Name: strings.TrimSuffix(e.Name, ".weight"), Param: e.Param, Row: e.Row, Rows: e.Rows})
		}
	}
	return m
}
