package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"

	"plumbline/internal/dataset"
)

// generation matches the tags with which a template marks what the model says.
var generation = regexp.MustCompile(`\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}`)

func (t *Template) parse() (compiled *exec.Template, err error) {
	defer recovered(&err)
	source := generation.ReplaceAllStringFunc(t.source, func(tag string) string {
		m := generation.FindStringSubmatch(tag)
		if m[2] == "end" {
			return "{%" + m[1] + " endif " + m[3] + "%}"
		}
		return "{%" + m[1] + " if true " + m[3] + "%}"
	})
	// The loader knows this one name: a template reads no other file.
	loader, err := loaders.NewMemoryLoader(map[string]string{"/template": source})
	if err != nil {
		return nil, err
	}
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true
	env, err := t.environment()
	if err != nil {
		return nil, err
	}
	compiled, err = exec.NewTemplate("/template", c, loader, env)
	return compiled, innermost(err)
}

func (t *Template) environment() (*exec.Environment, error) {
	filters := exec.NewFilterSet(map[string]exec.FilterFunction{}).Update(builtins.Filters)
	if err := filters.Replace("tojson", toJSON); err != nil {
		return nil, err
	}
	globals := exec.EmptyContext().Update(builtins.GlobalFunctions).Update(builtins.GlobalVariables)
	globals.Set("raise_exception", func(_ *exec.Evaluator, args *exec.VarArgs) *exec.Value {
		return exec.AsValue(errors.New(args.First().String()))
	})
	globals.Set("strftime_now", func(_ *exec.Evaluator, args *exec.VarArgs) *exec.Value {
		s, err := strftime(t.Now, args.First().String())
		if err != nil {
			return exec.AsValue(err)
		}
		return exec.AsValue(s)
	})
	methods := builtins.Methods
	methods.Str = stringMethods()
	return &exec.Environment{
		Context: globals, Filters: filters, Tests: builtins.Tests,
		ControlStructures: builtins.ControlStructures, Methods: methods,
	}, nil
}

// Render is the text of a conversation, with the beginning of an answer if prompt.
func (t *Template) Render(messages []dataset.Message, prompt bool) (string, error) {
	text, err := t.render(messages, prompt)
	if err != nil {
		return "", fmt.Errorf("chat: render: %w", err)
	}
	return text, nil
}

func (t *Template) render(messages []dataset.Message, prompt bool) (text string, err error) {
	defer recovered(&err)
	turns := make(list, len(messages))
	for i, m := range messages {
		turns[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	data := map[string]any{
		"messages":              turns,
		"add_generation_prompt": prompt,
		"tools":                 nil, // the reference defines them in any case
		"documents":             nil,
	}
	sp := t.tok.Specials()
	for name, id := range map[string]int32{"bos_token": sp.BOS, "eos_token": sp.EOS, "pad_token": sp.PAD, "unk_token": sp.UNK} {
		if id >= 0 {
			data[name] = t.tok.Token(id)
		}
	}
	text, err = t.compiled.ExecuteToString(exec.NewContext(data))
	return text, innermost(err)
}

// recovered makes an error of a panic: the Jinja engine has some on templates that are
// not well-formed.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("template: %v", r)
	}
}

// innermost drops the engine's wrapping, which repeats the whole template.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// toJSON is json.dumps(x, ensure_ascii=False, indent=indent) of Python, which the
// reference has for tojson; object keys are in alphabetical order.
func toJSON(_ *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if indent := params.GetKeywordArgument("indent", nil); indent.IsInteger() {
		e.SetIndent("", strings.Repeat(" ", max(0, indent.Integer())))
		if err := e.Encode(in.ToGoSimpleType(false)); err != nil {
			return exec.AsValue(err)
		}
		return exec.AsSafeValue(strings.TrimSuffix(b.String(), "\n"))
	}
	if err := e.Encode(in.ToGoSimpleType(false)); err != nil {
		return exec.AsValue(err)
	}
	return exec.AsSafeValue(spaced(b.Bytes()))
}

// spaced puts the space that Python has after "," and ":" outside strings.
func spaced(raw []byte) string {
	var b strings.Builder
	inString := false
	for i, c := range bytes.TrimSuffix(raw, []byte("\n")) {
		b.WriteByte(c)
		switch {
		case c == '"' && !escaped(raw[:i]):
			inString = !inString
		case !inString && (c == ',' || c == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// escaped says whether an odd number of backslashes ends raw.
func escaped(raw []byte) bool {
	return (len(raw)-len(bytes.TrimRight(raw, `\`)))%2 == 1
}

// strftime knows the directives that dates in prompts are made of.
func strftime(now time.Time, format string) (string, error) {
	layouts := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'b': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday",
		'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'j': "002", 'Z': "MST", 'z': "-0700",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch {
		case i < len(format) && format[i] == '%':
			b.WriteByte('%')
		case i < len(format) && layouts[format[i]] != "":
			b.WriteString(now.Format(layouts[format[i]]))
		default:
			return "", fmt.Errorf("strftime_now: got %q, want directives %%Y %%m %%d %%b and the like", format)
		}
	}
	return b.String(), nil
}
