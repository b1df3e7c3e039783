package chat

import (
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// Where gonja 2.9.1 differs from Python in what templates use, this file puts it right:
// x[-1] of a list with one element, s.replace(a, b) without a count, s.split().

// list is a list whose elements are also counted from the end.
type list []any

// GetItem implements exec.ItemGetter.
func (l list) GetItem(key any) (*exec.Value, bool) {
	i, ok := key.(int)
	if i < 0 {
		i += len(l)
	}
	if !ok || i < 0 || i >= len(l) {
		return exec.AsValue(nil), false
	}
	return exec.ToValue(l[i]), true
}

// stringMethods is what Python's str offers, as far as the engine has it.
func stringMethods() *exec.MethodSet[string] {
	methods := map[string]exec.Method[string]{}
	for _, name := range strings.Fields(`capitalize capwords casefold center count encode endswith
		expandtabs find format isalnum isalpha isascii isdecimal isdigit islower isnumeric
		isprintable isspace istitle isupper join ljust lower lstrip partition removeprefix
		removesuffix rfind rjust rpartition rsplit rstrip splitlines startswith strip swapcase
		title upper zfill`) {
		if m, ok := builtins.Methods.Str.Get(name); ok {
			methods[name] = m
		}
	}
	methods["replace"] = replace
	methods["split"] = split
	return exec.NewMethodSet(methods)
}

func replace(s string, _ *exec.Value, args *exec.VarArgs) (any, error) {
	var from, to string
	count := -1
	if err := args.Take(
		exec.PositionalArgument("old", nil, exec.StringArgument(&from)),
		exec.PositionalArgument("new", nil, exec.StringArgument(&to)),
		exec.PositionalArgument("count", exec.AsValue(count), exec.IntArgument(&count)),
	); err != nil {
		return nil, exec.ErrInvalidCall(err)
	}
	return strings.Replace(s, from, to, count), nil
}

func split(s string, _ *exec.Value, args *exec.VarArgs) (any, error) {
	sep, most := "", -1
	if err := args.Take(
		exec.PositionalArgument("sep", exec.AsValue(sep), exec.StringArgument(&sep)),
		exec.PositionalArgument("maxsplit", exec.AsValue(most), exec.IntArgument(&most)),
	); err != nil {
		return nil, exec.ErrInvalidCall(err)
	}
	words := strings.Fields(s)
	switch {
	case sep != "" && most < 0:
		words = strings.Split(s, sep)
	case sep != "":
		words = strings.SplitN(s, sep, most+1)
	}
	out := make(list, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out, nil
}
