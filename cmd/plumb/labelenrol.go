package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// enrolment is what label enrol is asked to do.
type enrolment struct {
	handle       string
	role, status string
	keys         []string // files
	drop         []string // fingerprints
}

// person is what label enrol prints.
type person struct {
	Handle    string          `json:"handle"`
	Role      labeling.Role   `json:"role"`
	Status    labeling.Status `json:"status"`
	Simulated bool            `json:"simulated,omitempty"`
	Keys      []string        `json:"keys"`
}

func newLabelEnrol(a *app) *cobra.Command {
	var e enrolment
	cmd := &cobra.Command{
		Use:   "enrol DB [HANDLE]",
		Short: "Say who may judge, with which SSH keys; or list them",
		Long: `Say who may judge, with which SSH keys, and as what: annotator, adjudicator or manager.
Who is enrolled already is changed; without a handle everybody is listed. Who is new is
tested first where the store's project tests, unless --status says otherwise.

--key reads public keys as an authorized_keys file has them, one a line; - is standard
input. A key is remembered by its fingerprint, and is one annotator's alone.`,
		Example: `  plumb label enrol labels.db ada --key ada.pub
  plumb label enrol labels.db eve --role manager --key eve.pub
  plumb label enrol labels.db --json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return listEnrolled(cmd, a, args[0], e)
			}
			e.handle = args[1]
			keys, err := fingerprints(e.keys, a.In)
			if err != nil {
				return err
			}
			like := labeling.Annotator{Handle: e.handle, Role: labeling.Role(e.role), Status: labeling.Status(e.status), Keys: slices.Concat(keys, e.drop)}
			if err := like.Validate(); err != nil {
				return wrongUse(cmd, err)
			}
			return withStore(cmd.Context(), args[0], func(s *store.Store) error {
				who, err := e.enrol(cmd.Context(), s, keys)
				if err != nil {
					return err
				}
				return print(a, []person{asPerson(who)}, printPeople)
			})
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&e.keys, "key", nil, "`FILE` of public keys, as authorized_keys has them; - = standard input")
	f.StringArrayVar(&e.drop, "drop-key", nil, "`FINGERPRINT` of a key that no longer counts")
	f.StringVar(&e.role, "role", "", "annotator, adjudicator or manager; annotator for who is new")
	f.StringVar(&e.status, "status", "", "screening, active, paused or blocked; for who is new screening where the project tests, else active")
	return cmd
}

// listEnrolled lists everybody: then there is nothing to change.
func listEnrolled(cmd *cobra.Command, a *app, path string, e enrolment) error {
	if len(e.keys)+len(e.drop) > 0 || e.role != "" || e.status != "" {
		return wrongUse(cmd, errors.New("label enrol: whose? give a handle behind the store"))
	}
	return withStore(cmd.Context(), path, func(s *store.Store) error {
		all, err := s.Annotators(cmd.Context())
		if err != nil {
			return err
		}
		people := make([]person, len(all))
		for i, who := range all {
			people[i] = asPerson(who)
		}
		return print(a, people, printPeople)
	})
}

// enrol stores who is new, and changes who is not.
func (e enrolment) enrol(ctx context.Context, s *store.Store, keys []string) (who labeling.Annotator, err error) {
	status, err := e.newStatus(ctx, s)
	if err != nil {
		return who, err
	}
	who, err = s.Enrol(ctx, labeling.Annotator{Handle: e.handle, Role: labeling.Role(e.role), Status: status, Keys: keys})
	changes := []labeling.Change{{Role: labeling.Role(e.role), Status: labeling.Status(e.status)}}
	for _, k := range keys {
		changes = append(changes, labeling.Change{AddKey: k})
	}
	for _, k := range e.drop {
		changes = append(changes, labeling.Change{DropKey: k})
	}
	for _, c := range changes {
		if err != nil {
			return who, err
		}
		c.Reason = "enrolment"
		who, err = s.Amend(ctx, e.handle, c)
	}
	return who, err
}

// newStatus is what somebody begins with: only annotators are tested, and only where
// there is one project that says so.
func (e enrolment) newStatus(ctx context.Context, s *store.Store) (labeling.Status, error) {
	if role := labeling.Role(e.role); e.status != "" || role != "" && role != labeling.RoleAnnotator {
		return labeling.Status(e.status), nil
	}
	p, err := s.Project(ctx, "")
	if errors.Is(err, labeling.ErrNotFound) { // none yet, or several
		return "", nil
	}
	return p.Control.NewStatus(), err
}

// fingerprints are those of the public keys in files.
func fingerprints(files []string, stdin io.Reader) (out []string, err error) {
	for _, name := range files {
		f, err := openOr(name, stdin)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("label enrol: %s: %w", name, err)
		}
		keys, err := authorizedKeys(b)
		if err != nil {
			return nil, fmt.Errorf("label enrol: %s:%w", name, err)
		}
		out = append(out, keys...)
	}
	return out, nil
}

// authorizedKeys are the fingerprints of a file of keys; it has at least one, and nothing
// else but comments.
func authorizedKeys(b []byte) (out []string, err error) {
	for i, line := range bytes.Split(b, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(line)
		if err != nil {
			return nil, fmt.Errorf("%d: got %.40q, want a public key, as in id_ed25519.pub", i+1, line)
		}
		out = append(out, ssh.FingerprintSHA256(key))
	}
	if len(out) == 0 {
		return nil, errors.New(" got no public key, want at least one line")
	}
	return out, nil
}

func asPerson(a labeling.Annotator) person {
	return person{Handle: a.Handle, Role: a.Role, Status: a.Status, Simulated: a.Simulated, Keys: append([]string{}, a.Keys...)}
}

func printPeople(w io.Writer, people []person) error {
	var b strings.Builder
	table(&b, []string{"HANDLE", "ROLE", "STATUS", "KEYS"}, people, func(p person) []string {
		return []string{clean(p.Handle), string(p.Role), string(p.Status), strings.Join(p.Keys, " ")}
	})
	_, err := io.WriteString(w, b.String())
	return err
}
