package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/internal/exact"
	"plumbline/labeling"
	"plumbline/labeling/hostile"
)

// hostileTo is an item whose texts begin with its marks and go on with the worst.
func hostileTo(i int, text string) labeling.Item {
	it := labeling.Item{Ref: promptMark(i), Prompt: labeling.Prompt{Text: promptMark(i) + " " + text}}
	if len(text) >= hostile.Large {
		it.Prompt.Text = promptMark(i)
	}
	for k := range 2 {
		it.Candidates = append(it.Candidates, labeling.Candidate{Text: responseMark(i, k) + "\n" + text})
	}
	return it
}

// importing adds items as plumb label import does.
func importing(t *testing.T, s labeling.Store, items []labeling.Item) {
	t.Helper()
	var lines []byte
	for _, it := range items {
		lines = fmt.Appendf(lines, `{"id":%q,"prompt":%s,"candidates":[{"text":%s},{"text":%s}]}`+"\n", it.Ref,
			exact.Append(nil, it.Prompt.Text), exact.Append(nil, it.Candidates[0].Text), exact.Append(nil, it.Candidates[1].Text))
	}
	if done, err := labeling.Import(t.Context(), s, "p", bytes.NewReader(lines), "hostile.jsonl"); err != nil || done.Added != len(items) {
		t.Fatalf("import: got %+v, %v, want %d new", done, err, len(items))
	}
}

// The worst texts that we know of go through import, server, screen and export: what
// arrives at the terminal is characters that can be printed and the sequences that a
// screen is drawn with, in every size, language and way of showing; what is stored and
// exported is as it was, byte for byte.
func TestHostileTextsOverSSH(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of texts take some seconds")
	}
	t.Parallel()
	path, s, f := plot(t, FieldConfig{Items: 1, Overlap: 1, People: 32, Seed: 1})
	var items []labeling.Item
	large := 0
	for i, h := range hostile.Strings() {
		if len(h[1]) >= hostile.Large {
			large++
		}
		if len(h[1]) < hostile.Large || large <= hostileLarge {
			items = append(items, hostileTo(i+1, h[1])) // 0 is the field's own
		}
	}
	importing(t, s, items)
	cmd, addr := server(t, path)
	d := &doorman{addr: addr, timeout: patience}
	var all sync.WaitGroup
	for n, p := range f.People {
		all.Go(func() {
			if err := readsAll(t, d, p, n); err != nil {
				t.Errorf("%s: %v", p.Handle, err)
			}
		})
	}
	all.Wait()
	kill(t, cmd)
	complete(t, s, f)
	unchanged(t, s, items)
}

// walks are keys that show an item from all sides and end where they began: the other
// response, the difference, the prompt, scrolled.
var walks = []string{" ", " ", "w", "w", "p", "\x1b[F", "\x1b[6~", "x", "\x1b[F", "\x1b[H", "\t"}

// readsAll is one person who looks at everything, as long as there is something.
func readsAll(t *testing.T, d *doorman, p Person, n int) error {
	at := []seat{
		{40, 12, "xterm-256color", "en_US.UTF-8"},
		{80, 24, "xterm-256color", "zh_CN.UTF-8"},
		{120, 40, "xterm-256color", "en_US.UTF-8"},
		{80, 24, "dumb", "en_US.UTF-8"},
	}[n%4]
	c, err := d.connect(t.Context(), p, n, at)
	if err != nil {
		return err
	}
	defer c.cut()
	c.mu.Lock()
	c.term.history = 4 * hostile.Large // the marks of an item stand before a megabyte of line breaks
	c.mu.Unlock()
	for isNew := true; ; isNew = false {
		seen, err := c.settle(t.Context(), patience, isNew)
		if err != nil || seen.done {
			return err
		}
		pause(t.Context(), glance)
		for _, k := range walks {
			if err := c.press(k); err != nil {
				return err
			}
			pause(t.Context(), 10*time.Millisecond)
		}
		if err := savesAny(t, c, seen); err != nil {
			return err
		}
	}
}

// savesAny chooses and presses Enter until the next item is there: behind a megabyte of
// text the server may be so late that the two look like a paste.
func savesAny(t *testing.T, c *chair, seen sight) error {
	for range 20 {
		if err := c.press("f"); err != nil {
			return err
		}
		pause(t.Context(), hand)
		c.forget()
		if err := c.press("\r"); err != nil {
			return err
		}
		_, err := c.await(t.Context(), patience/20, func(n sight) bool { return n.shown && n.item != seen.item || n.done })
		if !errors.Is(err, errNothingSeen) {
			return err
		}
	}
	return fmt.Errorf("%s is not saved; the screen ends in %q", promptMark(seen.item), c.footer())
}

// unchanged compares what is stored, and what is exported, with what was imported.
func unchanged(t *testing.T, s labeling.Store, items []labeling.Item) {
	t.Helper()
	want := map[string]labeling.Item{}
	for _, it := range items {
		want[it.Ref] = it
	}
	same := func(where, ref, prompt string, texts ...string) {
		w := want[ref]
		if prompt != w.Prompt.Text || texts[0] != w.Candidates[0].Text || texts[1] != w.Candidates[1].Text {
			t.Errorf("%s: %s: changed", where, ref)
		}
	}
	n := 0
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		if j.Item.Ref != promptMark(0) {
			n++
			same("store", j.Item.Ref, j.Item.Prompt.Text, j.Item.Candidates[0].Text, j.Item.Candidates[1].Text)
		}
	}
	if n != len(items) {
		t.Errorf("got %d items, want %d", n, len(items))
	}
	var out bytes.Buffer
	if _, err := labeling.Export(t.Context(), s, labeling.ExportOptions{Project: "p", Format: labeling.FormatComparisons}, &out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		var c struct {
			ID     string `json:"id"`
			Prompt struct {
				Text exact.Text `json:"text"`
			} `json:"prompt"`
			Candidates []exact.Text `json:"candidates"`
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil || len(c.Candidates) != 2 {
			t.Fatalf("export: %v: %.200s", err, line)
		}
		if c.ID != promptMark(0) {
			same("export", c.ID, string(c.Prompt.Text), string(c.Candidates[0]), string(c.Candidates[1]))
		}
	}
}
