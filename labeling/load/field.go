package load

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/crypto/ssh"

	"plumbline/labeling"
)

// Field is a project made to be judged by programs: every prompt and response begins
// with a mark by which it is known on the screen.
type Field struct {
	Project labeling.Project
	People  []Person
	items   int
	seed    uint64
}

// Person is an enrolled annotator.
type Person struct {
	ID     int64
	Handle string
	Key    ssh.Signer
}

// FieldConfig says how large a field is.
type FieldConfig struct {
	Project string
	Items   int // 1 to 99,999
	Overlap int
	People  int
	Seed    uint64
}

// Grow makes the project, its items and its annotators in a store, or finds those that
// the same settings made before.
func Grow(ctx context.Context, s labeling.Store, c FieldConfig) (*Field, error) {
	if c.Items < 1 || c.Items > maxItems || c.People < 1 {
		return nil, fmt.Errorf("labeling/load: field: got %d items, %d people, want 1 to %d and ≥ 1", c.Items, c.People, maxItems)
	}
	p := labeling.DefaultProject(c.Project)
	p.Overlap, p.Seed = c.Overlap, c.Seed
	p, err := s.CreateProject(ctx, p)
	if err != nil {
		return nil, err
	}
	f := &Field{Project: p, items: c.Items, seed: c.Seed}
	var items []labeling.Item
	for i := range c.Items {
		if items = append(items, f.item(i)); len(items) == 500 || i == c.Items-1 {
			if _, err := s.AddItems(ctx, p.Name, items); err != nil {
				return nil, err
			}
			items = items[:0]
		}
	}
	for i := range c.People {
		who, err := enrol(ctx, s, fmt.Sprintf("bench-%04d", i+1), c.Seed)
		if err != nil {
			return nil, err
		}
		f.People = append(f.People, who)
	}
	return f, nil
}

// enrol makes somebody known by a key that follows from the seed: the next process can
// come as the same person.
func enrol(ctx context.Context, s labeling.Store, handle string, seed uint64) (Person, error) {
	random := sha256.Sum256(fmt.Appendf(nil, "key %d %q", seed, handle))
	key, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(random[:]))
	if err != nil {
		return Person{}, err
	}
	a, err := s.Enrol(ctx, labeling.Annotator{Handle: handle, Keys: []string{ssh.FingerprintSHA256(key.PublicKey())}})
	return Person{ID: a.ID, Handle: handle, Key: key}, err
}

const maxItems = 99_999

// The marks of item 42 are Q00042 in the prompt, R00042.0 and R00042.1 in the responses.
func promptMark(i int) string      { return fmt.Sprintf("Q%05d", i) }
func responseMark(i, k int) string { return fmt.Sprintf("R%05d.%d", i, k) }

// item is a prompt of two lines and responses of three to twelve, one in three Chinese.
func (f *Field) item(i int) labeling.Item {
	r := f.random("text", i)
	words := strings.Fields(english)
	if r.IntN(3) == 0 {
		words = strings.Split(chinese, "")
	}
	prose := func(n int) string {
		var b strings.Builder
		for b.Len() < n {
			b.WriteString(words[r.IntN(len(words))])
			if len(words[0]) > 0 && words[0][0] < 0x80 {
				b.WriteByte(' ')
			}
		}
		return strings.TrimSpace(b.String())
	}
	it := labeling.Item{Ref: promptMark(i), Prompt: labeling.Prompt{Text: promptMark(i) + " " + prose(120) + "?"}}
	for k := range 2 {
		it.Candidates = append(it.Candidates, labeling.Candidate{Text: responseMark(i, k) + " " + prose(200+r.IntN(700)) + ".", Source: fmt.Sprint("model-", k)})
	}
	return it
}

// verdict is what a person says of an item: which of the responses is better, by the
// model of Bradley and Terry with utilities from the unit normal, and how much.
func (f *Field) verdict(who string, i int) (better, strength int) {
	u, r := f.random("utility", i), f.random(who, i)
	gap := u.NormFloat64() - u.NormFloat64()
	if r.Float64() < 1/(1+math.Exp(gap)) {
		better = 1
	}
	return better, 1 + min(int(2*math.Abs(gap)), labeling.MaxStrength-1)
}

func (f *Field) random(what string, i int) *rand.Rand {
	h := sha256.Sum256(fmt.Appendf(nil, "%d %q %d", f.seed, what, i))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:])))
}

const (
	english = `the a of and to in that is was for with as his on be at by had it from but not are which this have one you they
		because water light answer reason method result however therefore example question should would could between small large`
	chinese = `的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学`
)
