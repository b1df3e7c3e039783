// Package synthetic writes a small bilingual world in which the true utility of a text
// is known: short reviews and stories in English and Chinese, from a grammar in this
// package. The quickstart pretrains, tunes, labels and evaluates on it, so that "better"
// is a fact and not an opinion. Read it in this order:
//
//	grammar.go          what a text is made of: markers, sentence patterns, mood words
//	english.go  chinese.go   the two languages' tables
//	generate.go         prompts, demonstrations of mixed quality, plain documents
//	utility.go          text -> utility, by formula
//
// # The task
//
// A prompt asks for a review of one of 24 things or a story about one of 24 animals, in
// six wordings, in two languages: 4·24·6 = 576 prompts. Two wordings of every subject
// are kept for evaluation (192 prompts), so each subject is known but no evaluation
// prompt was ever seen. A response has three sentences:
//
//	Write a review of the soup.     First, the soup was wonderful that day. Also, the price
//	                                seemed fair to me. Overall, I loved it and went home.
//	讲一个关于“小猫”的故事。          首先，小猫在河边看见了一个漂亮的盒子。然后，它在桥上遇到了一位
//	                                善良的女孩。最后，他们都很快乐，一起回家了。
//
// # What the demonstrations are like
//
// Every response, and every document of the corpus, is drawn independently:
//
//	mood       a text leans to good 25 %, to neither 50 %, to bad 25 %; each of its
//	           sentences follows with probability .6 and else has any of the three moods
//	order      in order 50 %; another order of the three sentences 30 %; no markers 20 %
//	topic      about the prompt's subject 80 %; about another one 20 %
//	language   the other language 3 %
//	repeated   one sentence said twice 5 %
//	cut short  ends within its last sentence 10 %
//
// About 3 % of the demonstrations are perfect (utility 3) and their mean is about 0.3:
// a policy that has learnt them samples from all over the range, and perfect answers
// only are -log .03 = 3.5 nats away from it. A byte-level vocabulary of 1024 makes 34
// tokens of an English response, 26 of a Chinese one and 12 of a prompt.
package synthetic
