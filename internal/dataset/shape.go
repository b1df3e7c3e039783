package dataset

import (
	"fmt"
	"iter"
	"strings"
)

// Options say how a file is to be read where that is not plain from its name and keys.
type Options struct {
	Format    string `mapstructure:"format"`    // a shape by name; "" takes the first whose keys the first row has
	Key       string `mapstructure:"key"`       // Texts: the key that holds the text; "" is text, else content
	Separator string `mapstructure:"separator"` // Texts of a plain file: what ends a document, see Texts
}

// shape is one way people lay out records of kind T.
type shape[T any] struct {
	name string
	keys []string // all must be there; "a|b" is either
	read func(row) ([]T, error)
}

func (s shape[T]) fits(r row) bool {
	for _, k := range s.keys {
		if r.first(k) == "" {
			return false
		}
	}
	return true
}

func (s shape[T]) String() string { return s.name + " {" + strings.Join(s.keys, ", ") + "}" }

// choose finds the shape called name or, where name is "", the first that fits. The
// error tells what the row has and every shape there is.
func choose[T any](shapes []shape[T], name string, r row) (shape[T], error) {
	var accepted []string
	for _, s := range shapes {
		if s.name == name || (name == "" && s.fits(r)) {
			return s, nil
		}
		accepted = append(accepted, s.String())
	}
	got := fmt.Sprintf("keys {%s}", strings.Join(r.keys(), ", "))
	if name != "" {
		got = fmt.Sprintf("format %q", name)
	}
	return shape[T]{}, fmt.Errorf("dataset: %s:%d: got %s, want one of: %s", r.file, r.line, got, strings.Join(accepted, "; "))
}

// read yields what every row holds; the first row decides on the shape of all.
func read[T any](path, format string, shapes []shape[T]) iter.Seq2[T, error] {
	return interpret(rows(path), format, shapes)
}

func interpret[T any](rows iter.Seq2[row, error], format string, shapes []shape[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var s shape[T]
		var none T
		for r, err := range rows {
			if err == nil && s.read == nil {
				s, err = choose(shapes, format, r)
			}
			var got []T
			if err == nil {
				got, err = s.read(r)
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, v := range got {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// Collect gathers what a reader yields, up to its first error.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
