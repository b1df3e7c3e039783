package checkpoint

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Restore reads what Save wrote to dir back into the decoder's parameters, in place,
// so that graphs and optimisers that hold on to them go on. With adapters only those
// are read: the base was frozen. Weights stored in half precision come back rounded.
func (m *Model) Restore(dir string) error {
	if len(m.Decoder.Adapters()) > 0 {
		return m.restoreAdapter(filepath.Join(dir, adapterFile))
	}
	saved, err := loadWhole(dir)
	if err != nil {
		return err
	}
	to, from := m.Decoder.Params(), saved.Decoder.Params()
	if len(to) != len(from) {
		return fmt.Errorf("checkpoint: restore %s: got %d parameters, want %d", dir, len(from), len(to))
	}
	for i, p := range to {
		if p.Name != from[i].Name || !slices.Equal(p.Shape, from[i].Shape) {
			return fmt.Errorf("checkpoint: restore %s: got %s %v, want %s %v", dir, from[i].Name, from[i].Shape, p.Name, p.Shape)
		}
		copy(p.Data, from[i].Data)
		p.Changed()
	}
	return nil
}

func (m *Model) restoreAdapter(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	for _, a := range m.Decoder.Adapters() {
		for _, t := range adapterTensors(a) {
			if i, ok := f.Info(t.name); !ok || !slices.Equal(i.Shape, t.Param.Shape) {
				return fmt.Errorf("checkpoint: restore %s: %s: got %v, want %v", path, t.name, i.Shape, t.Param.Shape)
			}
			if err := f.Floats(t.name, t.Data); err != nil {
				return err
			}
			t.Changed()
		}
	}
	return nil
}
