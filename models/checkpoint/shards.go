package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// The names of weight files in a model directory.
const (
	singleFile = "model.safetensors"
	indexFile  = "model.safetensors.index.json"
)

// DefaultShard is the largest weight file that Save writes by default, in bytes.
const DefaultShard = 5_000_000_000

// index is model.safetensors.index.json.
type index struct {
	Metadata  map[string]any    `json:"metadata"`
	WeightMap map[string]string `json:"weight_map"` // tensor -> file
}

// parseIndex reads an index. A file name that leads out of the directory is refused.
func parseIndex(text []byte) (index, error) {
	var x index
	if err := json.Unmarshal(text, &x); err != nil {
		return x, fmt.Errorf("%s: %w", indexFile, err)
	}
	if len(x.WeightMap) == 0 {
		return x, fmt.Errorf("%s: got no weight_map, want one", indexFile)
	}
	for _, t := range slices.Sorted(maps.Keys(x.WeightMap)) {
		if f := x.WeightMap[t]; f != filepath.Base(f) || !filepath.IsLocal(f) {
			return x, fmt.Errorf("%s: %s: got file %q, want a plain file name", indexFile, t, f)
		}
	}
	return x, nil
}

// weights is the open weight files of a directory.
type weights struct {
	files map[string]*File // by tensor
	open  []*File
}

// openWeights opens the weight files of a directory and checks that they hold
// exactly the tensors that the index tells of.
func openWeights(dir string) (*weights, error) {
	w := &weights{files: map[string]*File{}}
	text, err := os.ReadFile(filepath.Join(dir, indexFile))
	if errors.Is(err, os.ErrNotExist) {
		return w, w.add(filepath.Join(dir, singleFile), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load: %w", err)
	}
	x, err := parseIndex(text)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", dir, err)
	}
	byFile := map[string][]string{}
	for t, f := range x.WeightMap {
		byFile[f] = append(byFile[f], t)
	}
	for _, f := range slices.Sorted(maps.Keys(byFile)) {
		if err := w.add(filepath.Join(dir, f), byFile[f]); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

// add opens a file, which must hold the tensors of want, or any if want is nil.
func (w *weights) add(path string, want []string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	w.open = append(w.open, f)
	have := slices.Sorted(maps.Keys(f.index))
	slices.Sort(want)
	if want != nil && !slices.Equal(have, want) {
		return fmt.Errorf("checkpoint: load %s: got tensors %v, want those of the index, %v", path, have, want)
	}
	for _, t := range have {
		w.files[t] = f
	}
	return nil
}

func (w *weights) Close() error {
	var errs []error
	for _, f := range w.open {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (w *weights) names() []string { return slices.Sorted(maps.Keys(w.files)) }

// writeWeights writes tensors as one file, or, where they exceed limit bytes, as
// several and an index. Tensors are dealt out in order: a file is closed when the
// next tensor would make it larger than limit.
func writeWeights(d *Directory, metadata map[string]string, tensors []Tensor, limit int64) error {
	if limit <= 0 {
		limit = DefaultShard
	}
	shards, total, err := deal(tensors, limit)
	if err != nil {
		return err
	}
	write := func(name string, t []Tensor) error {
		return d.Write(name, func(w io.Writer) error { return WriteTensors(w, metadata, t) })
	}
	if len(shards) == 1 {
		return write(singleFile, shards[0])
	}
	x := index{Metadata: map[string]any{"total_size": total, "total_parameters": elements(tensors)}, WeightMap: map[string]string{}}
	for i, s := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		for _, t := range s {
			x.WeightMap[t.Name] = name
		}
		if err := write(name, s); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return fmt.Errorf("checkpoint: %s: %w", indexFile, err)
	}
	return d.WriteFile(indexFile, append(text, '\n'))
}

func deal(tensors []Tensor, limit int64) (shards [][]Tensor, total int64, err error) {
	var size int64
	for _, t := range tensors {
		n, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return nil, 0, fmt.Errorf("checkpoint: write %s: %w", t.Name, err)
		}
		if len(shards) == 0 || size > 0 && size+n > limit {
			shards = append(shards, nil)
			size = 0
		}
		last := &shards[len(shards)-1]
		*last = append(*last, t)
		size += n
		total += n
	}
	return shards, total, nil
}

func elements(tensors []Tensor) int {
	n := 0
	for _, t := range tensors {
		n += Info{Shape: t.Shape}.Size()
	}
	return n
}
