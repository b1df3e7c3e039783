package synthetic

var english = language{
	name: "en", comma: ", ", stop: ".", space: " ",
	slots: map[string][]string{
		"seemed": {"was", "looked"},
		"when":   {"that day", "all week", "this time", "as always"},
		"aspect": {"price", "place", "color", "service"},
		"who":    {"me", "us", "most people", "everyone"},
		"after":  {"went home", "told my friend", "wrote this", "left at noon"},
		"found":  {"found", "saw"},
		"object": {"box", "key", "stone", "hat"},
		"where":  {"by the river", "in the forest", "on the road", "near a tree"},
		"person": {"girl", "boy", "farmer", "teacher"},
		"there":  {"on the hill", "at the gate", "in the village", "on the bridge"},
		"end":    {"went home", "said goodbye", "sat down", "fell asleep"},
	},
	forms: [kinds]form{
		review: {
			subjects: []string{
				"soup", "cake", "tea", "bread", "rice", "pizza", "coffee", "salad", "hotel", "room", "park", "museum",
				"film", "novel", "song", "game", "phone", "chair", "bag", "lamp", "coat", "train", "shop", "garden",
			},
			asks: []string{
				"Write a review of the {s}.", "Please review the {s}.", "What did you think of the {s}?",
				"Describe the {s} in a short review.", "How was the {s}?", "Give your opinion of the {s}.",
			},
			markers: [parts]string{"First", "Also", "Overall"},
			sentences: [parts]sentence{
				{"the {s} {seemed} {w} {when}", [moods][]string{
					{"bad", "awful", "dirty", "terrible"},
					{"plain", "usual", "common", "simple"},
					{"good", "wonderful", "lovely", "perfect"},
				}},
				{"the {aspect} seemed {w} to {who}", [moods][]string{
					{"wrong", "ugly", "horrible", "annoying"},
					{"normal", "average", "ordinary", "standard"},
					{"fair", "pleasant", "excellent", "charming"},
				}},
				{"I {w} it and {after}", [moods][]string{
					{"hated", "disliked", "regretted", "despised"},
					{"tried", "used", "noticed", "tested"},
					{"loved", "enjoyed", "admired", "praised"},
				}},
			},
		},
		story: {
			subjects: []string{
				"cat", "dog", "bird", "fish", "fox", "bear", "duck", "frog", "horse", "mouse", "rabbit", "wolf",
				"lion", "tiger", "monkey", "sheep", "pig", "cow", "goat", "bee", "snake", "turtle", "robot", "panda",
			},
			asks: []string{
				"Tell a story about a {s}.", "Write a short story about a {s}.", "What happened to the {s}?",
				"Please tell me a {s} story.", "Make up a tale of a {s}.", "Can you write about a {s}?",
			},
			markers: [parts]string{"First", "Then", "Finally"},
			sentences: [parts]sentence{
				{"the {s} {found} a {w} {object} {where}", [moods][]string{
					{"broken", "cracked", "rusty", "nasty"},
					{"round", "long", "gray", "flat"},
					{"pretty", "shiny", "golden", "beautiful"},
				}},
				{"it met a {w} {person} {there}", [moods][]string{
					{"mean", "cruel", "rude", "greedy"},
					{"quiet", "tall", "young", "silent"},
					{"kind", "gentle", "friendly", "brave"},
				}},
				{"they felt {w} and {end}", [moods][]string{
					{"sad", "scared", "upset", "lonely"},
					{"sleepy", "ready", "awake", "busy"},
					{"happy", "proud", "glad", "thankful"},
				}},
			},
		},
	},
}
