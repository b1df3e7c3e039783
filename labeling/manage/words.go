package manage

import (
	"fmt"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/screen"
)

// words is the interface in one language; what is filled in is named beside it.
type words struct {
	loading, nobody, closes string
	tooSmall                string // columns, rows
	asOf, stale             string // age; what went wrong
	units                   [4]string
	columns                 [columnCount]string
	status                  map[labeling.Status]string
	role                    map[labeling.Role]string

	asking                    map[labeling.Status]string // handle
	became                    map[labeling.Status]string // handle
	alreadySo                 string                     // handle, status
	failedBy                  string                     // error
	gaveBack, droppedProposal string                     // handle
	noProposal, noLeases      string
	askSearch                 string
	waiting                   string // people
	hints, personHints        []string
	keysTitle, keys           string

	open, leased, done                   string // slots; of how many, per cent
	lapsed                               string // leases, of them lapsed, for how long
	disputes, flagged, skips, withdrawn  string // how many
	lastHour, perHour, hoursLeft, finish string // judgements; judgements; hours; time
	noPace, noAlpha                      string

	page pageWords
}

// pageWords is the page about one annotator.
type pageWords struct {
	simulated                                 string
	keys, holds                               string // how many; how many, lapsed
	proposals, work, checks, leaning          string // headings
	question, drift, goldDrift                string // headings; key
	judged                                    string // judged, skipped, flagged
	last                                      string // how long ago
	pace                                      string // seconds, crowd's, z
	recent                                    string // seconds
	gold, attention, consistent, left, longer string
	chance, likeOthers                        string // p
	agrees, kappa, skill, insight             string
	confusion                                 string
	first, second, equal                      string // classes of a pair
	change                                    string // before, recent, p
	nothing                                   string
}

// ago is a duration in its largest unit.
func (w words) ago(d time.Duration) string {
	d = max(0, d)
	for i, u := range []time.Duration{24 * time.Hour, time.Hour, time.Minute} {
		if d >= u {
			return fmt.Sprintf(w.units[i], int(d/u))
		}
	}
	return fmt.Sprintf(w.units[3], int(d/time.Second))
}

var lexicon = map[screen.Lang]words{
	screen.English: {
		loading:  "Reading the project…",
		nobody:   "Nobody here.",
		closes:   "↑ ↓ scroll · any other key closes",
		tooSmall: "Terminal too small: %d×%d, need 40×12. q leaves.",
		asOf:     "%s ago",
		stale:    "%s ago · no newer figures: %s",
		units:    [4]string{"%d d", "%d h", "%d min", "%d s"},
		columns:  [columnCount]string{"!", "NAME", "STATUS", "JUDGED", "SEC", "GOLD", "LEFT", "SELF", "SKILL", "SEEN"},
		status: map[labeling.Status]string{
			labeling.StatusActive: "active", labeling.StatusScreening: "screening", labeling.StatusPaused: "paused", labeling.StatusBlocked: "blocked",
		},
		role: map[labeling.Role]string{labeling.RoleAnnotator: "annotator", labeling.RoleAdjudicator: "adjudicator", labeling.RoleManager: "manager"},
		asking: map[labeling.Status]string{
			labeling.StatusActive: "Let %s work, why? ", labeling.StatusPaused: "Pause %s, why? ", labeling.StatusBlocked: "Block %s, why? ",
		},
		became: map[labeling.Status]string{
			labeling.StatusActive: "%s may work.", labeling.StatusPaused: "%s is paused; r undoes it.", labeling.StatusBlocked: "%s is blocked; r undoes it.",
		},
		alreadySo:       "%s is %s already.",
		failedBy:        "That did not work: %v",
		gaveBack:        "What %s held went back to the others.",
		droppedProposal: "The proposal about %s is dropped until its figures change.",
		noProposal:      "Nothing is proposed here.",
		noLeases:        "They hold no items.",
		askSearch:       "Find: ",
		waiting:         "%d to look at: Tab goes to the next",
		hints:           []string{"Enter details", "p pause", "r resume", "b block", "Tab next !", "y follow", "x dismiss", "u requeue", "s sort", "/ find", "? help", "q leave"},
		personHints:     []string{"Esc back", "↑ ↓ scroll", "p pause", "r resume", "b block", "y follow", "x dismiss", "u requeue", "? help"},
		keysTitle:       "KEYS",
		keys: `↑ ↓ PgUp PgDn Home End   choose an annotator
Enter     everything about them; Esc returns
Tab       the next one about whom something is proposed (!)
y         follow what is proposed: pause them, with the figures as the reason
x         dismiss it, until its figures change
p r b     pause, resume, block, with a reason
u         give back what they hold to the others
s S       sort by the next column, turn the order
/         find by name; Esc shows all
g         new figures now; they come by themselves every few seconds
q         leave

JUDGED    items of the work
SEC       median seconds at an item
GOLD      known answers given, with the 95 % interval
LEFT      share for the left candidate, and p if sides did not matter
SELF      hidden repeats answered as before
SKILL     chance to be right, by Dawid-Skene
SEEN      since the last judgement`,
		open:      "open %d",
		leased:    "leased %d",
		lapsed:    "leased %d (%d lapsed, up to %s ago)",
		done:      "done %d of %d, %.0f %%",
		disputes:  "disputes %d",
		flagged:   "flagged %d",
		skips:     "skipped %d",
		withdrawn: "withdrawn %d",
		lastHour:  "%d in the last hour",
		perHour:   "%.0f an hour at work",
		hoursLeft: "%.1f h of work left",
		finish:    "ready %s at this pace",
		noPace:    "nothing judged yet",
		noAlpha:   "alpha: needs two answers to an item",
		page: pageWords{
			simulated: "a program",
			keys:      "%d SSH keys", holds: "holds %d items, %d of them lapsed",
			proposals: "PROPOSED", work: "WORK", checks: "CHECKS", leaning: "LEANING",
			question: "QUESTION %s", drift: "OVER TIME: with the majority of the others", goldDrift: "OVER TIME: known answers",
			judged: "judged %d, skipped %d, flagged %d", last: "last judgement %s ago",
			pace: "%s s an item in the median, the crowd %s s (z %+.1f)", recent: "the latest: %s s",
			gold: "known answers given", attention: "attention checks right", consistent: "repeats answered as before",
			left: "prefers the left one", longer: "prefers the longer one",
			chance: "p%s if it did not matter", likeOthers: "p%s if they are as the others",
			agrees: "agrees with the others", kappa: "Cohen's kappa %s", skill: "chance to be right %s (Dawid-Skene)", insight: "kappa with the truth %s",
			confusion: "what they say (columns) where the truth is (rows):",
			first:     "first", second: "second", equal: "equal",
			change:  "before %s, lately %s, p%s if nothing changed",
			nothing: "no answers yet",
		},
	},
	screen.Chinese: {
		loading:  "正在读取项目…",
		nobody:   "没有人。",
		closes:   "↑ ↓ 滚动 · 其他任意键关闭",
		tooSmall: "终端太小：%d×%d，至少需要 40×12。q 离开。",
		asOf:     "%s前",
		stale:    "%s前 · 没有更新的数据：%s",
		units:    [4]string{"%d 天", "%d 小时", "%d 分", "%d 秒"},
		columns:  [columnCount]string{"!", "名称", "状态", "已评", "秒", "金标", "左", "自洽", "能力", "最近"},
		status: map[labeling.Status]string{
			labeling.StatusActive: "工作中", labeling.StatusScreening: "测试中", labeling.StatusPaused: "已暂停", labeling.StatusBlocked: "已停用",
		},
		role: map[labeling.Role]string{labeling.RoleAnnotator: "标注员", labeling.RoleAdjudicator: "仲裁员", labeling.RoleManager: "管理员"},
		asking: map[labeling.Status]string{
			labeling.StatusActive: "让 %s 工作，原因：", labeling.StatusPaused: "暂停 %s，原因：", labeling.StatusBlocked: "停用 %s，原因：",
		},
		became: map[labeling.Status]string{
			labeling.StatusActive: "%s 可以工作了。", labeling.StatusPaused: "%s 已暂停；r 撤销。", labeling.StatusBlocked: "%s 已停用；r 撤销。",
		},
		alreadySo:       "%s 已经是“%s”。",
		failedBy:        "没有成功：%v",
		gaveBack:        "%s 持有的条目已还给别人。",
		droppedProposal: "关于 %s 的建议已放下，直到数据变化。",
		noProposal:      "这里没有建议。",
		noLeases:        "此人没有持有条目。",
		askSearch:       "查找：",
		waiting:         "%d 人需要查看：Tab 到下一个",
		hints:           []string{"Enter 详情", "p 暂停", "r 恢复", "b 停用", "Tab 下一个 !", "y 照办", "x 放下", "u 收回", "s 排序", "/ 查找", "? 帮助", "q 离开"},
		personHints:     []string{"Esc 返回", "↑ ↓ 滚动", "p 暂停", "r 恢复", "b 停用", "y 照办", "x 放下", "u 收回", "? 帮助"},
		keysTitle:       "按键",
		keys: `↑ ↓ PgUp PgDn Home End   选择标注员
Enter     此人的全部数据；Esc 返回
Tab       下一个有建议的人（!）
y         照建议办：暂停此人，以数据为原因
x         放下建议，直到数据变化
p r b     暂停、恢复、停用，并说明原因
u         把此人持有的条目还给别人
s S       按下一列排序、倒转次序
/         按名称查找；Esc 显示全部
g         立即更新；每隔几秒会自动更新
q         离开

已评      正式条目的数量
秒        每个条目用时的中位数
金标      答对的已知答案，及 95 % 区间
左        选左边的比例，以及左右无关时的 p
自洽      隐藏重复题与先前答案一致
能力      Dawid-Skene 估计的正确率
最近      距上一个评判`,
		open:      "待评 %d",
		leased:    "在评 %d",
		lapsed:    "在评 %d（%d 个已过期，最久 %s）",
		done:      "完成 %d/%d，%.0f %%",
		disputes:  "争议 %d",
		flagged:   "标记 %d",
		skips:     "跳过 %d",
		withdrawn: "撤回 %d",
		lastHour:  "过去一小时 %d 个",
		perHour:   "工作时每小时 %.0f 个",
		hoursLeft: "还需工作 %.1f 小时",
		finish:    "照此速度 %s 完成",
		noPace:    "还没有评判",
		noAlpha:   "alpha：同一条目需要两个答案",
		page: pageWords{
			simulated: "程序",
			keys:      "SSH 密钥 %d 个", holds: "持有 %d 个条目，其中 %d 个已过期",
			proposals: "建议", work: "工作", checks: "检查", leaning: "偏向",
			question: "问题 %s", drift: "随时间：与其他人的多数一致", goldDrift: "随时间：已知答案",
			judged: "已评 %d，跳过 %d，标记 %d", last: "上一个评判在 %s前",
			pace: "每个条目 %s 秒（中位数），众人 %s 秒（z %+.1f）", recent: "最近：%s 秒",
			gold: "已知答案答对", attention: "注意力检查答对", consistent: "重复题答案一致",
			left: "选左边", longer: "选较长的",
			chance: "若无关 p%s", likeOthers: "若与众人相同 p%s",
			agrees: "与其他答案一致", kappa: "Cohen kappa %s", skill: "正确率 %s（Dawid-Skene）", insight: "与真值的 kappa %s",
			confusion: "真值为行、所答为列：",
			first:     "第一个", second: "第二个", equal: "一样",
			change:  "之前 %s，最近 %s，若无变化 p%s",
			nothing: "还没有答案",
		},
	},
}
