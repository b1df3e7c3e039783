package configs

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// checker turns YAML nodes into plain values of the right types and keeps every
// fault and the place of every key it met.
type checker struct {
	keys   []string          // all there are, for suggestions
	places map[string]string // dotted key -> where it was set last
	faults []Fault
}

// fault reports something wrong with the node of a key.
func (c *checker) fault(l layer, n *yaml.Node, key, text string) {
	c.faults = append(c.faults, Fault{l.at(n), key, text})
}

// layer checks one source and returns its settings as nested maps.
func (c *checker) layer(l layer, top *schema) map[string]any {
	if l.node == nil {
		return nil
	}
	s := top
	if l.key != "" {
		s = top.find(l.key)
	}
	v := c.value(l, l.node, s, l.key)
	if v == nil {
		return nil
	}
	parts := strings.Split(l.key, ".")
	for i := len(parts) - 1; i >= 0 && parts[i] != ""; i-- {
		key := strings.Join(parts[:i+1], ".")
		if _, ok := c.places[key]; !ok || key == l.key {
			c.place(l, nil, key)
		}
		v = map[string]any{parts[i]: v}
	}
	m, _ := v.(map[string]any) // a fault was reported where it is not a section
	return m
}

// place remembers where a key was set.
func (c *checker) place(l layer, n *yaml.Node, key string) {
	if key != "" {
		c.places[key] = l.at(n)
	}
}

// value checks a node against what its key holds; nil after a fault.
func (c *checker) value(l layer, n *yaml.Node, s *schema, key string) any {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if s.kind == kindSection {
		return c.section(l, n, s, key)
	}
	if s.kind == kindList {
		return c.list(l, n, s, key)
	}
	v, err := scalar(n, l.text, s)
	if err != nil {
		c.fault(l, n, key, err.Error())
		return nil
	}
	return v
}

// section checks a mapping: each key known, none twice. Nothing at all ("ppo:" with
// every line below it commented out) is an empty section.
func (c *checker) section(l layer, n *yaml.Node, s *schema, key string) any {
	m := map[string]any{}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return m
	}
	if n.Kind != yaml.MappingNode {
		c.fault(l, n, key, wrongType(shown(n), s.kind))
		return nil
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		full := join(key, name.Value)
		sub := s.child(name.Value)
		switch {
		case sub == nil:
			c.fault(l, name, full, unknownKey(full, c.keys))
			continue
		case seen[name.Value] > 0:
			c.fault(l, name, full, fmt.Sprintf("set twice; first in line %d", seen[name.Value]))
			continue
		}
		seen[name.Value] = name.Line
		c.place(l, name, full)
		if v := c.value(l, value, sub, full); v != nil {
			m[name.Value] = v
		}
	}
	return m
}

// list checks a sequence, element by element: key[0], key[1], ...
func (c *checker) list(l layer, n *yaml.Node, s *schema, key string) any {
	if n.Kind != yaml.SequenceNode {
		c.fault(l, n, key, wrongType(shown(n), s.kind))
		return nil
	}
	all := make([]any, 0, len(n.Content))
	l.text = nil // the text of a list is not the text of its elements
	for i, e := range n.Content {
		at := fmt.Sprintf("%s[%d]", key, i)
		c.place(l, e, at)
		all = append(all, c.value(l, e, s.elem, at))
	}
	return all
}

// scalar converts one value and refuses every lossy conversion: 2.7 or "4" for a
// whole number, yes for a bool, 300 for eight bits. text is the value as written.
func scalar(n *yaml.Node, text *string, s *schema) (any, error) {
	if s.kind == kindString && text != nil {
		return *text, nil
	}
	wrong := wrongType(shown(n), s.kind)
	if n.Kind != yaml.ScalarNode {
		return nil, errors.New(wrong)
	}
	switch {
	case s.kind == kindString && n.Tag == "!!str":
		return n.Value, nil
	case s.kind == kindString && n.Tag != "!!null":
		return nil, fmt.Errorf("%s; put it in quotes", wrong)
	case s.kind == kindBool && n.Tag == "!!bool":
		return n.Value[0]|0x20 == 't', nil
	case s.kind == kindDuration && n.Tag == "!!str":
		if d, err := time.ParseDuration(n.Value); err == nil {
			return d, nil
		}
	case s.kind == kindInt && n.Tag == "!!int":
		var v int64
		if n.Decode(&v) == nil && !reflect.Zero(s.typ).OverflowInt(v) {
			return v, nil
		}
		return nil, fmt.Errorf("%s of %d bits", wrong, s.typ.Bits())
	case s.kind == kindUint && n.Tag == "!!int":
		var v uint64
		if n.Decode(&v) == nil && !reflect.Zero(s.typ).OverflowUint(v) {
			return v, nil
		}
		return nil, fmt.Errorf("%s, of %d bits", wrong, s.typ.Bits())
	case s.kind == kindFloat && (n.Tag == "!!float" || n.Tag == "!!int"):
		var v float64
		if n.Decode(&v) == nil && !(s.typ.Bits() == 32 && math.Abs(v) > math.MaxFloat32 && !math.IsInf(v, 0)) {
			return v, nil
		}
	}
	return nil, errors.New(wrong)
}

// shown is a node as a message quotes it.
func shown(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a section"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case n.Tag == "!!str":
		return strconv.Quote(n.Value)
	}
	return n.Value
}
