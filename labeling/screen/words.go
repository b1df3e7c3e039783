package screen

import (
	"fmt"
	"strings"
)

// Lang is the language of the interface, not of the items.
type Lang string

// The languages of the interface.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// LangOf picks the language from a locale such as zh_CN.UTF-8; English where in doubt.
func LangOf(locale string) Lang {
	if strings.HasPrefix(strings.ToLower(locale), "zh") {
		return Chinese
	}
	return English
}

// Note is a short remark of the screen.
type Note int

// The remarks.
const (
	NoNote         Note = iota
	ChooseFirst         // Enter without a choice
	LooksPasted         // Enter too soon after the choice
	PasteIgnored        // text pasted where none is asked for
	TooFast             // a choice before the item could be seen
	ItemLost            // the lease went to somebody else
	NothingToUndo       //
	TooLongForDiff      //
	CommentFull         //
	noteCount           // how many there are
)

// words is the interface in one language.
type words struct {
	loading, saving, finished, failed, tooSmall string
	prompt, help, guide, closes, more           string
	nothing, tie, flagged, comment, correcting  string
	better                                      [5]string // "%s is …" by strength
	strength                                    [5]string // on the scale
	askComment, askReason                       string
	progress                                    string // mine, done, wanted
	hidden                                      string
	hints                                       []string
	notes                                       [noteCount]string
	keys                                        string

	spokenItem, spokenResponse, spokenScale, spokenClose string
}

var lexicon = map[Lang]words{
	English: {
		loading:    "Loading…",
		saving:     "Saving…",
		finished:   "Nothing is left for you to judge. z corrects your last answer, Enter leaves.",
		failed:     "That did not work: %s. Enter tries again, q leaves.",
		tooSmall:   "Terminal too small: %d×%d, need 40×12.",
		prompt:     "PROMPT",
		help:       "KEYS",
		guide:      "GUIDELINE",
		closes:     "↑ ↓ scroll · any other key closes",
		more:       "… p: all",
		nothing:    "Nothing chosen yet",
		tie:        "Both are equally good",
		flagged:    "flagged",
		comment:    "comment: %s",
		correcting: "Correcting (Esc: leave as it was)",
		better:     [5]string{"", "%s is negligibly better, or you are unsure", "%s is slightly better", "%s is better", "%s is significantly better"},
		strength:   [5]string{"", "negligibly", "slightly", "better", "significantly"},
		askComment: "Comment (Enter keeps it, Esc drops it): ",
		askReason:  "Why skip? (Enter skips, Esc returns): ",
		progress:   "you %d · all %d/%d",
		hidden:     "⚠ %d hidden",
		hints:      []string{"Enter save", "? help", "n skip", "z undo", "c comment", "! flag", "= differences", "p prompt", "g guideline", "q leave"},
		notes: [noteCount]string{
			ChooseFirst:    "Choose first: a s d f for A, j k l ; for B.",
			LooksPasted:    "That looked like pasted text: nothing was saved.",
			PasteIgnored:   "Pasted text was ignored; c opens a comment.",
			TooFast:        "Too fast: this pair only just appeared.",
			ItemLost:       "Your time for that item ran out; it went to somebody else.",
			NothingToUndo:  "There is nothing to undo.",
			TooLongForDiff: "These texts are too long to compare word by word.",
			CommentFull:    "The comment is full.",
		},
		keys: `a s d f   A is significantly better, better, slightly better, negligibly better (or unsure)
j k l ;   B is negligibly better (or unsure), slightly better, better, significantly better
1 … 8     the same, from left to right
Enter     save and go on
z         correct the last answer; again: the one before
n         skip, with a reason
!         flag: something is wrong with this item
c         write a comment
← →       go to A, to B
Space     go to the other one
↑ ↓ PgUp PgDn Home End   scroll it
=         mark the words that differ
p         the whole prompt
g         the guideline
q         leave; what you began is kept`,
		spokenItem:     "New item. Prompt:",
		spokenResponse: "Response %s:",
		spokenScale:    "Choose: a, s, d, f: A is significantly, better, slightly, negligibly better. j, k, l, semicolon: B is negligibly, slightly, better, significantly better. Enter saves. Question mark: all keys.",
		spokenClose:    "Press any key to go on.",
	},
	Chinese: {
		loading:    "正在载入…",
		saving:     "正在保存…",
		finished:   "没有需要您评判的条目了。z 更正上一个回答，Enter 离开。",
		failed:     "没有成功：%s。Enter 重试，q 离开。",
		tooSmall:   "终端太小：%d×%d，至少需要 40×12。",
		prompt:     "提示",
		help:       "按键",
		guide:      "评判准则",
		closes:     "↑ ↓ 滚动 · 其他任意键关闭",
		more:       "… p 全文",
		nothing:    "尚未选择",
		tie:        "两者一样好",
		flagged:    "已标记",
		comment:    "备注：%s",
		correcting: "正在更正（Esc：保持原样）",
		better:     [5]string{"", "%s 勉强更好，或不确定", "%s 稍好", "%s 更好", "%s 明显更好"},
		strength:   [5]string{"", "勉强", "稍好", "更好", "明显更好"},
		askComment: "备注（Enter 保留，Esc 放弃）：",
		askReason:  "为什么跳过？（Enter 跳过，Esc 返回）：",
		progress:   "您 %d · 全部 %d/%d",
		hidden:     "⚠ %d 处隐藏字符",
		hints:      []string{"Enter 保存", "? 帮助", "n 跳过", "z 撤销", "c 备注", "! 标记", "= 差异", "p 提示", "g 准则", "q 离开"},
		notes: [noteCount]string{
			ChooseFirst:    "请先选择：a s d f 选 A，j k l ; 选 B。",
			LooksPasted:    "这像是粘贴的文字：没有保存。",
			PasteIgnored:   "粘贴的文字已忽略；按 c 写备注。",
			TooFast:        "太快了：这一对刚刚出现。",
			ItemLost:       "该条目的时间已到，已转给别人。",
			NothingToUndo:  "没有可撤销的回答。",
			TooLongForDiff: "文本太长，无法逐词比较。",
			CommentFull:    "备注已满。",
		},
		keys: `a s d f   A 明显更好、更好、稍好、勉强更好（或不确定）
j k l ;   B 勉强更好（或不确定）、稍好、更好、明显更好
1 … 8     同上，从左到右
Enter     保存并继续
z         更正上一个回答；再按：更早的一个
n         跳过，并说明原因
!         标记：这个条目有问题
c         写备注
← →       转到 A、B
Space     转到另一个
↑ ↓ PgUp PgDn Home End   滚动
=         标出不同的词
p         完整的提示
g         评判准则
q         离开；已填的内容会保留`,
		spokenItem:     "新条目。提示：",
		spokenResponse: "回答 %s：",
		spokenScale:    "请选择：a、s、d、f 表示 A 明显更好、更好、稍好、勉强更好；j、k、l、分号表示 B 勉强更好、稍好、更好、明显更好。Enter 保存，问号查看全部按键。",
		spokenClose:    "按任意键继续。",
	},
}

// tieHelp is the line of the keys that only projects with ties have.
var tieHelp = map[Lang]string{English: "0         both are equally good", Chinese: "0         两者一样好"}

// sentence says what is chosen.
func (w words) sentence(v Verdict) string {
	switch {
	case v.Tie:
		return w.tie
	case v.Choice < 0:
		return fmt.Sprintf(w.better[-v.Choice], "A")
	case v.Choice > 0:
		return fmt.Sprintf(w.better[v.Choice], "B")
	}
	return w.nothing
}
