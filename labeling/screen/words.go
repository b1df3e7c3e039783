package screen

import (
	"strings"

	"plumbline/labeling"
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
	RankFirst           // Enter without an order
	CapitalsRank        // a small letter where a ranking is asked for
	NoTies              // "equally good" where it is no answer
	TieWhat             // "level with" before the first is placed, or after the last
	LooksPasted         // Enter too soon after the choice
	PasteIgnored        // text pasted where none is asked for
	TooFast             // a choice before the item could be seen
	ItemLost            // the lease went to somebody else
	NothingToUndo       //
	TooLongForDiff      //
	NoEdits             // the task asks for none
	EditFull            //
	CommentFull         //
	SayWhy              // a skip without a reason
	MouseOn             //
	MouseOff            //
	RawOn               // texts are shown as they were written
	RawOff              //
	noteCount           // how many there are
)

// keyHelp is a key, what it does at length, and in a word for the last row; no word is
// none there. has tells whether the key means anything now.
type keyHelp struct {
	key, does, hint string
	has             func(State) bool
}

type keyList []keyHelp

// words is the interface in one language.
type words struct {
	loading, saving, finished, failed, tooSmall string

	// The item.
	progress, pace, streak, practice, testing string // of the corner
	hidden, more, earlier, space              string
	roles                                     map[string]string
	nothing, tie, flagged, comment, edited    string
	correcting                                string
	better                                    [labeling.MaxStrength + 1]string // "%s is …" by strength; 0: not told
	strength                                  [labeling.MaxStrength + 1]string // on the scale
	level                                     string
	guideChanged, votesHint, notFound, hit    string
	guard, answerFirst, markFirst, rateFirst  string
	notAsked, placedAlready                   string
	notes                                     [noteCount]string
	askComment, askReason, askSearch, askDrop string
	keepOrDrop, skipOrReturn                  string
	editing, line, editKeys, reviewed         string

	// Pages.
	prompt, help, keysTitle, guide, guideVersion    string
	welcome, tutorial, test, skip, votes            string // titles
	closes, begins, goesOn                          string // what ends them
	preferenceKeys, tieKeys, rankingKeys, levelKeys keyList
	onlyWhere, guarded, optional                    string
	keys                                            keyList
	welcomeText, passed, notPassed                  string
	right, wrong, youSaid, expected, why            string
	vote                                            string
	reasons                                         []string
	reasonHelp                                      string

	// What is said in linear mode.
	spokenItem, spokenResponse, spokenDiffs                     string
	spokenScale, spokenOrder, spokenMarks, spokenNext           string
	spokenClose, spokenGoOn, spokenEdit, spokenEmpty, spokenEnd string
}

func many(s State) bool      { return len(s.panes) > 1 }
func questions(s State) bool { return len(s.questions) > 1 }
func edits(s State) bool     { return s.o.Task.Edit }
func flips(s State) bool     { return len(s.panes) > 1 && !s.beside() }
func fresh(s State) bool     { return !s.item.Correcting }
func corrects(s State) bool  { return s.item.Correcting }
func disputes(s State) bool  { return len(s.item.Votes) > 0 }
func drawn(s State) bool     { return !s.o.Linear }

var lexicon = map[Lang]*words{English: &english, Chinese: &chinese}

var english = words{
	loading:  "Loading…",
	saving:   "Saving…",
	finished: "Nothing is left for you to judge. z corrects your last answer, Enter leaves.",
	failed:   "That did not work: %s. Enter tries again, q leaves.",
	tooSmall: "Terminal too small: %d×%d, need 40×12. q leaves.",

	progress:      "you %d · all %d %%",
	pace:          "about %d s each",
	streak:        "day %d",
	practice:      "practice: nothing counts yet",
	testing:       "test %d/%d",
	hidden:        "⚠ %d hidden",
	more:          "… p: all",
	earlier:       "(%d before)",
	space:         "Space: next",
	roles:         map[string]string{"system": "SYSTEM", "user": "USER", "assistant": "ASSISTANT"},
	nothing:       "Nothing chosen yet",
	tie:           "Both are equally good",
	flagged:       "flagged",
	comment:       "comment: %s",
	edited:        "%s edited",
	correcting:    "Correcting (Esc: leave as it was)",
	better:        [5]string{"%s is better", "%s is negligibly better, or you are unsure", "%s is slightly better", "%s is better", "%s is significantly better"},
	strength:      [5]string{"", "negligibly", "slightly", "better", "significantly"},
	level:         "level with the last",
	guideChanged:  "The guideline has changed: g shows version %d.",
	votesHint:     "v what %d others answered",
	notFound:      "Not found: %s",
	hit:           "%d of %d · . next · , before · Esc ends",
	guard:         "%s is “%s”, %s is not: it cannot stand ahead.",
	answerFirst:   "Answer this one first: %s",
	markFirst:     "Answer first: %s of %s, with 1 to %d.",
	rateFirst:     "Answer first: %s With 1 to %d.",
	notAsked:      "Not asked of %s: only where “%s” is “%s”.",
	placedAlready: "%s is placed already; Backspace takes back.",
	notes: [noteCount]string{
		ChooseFirst:    "Choose first: a s d f for A, j k l ; for B.",
		RankFirst:      "Place all of them first, the best one first.",
		CapitalsRank:   "Capital letters place a response, and so do 1 2 3 …",
		NoTies:         "This question has no ties.",
		TieWhat:        "= puts the next one level with the one before it.",
		LooksPasted:    "That looked like pasted text: nothing was saved.",
		PasteIgnored:   "Pasted text was ignored; c opens a comment.",
		TooFast:        "Too fast: that only just appeared.",
		ItemLost:       "Your time for that item ran out; it went to somebody else.",
		NothingToUndo:  "There is nothing to undo.",
		TooLongForDiff: "These texts are too long to compare word by word.",
		NoEdits:        "This task asks for no edits.",
		EditFull:       "There is no room for that.",
		CommentFull:    "There is no room for that.",
		SayWhy:         "Say why: a number, or your own words.",
		MouseOn:        "Mouse on: the wheel scrolls, a click chooses. m: off.",
		MouseOff:       "Mouse off: the terminal selects text again.",
		RawOn:          "Texts as they were written. r: rendered.",
		RawOff:         "Texts rendered. r: as they were written.",
	},
	askComment:   "Comment",
	askReason:    "Why skip?",
	askSearch:    "Search",
	keepOrDrop:   "(Enter keeps it, Esc drops it)",
	skipOrReturn: "(Enter skips, Esc returns)",
	askDrop:      "Keep what you wrote? Enter keeps it, d drops it, any other key goes on.",
	editing:      "EDIT %s",
	line:         "line %d/%d",
	editKeys:     "Ctrl-S keeps · Esc leaves · Ctrl-W Ctrl-U Ctrl-K cut",
	reviewed:     "Enter goes on · Esc: what was expected",

	prompt:         "PROMPT",
	help:           "HELP",
	keysTitle:      "Keys",
	guide:          "GUIDELINE",
	guideVersion:   "GUIDELINE, version %d",
	welcome:        "WELCOME",
	tutorial:       "WHAT WAS EXPECTED",
	test:           "TEST",
	skip:           "SKIP THIS ITEM",
	votes:          "WHAT OTHERS ANSWERED",
	closes:         "Esc closes · ↑ ↓ scroll · / search",
	begins:         "Enter begins · ↑ ↓ scroll",
	goesOn:         "Enter goes on · ↑ ↓ scroll",
	preferenceKeys: keyList{{"a s d f", "A is significantly better, better, slightly better, negligibly better (or you are unsure)", "", nil}, {"j k l ;", "B is negligibly better (or you are unsure), slightly better, better, significantly better", "", nil}, {"1 … 8", "the same, from left to right", "", nil}},
	tieKeys:        keyList{{"0", "both are equally good", "", nil}},
	rankingKeys:    keyList{{"A B C …", "place that response, the best one first; 1 2 3 … do the same", "", nil}},
	levelKeys:      keyList{{"=", "the next one is as good as the one before it", "", nil}},
	onlyWhere:      "Asked only where “%s” is “%s”.",
	guarded:        "What is “%s” cannot stand behind what is not.",
	optional:       "May be left open.",
	keys: keyList{
		{"Enter", "save and go on", "save", nil},
		{"?", "this help", "help", nil},
		{"Esc", "leave the answer as it was", "leave as it was", corrects},
		{"Tab", "next question; Shift-Tab: the one before", "next question", questions},
		{"Backspace", "take back what was entered last", "", nil},
		{"Space", "go to the next response", "", flips},
		{"n", "skip, with a reason", "skip", fresh},
		{"z", "correct the last answer; again: the one before", "undo", nil},
		{"e", "rewrite the better response, or the one in focus", "edit", edits},
		{"c", "write a comment", "comment", nil},
		{"!", "flag: something is wrong with this item", "flag", nil},
		{"← →", "go to the response on the left, on the right; Space: the next", "", many},
		{"↑ ↓", "scroll it; PgUp PgDn Home End do too", "", drawn},
		{"/", "search in it; . next, , before, Esc ends", "search", nil},
		{"w", "mark the words in which it differs from the one before", "differences", many},
		{"r", "show texts as they were written, or rendered", "raw text", nil},
		{"p", "the whole prompt", "prompt", nil},
		{"g", "the guideline", "guideline", nil},
		{"v", "what others answered", "", disputes},
		{"m", "mouse on or off", "", drawn},
		{"q", "leave; what you began is kept", "leave", nil},
	},
	welcomeText: "You will see a prompt and what was written in response, and answer what is asked below. There is no hurry, and nobody is ranked: read to the end, then decide. Nothing is lost if you leave or the connection breaks, and **z** corrects what you have saved. **?** shows all keys.",
	passed:      "You passed the test. From now on your answers count.",
	notPassed:   "Thank you for your time. You did not pass the test, so there is no work for you here for now.",
	right:       "✓ As expected.",
	wrong:       "✗ Something else was expected.",
	youSaid:     "You: %s",
	expected:    "Expected: %s",
	why:         "Why",
	vote:        "Answer %d",
	reasons:     []string{"I cannot judge this subject", "I do not know this language", "The texts are broken or incomplete", "It distresses me", "I know who wrote one of these"},
	reasonHelp:  "Press a number, or write in your own words. The item goes to somebody else; you will not see it again.",

	spokenItem:     "New item. Prompt:",
	spokenResponse: "Response %s:",
	spokenDiffs:    "Only in %s:",
	spokenScale:    "Choose: a, s, d, f: A is significantly, better, slightly, negligibly better. j, k, l, semicolon: B is negligibly, slightly, better, significantly better.",
	spokenOrder:    "Press the letters of the responses, the best one first.",
	spokenMarks:    "For response %s press: %s.",
	spokenNext:     "Enter saves. Question mark: all keys.",
	spokenClose:    "Press any key to go on.",
	spokenGoOn:     "Press Enter to go on.",
	spokenEdit:     "Escape and then Enter keeps it. The text:",
	spokenEmpty:    "empty",
	spokenEnd:      "end",
}

var chinese = words{
	loading:  "正在载入…",
	saving:   "正在保存…",
	finished: "没有需要您评判的条目了。z 更正上一个回答，Enter 离开。",
	failed:   "没有成功：%s。Enter 重试，q 离开。",
	tooSmall: "终端太小：%d×%d，至少需要 40×12。q 离开。",

	progress:      "您 %d · 全部 %d %%",
	pace:          "每条约 %d 秒",
	streak:        "连续 %d 天",
	practice:      "练习：不计入结果",
	testing:       "测试 %d/%d",
	hidden:        "⚠ %d 处隐藏字符",
	more:          "… p 全文",
	earlier:       "（前面还有 %d 条）",
	space:         "Space 下一个",
	roles:         map[string]string{"system": "系统", "user": "用户", "assistant": "助手"},
	nothing:       "尚未选择",
	tie:           "两者一样好",
	flagged:       "已标记",
	comment:       "备注：%s",
	edited:        "已改写 %s",
	correcting:    "正在更正（Esc：保持原样）",
	better:        [5]string{"%s 更好", "%s 勉强更好，或不确定", "%s 稍好", "%s 更好", "%s 明显更好"},
	strength:      [5]string{"", "勉强", "稍好", "更好", "明显更好"},
	level:         "与前一个并列",
	guideChanged:  "评判准则已更新：按 g 查看第 %d 版。",
	votesHint:     "v 其他 %d 人的回答",
	notFound:      "没有找到：%s",
	hit:           "第 %d 处，共 %d 处 · . 下一处 · , 上一处 · Esc 结束",
	guard:         "%s 是“%s”，%s 不是：它不能排在前面。",
	answerFirst:   "请先回答：%s",
	markFirst:     "请先回答：%s（%s），按 1 到 %d。",
	rateFirst:     "请先回答：%s 按 1 到 %d。",
	notAsked:      "不问 %s：仅当“%s”为“%s”时才问。",
	placedAlready: "%s 已经排好；Backspace 可收回。",
	notes: [noteCount]string{
		ChooseFirst:    "请先选择：a s d f 选 A，j k l ; 选 B。",
		RankFirst:      "请先排好全部回答，最好的在前。",
		CapitalsRank:   "请用大写字母排列，也可按 1 2 3 …",
		NoTies:         "这个问题没有“一样好”。",
		TieWhat:        "= 让下一个与前一个并列。",
		LooksPasted:    "这像是粘贴的文字：没有保存。",
		PasteIgnored:   "粘贴的文字已忽略；按 c 写备注。",
		TooFast:        "太快了：内容刚刚出现。",
		ItemLost:       "该条目的时间已到，已转给别人。",
		NothingToUndo:  "没有可撤销的回答。",
		TooLongForDiff: "文本太长，无法逐词比较。",
		NoEdits:        "这个任务不需要改写。",
		EditFull:       "已没有空间。",
		CommentFull:    "已没有空间。",
		SayWhy:         "请说明原因：按数字，或自己填写。",
		MouseOn:        "鼠标已开：滚轮滚动，点击选择。m 关闭。",
		MouseOff:       "鼠标已关：终端可以选取文字了。",
		RawOn:          "显示原文。r 显示排版。",
		RawOff:         "显示排版。r 显示原文。",
	},
	askComment:   "备注",
	askReason:    "为什么跳过？",
	askSearch:    "查找",
	keepOrDrop:   "（Enter 保留，Esc 放弃）",
	skipOrReturn: "（Enter 跳过，Esc 返回）",
	askDrop:      "保留所写的内容吗？Enter 保留，d 放弃，其他键继续。",
	editing:      "改写 %s",
	line:         "第 %d/%d 行",
	editKeys:     "Ctrl-S 保留 · Esc 离开 · Ctrl-W Ctrl-U Ctrl-K 删除",
	reviewed:     "Enter 继续 · Esc 参考答案",

	prompt:         "提示",
	help:           "帮助",
	keysTitle:      "按键",
	guide:          "评判准则",
	guideVersion:   "评判准则，第 %d 版",
	welcome:        "欢迎",
	tutorial:       "参考答案",
	test:           "测试",
	skip:           "跳过这个条目",
	votes:          "其他人的回答",
	closes:         "Esc 关闭 · ↑ ↓ 滚动 · / 查找",
	begins:         "Enter 开始 · ↑ ↓ 滚动",
	goesOn:         "Enter 继续 · ↑ ↓ 滚动",
	preferenceKeys: keyList{{"a s d f", "A 明显更好、更好、稍好、勉强更好（或不确定）", "", nil}, {"j k l ;", "B 勉强更好（或不确定）、稍好、更好、明显更好", "", nil}, {"1 … 8", "同上，从左到右", "", nil}},
	tieKeys:        keyList{{"0", "两者一样好", "", nil}},
	rankingKeys:    keyList{{"A B C …", "依次排列，最好的在前；也可按 1 2 3 …", "", nil}},
	levelKeys:      keyList{{"=", "下一个与前一个一样好", "", nil}},
	onlyWhere:      "仅当“%s”为“%s”时才问。",
	guarded:        "“%s”的不能排在其他的后面。",
	optional:       "可以不回答。",
	keys: keyList{
		{"Enter", "保存并继续", "保存", nil},
		{"?", "本帮助", "帮助", nil},
		{"Esc", "保持原来的回答", "保持原样", corrects},
		{"Tab", "下一个问题；Shift-Tab 上一个问题", "下一个问题", questions},
		{"Backspace", "收回刚才的输入", "", nil},
		{"Space", "转到下一个回答", "", flips},
		{"n", "跳过，并说明原因", "跳过", fresh},
		{"z", "更正上一个回答；再按：更早的一个", "撤销", nil},
		{"e", "改写更好的或当前的回答", "改写", edits},
		{"c", "写备注", "备注", nil},
		{"!", "标记：这个条目有问题", "标记", nil},
		{"← →", "转到左边、右边的回答；Space 下一个", "", many},
		{"↑ ↓", "滚动；也可用 PgUp PgDn Home End", "", drawn},
		{"/", "在其中查找；. 下一处，, 上一处，Esc 结束", "查找", nil},
		{"w", "标出与前一个回答不同的词", "差异", many},
		{"r", "显示原文或排版", "原文", nil},
		{"p", "完整的提示", "提示", nil},
		{"g", "评判准则", "准则", nil},
		{"v", "其他人的回答", "", disputes},
		{"m", "开关鼠标", "", drawn},
		{"q", "离开；已填的内容会保留", "离开", nil},
	},
	welcomeText: "您会看到一个提示，以及对它的回答；请回答下面的问题。不必着急，也没有人与人之间的排名：读完再决定。离开或断线都不会丢失任何内容，已保存的回答可以用 **z** 更正。按 **?** 查看全部按键。",
	passed:      "您通过了测试。从现在起，您的回答计入结果。",
	notPassed:   "感谢您的时间。您没有通过测试，目前没有可以交给您的工作。",
	right:       "✓ 与参考一致。",
	wrong:       "✗ 与参考不一致。",
	youSaid:     "您：%s",
	expected:    "参考：%s",
	why:         "原因",
	vote:        "回答 %d",
	reasons:     []string{"我无法判断这个主题", "我不懂这种语言", "文本损坏或不完整", "内容令我不适", "我知道其中一个是谁写的"},
	reasonHelp:  "按数字，或自己填写。该条目会转给别人，您不会再看到它。",

	spokenItem:     "新条目。提示：",
	spokenResponse: "回答 %s：",
	spokenDiffs:    "只在 %s 中：",
	spokenScale:    "请选择：a、s、d、f 表示 A 明显更好、更好、稍好、勉强更好；j、k、l、分号表示 B 勉强更好、稍好、更好、明显更好。",
	spokenOrder:    "请依次按下回答的字母，最好的在前。",
	spokenMarks:    "对回答 %s 请按：%s。",
	spokenNext:     "Enter 保存，问号查看全部按键。",
	spokenClose:    "按任意键继续。",
	spokenGoOn:     "按 Enter 继续。",
	spokenEdit:     "先按 Esc 再按 Enter 保留。内容：",
	spokenEmpty:    "空",
	spokenEnd:      "末尾",
}
