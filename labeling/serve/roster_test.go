package serve

import (
	"context"

	gossh "golang.org/x/crypto/ssh"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

type roster struct {
	*store.Store
	t *testing.T
}

func (r roster) Amend(context.Context, string, labeling.Change) (labeling.Annotator, error) {
	panic("x")
}
func (r roster) AnnotatorByKey(ctx context.Context, fp string) (labeling.Annotator, error) {
	for _, h := range []string{"ann", "bob"} {
		if gossh.FingerprintSHA256(key(r.t, h).PublicKey()) == fp {
			return r.Enrol(ctx, labeling.Annotator{Handle: h})
		}
	}
	return labeling.Annotator{}, labeling.ErrNotFound
}
