package labeling

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/internal/durable"
)

// originSuffix is what comes after the name of an exported file in that of its origin.
const originSuffix = ".export.json"

// Origin says what an exported file is made of. It stands beside the file, as
// FILE.export.json, so that whoever trains on the file leads back to the judgements.
type Origin struct {
	ExportRun
	File             string            `json:"file,omitempty"`
	Store            string            `json:"store,omitempty"` // path as seen from the file's folder, or URL without password
	Question         string            `json:"question,omitempty"`
	Weights          string            `json:"weights,omitempty"` // votes or dawid-skene
	Split            string            `json:"split,omitempty"`   // which part it is
	Parts            map[string]string `json:"parts,omitempty"`   // SHA-256 of every part's file
	Judgements       int               `json:"judgements"`        // that the lines are made of
	JudgementsSHA256 string            `json:"judgements_sha256"` // HashIDs of them
	LeftOut          map[string]int    `json:"left_out,omitempty"`
}

// JoinIDs writes a set of judgement ids: sorted, each once, with line ends between them.
func JoinIDs(ids []string) []byte {
	return []byte(strings.Join(slices.Compact(slices.Sorted(slices.Values(ids))), "\n"))
}

// HashIDs is the SHA-256 of what JoinIDs writes.
func HashIDs(ids []string) string {
	sum := sha256.Sum256(JoinIDs(ids))
	return hex.EncodeToString(sum[:])
}

// WriteBeside writes the origin beside its file. store is the path or URL of the store.
func (o Origin) WriteBeside(store string) error {
	seen, err := seenFrom(filepath.Dir(o.File), store)
	if err != nil {
		return fmt.Errorf("labeling: origin of %s: %w", o.File, err)
	}
	path := o.File + originSuffix
	o.Store, o.File = seen, filepath.Base(o.File)
	b, err := json.MarshalIndent(o, "", "  ")
	if err == nil {
		err = durable.WriteFile(path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("labeling: %s: %w", path, err)
	}
	return nil
}

// ReadOrigin reads the origin beside a file, with File and Store as seen from here. The
// error wraps fs.ErrNotExist where there is none.
func ReadOrigin(file string) (Origin, error) {
	var o Origin
	path := file + originSuffix
	b, err := os.ReadFile(path)
	if err != nil {
		return o, fmt.Errorf("labeling: %w", err)
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return o, fmt.Errorf("labeling: %s: %w", path, err)
	}
	o.File = file
	if o.Store != "" && !isURL(o.Store) && !filepath.IsAbs(o.Store) {
		o.Store = filepath.Join(filepath.Dir(file), filepath.FromSlash(o.Store))
	}
	return o, nil
}

func isURL(store string) bool { return strings.Contains(store, "://") }

// seenFrom is how a store is named in a folder: both may move together.
func seenFrom(folder, store string) (string, error) {
	if isURL(store) {
		u, err := url.Parse(store)
		if err != nil {
			return "", fmt.Errorf("store: want a path or URL") // the cause would tell the password
		}
		return withoutPassword(u), nil
	}
	from, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(store)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(from, to)
	return filepath.ToSlash(rel), err
}

func withoutPassword(u *url.URL) string {
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	q.Del("password")
	q.Del("sslpassword")
	u.RawQuery = q.Encode()
	return u.String()
}
