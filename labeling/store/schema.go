package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"text/template"

	"github.com/pressly/goose/v3"
)

// The migrations are SQLite's SQL in which types and triggers can be said in another
// engine's words.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// words are how an engine says what a migration asks for.
type words struct {
	columns func(sql string) string // SQLite's column types, checks and table options -> the engine's
	bytes   string                  // the type of a column that holds any bytes
	// refuse keeps rows of a table from some event: "UPDATE", "UPDATE OF columns", "DELETE".
	refuse func(event, table, why string) string
	// refuseReplace keeps rows from being replaced by one that is the same in some way.
	refuseReplace func(table, same, why string) string
	allow         func(event, table string) string // takes a refusal back
	prelude       string                           // what the first migration needs
}

// migration is one of the files, in an engine's words.
type migration struct {
	version int64
	sql     string
}

var fileVersion = regexp.MustCompile(`(\d+)_`)

// migrations renders the files.
func migrations(w words) (out []migration, err error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		b, err := migrationFiles.ReadFile(f)
		if err != nil {
			return nil, err
		}
		m := migration{}
		if _, err := fmt.Sscan(fileVersion.FindStringSubmatch(f)[1], &m.version); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		if m.sql, err = w.render(f, string(b)); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	out[0].sql = w.prelude + out[0].sql
	return out, nil
}

func (w words) render(name, text string) (string, error) {
	only := func(table string) string { return table + " is append-only" }
	t, err := template.New(name).Funcs(template.FuncMap{
		"bytes": func() string { return w.bytes }, "refuse": w.refuse, "refuseReplace": w.refuseReplace, "allow": w.allow,
		"guard": func(table, same string) string {
			return w.refuse("UPDATE", table, only(table)) + "\n" + w.refuse("DELETE", table, only(table)) + "\n" + w.refuseReplace(table, same, only(table))
		},
		"unguard": func(table string) string {
			return w.allow("UPDATE", table) + "\n" + w.allow("DELETE", table) + "\n" + w.allow("REPLACE", table)
		},
	}).Parse(w.columns(text))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, nil)
	return b.String(), err
}

// guardName is the name of the trigger that refuses an event.
func guardName(event, table string) string {
	what, _, _ := strings.Cut(strings.ToLower(event), " ")
	return table + "_no_" + what
}

// aboutTrigger finds where a migration makes a trigger, or drops one. What it makes ends
// with its statement: SQLite's with END, PostgreSQL's with a bracket.
var aboutTrigger = regexp.MustCompile(`(?s)CREATE TRIGGER (\w+) .*?(?:END|\))(?:;\n|;$)|DROP TRIGGER (\w+)`)

// guards are the triggers that the migrations leave, by name.
func guards(w words) (map[string]string, error) {
	all, err := migrations(w)
	out := map[string]string{}
	for _, m := range all {
		for _, found := range aboutTrigger.FindAllStringSubmatch(m.sql, -1) {
			if found[1] != "" {
				out[found[1]] = strings.TrimRight(found[0], ";\n")
			}
			delete(out, found[2])
		}
	}
	return out, err
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, e engine, db *sql.DB) error {
	all, err := migrations(e.words())
	if err != nil {
		return err
	}
	newProvider := func() (*goose.Provider, error) {
		var steps []*goose.Migration
		for _, m := range all {
			steps = append(steps, goose.NewGoMigration(m.version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, m.sql)
				return err
			}}, nil))
		}
		return e.migrator(db, steps)
	}
	p, err := up(ctx, e, newProvider)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err == nil && have > want {
		err = fmt.Errorf("schema: got version %d, want at most %d: a newer plumb wrote it", have, want)
	}
	return err
}
