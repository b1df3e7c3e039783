package reward

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/snapshot"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
)

// The tensors of the head and the file with the norm in a model's directory.
const (
	headTensor = "score.weight"
	biasTensor = "score.bias"
	normFile   = "reward.json"
)

// Model is a reward model: a Network, the scale of its scores, and all that its
// directory holds. The directory is one of Hugging Face's …ForSequenceClassification
// with one label, whose raw scores other programs read; the norm lies beside it.
type Model struct {
	*Network
	Norm  Norm
	files *checkpoint.Model
}

// New puts a new head on a copy of a language model without its output matrix. The
// language model stays as it is; one with adapters is an error: merge first.
func New(rt *engine.Runtime, lm *checkpoint.Model, seed uint64, o models.Options) (*Model, error) {
	if len(lm.Decoder.Adapters()) > 0 {
		return nil, errors.New("reward: new: got a language model with adapters, want them merged first")
	}
	files := *lm
	var err error
	if files.Config, err = scorerConfig(lm); err != nil {
		return nil, fmt.Errorf("reward: new: %w", err)
	}
	if files.Decoder, err = backbone(lm); err != nil {
		return nil, fmt.Errorf("reward: new: %w", err)
	}
	files.Generation = nil
	head := NewHead(files.Decoder.Spec.Width, seed)
	files.Extra = []checkpoint.Tensor{{Name: headTensor, DType: checkpoint.F32, Shape: head.Shape, Floats: head.Data}}
	return &Model{Network: NewNetwork(rt, files.Decoder, head, nil, o), Norm: Raw, files: &files}, nil
}

// backbone copies the decoder without its output matrix.
func backbone(lm *checkpoint.Model) (*models.Decoder, error) {
	spec := lm.Decoder.Spec
	spec.Headless, spec.Tied = true, false
	d, err := models.Blank(spec)
	if err != nil {
		return nil, err
	}
	for _, p := range d.Params() {
		copy(p.Data, lm.Decoder.Param(p.Name).Data)
		p.Changed()
	}
	d.Modules = lm.Family.Modules(spec)
	return d, nil
}

// scorerConfig is the language model's config.json as that of its family's scorer.
func scorerConfig(lm *checkpoint.Model) ([]byte, error) {
	i := slices.IndexFunc(lm.Family.Headless, func(arch string) bool { return strings.HasSuffix(arch, "ForSequenceClassification") })
	if i < 0 {
		return nil, fmt.Errorf("family %s: got no architecture for sequence classification", lm.Family.Name)
	}
	var c map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(lm.Config)))
	decoder.UseNumber()
	if err := decoder.Decode(&c); err != nil {
		return nil, err
	}
	c["architectures"] = []string{lm.Family.Headless[i]}
	c["id2label"] = map[string]string{"0": "LABEL_0"} // one label: a score
	c["label2id"] = map[string]int{"LABEL_0": 0}
	if pad, ok := c["pad_token_id"].(json.Number); ok && isEOS(pad, lm.Decoder.Spec.EOS) {
		delete(c, "pad_token_id") // others would take the final EOS for padding and read the token before it
	}
	text, err := json.MarshalIndent(c, "", "  ")
	return append(text, '\n'), err
}

func isEOS(pad json.Number, eos []int32) bool {
	id, err := pad.Int64()
	return err == nil && slices.Contains(eos, int32(id))
}

// Load reads a reward model's directory, one of ours or any sequence classifier with
// one label whose family is known. Without reward.json scores are raw.
func Load(rt *engine.Runtime, dir string, o models.Options) (*Model, error) {
	files, err := checkpoint.Load(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{files: files}
	head, err := headParam(files, headTensor, 1, files.Decoder.Spec.Width)
	if err != nil {
		return nil, fmt.Errorf("reward: load %s: %w", dir, err)
	}
	var bias *engine.Param
	if slices.ContainsFunc(files.Extra, func(t checkpoint.Tensor) bool { return t.Name == biasTensor }) {
		if bias, err = headParam(files, biasTensor, 1); err != nil {
			return nil, fmt.Errorf("reward: load %s: %w", dir, err)
		}
	}
	m.Network = NewNetwork(rt, files.Decoder, head, bias, o)
	m.Norm, err = readNorm(filepath.Join(dir, normFile))
	return m, err
}

// headParam makes a parameter that shares its values with a tensor of the head.
func headParam(files *checkpoint.Model, name string, shape ...int) (*engine.Param, error) {
	for _, t := range files.Extra {
		if t.Name != name {
			continue
		}
		if !slices.Equal(t.Shape, shape) {
			return nil, fmt.Errorf("%s: got shape %v, want %v: one label", name, t.Shape, shape)
		}
		p := engine.NewParam(strings.TrimSuffix(name, ".weight"), shape...)
		p.Data = t.Floats
		p.Changed()
		return p, nil
	}
	return nil, fmt.Errorf("got no tensor %s, want a reward model", name)
}

func readNorm(path string) (Norm, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Raw, nil
	}
	if err != nil {
		return Raw, fmt.Errorf("reward: load: %w", err)
	}
	n, err := parseNorm(text)
	if err != nil {
		return Raw, fmt.Errorf("%w in %s", err, path)
	}
	return n, nil
}

func parseNorm(text []byte) (n Norm, err error) {
	if err := json.Unmarshal(text, &n); err != nil {
		return Raw, fmt.Errorf("reward: norm: %w", err)
	}
	return n, n.Validate()
}

// Critic is a copy of the model that begins as PPO's critic: the norm is folded into
// the head, w/std, and a bias, (b-mean)/std, so that values are in the units of scores.
// A model with adapters is an error: merge first.
func (m *Model) Critic() (*Model, error) {
	if len(m.Decoder.Adapters()) > 0 {
		return nil, errors.New("reward: critic: got a model with adapters, want them merged first")
	}
	head, bias := engine.NewParam("score", m.Head.Shape...), engine.NewParam("score.bias", 1)
	for i, w := range m.Head.Data {
		head.Data[i] = float32(float64(w) / m.Norm.Std)
	}
	b := 0.0
	if m.Bias != nil {
		b = float64(m.Bias.Data[0])
	}
	bias.Data[0] = float32(m.Norm.Apply(b))
	head.Changed()
	bias.Changed()
	files := *m.files
	files.Decoder = m.Decoder.Clone()
	files.Extra = []checkpoint.Tensor{
		{Name: headTensor, DType: checkpoint.F32, Shape: head.Shape, Floats: head.Data},
		{Name: biasTensor, DType: checkpoint.F32, Shape: bias.Shape, Floats: bias.Data},
	}
	return &Model{Network: NewNetwork(m.rt, files.Decoder, head, bias, m.opts), Norm: Raw, files: &files}, nil
}

// Files is what the model's directory holds beside the norm: config, tokenizer, weights.
func (m *Model) Files() *checkpoint.Model { return m.files }

// Save writes the model to dir as a whole, adapters merged, in float32.
func (m *Model) Save(dir string) error {
	if err := snapshot.Save(dir, m.files); err != nil {
		return err
	}
	text, err := json.Marshal(m.Norm)
	if err != nil {
		return fmt.Errorf("reward: save: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, normFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("reward: save: %w", err)
	}
	return nil
}

// Restore puts back what Save wrote, exactly, into a model that began the same way.
func (m *Model) Restore(dir string) (err error) {
	if err := snapshot.Load(dir, m.files); err != nil {
		return err
	}
	m.Head.Changed()
	if m.Bias != nil {
		m.Bias.Changed()
	}
	m.Norm, err = readNorm(filepath.Join(dir, normFile))
	return err
}

// Score rates sequences of token ids, prompt and response, on the scale of Norm. Each
// is read at its last token: the EOS, if the response has one. microTokens ≥ the
// longest sequence bounds the memory.
func (m *Model) Score(seqs [][]int32, microTokens int) ([]float64, error) {
	scores, err := m.RawScores(seqs, microTokens)
	for i, s := range scores {
		scores[i] = m.Norm.Apply(s)
	}
	return scores, err
}

// RawScores are scores as the head gives them.
func (m *Model) RawScores(seqs [][]int32, microTokens int) ([]float64, error) {
	lengths := make([]int, len(seqs))
	for i, s := range seqs {
		lengths[i] = len(s)
	}
	groups, err := train.Microbatches(lengths, microTokens)
	if err != nil {
		return nil, fmt.Errorf("reward: score: %w", err)
	}
	scores := make([]float64, 0, len(seqs))
	for _, g := range groups {
		r := &batch.Ragged{}
		for _, i := range g {
			if err := r.Add(seqs[i], nil); err != nil {
				return nil, fmt.Errorf("reward: score: sequence %d: %w", i, err)
			}
		}
		values, err := m.Values(r, r.Last())
		if err != nil {
			return nil, fmt.Errorf("reward: score: %w", err)
		}
		for _, v := range values {
			scores = append(scores, float64(v))
		}
	}
	return scores, nil
}
