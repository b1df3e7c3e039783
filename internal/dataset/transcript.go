package dataset

import "regexp"

// speaker matches where a turn begins in hh-rlhf ("\n\nHuman: ") and in Guanaco
// ("### Human: ") transcripts.
var speaker = regexp.MustCompile(`(?:^|\n\n|\s*### ?)(Human|Assistant):`)

// transcript cuts a conversation in plain text into messages, without the white space
// around each. rest[i] is the text from the beginning of turn i's content to the end.
// Text before the first turn belongs to nobody: a transcript must begin with a turn.
func transcript(text string) (m []Message, rest []string) {
	at := speaker.FindAllStringSubmatchIndex(text, -1)
	if len(at) == 0 || trim(text[:at[0][0]]) != "" {
		return nil, nil
	}
	for i, a := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		role := "user"
		if text[a[2]:a[3]] == "Assistant" {
			role = "assistant"
		}
		m = append(m, Message{role, trim(text[a[1]:end])})
		rest = append(rest, trim(text[a[1]:]))
	}
	return m, rest
}
