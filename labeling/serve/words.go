package serve

import (
	"plumbline/labeling"
	"plumbline/labeling/screen"
)

// phrases are what annotators are told before and after a screen.
type phrases struct {
	done      string // judged, corrected, skipped
	restart   string
	elsewhere string
	idle      string
	full      string
	broken    string
	usage     string // the command, what it may be
	linear    string
	dismissed string
	inactive  map[labeling.Status]string
}

var words = map[screen.Lang]phrases{
	screen.English: {
		done:      "%d judged, %d corrected, %d skipped.",
		restart:   "The server restarts. Your draft is kept, and the item waits for you: come back in a minute.",
		elsewhere: "You went on at another terminal.",
		idle:      "Nobody was here for a while. Your draft is kept; come back whenever you like.",
		full:      "Too many people are here just now. Please come back later.",
		broken:    "Something went wrong on the server. Your draft is kept; please come back in a minute.",
		usage:     "Not understood: %q. Say one or more of: %s",
		linear:    "This screen needs a terminal that it can draw on: ssh -t",
		dismissed: "Your work here was paused or changed. A manager will tell you more.",
		inactive: map[labeling.Status]string{
			labeling.StatusPaused:  "Your work is paused. A manager will tell you more.",
			labeling.StatusBlocked: "You do not work here any more. A manager can tell you more.",
		},
	},
	screen.Chinese: {
		done:      "已评判 %d 个，更正 %d 个，跳过 %d 个。",
		restart:   "服务器正在重启。草稿已保存，条目为您保留：请稍后再来。",
		elsewhere: "您已在另一个终端继续。",
		idle:      "您已离开一段时间。草稿已保存，随时可以回来。",
		full:      "目前人数太多，请稍后再来。",
		broken:    "服务器出了问题。草稿已保存，请稍后再来。",
		usage:     "无法理解：%q。可以使用：%s",
		linear:    "该界面需要可绘制的终端：ssh -t",
		dismissed: "您在这里的工作已暂停或变更。管理员会告知详情。",
		inactive: map[labeling.Status]string{
			labeling.StatusPaused:  "您的工作已暂停。管理员会告知详情。",
			labeling.StatusBlocked: "您已不再参与这里的工作。请向管理员询问详情。",
		},
	},
}
