package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// key is a fingerprint as ssh-keygen -l prints them.
func key(letter string) string { return "SHA256:" + strings.Repeat(letter, 43) }

func (f *fixture) amend(handle string, c labeling.Change) labeling.Annotator {
	f.t.Helper()
	a, err := f.Amend(f.t.Context(), handle, c)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func TestEnrolStoresRoleStatusAndKeys(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 1)
		want := labeling.Annotator{Handle: "eve", Role: labeling.RoleAdjudicator, Status: labeling.StatusScreening, Keys: []string{key("a"), key("b")}}
		got, err := f.Enrol(t.Context(), labeling.Annotator{Handle: "eve", Role: want.Role, Status: want.Status, Keys: []string{key("b"), key("a")}})
		want.ID = got.ID
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if again, err := f.Enrol(t.Context(), labeling.Annotator{Handle: "eve"}); err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("again: got %+v, %v, want her as she is", again, err)
		}
		if byKey, err := f.AnnotatorByKey(t.Context(), key("b")); err != nil || !reflect.DeepEqual(byKey, want) {
			t.Errorf("by key: got %+v, %v, want %+v", byKey, err, want)
		}
		_, err = f.AnnotatorByKey(t.Context(), key("c"))
		wantErr(t, err, labeling.ErrNotFound)
		_, err = f.Enrol(t.Context(), labeling.Annotator{Handle: "mallory", Keys: []string{key("c"), key("a")}})
		wantErr(t, err, labeling.ErrConflict)
		if all, err := f.Annotators(t.Context()); err != nil || !reflect.DeepEqual(all, []labeling.Annotator{want}) {
			t.Errorf("all: got %+v, %v, want eve alone: who was refused is not stored", all, err)
		}
		f.wantSound()
	})
}

func TestAmend(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 1)
		f.enrol("ann")
		boss := f.enrol("boss")
		_, err := f.Amend(t.Context(), "ann", labeling.Change{Status: labeling.StatusPaused, By: boss})
		wantErr(t, err, labeling.ErrNotActive) // no manager yet
		f.amend("boss", labeling.Change{Role: labeling.RoleManager})
		got := f.amend("ann", labeling.Change{Role: labeling.RoleAdjudicator, Status: labeling.StatusPaused, AddKey: key("x"), By: boss, Reason: "rests"})
		if got.Role != labeling.RoleAdjudicator || got.Status != labeling.StatusPaused || !reflect.DeepEqual(got.Keys, []string{key("x")}) {
			t.Errorf("got %+v", got)
		}
		for name, c := range map[string]labeling.Change{
			"another's key":     {AddKey: key("x")},
			"a key not there":   {DropKey: key("y")},
			"no such status":    {Status: "asleep"},
			"no fingerprint":    {AddKey: "ssh-ed25519 AAAA"},
			"a reason too long": {Reason: strings.Repeat("x", labeling.MaxComment+1)},
			"a stranger":        {By: 99},
		} {
			if _, err := f.Amend(t.Context(), "boss", c); err == nil {
				t.Errorf("%s: got no error", name)
			}
		}
		_, err = f.Amend(t.Context(), "nobody", labeling.Change{})
		wantErr(t, err, labeling.ErrNotFound)
		f.amend("ann", labeling.Change{DropKey: key("x")})
		if got := f.amend("boss", labeling.Change{AddKey: key("x")}); len(got.Keys) != 1 {
			t.Errorf("a key that was dropped: got %+v, want it to be free", got)
		}
		f.wantSound()
	})
}

func TestPausedAnnotatorsGiveBackTheirLease(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 1, 1)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		a := f.claim(ann)
		if err := f.SaveDraft(t.Context(), a.Lease, labeling.Answer{Comment: "half"}); err != nil {
			t.Fatal(err)
		}
		f.amend("ann", labeling.Change{Status: labeling.StatusPaused})
		wantErr(t, f.Submit(t.Context(), left(a)), labeling.ErrLeaseLost)
		_, err := f.try(ann)
		wantErr(t, err, labeling.ErrNotActive)
		_, err = f.CheckOut(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: ann, For: time.Hour}, 1)
		wantErr(t, err, labeling.ErrNotActive)
		b := f.claim(bob)
		if err := f.Release(t.Context(), b.Lease); err != nil {
			t.Fatal(err)
		}
		f.amend("ann", labeling.Change{Status: labeling.StatusActive})
		if got := f.claim(ann); got.Draft == nil || got.Draft.Comment != "half" {
			t.Errorf("got draft %+v, want the one from before the pause", got.Draft)
		}
		f.wantSound()
	})
}

func TestBlockedAnnotatorsCannotCorrect(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 1, 1)
		ann := f.enrol("ann")
		a := f.claim(ann)
		first := left(a)
		f.submit(first)
		f.amend("ann", labeling.Change{Status: labeling.StatusBlocked})
		fix := left(a)
		fix.Supersedes = first.ID
		wantErr(t, f.Submit(t.Context(), fix), labeling.ErrNotActive)
		f.submit(first) // sent again, it still succeeds
	})
}
