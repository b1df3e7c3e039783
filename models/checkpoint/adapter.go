package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"plumbline/internal/engine"
	"plumbline/models"
)

// The files of an adapter in PEFT's form.
const (
	adapterConfigFile = "adapter_config.json"
	adapterFile       = "adapter_model.safetensors"
)

// peftConfig is the part of adapter_config.json that is used.
type peftConfig struct {
	Type     string          `json:"peft_type"`
	TaskType string          `json:"task_type"`
	Base     string          `json:"base_model_name_or_path"`
	Rank     int             `json:"r"`
	Alpha    float64         `json:"lora_alpha"`
	Targets  json.RawMessage `json:"target_modules"`
	RSLoRA   bool            `json:"use_rslora"`
	Init     any             `json:"init_lora_weights"`
	Bias     string          `json:"bias"`
	FanInOut bool            `json:"fan_in_fan_out"` // the base stores [in, out]; its family knows
}

// peftHarmless are keys whose value changes nothing here; dropout is never applied.
var peftHarmless = strings.Fields(`auto_mapping inference_mode lora_dropout peft_version revision megatron_core qalora_group_size`)

// parseAdapter reads an adapter_config.json. Every key that is not read and not known
// to be harmless must be empty, since each one changes what the adapter computes.
func parseAdapter(text []byte) (models.LoRA, string, error) {
	var c peftConfig
	var raw map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(text, &c), json.Unmarshal(text, &raw)); err != nil {
		return models.LoRA{}, "", fmt.Errorf("%s: %w", adapterConfigFile, err)
	}
	var errs []error
	fail := func(key string, got any, want string) {
		errs = append(errs, fmt.Errorf("%s: %s: got %v, want %s", adapterConfigFile, key, got, want))
	}
	if c.Type != "LORA" {
		fail("peft_type", c.Type, "LORA")
	}
	if c.Bias != "none" && c.Bias != "" {
		fail("bias", c.Bias, "none")
	}
	if s, ok := c.Init.(string); ok && s != "gaussian" {
		fail("init_lora_weights", s, "true, false or gaussian: the others change the base")
	}
	read := jsonKeys(reflect.TypeFor[peftConfig]())
	for key, value := range raw {
		if !slices.Contains(read, key) && !slices.Contains(peftHarmless, key) && !empty(value) {
			fail(key, string(value), "nothing: this program does not compute it")
		}
	}
	l := models.LoRA{Rank: c.Rank, Alpha: c.Alpha, RSLoRA: c.RSLoRA}
	if err := readTargets(c.Targets, &l); err != nil {
		fail("target_modules", err, "a list of names or a regular expression")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return l, c.Base, errors.Join(errs...)
}

// readTargets reads target_modules: a list of names, "all-linear", or a regular
// expression.
func readTargets(text json.RawMessage, l *models.LoRA) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return json.Unmarshal(text, &l.Targets)
	}
	if err := json.Unmarshal(text, &l.Pattern); err != nil {
		return err
	}
	if l.Pattern == models.AllLinear {
		l.Pattern, l.Targets = "", []string{models.AllLinear}
	}
	return nil
}

func jsonKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("json"))
	}
	return keys
}

// empty reports whether a JSON value says nothing.
func empty(v json.RawMessage) bool {
	return slices.Contains([]string{"null", "false", "0", "0.0", `""`, "[]", "{}"}, string(v))
}

// loadAdapter loads the base that an adapter names, relative to the adapter's
// directory or else to the working one, and puts the adapter on it.
func loadAdapter(dir string) (*Model, error) {
	text, err := os.ReadFile(filepath.Join(dir, adapterConfigFile))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load: %w", err)
	}
	l, base, err := parseAdapter(text)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", dir, err)
	}
	if local := filepath.Join(dir, base); !filepath.IsAbs(base) && base != "" && isDir(local) {
		base = local
	}
	if filepath.Clean(base) == filepath.Clean(dir) || base == "" {
		return nil, fmt.Errorf("checkpoint: load %s: %s: base_model_name_or_path: got %q, want the directory of the base", dir, adapterConfigFile, base)
	}
	m, err := loadWhole(base)
	if err != nil {
		return nil, fmt.Errorf("the base of %s: %w", dir, err)
	}
	if err := m.putAdapter(dir, l); err != nil {
		return nil, err
	}
	m.Base, m.adapterConfig = base, text
	return m, nil
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// putAdapter adds adapters and fills them from the file in dir, which must hold
// exactly theirs.
func (m *Model) putAdapter(dir string, l models.LoRA) (err error) {
	path := filepath.Join(dir, adapterFile)
	if err := m.Decoder.AddLoRA(l, 0); err != nil {
		return fmt.Errorf("checkpoint: load %s: %w", dir, err)
	}
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	known := map[string]bool{}
	for _, a := range m.Decoder.Adapters() {
		for _, t := range adapterTensors(a) {
			known[t.name] = true
			i, ok := f.Info(t.name)
			if !ok || !slices.Equal(i.Shape, t.Param.Shape) {
				return fmt.Errorf("checkpoint: load %s: %s: got %v, want %v", path, t.name, i.Shape, t.Param.Shape)
			}
			if err := f.Floats(t.name, t.Data); err != nil {
				return err
			}
			m.dtypes[t.name] = i.DType
			t.Changed()
		}
	}
	for _, t := range f.Tensors {
		if !known[t.Name] {
			return fmt.Errorf("checkpoint: load %s: got tensor %s, want only those of the targets", path, t.Name)
		}
	}
	return nil
}

// adapterTensor is a parameter of an adapter under PEFT's name.
type adapterTensor struct {
	*engine.Param
	name string
}

func adapterTensors(a *models.Adapter) []adapterTensor {
	const prefix = "base_model.model."
	return []adapterTensor{
		{a.A, prefix + a.Module.Name + ".lora_A.weight"},
		{a.B, prefix + a.Module.Name + ".lora_B.weight"},
	}
}

// AdapterNames gives, for each parameter of an adapter, the name under which PEFT
// stores it.
func AdapterNames(d *models.Decoder) map[string]*engine.Param {
	names := map[string]*engine.Param{}
	for _, a := range d.Adapters() {
		for _, t := range adapterTensors(a) {
			names[t.name] = t.Param
		}
	}
	return names
}

// writeAdapter writes the adapters of the decoder and nothing of the base.
func (m *Model) writeAdapter(d *Directory) error {
	config, err := m.adapterJSON(d.path)
	if err != nil {
		return err
	}
	var tensors []Tensor
	for _, a := range m.Decoder.Adapters() {
		for _, t := range adapterTensors(a) {
			tensors = append(tensors, Tensor{Name: t.name, DType: m.dtype(t.name, ""), Shape: t.Param.Shape, Floats: t.Data})
		}
	}
	err = d.Write(adapterFile, func(w io.Writer) error {
		return WriteTensors(w, map[string]string{"format": "pt"}, tensors)
	})
	if err != nil {
		return err
	}
	if err := d.WriteFile(adapterConfigFile, config); err != nil {
		return err
	}
	return m.writeFiles(d)
}

// adapterJSON is the adapter_config.json as it was read, or a new one. The base is
// named relative to the directory, so that the two can move together.
func (m *Model) adapterJSON(dir string) ([]byte, error) {
	l := m.Decoder.LoRA()
	if m.adapterConfig != nil {
		if was, _, err := parseAdapter(m.adapterConfig); err == nil && reflect.DeepEqual(was, l) {
			return m.adapterConfig, nil
		}
	}
	targets := any(l.Targets)
	if l.Pattern != "" {
		targets = l.Pattern
	} else if slices.Equal(l.Targets, []string{models.AllLinear}) {
		targets = models.AllLinear
	}
	list, err := json.Marshal(targets)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", adapterConfigFile, err)
	}
	base := m.Base
	if rel, err := filepath.Rel(dir, base); err == nil {
		base = rel
	}
	text, err := json.MarshalIndent(peftConfig{
		Type: "LORA", TaskType: "CAUSAL_LM", Base: base, Rank: l.Rank, Alpha: l.Alpha, Targets: list, RSLoRA: l.RSLoRA,
		Init: true, Bias: "none", FanInOut: m.transposed(),
	}, "", "  ")
	return append(text, '\n'), err
}

// transposed reports whether the base stores its matrices [in, out].
func (m *Model) transposed() bool {
	for _, e := range m.Entries() {
		if e.Transposed {
			return true
		}
	}
	return false
}
