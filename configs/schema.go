package configs

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// kind is what a setting holds.
type kind string

const (
	kindBool     kind = "true or false"
	kindInt      kind = "a whole number"
	kindUint     kind = "a whole number, ≥ 0"
	kindFloat    kind = "a number"
	kindString   kind = "text"
	kindDuration kind = "a duration such as 90s or 2h"
	kindList     kind = "a list"
	kindSection  kind = "a section with keys of its own"
)

// schema is a config type as a tree of keys.
type schema struct {
	kind   kind
	typ    reflect.Type
	elem   *schema // of a list
	fields []field // of a section, in the order of the struct
}

// field is one key of a section.
type field struct {
	key    string
	index  []int // reflect.Value.FieldByIndex
	schema *schema
}

var durationType = reflect.TypeFor[time.Duration]()

// newSchema reads a config type. A type that has no place in a run file (a map: Viper
// lower-cases its keys; a channel, ...) is an error of the program, not of its user.
func newSchema(t reflect.Type) (*schema, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &schema{typ: t}
	switch k := t.Kind(); {
	case t == durationType:
		s.kind = kindDuration
	case k == reflect.Bool:
		s.kind = kindBool
	case k >= reflect.Int && k <= reflect.Int64:
		s.kind = kindInt
	case k >= reflect.Uint && k <= reflect.Uint64:
		s.kind = kindUint
	case k == reflect.Float32 || k == reflect.Float64:
		s.kind = kindFloat
	case k == reflect.String:
		s.kind = kindString
	case k == reflect.Slice:
		s.kind = kindList
		var err error
		if s.elem, err = newSchema(t.Elem()); err != nil {
			return nil, err
		}
	case k == reflect.Struct:
		s.kind = kindSection
		return s, s.addFields(t, nil)
	default:
		return nil, fmt.Errorf("configs: schema: got a field of type %s, want a bool, number, string, duration, struct or list", t)
	}
	return s, nil
}

// addFields appends the keys of a struct; an embedded or squashed struct's keys are
// the section's own.
func (s *schema) addFields(t reflect.Type, index []int) error {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int(nil), index...), i)
		key, opts, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		if key == "-" || !f.IsExported() {
			continue
		}
		if opts == "squash" {
			if err := s.addFields(f.Type, at); err != nil {
				return err
			}
			continue
		}
		if key == "" {
			key = strings.ToLower(f.Name)
		}
		sub, err := newSchema(f.Type)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		s.fields = append(s.fields, field{key, at, sub})
	}
	return nil
}

// child is the schema of one key of a section, or nil.
func (s *schema) child(key string) *schema {
	for _, f := range s.fields {
		if f.key == key {
			return f.schema
		}
	}
	return nil
}

// find follows a dotted key, such as ppo.kl_coef, or returns nil.
func (s *schema) find(key string) *schema {
	for part := range strings.SplitSeq(key, ".") {
		if s = s.child(part); s == nil {
			return nil
		}
	}
	return s
}

// keys lists every dotted key below s: sections and settings.
func (s *schema) keys(prefix string) []string {
	var all []string
	for _, f := range s.fields {
		key := join(prefix, f.key)
		all = append(all, key)
		all = append(all, f.schema.keys(key)...)
	}
	return all
}

// join puts a key into a section; the top has no name.
func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}
