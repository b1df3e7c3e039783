#!/bin/bash
# Walks through a crowd's day in tmux and writes what the screens showed as Markdown:
#
#	docs/labeling/walkthrough/run.sh > docs/labeling/walkthrough.md
#
# Needs tmux, ssh and ./plumb (make build) in the checkout; nothing of it leaves a
# temporary directory. What is typed is found on the screen first, so a changed screen
# stops it with the last picture.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
plumb=${PLUMB:-$here/../../../plumb}
[ -x "$plumb" ] || { echo "run.sh: no $plumb: run make build first" >&2; exit 1; }
plumb=$(cd "$(dirname "$plumb")" && pwd)/$(basename "$plumb")
dir=$(mktemp -d)
tm() { tmux -L "walk$$" -f /dev/null "$@"; }
cleanup() {
	tm kill-server 2>/dev/null || true
	[ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
cd "$dir"
mkdir bin home
ln -s "$plumb" bin/plumb
cp "$here/items.jsonl" "$here/align.yaml" .
port=$((20000 + $$ % 20000))

# --- the pictures ---------------------------------------------------------------------

say() { printf '%s\n\n' "$*"; }
fence() { printf '```text\n'; sed -e 's/[[:space:]]*$//' -e "s/$port/2222/g" -e "s#$dir#.#g" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'; printf '```\n\n'; }
picture() { tm capture-pane -t "$1" -p; }
shot() { picture "$1" | fence; } # NAME
window() { # NAME COLUMNS ROWS
	tm new-session -d -s "$1" -x "$2" -y "$3" "env PATH='$dir/bin:$PATH' HOME='$dir/home' PS1='\$ ' TERM=tmux-256color LANG=C.UTF-8 sh"
	tm set-option -t "$1" status off >/dev/null
}
await() { # NAME TEXT
	for _ in $(seq 200); do
		if picture "$1" | grep -qF -- "$2"; then sleep .2; return; fi
		sleep .1
	done
	{ echo "run.sh: window $1 never showed: $2"; picture "$1"; } >&2
	exit 1
}
press() { n=$1; shift; for k in "$@"; do tm send-keys -t "$n" "$k"; sleep .25; done; } # NAME KEY...
type_() { tm send-keys -t "$1" -l -- "$2"; sleep .25; }                                   # NAME TEXT
command_() { type_ "$1" "$2"; press "$1" Enter; }
shell() { printf '$ %s\n' "$*"; PATH="$dir/bin:$PATH" HOME=$dir/home bash -c "$*" 2>&1; } # run and show
session() { for c in "$@"; do shell "$c"; done | fence; }

# --- judging --------------------------------------------------------------------------

# better presses the key for the better response of the item shown: the first candidate of
# each item of the file is, but of gold-2 and tutorial-2; good.txt has how those begin.
better() { # NAME STRENGTH
	local picture side
	picture=$(picture "$1")
	side=$(while read -r begin; do
		printf '%s\n' "$picture" | awk -v t="$begin" 'i = index($0, t) { print (i < 45 ? "A" : "B"); exit }'
	done <"$here/good.txt" | head -n 1)
	[ -n "$side" ] || { echo "run.sh: no known response in:"; echo "$picture"; exit 1; } >&2
	case $side$2 in A4) k=a ;; A3) k=s ;; A2) k=d ;; A1) k=f ;; B1) k=j ;; B2) k=k ;; B3) k=l ;; B4) k='\;' ;; esac # tmux takes a bare ; for its own
	for _ in 1 2 3 4 5; do # a key that comes right behind an item is refused
		press "$1" "$k"
		picture "$1" | grep -q -e "Nothing chosen yet" || return 0
		sleep .3
	done
}

save() { # NAME: Enter, until another page is there
	local before
	before=$(picture "$1" | head -n 3)
	press "$1" Enter
	for _ in $(seq 100); do
		if [ "$(picture "$1" | head -n 3)" != "$before" ]; then sleep .4; return; fi
		sleep .1
	done
	{ echo "run.sh: window $1 stayed as it was:"; picture "$1"; exit 1; } >&2
}

# --- the day --------------------------------------------------------------------------

cat <<'TEXT'
# A day of a crowd, screen by screen

Written by [walkthrough/run.sh](walkthrough/run.sh), which drives real terminals, a real server and real SSH; the screens are as they were.
The guides behind it: [annotators](annotators.md), [managers](managers.md), [operators](operators.md).

## The manager opens a project

Three judgements of each item, a tutorial of two and a test of four items of which three must be right. The keys are those of `ssh-keygen`.

TEXT
for who in ann ada eve; do ssh-keygen -q -t ed25519 -N '' -C "$who" -f "$who" </dev/null; done
session "plumb label init labels.db --project answers --overlap 3 --screening 4 --pass 3" \
	"plumb label import labels.db items.jsonl" \
	"plumb label enrol labels.db ann --key ann.pub --status screening" \
	"plumb label enrol labels.db ada --key ada.pub --role adjudicator" \
	"plumb label enrol labels.db eve --key eve.pub --role manager"

serve() {
	PATH="$dir/bin:$PATH" plumb label serve labels.db --listen "127.0.0.1:$port" --host-key host_key --metrics "127.0.0.1:$((port + 1))" 2>>serve.log &
	server=$!
	for _ in $(seq 100); do grep -q "listening" serve.log && return; sleep .1; done
	cat serve.log >&2
	exit 1
}
connect() { command_ "$1" "clear; plumb label connect $2@127.0.0.1:$port -i $2 -o UserKnownHostsFile=known"; }
serve

say '## First use'
say 'An annotator needs no more than a key and `plumb label connect ann@HOST:2222`, or plain `ssh -t -p 2222 ann@HOST`. Who is new is welcomed first.'
window ann 100 24
command_ ann "cd $dir; ssh-keyscan -p $port 127.0.0.1 >known 2>/dev/null"
connect ann ann
await ann "WELCOME"
shot ann
press ann Enter
await ann "17 + 25"
say 'The tutorial explains each answer:'
better ann 3
save ann
shot ann
press ann Enter
await ann "Name a city"
better ann 4
save ann
save ann
say 'Then comes the test. Nobody is told which answers were right, only how far they are.'
await ann "1/4"
shot ann
for _ in 1 2 3 4; do better ann 3; save ann; done

await ann "passed the test"
say 'Whoever passes goes on to the work at once:'
shot ann
press ann Enter

say '## Twenty items'
await ann "all 0"
better ann 4
say 'The key is pressed; Enter saves.'
shot ann
save ann
for i in $(seq 2 17); do better ann $((i % 4 + 1)); save ann; done
await ann "you 23"
say 'Undo: `z` brings the last answer back, to be corrected or left as it was.'
press ann z
await ann "Correcting"
better ann 2
shot ann
press ann Enter
say 'Flag an item that an adjudicator should see, with a comment:'
better ann 1
press ann '!' c
type_ ann "is the prompt complete?"
press ann Enter
sleep .3
shot ann
press ann Enter
await ann "Nothing chosen"
say 'Skip, with a reason:'
press ann n 1
shot ann
press ann Enter
await ann "Nothing chosen"
say 'The better response can be rewritten into a demonstration: `e`.'
better ann 3
press ann e
type_ ann "Briefly: "
shot ann
press ann C-s
await ann "Which is better"
shot ann
press ann Enter
sleep .5
better ann 2
press ann Enter

say '## The server dies in the middle of an item'
better ann 1
press ann c
type_ ann "not sure yet"
press ann Enter
await ann "not sure yet"
shot ann
kill -9 "$server"; wait "$server" 2>/dev/null || true; server=
say 'The server is killed with `kill -9`. `plumb label connect` gives the terminal back at once and tries again:'
sleep 3
shot ann
serve
await ann "not sure yet"
say 'As soon as a server is back on the same store, the same item is there, with the draft:'
shot ann
press ann Enter
sleep .5
press ann q
sleep 1

say '## The manager looks, and pauses a spammer'
say 'Simulated annotators fill the rest: `bob` answers without reading.'
cat >crowd.yaml <<'YAML'
- {handle: cat, count: 3, skill: 0.9, seconds: 30}
- {handle: bob, spammer: random, seconds: 3}
YAML
cp "$here/words.tsv" .
session "plumb label simulate labels.db --scorer lexicon:words.tsv --crowd crowd.yaml" "plumb label stats labels.db"
window eve 120 30
command_ eve "cd '$dir'"
connect eve eve
await eve "bob"
shot eve
say 'Enter shows a person: three seconds an item, and agreement with the others as of a coin.'
for _ in 1 2 3 4 5 6; do picture eve | grep -q '▸ *bob\|> *bob\|[*] bob' && break; press eve Down; done
press eve Enter
sleep 1
shot eve
press eve Escape p
sleep .5
shot eve
type_ eve "answers without reading"
press eve Enter
sleep 1
shot eve
press eve q
sleep .5

say '## The adjudicator has the last word'
window ada 100 24
command_ ada "cd '$dir'"
connect ada ada
await ada "Which is better"
press ada v
sleep .5
say '`v` shows what the others answered, without names; hidden at first, so that it does not sway.'
shot ada
press ada Escape
better ada 3
shot ada
press ada Enter
sleep .5
press ada q
sleep .5

say '## Export, and a reward model trained on it'
session "plumb label audit labels.db" \
	"plumb label export labels.db --format comparisons --weights dawid-skene --split train=.8,validation=.2 --out prefs.jsonl" \
	"plumb label export labels.db --format sft --out demonstrations.jsonl && cat demonstrations.jsonl"
session "plumb run align.yaml --out runs/align 2>&1 | tail -n 6" "plumb runs lineage runs/align"
say 'The manager takes back what bob said; what was trained on it is stale from then on:'
session "plumb label withdraw labels.db bob-01 --reason 'answers without reading'" "plumb runs lineage runs/align" "plumb label audit labels.db"
