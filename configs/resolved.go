package configs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"go.yaml.in/yaml/v3"
)

// Resolved writes a config as a run file that gives the same config again, every
// setting in the order of its type.
func Resolved(cfg any) ([]byte, error) {
	s, err := newSchema(reflect.TypeOf(cfg))
	if err != nil {
		return nil, err
	}
	n, err := node(reflect.ValueOf(cfg), s)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(n)
}

// node is a config as YAML; nil for an optional section that is off.
func node(v reflect.Value, s *schema) (*yaml.Node, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil
		}
		v = v.Elem()
	}
	if s.kind == kindSection {
		return sectionNode(v, s)
	}
	if s.kind == kindList {
		return listNode(v, s)
	}
	n := &yaml.Node{}
	if err := n.Encode(v.Interface()); err != nil {
		return nil, fmt.Errorf("configs: resolved: %w", err)
	}
	return n, nil
}

func sectionNode(v reflect.Value, s *schema) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range s.fields {
		sub, err := node(v.FieldByIndex(f.index), f.schema)
		if err != nil {
			return nil, err
		}
		if sub != nil {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: f.key}, sub)
		}
	}
	return n, nil
}

func listNode(v reflect.Value, s *schema) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range v.Len() {
		sub, err := node(v.Index(i), s.elem)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, sub)
	}
	return n, nil
}

// Tree is a config as nested maps, lists, strings and numbers under its YAML keys,
// as a run directory records it and compares it.
func Tree(cfg any) (map[string]any, error) {
	b, err := Resolved(cfg)
	if err != nil {
		return nil, err
	}
	m := map[string]any{}
	if err := yaml.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("configs: tree: %w", err)
	}
	return m, nil
}

// JSONSchema describes a config's run files (JSON Schema 2020-12) with the values
// of def as defaults, so that an editor can complete and check them.
func JSONSchema(def any) ([]byte, error) {
	s, err := newSchema(reflect.TypeOf(def))
	if err != nil {
		return nil, err
	}
	m := describe(reflect.ValueOf(def), s)
	m["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return json.MarshalIndent(m, "", "  ")
}

// describe is the JSON Schema of one key. v may be invalid: no default.
func describe(v reflect.Value, s *schema) map[string]any {
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	m := map[string]any{}
	switch s.kind {
	case kindSection:
		props := map[string]any{}
		for _, f := range s.fields {
			var sub reflect.Value
			if v.IsValid() {
				sub = v.FieldByIndex(f.index)
			}
			props[f.key] = describe(sub, f.schema)
		}
		m["type"], m["properties"], m["additionalProperties"] = []string{"object", "null"}, props, false
		return m
	case kindList:
		m["type"], m["items"] = "array", describe(reflect.Value{}, s.elem)
		return m
	case kindDuration, kindString:
		m["type"] = "string"
	case kindBool:
		m["type"] = "boolean"
	case kindFloat:
		m["type"] = "number"
	case kindInt, kindUint:
		m["type"] = "integer"
	}
	if s.kind == kindUint {
		m["minimum"] = 0
	}
	if v.IsValid() {
		m["default"] = v.Interface()
		if d, ok := v.Interface().(time.Duration); ok {
			m["default"] = d.String()
		}
	}
	return m
}
