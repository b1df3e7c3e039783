package dataset

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"` // "system", "user" or "assistant"
	Content string `json:"content"`
}

// Prompt is what a model is asked to continue. Exactly one of Text and Messages is
// set: Text is continued as it stands, Messages go through the chat template.
type Prompt struct {
	ID       string    `json:"id"`
	Text     string    `json:"text,omitempty"`
	Messages []Message `json:"messages,omitempty"`
}

// Example is a demonstration: the response is what supervised fine-tuning learns.
type Example struct {
	ID       string `json:"id"`
	Prompt   Prompt `json:"prompt"`
	Response string `json:"response"`
}

// Comparison is K ≥ 2 candidate responses to one prompt and what people preferred.
type Comparison struct {
	ID           string       `json:"id"`
	Prompt       Prompt       `json:"prompt"`
	Candidates   []string     `json:"candidates"`
	Preferences  []Preference `json:"preferences"`
	JudgementIDs []string     `json:"judgement_ids,omitempty"` // what the preferences were made of
}

// Preference says that one candidate was preferred to another.
type Preference struct {
	Chosen   int     `json:"chosen"`   // index into Candidates
	Rejected int     `json:"rejected"` // index into Candidates
	Weight   float64 `json:"weight"`   // how much it counts, ≥ 0; 1 is one sure judgement
	Margin   float64 `json:"margin"`   // how much better, ≥ 0, in reward units (Llama-2, arXiv:2307.09288 eq. 2)
	Tie      bool    `json:"tie"`      // neither is better: the target is ½
}
