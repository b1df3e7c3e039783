package labeling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Bounds of an import.
const (
	importBatch    = 500 // items per transaction
	reportedFaults = 20  // before giving up
)

// Imported says what an import did.
type Imported struct {
	Items int `json:"items"` // read
	Added int `json:"added"` // of them new; the others were stored before
}

// Placed is an item and where it was read, for errors.
type Placed struct {
	Item
	Place string // "pairs.jsonl:7"
}

// Import reads items into a project, one JSON object a line, as ReadLines has them. name
// is the file's, for errors.
func Import(ctx context.Context, c Catalogue, project string, r io.Reader, name string) (Imported, error) {
	p, err := c.Project(ctx, project)
	if err != nil {
		return Imported{}, err
	}
	return ImportItems(ctx, c, p, ReadLines(r, name, p.Task))
}

// ImportItems stores items in a project. An error among them is the fault of one of them.
//
// Items are stored in batches while reading, and an item stored before is skipped, so
// that an import cut short is simply repeated. After a fault nothing more is stored; the
// error names up to 20 faults by their places.
func ImportItems(ctx context.Context, c Catalogue, p Project, items iter.Seq2[Placed, error]) (Imported, error) {
	im := importer{ctx: ctx, to: c, project: p, placeOf: map[string]string{}}
	for it, err := range items {
		if err != nil {
			im.faults = append(im.faults, err)
		} else {
			im.item(it)
		}
		if len(im.faults) >= reportedFaults {
			break
		}
	}
	im.flush()
	return im.done, errors.Join(im.faults...)
}

type importer struct {
	ctx     context.Context
	to      Catalogue
	project Project
	batch   []Item
	placeOf map[string]string // of the items in the batch
	faults  []error
	done    Imported
}

func (im *importer) fault(place string, err error) {
	im.faults = append(im.faults, fmt.Errorf("%s: %w", place, err))
}

func (im *importer) item(it Placed) {
	if err := it.Validate(im.project.Task); err != nil {
		im.fault(it.Place, err)
		return
	}
	im.done.Items++
	if _, twice := im.placeOf[it.Ref]; twice { // the store tells equal from different
		im.flush()
	}
	im.placeOf[it.Ref] = it.Place
	if im.batch = append(im.batch, it.Item); len(im.batch) == importBatch {
		im.flush()
	}
}

func (im *importer) flush() {
	if len(im.batch) > 0 && len(im.faults) == 0 {
		added, err := im.to.AddItems(im.ctx, im.project.Name, im.batch)
		im.done.Added += added
		var bad *ItemError
		switch {
		case errors.As(err, &bad):
			im.fault(im.placeOf[bad.Ref], err)
		case err != nil:
			im.fault(im.placeOf[im.batch[0].Ref], err)
		}
	}
	im.batch = im.batch[:0]
	clear(im.placeOf)
}
