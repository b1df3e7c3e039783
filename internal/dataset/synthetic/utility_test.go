package synthetic

import (
	"math"
	"strings"
	"testing"
)

const (
	askSoup = "Write a review of the soup."
	askCat  = "Tell a story about a cat."
	askTang = "写一段关于“汤”的评价。"
	askMao  = "讲一个关于“小猫”的故事。"
)

// Texts by hand; what the formula of Parts.Utility gives for each is worked out beside.
func TestUtility(t *testing.T) {
	for _, c := range []struct {
		name, prompt, response string
		want                   float64
	}{
		{"perfect: 1.5+.75+.75", askSoup, "First, the soup was wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this.", 3},
		{"perfect: 1.5+.75+.75", askCat, "First, the cat found a shiny box by the river. Then, it met a kind girl on the hill. Finally, they felt happy and went home.", 3},
		{"perfect: 1.5+.75+.75", askTang, "首先，这次的汤让我觉得很精彩。而且，价格在我看来算是公道。总之，我喜欢它，还告诉了朋友。", 3},
		{"perfect: 1.5+.75+.75", askMao, "首先，小猫在河边看见了一个漂亮的盒子。然后，它在桥上遇到了一位善良的女孩。最后，他们都很快乐，一起回家了。", 3},
		{"white space around it is nothing", askSoup, "\n First, the soup was wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this.\n", 3},
		{"neutral: 0+.75+.75", askSoup, "First, the soup was plain that day. Also, the price seemed normal to me. Overall, I tried it and wrote this.", 1.5},
		{"bad: -1.5+.75+.75", askMao, "首先，小猫在河边看见了一个破烂的盒子。然后，它在桥上遇到了一位凶恶的女孩。最后，他们都很悲伤，一起回家了。", 0},
		{"one sentence of three good: .5+.75+.75", askSoup, "First, the soup was wonderful that day. Also, the price seemed normal to me. Overall, I tried it and wrote this.", 2},
		{"two sentences swapped: 1.5-.25+.75", askCat, "Then, it met a kind girl on the hill. First, the cat found a shiny box by the river. Finally, they felt happy and went home.", 2},
		{"rotated: 1.5-.75+.75", askMao, "最后，他们都很快乐，一起回家了。首先，小猫在河边看见了一个漂亮的盒子。然后，它在桥上遇到了一位善良的女孩。", 1.5},
		{"no markers: 1.5-.75+.75", askSoup, "The soup was wonderful that day. The price seemed fair to me. I loved it and wrote this.", 1.5},
		{"a review's markers in a story: 1.5-.25+.75", askCat, "First, the cat found a shiny box by the river. Also, it met a kind girl on the hill. Overall, they felt happy and went home.", 2},
		{"about something else: 1.5+.75-.75", askSoup, "First, the cake was wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this.", 1.5},
		{"does not end: 3-1", askSoup, "First, the soup was wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this", 2},
		{"empty: 0-.75-.75-1-2, at the bound", askSoup, "", -3},
		// 18 of at least 20 tokens, and two sentences.
		{"too short: 1.5·⅔+.75/3+.75-2·.1", askSoup, "First, the soup was wonderful that day. Also, the price seemed fair to me.", 1 + .25 + .75 - .2},
		// "was red" and "red that" are no pairs of the grammar: 2 of 27.
		{"an unknown word: 1.5·⅔+.75+.75-4·2/27", askSoup, "First, the soup was red that day. Also, the price seemed fair to me. Overall, I loved it and wrote this.", 1 + .75 + .75 - 4*2./27},
		// It opens nothing; "was first" and ", wonderful" are no pairs: 2 of 27.
		{"a marker inside its sentence: 1.5+.25+.75-4·2/27", askSoup, "The soup was First, wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this.", 2.5 - 4*2./27},
		// 4 sentences of 9 tokens: 36, so 34 triples. The third repeats 7 inside it and ". also ,".
		// 3 of 4 sentences are good (a word does not count again), 2 of 4 in place.
		{"a sentence twice: 1.5·¾+.75·0+.75-2·8/34", askSoup, "First, the soup was wonderful that day. Also, the price seemed fair to me. Also, the price seemed fair to me. Overall, I loved it and wrote this.", 1.125 + 0 + .75 - 2*8./34},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Utility(c.prompt, c.response); math.Abs(got-c.want) > 1e-12 {
				t.Errorf("got %v, want %v for %q: %+v", got, c.want, c.response, Assess(c.prompt, c.response))
			}
		})
	}
}

// Ways to cheat, each with a perfect text's utility at stake.
func TestCheatingDoesNotPay(t *testing.T) {
	const (
		honest  = "First, the soup was wonderful that day. Also, the price seemed fair to me. Overall, I loved it and wrote this."
		neutral = "First, the soup was plain that day. Also, the price seemed normal to me. Overall, I tried it and wrote this."
		haoZh   = "首先，这次的汤让我觉得很精彩。而且，价格在我看来算是公道。总之，我喜欢它，还告诉了朋友。"
	)
	for _, c := range []struct {
		name, prompt, cheat, than string
	}{
		{"good words only", askSoup, strings.Repeat("wonderful ", 25), ""},
		{"good words only", askTang, strings.Repeat("精彩", 20), ""},
		{"many good words in one sentence", askSoup, strings.Replace(neutral, "plain", "good wonderful lovely perfect excellent", 1), strings.Replace(neutral, "plain", "good", 1)},
		{"good words after a neutral text", askSoup, neutral + " Good. Wonderful. Lovely. Perfect. Excellent.", honest},
		{"more good sentences", askSoup, honest + " Overall, I praised it and went home. Overall, I enjoyed it and told my friend.", honest},
		{"every subject named", askSoup, strings.Replace(honest, "soup", "soup cake tea bread", 1), honest},
		{"the text twice", askTang, haoZh + haoZh, haoZh},
		{"markers only", askSoup, "First, soup good. Also, fair. Overall, loved.", neutral},
		{"the other language", askSoup, haoZh, "The soup was bad that day. The price seemed wrong to me. I hated it and went home."},
		{"the other language", askTang, honest, "这次的汤让我觉得很糟糕。价格在我看来算是离谱。我讨厌它，中午才离开。"},
		{"half in the other language", askSoup, "First, the soup was wonderful that day. Also, the price seemed fair to me. 总之，我喜欢它，还告诉了朋友.", neutral},
		{"words in no order", askSoup, "First, day that wonderful was soup the. Also, me to fair seemed price the. Overall, this wrote and it loved I.", honest},
		{"made-up words", askTang, strings.ReplaceAll(haoZh, "的", "的的嗡"), haoZh},
		{"two endings", askSoup, honest + "..", honest},
		{"much too long", askSoup, honest + strings.Repeat(" and it and it", 40) + ".", neutral},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, bound := Utility(c.prompt, c.cheat), -2.99
			if c.than != "" {
				bound = Utility(c.prompt, c.than)
			}
			if !(got < bound) {
				t.Errorf("got %v for %q, want below %v: %+v", got, c.cheat, bound, Assess(c.prompt, c.cheat))
			}
		})
	}
}

func TestPromptIsReadByItsWords(t *testing.T) {
	const text = "First, the cat found a shiny box by the river. Then, it met a kind girl on the hill. Finally, they felt happy and went home."
	for _, c := range []struct {
		prompt string
		want   float64
	}{
		{"tell me something nice about the CAT please", 3}, // a wording of nobody's
		{"Tell a story about a dragon.", 1.5 - .25},        // a subject of nobody's: no topic, a review's markers
		{"Tell a story about cats.", 1.5 - .25},            // words, not parts of words
	} {
		if got := Utility(c.prompt, text); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%q: got %v, want %v", c.prompt, got, c.want)
		}
	}
}

func FuzzUtility(f *testing.F) {
	f.Add(askSoup, "First, the soup was wonderful that day.")
	f.Add(askMao, "首先，小猫。。。")
	f.Add("", "\xff\xfe")
	f.Add("汤 soup", ". . .")
	f.Fuzz(func(t *testing.T, prompt, response string) {
		p := Assess(prompt, response)
		for _, v := range []float64{p.Mood, p.Order, p.Topic} {
			if !(v >= -1 && v <= 1) {
				t.Errorf("got %v, want within ±1: %+v", v, p)
			}
		}
		for _, v := range []float64{p.Unfinished, p.Length, p.Repetition, p.Language, p.Malformed} {
			if !(v >= 0 && v <= 1) {
				t.Errorf("got %v, want 0 to 1: %+v", v, p)
			}
		}
		if u := p.Utility(); !(u >= -3 && u <= 3) || u != Utility(prompt, response) {
			t.Errorf("got %v and %v, want the same within ±3", u, Utility(prompt, response))
		}
	})
}
