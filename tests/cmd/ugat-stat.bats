#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-stat: what it shows of real runs of ugat-fetch, and of whatever else may lie among the status files.
# shellcheck source=../flow/lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/../flow/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
	SEED=("$FLOW_PYTHON" "$FLOW_FAKE/seed.py")
	RUNS=$XDG_RUNTIME_DIR/ugat
	A=a1b2c3d4e5f60718293a4b5c6d7e8f9001122334
	B=a1b2c3d4e5ff0718293a4b5c6d7e8f9001122334
}

teardown() {
	flow_stop
}

# Fields of a status record, counted from 1, as cut does.
C_STATE=2 C_CODE=3 C_PID=4 C_WANTED=7 C_HAD=8 C_NAME=17

# run_of NAME [OPTION...]: a ugat-fetch that has nobody to load NAME from; its input NAME.in stays open.
# Sets FETCH (its pid) and BTIH.
run_of() {
	local name=$1 fd

	shift
	content "$name" "$RANDOM$RANDOM" 200000 # nobody else's torrent: the other place may know more
	"${SEED[@]}" records 65536 "$SRC/$name" >records
	BTIH=$(sed -n 's/^torrent	\([^	]*\).*/\1/p' records)
	mkfifo "$name.in"
	# shellcheck disable=SC2034
	exec {fd}<>"$name.in"
	STDIN=$name.in spawn "$name" ugat-fetch -d "out-$name" "$@"
	FETCH=$SPAWNED
	cat records >"$name.in"
	wait_for 10 state_is loading
}

# field N: field N of the one run of BTIH.
field() {
	ugat-stat "$BTIH" >one || return 1
	[ "$(wc -l <one)" -eq 1 ] || return 1
	cut -f "$1" one
}

state_is() {
	[ "$(field "$C_STATE")" = "$1" ]
}

# hand BTIH.ID STATE CODE NAME [KEY=VALUE]: a status file written by hand, of a run that is over.
hand() {
	mkdir -p "$RUNS" && chmod 700 "$RUNS"
	printf 'status\t%s\t%s\t4711\t1000\t6881\t1000\t421\t500\t600\t579\t70\t80\t9\t3\t11\t%s%s\n' "$2" "$3" "$4" "${5:+	$5}" >"$RUNS/$1"
}

# stat_code OPTION...: its exit code is CODE; out, err.
stat_code() {
	CODE=0
	ugat-stat "$@" >out 2>err || CODE=$?
}

# on_terminal COLUMNS OPTION...: what a terminal shows is in `screen`, words in err.
on_terminal() {
	local columns=$1

	shift
	CODE=0
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o "$columns" ugat-stat "$@" >screen 2>err || CODE=$?
}

# alone WORDS: run the shell words where the other place for status files is empty. Where nothing can be
# mounted it has to be so by itself.
alone() {
	local enter dir

	dir=/tmp/ugat-$(id -u)
	if [ ! -e "$dir" ]; then
		sh -c "$1"
		return
	fi
	private "$dir" || { sh -c "$1"; return; }
	dir=/tmp/ugat-$("${enter[@]}" id -u)
	"${enter[@]}" sh -c "mount -t tmpfs -o size=1m,mode=700 none '$dir' || exit; $1
		code=\$?; umount '$dir'; exit \$code"
}

# ---- real runs

@test "a live run: loading, with its numbers; after TERM its exit code and its cause" {
	run_of a
	[ "$(field "$C_PID")" = "$FETCH" ]
	[ "$(field "$C_CODE")" = - ]
	[ "$(field "$C_WANTED") $(field "$C_HAD") $(field "$C_NAME")" = '200000 0 a' ]
	grep -q "	btih=$BTIH\$" one
	kill -TERM "$FETCH"
	wait "$FETCH" || :
	[ "$(field "$C_STATE") $(field "$C_CODE")" = 'failed 143' ]
	grep -q '	why=stopped by TERM	' one
}

@test "a run that was killed by signal 9 is shown as killed, without an exit code" {
	run_of a
	kill -KILL "$FETCH"
	wait "$FETCH" || :
	[ "$(field "$C_STATE") $(field "$C_CODE")" = 'killed -' ]
	grep -q '	why=killed, ' one
	on_terminal 80 "$BTIH"
	grep -q '^.* killed  *a  *0% .* -$' screen
	grep -q '^    killed, or the machine went down' screen
}

@test "a run that was stopped still lives" {
	run_of a
	kill -STOP "$FETCH"
	state_is loading
	ugat-stat -f
	state_is loading
	kill -CONT "$FETCH"
}

@test "a run that is done: code 0, all there" {
	content a "$RANDOM$RANDOM" 200000
	"${SEED[@]}" records 65536 "$SRC/a" >records
	BTIH=$(sed -n 's/^torrent	\([^	]*\).*/\1/p' records)
	cp -r "$SRC" out-a
	ugat-fetch -d out-a <records
	[ "$(field "$C_STATE") $(field "$C_CODE") $(field "$C_HAD")" = 'done 0 200000' ]
	no grep -q 'why=' one
}

@test "-f forgets what is over and never what lives" {
	run_of a
	A_RUN=$BTIH
	A_PID=$FETCH
	run_of b
	kill -KILL "$FETCH"
	wait "$FETCH" || :
	state_is killed
	hand "$A.00000000" failed 75 old
	stat_code -f "$A_RUN"
	[ "$CODE" -eq 1 ]
	[ "$(cat err)" = "ugat-stat: $A_RUN: it still runs" ]
	ugat-stat -f "$A"
	no ugat-stat "$A"
	state_is killed
	alone 'ugat-stat -f' >out
	[ ! -s out ]
	no ugat-stat "$BTIH"
	BTIH=$A_RUN
	[ "$(field "$C_PID")" = "$A_PID" ]
	# There is nothing over any more, which is no failure.
	alone 'ugat-stat -f'
}

# ---- answers

@test "nothing there: exit 1, without a word in a pipe, with one on a terminal" {
	rc=0
	alone 'ugat-stat' >out 2>err || rc=$?
	[ "$rc" -eq 1 ]
	[ ! -s out ]
	[ ! -s err ]
	rc=0
	alone "python3 '$BATS_TEST_DIRNAME/../flow/onpty.py' -o 0 ugat-stat" >out 2>err || rc=$?
	[ "$rc" -eq 1 ]
	[ "$(cat err)" = 'ugat-stat: nothing runs, and nothing has ended within 24 hours' ]
	rc=0
	alone "python3 '$BATS_TEST_DIRNAME/../flow/onpty.py' -o 0 ugat-stat -q" >out 2>err || rc=$?
	[ "$rc" -eq 1 ]
	[ ! -s err ]
}

@test "an info-hash or the beginning of one selects, in either case" {
	hand "$A.00000000" "done" 0 first
	hand "$A.00000001" failed 75 again
	hand "$B.00000000" "done" 0 second
	ugat-stat "$A" >out
	[ "$(cut -f "$C_NAME" out | sort)" = $'again\nfirst' ]
	ugat-stat A1B2c3d4e5Ff >out
	[ "$(cut -f "$C_NAME" out)" = second ]
	ugat-stat "$B" a1b2c3d4e5f6 >out
	[ "$(wc -l <out)" -eq 3 ]
}

@test "a beginning that two torrents share is refused, and so is what is no info-hash" {
	hand "$A.00000000" "done" 0 first
	hand "$B.00000000" "done" 0 second
	for options in '' -w -f; do
		# shellcheck disable=SC2086
		stat_code $options a1b2c3d4e5f
		[ "$CODE" -eq 2 ]
		[ ! -s out ]
		grep -q '^ugat-stat: a1b2c3d4e5f: several torrents begin so' err
		grep -q "$A" err
		grep -q "$B" err
	done
	[ -e "$RUNS/$A.00000000" ]
	for name in x '' "${A}0" a1b2/; do
		stat_code "$name"
		[ "$CODE" -eq 2 ]
		grep -q '^ugat-stat: .*: no info-hash: up to 40 hexadecimal digits' err
	done
}

@test "a name that nobody bears: the others are shown, exit 1" {
	hand "$A.00000000" "done" 0 first
	stat_code a1b2c3d4e ffffffffffffffffffff
	[ "$CODE" -eq 1 ]
	[ "$(cut -f "$C_NAME" out)" = first ]
	[ ! -s err ]
	on_terminal 80 ffffffffffffffffffff
	[ "$CODE" -eq 1 ]
	[ "$(cat err)" = 'ugat-stat: ffffffffffffffffffff: no such run' ]
	stat_code -f ffffffffffffffffffff
	[ "$CODE" -eq 1 ]
	grep -q 'no such run' err
}

@test "-w and -f together: exit 2" {
	stat_code -w -f
	[ "$CODE" -eq 2 ]
}

@test "an output that cannot be written: exit 74" {
	hand "$A.00000000" "done" 0 first
	rc=0
	ugat-stat "$A" >/dev/full 2>err || rc=$?
	[ "$rc" -eq 74 ]
	[ "$(cat err)" = 'ugat-stat: standard output: No space left on device' ]
}

@test "what ended a day ago is gone, what ended before that is not" {
	hand "$A.00000000" "done" 0 first
	hand "$A.00000001" "done" 0 second
	touch -d '23 hours ago' "$RUNS/$A.00000000"
	touch -d '25 hours ago' "$RUNS/$A.00000001"
	ugat-stat "$A" >out
	[ "$(cut -f "$C_NAME" out)" = first ]
	[ ! -e "$RUNS/$A.00000001" ]
}

@test "the newest stands last: the ended ones in their order, then the live ones" {
	run_of a
	hand "$A.00000000" failed 75 older
	hand "$B.00000000" "done" 0 newer
	touch -d '2 hours ago' "$RUNS/$A.00000000"
	touch -d '1 hour ago' "$RUNS/$B.00000000"
	ugat-stat "$A" "$B" "$BTIH" >out
	[ "$(cut -f "$C_NAME" out | tr '\n' ' ')" = 'older newer a ' ]
}

@test "a terminal is told the directory; a failure that was mended there since is told to programs alone" {
	hand "$A.00000001" failed 73 first 'dir=/tmp/one	why=full'
	hand "$A.00000002" failed 69 other 'dir=/tmp/two	why=nobody'
	hand "$A.00000003" "done" 0 last dir=/tmp/one
	hand "$A.00000004" failed 75 again 'dir=/tmp/one	why=later'
	for i in 1 2 3 4; do touch -d "$((10 - i)) minutes ago" "$RUNS/$A.0000000$i"; done
	hand "$B.00000001" failed 74 alien 'dir=/tmp/one	why=disk'
	touch -d '10 minutes ago' "$RUNS/$B.00000001"
	on_terminal 120 "$A" "$B"
	grep -q ' EXIT  *DIR$' screen
	grep -q '^.* failed  *alien .* 74  */tmp/one$' screen
	grep -q '^.* failed  *other .* 69  */tmp/two$' screen
	grep -q '^.* failed  *again .* 75  */tmp/one$' screen
	[ "$(wc -l <screen)" -eq 8 ]
	no grep -q first screen
	[ "$(ugat-stat "$A" | cut -f "$C_NAME" | tr '\n' ' ')" = 'first other last again ' ]
	on_terminal 60 "$A"
	no grep -q DIR screen
}

@test "a run tells where its files go, and that it goes on" {
	run_of a -k
	grep -q "	dir=$(realpath out-a)	keep=1	" one
}

# ---- what may lie there

@test "hostile names: escaped in a pipe, harmless on a terminal" {
	hand "$A.00000000" failed 75 $'evil\033]0;title\a\xff\xe2\x80\xae' $'why=\033[2J\\ngone'
	ugat-stat "$A" >out
	[ "$(cut -f "$C_NAME" out)" = 'evil\0033]0;title\0007\0377\0342\0200\0256' ]
	no grep -q $'\033' out
	on_terminal 120 "$A"
	[ "$CODE" -eq 0 ]
	no grep -q $'[\033\a\xff]' screen
	grep -q 'evil?]0;title????*' screen
	grep -q '^    ?\[2J?gone$' screen
}

@test "odd files are passed over, and -v names what holds no record" {
	hand "$A.00000000" "done" 0 good
	hand "$A.0000000g" "done" 0 badname
	hand "x$A.00000000" "done" 0 badname
	hand "$A.000000000" "done" 0 badname
	hand ".$A.00000001.55" "done" 0 temporary
	: >"$RUNS/$A.00000002"
	mkdir "$RUNS/$A.00000003"
	mkfifo "$RUNS/$A.00000004"
	ln -s "$RUNS/$A.00000000" "$RUNS/$A.00000005"
	ln -s nowhere "$RUNS/$A.00000006"
	echo hello >"$RUNS/$A.00000007"
	head -c 100000 /dev/zero >"$RUNS/$A.00000008"
	printf 'status\tdone\t0\n' >"$RUNS/$A.00000009"
	hand "$A.0000000a" "done" 256 'bad code'
	hand "$A.0000000b" "done" 0 $'two\nlines'
	if [ "$(id -u)" -eq 0 ]; then
		hand "$A.0000000c" "done" 0 foreign
		chown 12345 "$RUNS/$A.0000000c"
	fi
	stat_code "$A"
	[ "$CODE" -eq 0 ]
	[ "$(cut -f "$C_NAME" out)" = good ]
	[ ! -s err ]
	stat_code -v "$A"
	[ "$(grep -c "^ugat-stat: $A: its file holds no status record" err)" -eq 5 ]
	ugat-stat -f "$A"
	no ugat-stat "$A"
	# It removed what it understands, and the records that are none.
	[ ! -e "$RUNS/$A.00000007" ]
	[ ! -e "$RUNS/$A.00000009" ]
	[ -d "$RUNS/$A.00000003" ]
	[ -p "$RUNS/$A.00000004" ]
	[ -L "$RUNS/$A.00000005" ]
	[ -e "$RUNS/$A.0000000g" ]
	[ "$(id -u)" -ne 0 ] || [ -e "$RUNS/$A.0000000c" ]
}

@test "numbers at their limits are shown, the percentage never over 100" {
	hand "$A.00000000" "done" 0 great
	big=18446744073709551615
	printf 'status\tdone\t255\t%s\t%s\t65535\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\tgreat\n' $big $big $big $big $big $big $big $big $big $big $big $big >"$RUNS/$A.00000000"
	ugat-stat "$A" >out
	[ "$(cut -f "$C_WANTED" out)" = $big ]
	on_terminal 200 "$A"
	grep -q ' done  *great  *100% ' screen
	hand "$A.00000000" "done" 0 none
	sed -i 's/	1000	421	/	0	0	/' "$RUNS/$A.00000000"
	on_terminal 200 "$A"
	grep -q ' done  *none  *100% ' screen
}

@test "a place that others may enter, that is a link or another's, is not looked into" {
	hand "$A.00000000" "done" 0 good
	ugat-stat "$A" >/dev/null
	chmod 755 "$RUNS"
	no ugat-stat "$A"
	chmod 700 "$RUNS"
	mv "$RUNS" "$RUNS.real"
	ln -s "$RUNS.real" "$RUNS"
	no ugat-stat "$A"
	rm "$RUNS"
	mv "$RUNS.real" "$RUNS"
	ugat-stat "$A" >/dev/null
	if [ "$(id -u)" -eq 0 ]; then
		chown 12345 "$RUNS"
		no ugat-stat "$A"
	fi
}

@test "both places are looked into: a run of a cron job is seen from a login" {
	hand "$A.00000000" "done" 0 here
	hand "$A.00000001" failed 75 there
	# shellcheck disable=SC2016
	alone 'mkdir -p -m 700 "/tmp/ugat-$(id -u)" && mv "$XDG_RUNTIME_DIR/ugat/"*.00000001 "/tmp/ugat-$(id -u)/" && ugat-stat '"$A"' >out
		unset XDG_RUNTIME_DIR; ugat-stat '"$A"' >out2; ugat-stat -f '"$A"
	[ "$(cut -f "$C_NAME" out | sort)" = $'here\nthere' ]
	[ "$(cut -f "$C_NAME" out2)" = there ]
	ugat-stat "$A" >out
	[ "$(cut -f "$C_NAME" out)" = here ]
}

@test "five thousand runs are shown within seconds" {
	hand "$A.00000000" "done" 0 many
	record=$(cat "$RUNS/$A.00000000")
	for i in {00001001..00005999}; do echo "$record" >"$RUNS/$A.$i"; done
	start=$SECONDS
	ugat-stat "$A" >out
	[ "$(wc -l <out)" -eq 5000 ]
	on_terminal 80 "$A"
	[ "$(wc -l <screen)" -eq 5001 ]
	ugat-stat -f "$A"
	[ $((SECONDS - start)) -le 40 ]
	[ -z "$(ls "$RUNS")" ]
}

# ---- the table

@test "the table fits the terminal, whatever the names" {
	hand "$A.00000000" failed 75 "$(printf '日本語 %.0s' {1..30})" 'why=stalled 10 min: 412/420 pieces; 8 have no source; 3 trackers ok; and more words than there is room for in a line'
	hand "$B.00000000" "done" 0 short
	for columns in 20 40 60 80 100 150; do
		on_terminal "$columns" "$A" "$B"
		[ "$CODE" -eq 0 ]
		[ "$(wc -l <screen)" -eq 4 ]
		python3 - "$columns" <<-'EOF'
			import sys, unicodedata
			for line in open("screen", encoding="utf-8"):
			    line = line.rstrip("\n")
			    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
			    assert width < int(sys.argv[1]), (width, line)
			    assert line == line.rstrip(), line
		EOF
		grep -q 42% screen
		grep -q short screen
	done
	on_terminal 100 "$A" "$B"
	head -n 1 screen | grep -Eq '^BTIH +STATE +NAME +% +SIZE +DOWN +UP +PEERS +(SEEDS +)?ETA +EXIT$'
	grep -q '^a1b2c3d4  done  *short ' screen
}

# ---- -w

@test "-w in a pipe: records again each second, an empty line behind each round, until the reader has gone" {
	run_of a
	spawn watch ugat-stat -w "$BTIH"
	watch=$SPAWNED
	wait_for 10 rounds 2
	kill -TERM "$FETCH"
	wait "$FETCH" || :
	wait_for 10 grep -q '^status	failed	143	' watch.out
	no gone "$watch"
	[ ! -s watch.err ]
	# One record, one empty line, in turn.
	awk 'NR % 2 ? !/^status\t/ : !/^$/ { exit 1 }' watch.out
	# What is forgotten leaves empty rounds.
	ugat-stat -f "$BTIH"
	before=$(grep -c ^status watch.out)
	n=$(grep -c '^$' watch.out)
	wait_for 10 rounds $((n + 2))
	[ "$(grep -c ^status watch.out)" -le $((before + 1)) ]
	kill -INT "$watch"
	kill -TERM "$watch"
	rc=0
	wait "$watch" || rc=$?
	[ "$rc" -gt 128 ]
	run timeout 10 bash -c "ugat-stat -w $BTIH 2>err | head -n 1"
	[ "$status" -eq 0 ]
	[ ! -s err ]
}

rounds() {
	[ "$(grep -c '^$' watch.out)" -ge "$1" ]
}

@test "-w on a terminal: drawn in its own place, no more lines than there are" {
	hand "$A.00000000" "done" 0 first
	for i in {01..40}; do hand "$B.000000$i" failed 75 "second$i" why=because; done
	touch -d '1 hour ago' "$RUNS/$B".*
	spawn screen python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 80 timeout 5 ugat-stat -w a1b2c3d4e5f6 "$B"
	ONPTY_TERM=dumb spawn dumb python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 80 timeout 5 ugat-stat -w a1b2c3d4e5f6
	wait || :
	cat >terminal.awk <<-'EOF'
		# A terminal that knows what is written here: lines, "up N", "erase the rest", "do not wrap".
		{
			while (match($0, /^\r*(\033\[[?]?[0-9]*[AJhl]\r*)+/)) {
				codes = substr($0, 1, RLENGTH)
				$0 = substr($0, RLENGTH + 1)
				if (match(codes, /\[[0-9]+A/)) {
					up = substr(codes, RSTART + 1, RLENGTH - 2)
					at -= up
					ups++
				}
			}
			if (at < 0 || !sub(/\033\[K$/, "")) exit bad = 1
			if ($0 ~ /\033/) exit bad = 1
			line[++at] = $0
			if (at > most) most = at
		}
		END {
			if (bad || ups < 1 || most != 23) { print "bad", bad, ups, most; exit 1 }
			for (i = 1; i <= most; i++) print line[i]
		}
	EOF
	sed '${/^\x1b\[J\x1b\[?7h$/d}' screen.out | awk -f terminal.awk >shown
	head -n 1 shown | grep -q '^BTIH '
	[ "$(grep -c '^BTIH ' shown)" -eq 1 ]
	sed -n 2p shown | grep -q '^([0-9]* older lines)$'
	tail -n 2 shown | grep -q ' done  *first '
	# On a terminal that cannot do this the tables follow each other.
	no grep -q $'\033' dumb.out
	[ "$(grep -c '^BTIH ' dumb.out)" -ge 2 ]
}

# ---- with others

@test "ugat-json reads its records" {
	hand "$A.00000000" failed 75 'a name' 'why=stalled: 1/2 pieces'
	ugat-stat "$A" | ugat-json >out
	[ "$(jq -r '[.state, .code, .name, .why, .btih] | @tsv' out)" = "failed	75	a name	stalled: 1/2 pieces	$A" ]
}

@test "the completions know the info-hashes" {
	completions=$BATS_TEST_DIRNAME/../../completions
	hand "$A.00000000" "done" 0 'a name: it is'
	hand "$B.00000000" "done" 0 other
	run bash --norc -c '
		. "$0/ugat.bash"
		COMP_WORDS=(ugat-stat a1b2c3d4e5f6) COMP_CWORD=1
		_ugat ugat-stat a1b2c3d4e5f6 ugat-stat
		printf "%s\n" "${COMPREPLY[@]}"' "$completions"
	[ "$output" = "$A" ]
	run fish --no-config -c 'source $argv[1]/ugat-stat.fish; complete -C "ugat-stat a1b2c3d4e5ff"' "$completions"
	[ "$output" = "$B	other" ]
	cat >drive.zsh <<-'ZSH'
		zmodload zsh/zpty
		zpty shell "TERM=dumb zsh -fi"
		zpty -w shell "PS1= PROMPT_EOL_MARK=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u; bindkey '^I' complete-word; print re''ady"
		zpty -r shell said '*ready*' || exit 1
		zpty -w -n shell $'ugat-stat a1b2c3d4e5f6\t'
		zpty -r shell said "*$2*" || exit 1
		print -- completed
	ZSH
	run timeout 20 zsh -f drive.zsh "$completions" "$A"
	[[ $output == *completed ]]
}
