package configs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Load returns def overlaid with the run file at path, the PLUMB_* environment and
// sets (KEY=VALUE), the later the stronger. path is a file, the name of a built-in
// one, or "" for none. Everything wrong with them comes back at once as an *Error:
// unknown keys, wrong types, and what Validate of T or of a section below it refuses.
//
// Validate reports faults as "key: got X, want Y", joined by errors.Join; the key may
// be dotted. Load calls it for T and for every section that has one and puts the
// section's name before the key, so T need not call it for its sections.
func Load[T interface{ Validate() error }](path string, def T, sets []string) (T, error) {
	return load(path, def, sets, os.Environ())
}

func load[T interface{ Validate() error }](path string, def T, sets, environ []string) (T, error) {
	var zero T
	s, err := newSchema(reflect.TypeFor[T]())
	if err != nil {
		return zero, err
	}
	b, err := Open(path)
	if err != nil {
		return zero, err
	}
	c := &checker{keys: s.keys(""), places: map[string]string{}}
	merged, err := merge(path, b, sets, environ, s, c)
	if err != nil {
		return zero, err
	}
	cfg := copyFor(reflect.ValueOf(def), s, "", c.places).Interface().(T)
	if len(c.faults) == 0 {
		if err := merged.UnmarshalExact(&cfg); err != nil {
			return zero, fmt.Errorf("configs: %s: %w", path, err)
		}
		c.validate(reflect.ValueOf(cfg), s, "", orDefaults(path))
	}
	if len(c.faults) > 0 {
		return zero, &Error{c.faults}
	}
	return cfg, nil
}

// orDefaults names the source of a setting that no layer set.
func orDefaults(path string) string {
	if path == "" {
		return "defaults"
	}
	return path
}

// merge lays the sources over each other. Faults gather in c.
func merge(path string, file []byte, sets, environ []string, s *schema, c *checker) (*viper.Viper, error) {
	base, fileFaults := fileLayer(shortName(path), file)
	env, envFaults := envLayers(environ, s)
	set, setFaults := setLayers(sets, s)
	c.faults = slices.Concat(fileFaults, envFaults, setFaults)
	v := viper.New()
	for _, l := range slices.Concat([]layer{base}, env, set) {
		if err := v.MergeConfigMap(c.layer(l, s)); err != nil {
			return nil, fmt.Errorf("configs: %s: %w", l.where, err)
		}
	}
	return v, nil
}

// shortName keeps messages short: the path as the user wrote it, without "./".
func shortName(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Clean(path)
}

// copyFor copies the default config so that decoding into it cannot reach def: a
// mentioned list starts empty, a mentioned optional section is its own copy, and an
// optional section that nobody mentions is nil.
func copyFor(v reflect.Value, s *schema, key string, places map[string]string) reflect.Value {
	_, mentioned := places[key]
	if v.Kind() == reflect.Pointer {
		if v.IsNil() || (!mentioned && key != "") {
			return reflect.Zero(v.Type())
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(copyFor(v.Elem(), s, key, places))
		return p
	}
	if s.kind == kindList && mentioned {
		return reflect.Zero(v.Type())
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	for _, f := range s.fields {
		sub := v.FieldByIndex(f.index)
		c.FieldByIndex(f.index).Set(copyFor(sub, f.schema, join(key, f.key), places))
	}
	return c
}

// validate gathers what Validate of each section, and of the elements of lists,
// refuses. A section's own fault and the same one passed on by its parent are one.
func (c *checker) validate(v reflect.Value, s *schema, key, file string) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if ok, is := addressable(v).Interface().(interface{ Validate() error }); is {
		for _, err := range flatten(ok.Validate()) {
			c.refused(err, key, file)
		}
	}
	for _, f := range s.fields {
		c.validate(v.FieldByIndex(f.index), f.schema, join(key, f.key), file)
	}
	if s.kind == kindList {
		for i := range v.Len() {
			c.validate(v.Index(i), s.elem, fmt.Sprintf("%s[%d]", key, i), file)
		}
	}
}

// addressable is a pointer to a copy of v, which has the methods of both receivers.
func addressable(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// refused files one fault of a Validate under its key and the place of that key.
func (c *checker) refused(err error, section, file string) {
	key, text, ok := strings.Cut(err.Error(), ": ")
	if !ok || strings.ContainsAny(key, " \t") {
		key, text = "", err.Error()
	}
	full := strings.TrimSuffix(join(section, key), ".")
	f := Fault{c.whereSet(full, file), full, text}
	if !slices.Contains(c.faults, f) {
		c.faults = append(c.faults, f)
	}
}

// whereSet is the place of a key, or of the section around it, or the file.
func (c *checker) whereSet(key, file string) string {
	for ; key != ""; key = key[:max(0, strings.LastIndexAny(key, ".["))] {
		if where, ok := c.places[key]; ok {
			return where
		}
	}
	return file
}

// flatten lists the errors of errors.Join, however deep.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	return []error{err}
}

// IsFault tells whether err is about the settings, which the user can mend.
func IsFault(err error) bool { return errors.As(err, new(*Error)) }
