#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What ugat-fetch writes: records, the status file, its own failure, the progress line; and readers who quit, wait or are none.
# shellcheck source=fetch.bash
. "$BATS_TEST_DIRNAME/fetch.bash"

@test "one file from one peer; a done line that opens from here; silent" {
	one_file
	seeds seed
	fetched
	ends 0
	same
	no_litter
	[ "$(cat fetch.out)" = 'done	out/a	size=200000' ]
}

@test "done lines of odd names decode with printf %b, and -0 gives the bare paths" {
	content $'d/new\nline' 1 1000
	content $'d/tab\tand\\back' 2 1000
	content $'d/e\e[31m' 3 1000
	content 'd/-' 4 0
	records d
	seeds seed
	fetched
	ends 0
	same
	while IFS=$'\t' read -r kind path _; do
		[ "$kind" = 'done' ]
		printf -v path '%b' "$path"
		[ -f "$path" ]
	done <fetch.out
	[ "$(wc -l <fetch.out)" -eq 4 ]
	fetched -0
	ends 0
	[ "$(xargs -0 -n 1 sh -c 'test -f "$1" && echo yes' - <fetch.out | wc -l)" -eq 4 ]
}

@test "a name that begins with a dash does not look like an option in the current directory" {
	content -x 1 1000
	records -x
	mkdir here
	cp "$SRC/-x" here
	cd here
	ugat-fetch <../records >../fetch.out
	[ "$(cat ../fetch.out)" = 'done	./-x	size=1000' ]
	cd ..
}

@test "a closed stdout: exit 74 before anything is loaded" {
	one_file
	ugat-fetch -d out <records 2>fetch.err >&- && CODE=0 || CODE=$?
	ends 74 'standard output is closed'
	[ ! -e out ]
}

@test "/dev/full as stdout: exit 74, and what was verified stays" {
	one_file
	seeds seed
	cat seed.peers records | ugat-fetch -d out 2>fetch.err >/dev/full && CODE=0 || CODE=$?
	ends 74 'standard output: No space left on device'
	rm seed.peers
	fetched -w
	ends 0
	[ "$(status_field "$S_DOWN")" -eq 0 ]
	same
}

@test "a reader that quits: it dies by PIPE without a word, and what was verified stays" {
	content d/one 1 100000
	content d/two 2 100000
	records d
	seeds seed
	cat seed.peers records >in
	pipeline "ugat-fetch -d out <in | sleep 0.0"
	[[ $CODES == "141 0" ]]
	silent
	rm seed.peers
	fetched
	cat seed.out >&2
	seeds again
	fetched
	ends 0
	same
}

# many_files: 3,001 of them in out, whose done lines are ten times what a pipe holds.
many_files() {
	"$FLOW_PYTHON" - "$SRC" <<-'END'
		import os, sys
		os.mkdir(sys.argv[1] + "/d")
		for i in range(3000):
		    open(sys.argv[1] + "/d/" + "%0200d" % i, "w").close()
		open(sys.argv[1] + "/d/z", "w").write("z")
	END
	records d
	cp -r "$SRC" out
}

@test "a reader that is slow gets every done line" {
	many_files
	pipeline "ugat-fetch -d out <records | { sleep 1; sort -u | grep -c '^done	'; }"
	codes "0 0"
	[ "$(cat fetch.out)" -eq 3001 ]
}

@test "a reader that does not read: INT ends it all the same" {
	many_files
	mkfifo pipe
	exec 8<>pipe
	env --default-signal=INT ugat-fetch -d out <records >pipe 2>fetch.err 8>&- &
	FETCH=$!
	echo "$FETCH" >>pids
	wait_for 5 grep -qs pipe_write "/proc/$FETCH/wchan" || sleep 1
	kill -INT "$FETCH"
	wait_for 3 gone "$FETCH"
	status_of "$FETCH"
	[ "$CODE" -eq 130 ]
	exec 8>&-
}

@test "-w: a record a second, and one at the end with exit code and cause" {
	one_file
	seeds mute -m mute
	in_background job -w -t 3s -d out
	cat mute.peers records >job.in
	status_of "$FETCH"
	[ "$CODE" -eq 75 ]
	grep '^status' job.out >states
	[ "$(wc -l <states)" -ge 4 ]
	[ "$(wc -l <states)" -le 7 ]
	[ "$(head -n 1 states | cut -f 2-3,7-8,11)" = 'checking	-	200000	0	200000' ]
	[ "$(sed -n 3p states | cut -f 2-3)" = 'loading	-' ]
	tail -n 1 states | grep -q '^status	failed	75	.*	why=stalled 0:03: 0/4 pieces; 0 have no source; 1 peer; 0 trackers ok: try again later, it goes on from there$'
	[ "$(tail -n 1 job.out | cut -f 1-3)" = 'fail!	75	ugat-fetch' ]
	[ "$(cat job.err)" = 'ugat-fetch: stalled 0:03: 0/4 pieces; 0 have no source; 1 peer; 0 trackers ok: try again later, it goes on from there' ]
}

# status_file: the one status file there is.
status_file() {
	ls "$XDG_RUNTIME_DIR/ugat/$BTIH."* 2>/dev/null
}

@test "the status file: there while it runs, locked, with pid and port; at the end with the code" {
	one_file
	port
	sed -i "1a self	2d5547303130302d6162636465666768696a6b6c" records
	in_background job -p "$PORT" -d out
	cat records >job.in
	file=$XDG_RUNTIME_DIR/ugat/$BTIH.696a6b6c
	wait_for 5 test -s "$file"
	wait_for 5 grep -q '^status	loading' "$file"
	[ "$(cut -f 4,6-8,11 "$file")" = "$FETCH	$PORT	200000	0	200000" ]
	no flock -n "$file" true
	listening "$PORT"
	# Another run may not have the same id: it draws one.
	in_background other -d out2
	cat records >other.in
	wait_for 5 eval '[ "$(status_file | wc -l)" -eq 2 ]'
	kill -TERM "$FETCH"
	kill -TERM "$(cat job.pid)"
	wait_for 5 gone "$(cat job.pid)"
	[ "$(cut -f 2-3 "$file")" = 'failed	143' ]
	grep -q 'why=stopped by TERM' "$file"
	flock -n "$file" true
	mkdir -p out
	cp "$SRC/a" out
	fetched
	ends 0
	[ "$(cut -f 2-3,7-8,11 "$file")" = 'done	0	200000	200000	0' ]
}

@test "no place for status files is no error" {
	one_file
	mkdir out
	cp "$SRC/a" out
	XDG_RUNTIME_DIR=/proc/nowhere fetched
	ends 0
}

@test "fail! is passed on as it is, with its code, and said by nobody twice" {
	printf 'fail!\t65\tugat-parse\tx.torrent: not a torrent\n' >records
	fetched
	ends 65
	cmp fetch.out records
	one_file
	{ cat records && printf 'fail!\t69\tugat-announce\tno tracker\n'; } >longer
	mv longer records
	fetched -w
	ends 69
	[ "$(tail -n 1 fetch.out)" = "fail!	69	ugat-announce	no tracker" ]
	fetched -0
	ends 69
	[ ! -s fetch.out ]
}

@test "its own failure is said once and handed on as fail!, but not with -0" {
	: >records
	fetched
	[ "$(cut -f 1-3 fetch.out)" = 'fail!	65	ugat-fetch' ]
	fetched -0
	ends 65 'no input'
	[ ! -s fetch.out ]
}

@test "the line fits terminals of 40, 80 and 200 columns; nothing when stderr is none" {
	one_file
	seeds mute -m mute
	cat mute.peers records >in
	for columns in 40 80 200; do
		spawn "at$columns" "$FLOW_PYTHON" "$FLOW_DIR/onpty.py" "$columns" "screen$columns" \
			sh -c "cat in - | exec ugat-fetch -t 2s -d out$columns"
	done
	for columns in 40 80 200; do
		wait_for 10 gone "$(cat "at$columns.pid")"
		sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' "screen$columns" | tr '\r' '\n' | sed 's/ *$//' | grep '%' >lines
		[ "$(wc -l <lines)" -ge 3 ]
		[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' lines)" -lt "$columns" ]
		grep -q '0%' lines
	done
	grep -q '0/195 KiB.*1 peer' lines
	fetched -t 1s
	[ "$(grep -c . fetch.err)" -eq 1 ]
}
