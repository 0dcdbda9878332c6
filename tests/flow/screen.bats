#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a real terminal shows of the progress lines: tmux, which breaks lines that are too long and moves its text when it
# is resized. terminal.bats and others look at the bytes.

. "$BATS_TEST_DIRNAME/lib-send.bash" # people, and setup

teardown() {
	local server
	server=$(tmux -S tmux display-message -p '#{pid}' 2>/dev/null) || server=
	tmux -S tmux kill-server 2>/dev/null || :
	[ -z "$server" ] || wait_for 10 gone "$server" || :
	wait_for 10 nobody_left || :
	flow_stop
}

nobody_left() {
	[ -z "$(flow_left)" ]
}

# screen NAME COLUMNS LOCALE USER COMMAND: run it in a terminal of its own, at the bottom, below a line `before`.
screen() {
	printf 'export LC_ALL=%s UGAT_SESSION="$PWD/%s.pem" XDG_RUNTIME_DIR="$PWD/run"\nyes "" | head -n 30\necho before\n%s\nexec sleep 600\n' \
		"$3" "$4" "$5" >"$1.sh"
	TERM=xterm tmux -u -S tmux -f /dev/null new-session -d -s "$1" -x "$2" -y 24 "sh $1.sh"
}

# What was scrolled away counts, too.
rows() { # NAME
	tmux -S tmux capture-pane -p -S - -t "$1" | grep -a .
}

# One line, or as many as are said, and nothing else stands below `before`; the last is this one.
one_line() { # NAME PATTERN [LINES]
	rows "$1" >"$1.rows"
	[ "$(wc -l <"$1.rows")" -eq $((1 + ${3:-1})) ] && [ "$(head -n 1 "$1.rows")" = before ] && tail -n 1 "$1.rows" | grep -aqE "$2"
}

shows() { # NAME PATTERN [LINES]
	wait_for 10 one_line "$@" && return
	echo "$1 shows not one line with $2:" >&2
	rows "$1" >&2
	return 1
}

# The records of a torrent with one file of this name, whose content nobody has.
described() { # NAME
	printf '%s' "$1" >name
	python3 - >records <<-'PY'
		name = open('name', encoding='utf-8').read()
		name = ''.join('\\%04o' % ord(c) if ord(c) < 32 else c for c in name)
		print(f"ugat\t1\ntorrent\t{7:040x}\t-\t16384\t1\t1000\t1\t{name}\nfile\t0\t0\t1000\t{name}\npiece\t0\t{8:040x}\nend")
	PY
}

wide='日本語の長い名前のファイル日本語の長い名前のファイル日本語の長い名前のファイル.iso'

@test "ugat-fetch: one line on 40, 80 and 200 columns, in UTF-8 and in C, whatever the name" {
	described $'\e]0;title\a\e[2J'"$wide"
	for columns in 40 80 200; do
		screen "c$columns" "$columns" C lab "{ cat records; sleep 600; } | ugat-fetch -d c$columns"
		screen "u$columns" "$columns" C.UTF-8 lab "{ cat records; sleep 600; } | ugat-fetch -d u$columns"
	done
	for columns in 40 80 200; do
		shows c$columns ' 0% .*0 B/s down'
		shows u$columns ' 0% .*0 B/s down'
		no grep -q '日本' c$columns.rows
		grep -q '日本' u$columns.rows
	done
}

@test "ugat-fetch: resized while it runs, one line is left, and what stood above it" {
	described "$wide"
	screen f 80 C.UTF-8 lab '{ cat records; sleep 600; } | ugat-fetch -d out'
	shows f 'B/s up  0 peers'
	for columns in 40 200 30 120 20; do
		tmux -S tmux resize-window -t f -x $columns -y 24
		case $columns in
		40) shows f ' 0% .*0 B/s down$' ;;
		200 | 120) shows f '~  \[\.+\]   0% 0\.00/0\.98 KiB  0 B/s down 0 B/s up  0 peers' ;;
		*) shows f ' 0%  0 B/s down$' ;;
		esac
	done
}

# The table of two that are there, and below it their names; words may follow.
two_done() {
	rows g >g.rows
	sed -n 1p g.rows | grep -q '^before$' &&
		sed -n 2p g.rows | grep -Eq '^BTIH +STATE +NAME +% +SIZE .* EXIT' &&
		[ "$(sed -n 3,4p g.rows | grep -Ec '^[0-9a-f]{8} +done +(one|two) +100% .* 0( |$)')" = 2 ] &&
		[ "$(sed -n 5,6p g.rows | sort | tr -s ' \t' _ | tr '\n' ' ')" = 'done_one_size=1000 done_two_size=1000 ' ]
}

@test "ugat get -j: what is done stands below the table, not in it" {
	for name in one two; do
		printf '%01000d' ${#name} >"$name" # alike, but for their names
		ugat-make "$name"
	done
	screen g 100 C.UTF-8 lab 'ugat get -j 2 -d . one.torrent two.torrent'
	wait_for 15 two_done || { cat g.rows; false; } >&2
}

# table NAME [LINES]: one of one run, below `before`.
table() {
	rows "$1" >"$1.rows"
	[ "$(sed -n 1p "$1.rows")" = before ] && [ "$(wc -l <"$1.rows")" -eq "${2:-3}" ] &&
		sed -n 2p "$1.rows" | grep -q '^\(BTIH  *\)\{0,1\}STATE' && sed -n 3p "$1.rows" | grep -q '^\(00000000  *\)\{0,1\}loading'
}

@test "ugat-stat -w: resized while it runs, one table is left, and what stood above it" {
	described x
	screen f 80 C.UTF-8 lab '{ cat records; sleep 600; } | ugat-fetch -d out'
	shows f 'B/s up  0 peers'
	screen w 80 C.UTF-8 lab 'sh -c "echo \$\$ >pid; exec ugat-stat -w 000000000000000"; echo after'
	wait_for 10 table w || { cat w.rows >&2; false; }
	for size in '60 24' '200 24' '60 10' '50 20' '120 4' '80 24'; do
		tmux -S tmux resize-window -t w -x "${size% *}" -y "${size#* }"
		wait_for 10 table w || { echo "after $size:"; cat w.rows; false; }
	done >&2
	kill "$(cat pid)"
	wait_for 10 eval 'rows w | tail -n 1 | grep -qx after'
	# The shell has said, too, how it ended.
	table w 5 || { cat w.rows; false; } >&2
}

@test "ugat-make, ugat-send, ugat-recv: one line on 40, 80 and 200 columns, with a wide name" {
	head -c 3000000 /dev/zero >"$SRC/$wide"
	for columns in 40 80 200; do
		screen m$columns "$columns" C.UTF-8 lab "{ head -c 3000000 /dev/zero; sleep 600; } | ugat-make -n '$wide' -o m$columns.torrent -"
		mkdir in$columns
		port
		screen r$columns "$columns" C.UTF-8 lab "ugat-recv -p $PORT -u ops -d in$columns"
		wait_for 10 listening "$PORT"
		screen s$columns "$columns" C.UTF-8 ops "ugat-send -U 16K 'lab@127.0.0.1:$PORT' '$SRC/$wide'"
	done
	for columns in 40 80 200; do
		shows m$columns 'hashing'
		shows s$columns '[0-9]% .*sending'
		shows r$columns '[0-9]% .*receiving' 3 # below whom it waits for, and the first record
	done
}

@test "words of another stage, and files that are done, stand on lines of their own" {
	for i in 1 2 3; do content "many/$i" "$i" 400000; done
	TORRENT=$SCRATCH/many.torrent
	ugat-make -q -b 64K -a udp://127.0.0.1:1/announce -o "$TORRENT" "$SRC/many"
	seed_libtorrent libtorrent "$SRC" -U 300000
	screen f 160 C.UTF-8 lab "{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } | ugat-announce | ugat-fetch -d out"
	wait_for 15 eval 'rows f | grep -q "in [0-9.]* s, "'
	rows f | sed 's/[[:space:]]*$//' >screen
	[ "$(head -n 1 screen)" = before ]
	[ "$(grep -c '^done' screen)" -eq 3 ]
	[ "$(grep -c '^ugat-announce: .*no tracker answers' screen)" -eq 1 ]
	no grep -E '^(done|ugat-announce).*([0-9]%|B/s|peer$|ETA)' screen
	[ "$(wc -l <screen)" -eq 6 ] || { cat screen >&2; false; }
}

@test "a dumb terminal gets no escapes, and no terminal a colour" {
	described "$wide"
	for term in dumb xterm; do
		CODE=0
		NO_COLOR=1 ONPTY_TERM=$term as lab "$FLOW_PYTHON" "$FLOW_DIR/onpty.py" 80 $term.bytes ugat-fetch -t 1s -d out <records >fetch.out || CODE=$?
		code 75
		no grep -aq $'\e\\[[0-9;]*m' $term.bytes
	done
	grep -aq '0%' xterm.bytes
	no grep -aq $'\e' dumb.bytes
	no grep -aq '0%  *' dumb.bytes
}
