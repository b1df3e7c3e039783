package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/models"
	"plumbline/models/families"
)

// Model is a decoder with everything that its directory holds.
type Model struct {
	Decoder    *models.Decoder
	Family     *families.Family
	Config     []byte            // config.json as it was read
	Generation []byte            // generation_config.json as it was read; nil if there is none
	Files      map[string][]byte // tokenizer.json and other small files, carried along
	Extra      []Tensor          // tensors of a scorer's head
	Base       string            // where the weights came from, without adapters; an adapter is saved with a reference to it

	metadata      map[string]string
	layout        families.Layout
	dtypes        map[string]DType // by tensor, as loaded
	adapterConfig []byte           // adapter_config.json as it was read
}

// New is a model that comes from no file: initial weights and a config.json of its
// own.
func New(spec models.Spec, seed uint64) (*Model, error) {
	f, err := families.Named(spec.Family)
	if err != nil {
		return nil, err
	}
	d, err := models.New(spec, seed)
	if err != nil {
		return nil, err
	}
	return newModel(f, d)
}

func newModel(f *families.Family, d *models.Decoder) (*Model, error) {
	config, err := f.Config(d.Spec)
	if err != nil {
		return nil, err
	}
	generation, err := json.MarshalIndent(Generation{BOS: d.Spec.BOS, EOS: d.Spec.EOS}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("checkpoint: generation_config.json: %w", err)
	}
	d.Modules = f.Modules(d.Spec)
	return &Model{
		Decoder: d, Family: f, Config: config, Generation: append(generation, '\n'), Files: map[string][]byte{},
		metadata: map[string]string{"format": "pt"}, dtypes: map[string]DType{},
	}, nil
}

// Load reads a model: a directory with config.json and safetensors, a directory with
// a LoRA adapter (whose base is loaded too), or a llama2.c .bin file. Tensors that
// are missing, left over or of another shape, and settings that this program does
// not compute, are errors that name them.
func Load(path string) (*Model, error) {
	if _, err := os.Stat(filepath.Join(path, adapterConfigFile)); err == nil {
		return loadAdapter(path)
	}
	return loadWhole(path)
}

// loadWhole is Load for a model that is no adapter.
func loadWhole(path string) (*Model, error) {
	if strings.HasSuffix(path, ".bin") {
		return loadLlama2c(path)
	}
	if st, err := os.Stat(path); err == nil && !st.IsDir() {
		return nil, fmt.Errorf("checkpoint: load %s: got a file, want a directory with config.json or a llama2.c .bin file", path)
	}
	config, err := os.ReadFile(filepath.Join(path, "config.json"))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load: %w", err)
	}
	f, spec, err := families.Parse(config)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", path, err)
	}
	m := &Model{Family: f, Config: config, Base: path}
	if err := m.loadFiles(path); err != nil {
		return nil, err
	}
	w, err := openWeights(path)
	if err != nil {
		return nil, err
	}
	err = m.loadWeights(w, spec)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", path, err)
	}
	return m, nil
}

// carried are the files that belong to a model beside its weights and config.
var carried = []string{
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
	"vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json",
}

// maxCarried is the size in bytes beyond which a file beside the weights is refused.
const maxCarried = 1 << 28

func (m *Model) loadFiles(dir string) error {
	m.Files = map[string][]byte{}
	for _, name := range append([]string{"generation_config.json"}, carried...) {
		path := filepath.Join(dir, name)
		st, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil && st.Size() > maxCarried {
			err = fmt.Errorf("%s: got %d bytes, want ≤ %d", path, st.Size(), maxCarried)
		}
		if err != nil {
			return fmt.Errorf("checkpoint: load: %w", err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("checkpoint: load: %w", err)
		}
		m.Files[name] = text
	}
	m.Generation = m.Files["generation_config.json"]
	delete(m.Files, "generation_config.json")
	_, err := ParseGeneration(m.Generation)
	return err
}

// loadWeights checks every tensor against the family's table before it makes room
// for any, so a config that claims too much costs nothing.
func (m *Model) loadWeights(w *weights, spec models.Spec) error {
	m.layout = m.Family.Detect(spec, w.names())
	entries := m.Family.Entries(spec, m.layout)
	if err := m.check(w, entries); err != nil {
		return err
	}
	d, err := models.Blank(spec)
	if err != nil {
		return err
	}
	m.dtypes = map[string]DType{}
	filled := map[string]string{}
	for _, e := range entries {
		info, _ := w.files[e.Name].Info(e.Name)
		m.dtypes[e.Name] = info.DType
		if err := fill(w.files[e.Name], e, d, filled); err != nil {
			return err
		}
	}
	for _, p := range d.Params() {
		p.Changed()
	}
	d.Modules = m.Family.Modules(spec)
	m.Decoder = d
	m.metadata = w.open[0].Metadata
	return m.loadExtra(w)
}

// check compares the tensors of the files with the table.
func (m *Model) check(w *weights, entries []families.Entry) error {
	var errs []error
	known := map[string]bool{}
	for _, e := range entries {
		known[e.Name] = true
		f := w.files[e.Name]
		if f == nil {
			errs = append(errs, fmt.Errorf("got no tensor %s, want one of %v", e.Name, e.Shape))
			continue
		}
		if i, _ := f.Info(e.Name); !i.DType.Float() || !slices.Equal(i.Shape, e.Shape) {
			errs = append(errs, fmt.Errorf("%s: got %s %v, want real numbers %v", e.Name, i.DType, i.Shape, e.Shape))
		}
	}
	for _, name := range w.names() {
		if !known[name] && !m.Family.Derived(name, m.layout) && !m.Family.Head(name) {
			errs = append(errs, fmt.Errorf("got tensor %s, want none of that name in a %s of this config", name, m.Family.Name))
		}
	}
	return errors.Join(errs...)
}

// fill reads a tensor into the rows of its parameter. Tied embeddings that a file
// stores under two names must be equal.
func fill(f *File, e families.Entry, d *models.Decoder, filled map[string]string) error {
	dst := part(e, d)
	key := fmt.Sprintf("%s/%d", e.Param, e.Row)
	if first, again := filled[key]; again {
		other := make([]float32, len(dst))
		if err := f.Floats(e.Name, other); err != nil {
			return err
		}
		if !slices.Equal(dst, other) {
			return fmt.Errorf("%s: got other values than %s, want equal ones: the config ties them", e.Name, first)
		}
		return nil
	}
	filled[key] = e.Name
	if !e.Transposed {
		return f.Floats(e.Name, dst)
	}
	stored := make([]float32, len(dst))
	if err := f.Floats(e.Name, stored); err != nil {
		return err
	}
	transpose(dst, stored, e.Shape[0], e.Shape[1])
	return nil
}

// part is the rows of the parameter that an entry stands for.
func part(e families.Entry, d *models.Decoder) []float32 {
	p := d.Param(e.Param)
	in := p.Size() / p.Shape[0]
	return p.Data[e.Row*in : (e.Row+e.Rows)*in]
}

// transpose writes src [rows, cols] as dst [cols, rows].
func transpose(dst, src []float32, rows, cols int) {
	for r := range rows {
		for c := range cols {
			dst[c*rows+r] = src[r*cols+c]
		}
	}
}

func (m *Model) loadExtra(w *weights) error {
	for _, name := range w.names() {
		if m.Family.Head(name) {
			t, err := w.files[name].Tensor(name)
			if err != nil {
				return err
			}
			m.Extra = append(m.Extra, t)
			m.dtypes[name] = t.DType
		}
	}
	return nil
}

// Entries is the table that ties the model's tensors to its decoder's parameters.
func (m *Model) Entries() []families.Entry { return m.Family.Entries(m.Decoder.Spec, m.layout) }

// Stored gives values of the shape of a parameter (the parameter itself, a gradient)
// as a checkpoint stores the part that e stands for.
func Stored(e families.Entry, param []float32, paramRows int) []float32 {
	in := len(param) / paramRows
	rows := param[e.Row*in : (e.Row+e.Rows)*in]
	if !e.Transposed {
		return rows
	}
	t := make([]float32, len(rows))
	transpose(t, rows, e.Rows, in)
	return t
}

// SaveOptions change how a model is written.
type SaveOptions struct {
	DType    DType // of all weights; "" keeps what each was loaded as, F32 where it was not
	MaxShard int64 // bytes of a weight file, 0 for DefaultShard
	Create   Creator
}

// Save writes the model to a directory that appears whole or not at all and that
// other programs load as it is. A decoder with adapters is written as a PEFT
// adapter; merge first to get a whole model.
func (m *Model) Save(path string, o SaveOptions) error {
	d, err := Create(path, o.Create)
	if err != nil {
		return err
	}
	if err := m.Write(d, o); err != nil {
		return errors.Join(err, d.Abort())
	}
	return d.Commit()
}

// Write adds the model's files to a directory being written.
func (m *Model) Write(d *Directory, o SaveOptions) error {
	if len(m.Decoder.Adapters()) > 0 {
		return m.writeAdapter(d)
	}
	config := m.Config
	if o.DType != "" {
		if !o.DType.Float() {
			return fmt.Errorf("checkpoint: save: got dtype %q, want F32, BF16 or F16", o.DType)
		}
		var err error
		if config, err = withDType(config, o.DType); err != nil {
			return err
		}
	}
	if err := writeWeights(d, m.metadata, m.tensors(o.DType), o.MaxShard); err != nil {
		return err
	}
	if err := d.WriteFile("config.json", config); err != nil {
		return err
	}
	return m.writeFiles(d)
}

func (m *Model) writeFiles(d *Directory) error {
	if m.Generation != nil {
		if err := d.WriteFile("generation_config.json", m.Generation); err != nil {
			return err
		}
	}
	for name, text := range m.Files {
		if err := d.WriteFile(name, text); err != nil {
			return err
		}
	}
	return nil
}

// tensors are the model's tensors as its family stores them.
func (m *Model) tensors(as DType) []Tensor {
	var all []Tensor
	for _, e := range m.Entries() {
		t := Tensor{Name: e.Name, DType: m.dtype(e.Name, as), Shape: e.Shape}
		t.lazy = func() []float32 {
			p := m.Decoder.Param(e.Param)
			return Stored(e, p.Data, p.Shape[0])
		}
		all = append(all, t)
	}
	for _, t := range m.Extra {
		t.DType = m.dtype(t.Name, as)
		all = append(all, t)
	}
	return all
}

func (m *Model) dtype(name string, as DType) DType {
	if as != "" {
		return as
	}
	if d, ok := m.dtypes[name]; ok {
		return d
	}
	return F32
}
