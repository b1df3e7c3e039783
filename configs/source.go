package configs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Files holds the run files that come with the binary.
//
//go:embed *.yaml
var Files embed.FS

// envPrefix begins the name of every environment variable that is a setting.
const envPrefix = "PLUMB_"

// layer is one source of settings.
type layer struct {
	where string     // "run.yaml"; a line is added where lines is true
	lines bool       // the nodes' lines mean something to the user
	key   string     // where in the config the node belongs; "" is the top
	node  *yaml.Node // nil: nothing
	text  *string    // the value as written, for a setting that is text; nil in a file
}

// at names the place of a node.
func (l layer) at(n *yaml.Node) string {
	if l.lines && n != nil && n.Line > 0 {
		return l.where + ":" + strconv.Itoa(n.Line)
	}
	return l.where
}

// Open reads a run file: from the disk, or, where the disk has none of that name, the
// one that comes with the binary. path "" is an empty file.
func Open(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = Files.ReadFile(filepath.ToSlash(path))
		if err != nil {
			err = fmt.Errorf("no such file; the built-in ones are %s", strings.Join(Names(), ", "))
		}
	}
	if err != nil {
		return nil, &Error{[]Fault{{Where: path, Text: plainCause(err)}}}
	}
	return b, nil
}

// plainCause is an error without the path, which the message names already.
func plainCause(err error) string {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// Names lists the built-in run files.
func Names() []string {
	names, _ := fs.Glob(Files, "*.yaml") // the pattern is well-formed: no error is possible
	return names
}

// yamlLine is how the parser writes a place: "yaml: line 3: did not find ...".
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// offByOne are the messages whose line the parser counts from 0 and leaves out where
// it is 0: those of its grammar. It counts those of its scanner from 1.
var offByOne = regexp.MustCompile(`^did not find expected (key|node content|'|<)`)

// syntaxFault puts the parser's line where every other fault has it.
func syntaxFault(path string, err error) Fault {
	text := yamlLine.ReplaceAllString(err.Error(), "")
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		line, _ = strconv.Atoi(m[1]) // digits by the pattern
		if offByOne.MatchString(text) {
			line++
		}
	}
	return Fault{Where: path + ":" + strconv.Itoa(line), Text: "not YAML: " + text}
}

// fileLayer parses a run file: one YAML document.
func fileLayer(path string, b []byte) (layer, []Fault) {
	l := layer{where: path, lines: true}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc, second yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return l, nil // nothing but comments
	}
	if err == nil {
		if err = dec.Decode(&second); errors.Is(err, io.EOF) {
			l.node = doc.Content[0]
			return l, nil
		}
		if err == nil {
			return l, []Fault{{Where: l.at(&second), Text: "got a second YAML document, want one"}}
		}
	}
	return l, []Fault{syntaxFault(path, err)}
}

// envLayers finds the settings among environment variables written NAME=value.
// PLUMB_PPO_KL_COEF is ppo.kl_coef; a variable that begins like a section but names
// none of its keys is a fault, other PLUMB_ variables are not settings.
func envLayers(environ []string, s *schema) (layers []layer, faults []Fault) {
	keys, names := map[string]string{}, []string{}
	for _, key := range s.keys("") {
		keys[envName(key)] = key
		names = append(names, envName(key))
	}
	environ = slices.Sorted(slices.Values(environ))
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if key, ok := keys[name]; ok {
			layers = append(layers, textLayer(name, key, value))
		} else if inSection(name, s) {
			faults = append(faults, Fault{Where: name, Text: unknownKey(name, names)})
		}
	}
	return layers, faults
}

// envName is the environment variable of a key.
func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// inSection tells whether a variable begins with the name of a top section.
func inSection(name string, s *schema) bool {
	return slices.ContainsFunc(s.fields, func(f field) bool {
		return f.schema.kind == kindSection && strings.HasPrefix(name, envName(f.key)+"_")
	})
}

// setLayers reads --set KEY=VALUE arguments.
func setLayers(sets []string, s *schema) (layers []layer, faults []Fault) {
	for _, set := range sets {
		key, value, ok := strings.Cut(set, "=")
		switch {
		case !ok:
			faults = append(faults, Fault{Where: "--set", Text: fmt.Sprintf("got %q, want KEY=VALUE", set)})
		case s.find(key) == nil:
			faults = append(faults, Fault{"--set", key, unknownKey(key, s.keys(""))})
		default:
			layers = append(layers, textLayer("--set", key, value))
		}
	}
	return layers, faults
}

// textLayer is one setting given as text, a YAML value in one line. What is not YAML
// ("a: b: c", "@x", nothing at all) can still be the text of a setting.
func textLayer(where, key, value string) layer {
	l := layer{where: where, key: key, text: &value}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(value), &doc); err == nil && len(doc.Content) == 1 {
		l.node = doc.Content[0]
	} else {
		l.node = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	}
	return l
}
