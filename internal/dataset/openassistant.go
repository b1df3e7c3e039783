package dataset

import (
	"fmt"

	"plumbline/internal/exact"
)

// treeMessage is a message of OpenAssistant with what was answered to it.
type treeMessage struct {
	ID      string        `json:"message_id"`
	Text    *exact.Text   `json:"text"`
	Role    string        `json:"role"` // prompter or assistant
	Rank    *int          `json:"rank"` // among its siblings, 0 the best
	Deleted bool          `json:"deleted"`
	Model   string        `json:"model_name"` // of synthetic ones
	Replies []treeMessage `json:"replies"`
}

// tree is the message at the root of a tree.
func (r row) tree() (root treeMessage, err error) {
	if err = r.decode("prompt", &root, "the message at the root, with its replies"); err == nil {
		err = root.check("prompt")
	}
	if err != nil {
		return root, r.errorf("prompt", "%w", err)
	}
	return root, nil
}

// check reports the first message without text or with an unknown role.
func (m treeMessage) check(at string) error {
	if _, ok := roles[m.Role]; !ok || m.Text == nil {
		return fmt.Errorf("%s: got role %q and text %v, want prompter or assistant and a text", at, m.Role, m.Text != nil)
	}
	for i, reply := range m.Replies {
		if err := reply.check(fmt.Sprintf("%s.replies[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

// visit calls f for every message with the conversation that ends in it, the root first.
func (m treeMessage) visit(before []Message, f func(path []Message, m treeMessage)) {
	path := append(before[:len(before):len(before)], Message{roles[m.Role], string(*m.Text)})
	f(path, m)
	for _, reply := range m.Replies {
		reply.visit(path, f)
	}
}

// answers are the assistant's replies that are still there.
func (m treeMessage) answers() (all []treeMessage) {
	for _, reply := range m.Replies {
		if roles[reply.Role] == "assistant" && !reply.Deleted {
			all = append(all, reply)
		}
	}
	return all
}

// messageTree makes an item of every message with two replies of an assistant or more.
// Ranks tell which is better, where each has one.
func messageTree(r row) (all []Item, err error) {
	root, err := r.tree()
	if err != nil {
		return nil, err
	}
	root.visit(nil, func(path []Message, m treeMessage) {
		answers := m.answers()
		if roles[m.Role] != "user" || len(answers) < 2 {
			return
		}
		it := Item{ID: m.ID, Place: r.place(), Prompt: Prompt{ID: m.ID, Messages: path}}
		var ranks []int
		for _, a := range answers {
			it.Candidates, it.Sources = append(it.Candidates, string(*a.Text)), append(it.Sources, a.Model)
			if a.Rank != nil {
				ranks = append(ranks, *a.Rank)
			}
		}
		if len(ranks) == len(answers) {
			it.Known = preferencesOf(ranks)
		}
		all = append(all, it)
	})
	return all, nil
}

// bestReplies are the demonstrations in a tree: the assistant's replies that are ranked
// first or have no rival.
func bestReplies(r row) (all []Example, err error) {
	root, err := r.tree()
	if err != nil {
		return nil, err
	}
	root.visit(nil, func(path []Message, m treeMessage) {
		answers := m.answers()
		for _, a := range answers {
			if len(answers) == 1 || a.Rank != nil && *a.Rank == 0 {
				all = append(all, Example{a.ID, Prompt{ID: m.ID, Messages: path}, string(*a.Text)})
			}
		}
	})
	return all, nil
}

// rootPrompt is the prompt that a tree begins with.
func rootPrompt(r row) ([]Prompt, error) {
	root, err := r.tree()
	if err != nil {
		return nil, err
	}
	p := Prompt{ID: r.id(), Messages: []Message{{roles[root.Role], string(*root.Text)}}}
	if err := p.Validate(); err != nil {
		return nil, r.errorf("prompt", "%w", err)
	}
	return []Prompt{p}, nil
}
