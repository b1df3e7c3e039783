package screen

import "strings"

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
	RankFirst           // Enter without an order
	NoTies              // "equally good" where it is no answer
	TieWhat             // "level with" before the first is placed, or after the last
	LooksPasted         // Enter too soon after the choice
	PasteIgnored        // text pasted where none is asked for
	TooFast             // a choice before the item could be seen
	ItemLost            // the lease went to somebody else
	NothingToUndo       //
	TooLongForDiff      //
	CommentFull         //
	MouseOn             //
	MouseOff            //
	noteCount           // how many there are
)

// words is the interface in one language.
type words struct {
	loading, saving, finished, failed, tooSmall string
	prompt, help, guide, closes, more           string
	nothing, tie, flagged, comment, correcting  string
	better                                      [5]string // "%s is …" by strength; 0: no strength told
	strength                                    [5]string // on the scale
	askComment, askReason                       string
	progress                                    string // mine, done, wanted
	streak, pace, test                          string
	hidden                                      string
	hints                                       []string
	notes                                       [noteCount]string
	keys                                        string
	preferenceKeys, tieKeys                     string
	rankingKeys, levelKeys                      string

	guideVersion, guideChanged                        string
	guard, answerFirst, markFirst, notAsked           string
	placedAlready, level                              string
	welcome, welcomeText, begins, goesOn              string
	tutorial, right, wrong, youSaid, expected         string
	testing, passed, notPassed                        string
	votes, vote, votesHint                            string
	spokenItem, spokenResponse, spokenScale           string
	spokenClose, spokenGoOn, spokenOrder, spokenMarks, spokenNext string
}

var lexicon = map[Lang]*words{
	English: {
		loading:      "Loading…",
		saving:       "Saving…",
		finished:     "Nothing is left for you to judge. z corrects your last answer, Enter leaves.",
		failed:       "That did not work: %s. Enter tries again, q leaves.",
		tooSmall:     "Terminal too small: %d×%d, need 40×12.",
		prompt:       "PROMPT",
		help:         "KEYS",
		guide:        "GUIDELINE",
		guideVersion: "GUIDELINE, version %d",
		guideChanged: "The guideline has changed: g shows version %d.",
		closes:       "↑ ↓ scroll · any other key closes",
		more:         "… p: all",
		nothing:      "Nothing chosen yet",
		tie:          "Both are equally good",
		flagged:      "flagged",
		comment:      "comment: %s",
		correcting:   "Correcting (Esc: leave as it was)",
		better:       [5]string{"%s is better", "%s is negligibly better, or you are unsure", "%s is slightly better", "%s is better", "%s is significantly better"},
		strength:     [5]string{"", "negligibly", "slightly", "better", "significantly"},
		askComment:   "Comment (Enter keeps it, Esc drops it): ",
		askReason:    "Why skip? (Enter skips, Esc returns): ",
		progress:     "you %d · all %d/%d",
		streak:       "day %d",
		pace:         "~%d s each",
		testing:      "test %d/%d",
		hidden:       "⚠ %d hidden",
		hints:        []string{"Enter save", "? help", "n skip", "z undo", "c comment", "! flag", "w differences", "p prompt", "g guideline", "q leave"},
		notes: [noteCount]string{
			ChooseFirst:    "Choose first: a s d f for A, j k l ; for B.",
			RankFirst:      "Place all of them first, the best one first.",
			NoTies:         "This question has no ties.",
			TieWhat:        "= puts the next one level with the one before it.",
			LooksPasted:    "That looked like pasted text: nothing was saved.",
			PasteIgnored:   "Pasted text was ignored; c opens a comment.",
			TooFast:        "Too fast: that only just appeared.",
			ItemLost:       "Your time for that item ran out; it went to somebody else.",
			NothingToUndo:  "There is nothing to undo.",
			TooLongForDiff: "These texts are too long to compare word by word.",
			CommentFull:    "The comment is full.",
			MouseOn:        "Mouse on: the wheel scrolls, a click chooses. m: off.",
			MouseOff:       "Mouse off: the terminal selects text again.",
		},
		guard:         "%s is “%s”, %s is not: it cannot stand ahead.",
		answerFirst:   "Answer this one first: %s",
		markFirst:     "Answer first: %s of %s, with 1 to %d.",
		notAsked:      "Not asked of %s: only where “%s” is “%s”.",
		level:         "level with the last",
		placedAlready: "%s is placed already; Backspace takes back.",
		welcome:       "WELCOME",
		welcomeText:   "You will see a prompt and what was written in response. You say which response is better, as the guideline asks. There is no hurry and no ranking of people: read to the end, then decide. Nothing is lost if you leave or the connection breaks, and z corrects what you have saved.",
		begins:        "↑ ↓ scroll · Enter begins",
		goesOn:        "↑ ↓ scroll · Enter goes on",
		tutorial:      "WHAT WAS EXPECTED",
		right:         "✓ As expected.",
		wrong:         "✗ Something else was expected.",
		youSaid:       "You: %s",
		expected:      "Expected: %s",
		test:          "TEST",
		passed:        "You passed the test. What comes now counts.",
		notPassed:     "Thank you for your time. You did not pass the test, so there is no work for you here for now.",
		votes:         "WHAT OTHERS ANSWERED",
		vote:          "Answer %d",
		votesHint:     "v: what %d others answered",
		keys: `Enter     save and go on
Tab Shift-Tab   next question, the one before
Backspace take back what was entered last
z         correct the last answer; again: the one before
n         skip, with a reason
!         flag: something is wrong with this item
c         write a comment
← →       go to the response on the left, on the right
Space     go to the next one
↑ ↓ PgUp PgDn Home End   scroll it
w         mark the words that differ
p         the whole prompt
g         the guideline
m         mouse on or off
q         leave; what you began is kept`,
		preferenceKeys: `a s d f   A is significantly better, better, slightly better, negligibly better (or unsure)
j k l ;   B is negligibly better (or unsure), slightly better, better, significantly better
1 … 8     the same, from left to right`,
		tieKeys:        "0         both are equally good",
		rankingKeys:    "1 2 3 … or A B C …   place that response, the best one first",
		levelKeys:      "=         the next one is as good as the one before it",
		spokenItem:     "New item. Prompt:",
		spokenResponse: "Response %s:",
		spokenScale:    "Choose: a, s, d, f: A is significantly, better, slightly, negligibly better. j, k, l, semicolon: B is negligibly, slightly, better, significantly better.",
		spokenOrder:    "Press the letters or numbers of the responses, the best one first.",
		spokenMarks:    "For response %s press %s.",
		spokenNext:     "Enter saves. Question mark: all keys.",
		spokenClose:    "Press any key to go on.",
		spokenGoOn:     "Press Enter to go on.",
	},
	Chinese: {
		loading:      "正在载入…",
		saving:       "正在保存…",
		finished:     "没有需要您评判的条目了。z 更正上一个回答，Enter 离开。",
		failed:       "没有成功：%s。Enter 重试，q 离开。",
		tooSmall:     "终端太小：%d×%d，至少需要 40×12。",
		prompt:       "提示",
		help:         "按键",
		guide:        "评判准则",
		guideVersion: "评判准则，第 %d 版",
		guideChanged: "评判准则已更新：按 g 查看第 %d 版。",
		closes:       "↑ ↓ 滚动 · 其他任意键关闭",
		more:         "… p 全文",
		nothing:      "尚未选择",
		tie:          "两者一样好",
		flagged:      "已标记",
		comment:      "备注：%s",
		correcting:   "正在更正（Esc：保持原样）",
		better:       [5]string{"%s 更好", "%s 勉强更好，或不确定", "%s 稍好", "%s 更好", "%s 明显更好"},
		strength:     [5]string{"", "勉强", "稍好", "更好", "明显更好"},
		askComment:   "备注（Enter 保留，Esc 放弃）：",
		askReason:    "为什么跳过？（Enter 跳过，Esc 返回）：",
		progress:     "您 %d · 全部 %d/%d",
		streak:       "连续 %d 天",
		pace:         "每条约 %d 秒",
		testing:      "测试 %d/%d",
		hidden:       "⚠ %d 处隐藏字符",
		hints:        []string{"Enter 保存", "? 帮助", "n 跳过", "z 撤销", "c 备注", "! 标记", "w 差异", "p 提示", "g 准则", "q 离开"},
		notes: [noteCount]string{
			ChooseFirst:    "请先选择：a s d f 选 A，j k l ; 选 B。",
			RankFirst:      "请先排好全部回答，最好的在前。",
			NoTies:         "这个问题没有“一样好”。",
			TieWhat:        "= 让下一个与前一个并列。",
			LooksPasted:    "这像是粘贴的文字：没有保存。",
			PasteIgnored:   "粘贴的文字已忽略；按 c 写备注。",
			TooFast:        "太快了：内容刚刚出现。",
			ItemLost:       "该条目的时间已到，已转给别人。",
			NothingToUndo:  "没有可撤销的回答。",
			TooLongForDiff: "文本太长，无法逐词比较。",
			CommentFull:    "备注已满。",
			MouseOn:        "鼠标已开：滚轮滚动，点击选择。m 关闭。",
			MouseOff:       "鼠标已关：终端可以选取文字了。",
		},
		guard:         "%s 是“%s”，%s 不是：它不能排在前面。",
		answerFirst:   "请先回答：%s",
		markFirst:     "请先回答：%s（%s），按 1 到 %d。",
		notAsked:      "不问 %s：仅当“%s”为“%s”时才问。",
		level:         "与前一个并列",
		placedAlready: "%s 已经排好；Backspace 可收回。",
		welcome:       "欢迎",
		welcomeText:   "您会看到一个提示，以及对它的回答。请按照评判准则判断哪个回答更好。不必着急，也没有人与人之间的排名：读完再决定。离开或断线都不会丢失任何内容，已保存的回答可以用 z 更正。",
		begins:        "↑ ↓ 滚动 · Enter 开始",
		goesOn:        "↑ ↓ 滚动 · Enter 继续",
		tutorial:      "参考答案",
		right:         "✓ 与参考一致。",
		wrong:         "✗ 与参考不一致。",
		youSaid:       "您：%s",
		expected:      "参考：%s",
		test:          "测试",
		passed:        "您通过了测试。接下来的评判计入结果。",
		notPassed:     "感谢您的时间。您没有通过测试，目前没有可以交给您的工作。",
		votes:         "其他人的回答",
		vote:          "回答 %d",
		votesHint:     "v 查看其他 %d 人的回答",
		keys: `Enter     保存并继续
Tab Shift-Tab   下一个问题，上一个问题
Backspace 收回刚才的输入
z         更正上一个回答；再按：更早的一个
n         跳过，并说明原因
!         标记：这个条目有问题
c         写备注
← →       转到左边、右边的回答
Space     转到下一个
↑ ↓ PgUp PgDn Home End   滚动
w         标出不同的词
p         完整的提示
g         评判准则
m         开关鼠标
q         离开；已填的内容会保留`,
		preferenceKeys: `a s d f   A 明显更好、更好、稍好、勉强更好（或不确定）
j k l ;   B 勉强更好（或不确定）、稍好、更好、明显更好
1 … 8     同上，从左到右`,
		tieKeys:        "0         两者一样好",
		rankingKeys:    "1 2 3 … 或 A B C …   依次排列，最好的在前",
		levelKeys:      "=         下一个与前一个一样好",
		spokenItem:     "新条目。提示：",
		spokenResponse: "回答 %s：",
		spokenScale:    "请选择：a、s、d、f 表示 A 明显更好、更好、稍好、勉强更好；j、k、l、分号表示 B 勉强更好、稍好、更好、明显更好。",
		spokenOrder:    "请依次按下回答的字母或数字，最好的在前。",
		spokenMarks:    "对回答 %s 请按 %s。",
		spokenNext:     "Enter 保存，问号查看全部按键。",
		spokenClose:    "按任意键继续。",
		spokenGoOn:     "按 Enter 继续。",
	},
}
