// Package chat turns conversations into token ids and a loss mask. Read it in the order
// a conversation moves:
//
//	template.go  where a chat template comes from; the default one
//	render.go    Jinja: messages -> text
//	mark.go      which stretches of that text are what people wrote
//	encode.go    text -> ids, and mask: 1 on what the model has to say itself
//	plain.go     prompts without a conversation
//
// Shapes: ids and mask are [T], one entry a token. The mask is 1 from the end of the
// generation prompt to the token that ends the turn (included), 0 elsewhere; so ids up
// to a turn are exactly what Encode gives for its prompt, and the model is trained on
// the positions that it will sample.
//
// What people wrote can spell special tokens out, but not inject them. Errors name the
// message: "chat: message 2: ...". A Template may be used by many goroutines.
package chat
