#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# One person hands files to another: the terminal, the question, names that are taken, authorities, signals.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

@test "on a terminal: progress with name, per cent, speed and rest, and at the end size, time and who" {
	report 3000000
	port
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv "$FLOW_PYTHON" "$FLOW_DIR/onpty.py" 100 recv.tty \
		ugat-recv -p "$PORT" -u ops -d inbox
	up recv "$PORT" 10
	UGAT_SESSION=$SCRATCH/ops.pem timeout 60 "$FLOW_PYTHON" "$FLOW_DIR/onpty.py" 100 send.tty \
		ugat-send -U 1M "lab@127.0.0.1:$PORT" "$SRC/report.pdf" >send.out
	left recv 0
	for side in send recv; do
		said 'report\.pdf .*[0-9]+% .*MiB.*/s.*ETA' $side.tty
		tr '\r' '\n' <$side.tty | grep -a . | tail -n 1 >last
		said '2\.86 MiB in [0-9.]+ s, .*/s' last
	done
	said lab send.tty
	said ops recv.tty
}

@test "on a terminal, -q: nothing of that" {
	report 300000
	inbox
	UGAT_SESSION=$SCRATCH/ops.pem timeout 60 "$FLOW_PYTHON" "$FLOW_DIR/onpty.py" 100 send.tty \
		ugat-send -q "lab@127.0.0.1:$PORT" "$SRC/report.pdf"
	left recv 0
	[ ! -s send.tty ]
}

@test "the person at the terminal is asked who, what and how much; yes" {
	report
	mkdir "$SRC/photos" && echo x >"$SRC/photos/one" && echo y >"$SRC/photos/two"
	port
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' y -- ugat-recv -p "$PORT" -d inbox
	up recv "$PORT" 10
	to_lab "$SRC/report.pdf" "$SRC/photos"
	code 0
	left recv 0
	alike report.pdf photos/one photos/two
	for what in ops 127.0.0.1 report.pdf photos inbox; do said "$what" recv.out; done
}

@test "the person says no, or just Enter: 1 on both sides, nothing is made" {
	report
	for word in n ''; do
		port
		UGAT_SESSION=$SCRATCH/lab.pem spawn recv "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' "$word" -- ugat-recv -p "$PORT" -d inbox
		up recv "$PORT" 10
		to_lab "$SRC/report.pdf"
		code 1
		said '^ugat-send: lab: ' send.err
		left recv 1
		only
	done
}

@test "ugat-send -l without -u asks, too" {
	report
	port
	UGAT_SESSION=$SCRATCH/ops.pem spawn send "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' y -- ugat-send -l -p "$PORT" "$SRC/report.pdf"
	up send "$PORT" 10
	recv -y -d inbox -c "ops@127.0.0.1:$PORT"
	code 0
	left send 0
	said lab send.out
	alike report.pdf
}

@test "the question is safe to look at, whatever the names are, and never too long" {
	mkdir "$SRC/m"
	names=()
	for i in {10..60}; do echo >"$SRC/m/n$i" && names+=("$SRC/m/n$i"); done
	port
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' y -- ugat-recv -p "$PORT" -d inbox
	up recv "$PORT" 10
	to_lab "${names[@]}"
	code 0
	left recv 0
	said 'and 31 more' recv.out
	[ "$(grep -c 'n[1-6][0-9]' recv.out)" -le 21 ]
}

@test "names of blanks are quoted, in the question and in words" {
	mkdir "$SRC/m"
	echo 1 >"$SRC/m/ " && echo 2 >"$SRC/m/a " && echo 3 >"$SRC/m/plain one" && echo 4 >"$SRC/m/x  9 B"
	port
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' n -- ugat-recv -p "$PORT" -d inbox
	up recv "$PORT" 10
	to_lab "$SRC/m/"*
	code 1
	left recv 1
	for line in '  " "  2 B' '  "a "  2 B' '  plain one  2 B' '  "x  9 B"  2 B'; do said "^$line.?\$" recv.out; done
	echo other >'inbox/ '
	waits again lab ugat-recv -d inbox ' '
	to_lab "$SRC/m/ "
	code 73
	said '^ugat-send: lab: " ": exists already' send.err
	left again 73
	said '^ugat-recv: "inbox/ ": exists already' again.err
}

@test "of many names the question shows all that begin with a dot" {
	mkdir "$SRC/m"
	names=()
	for i in {10..60} .bashrc; do echo >"$SRC/m/$i" && names+=("$SRC/m/$i"); done
	port
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' n -- ugat-recv -p "$PORT" -d inbox
	up recv "$PORT" 10
	to_lab "${names[@]}"
	code 1
	left recv 1
	said '  \.bashrc  1 B' recv.out
	said 'and 31 more' recv.out
	only
}

@test "a name that is there: the same content is success and nothing is sent; another is 73 and stays as it was" {
	report
	inbox
	to_lab "$SRC/report.pdf"
	code 0
	left recv 0
	before=$(stat -c '%i %y' inbox/report.pdf)
	inbox
	to_lab "$SRC/report.pdf"
	code 0
	left recv 0
	[ "$(stat -c '%i %y' inbox/report.pdf)" = "$before" ]
	done_record report.pdf | diff - <(grep '^done' recv.out)
	# Of the same size, and of another.
	for size in 300000 300001 0; do
		report $size
		inbox
		to_lab "$SRC/report.pdf"
		code 73
		left recv 73
		said 'report\.pdf' send.err
		said 'report\.pdf' recv.err
		[ "$(stat -c '%i %y' inbox/report.pdf)" = "$before" ]
		only report.pdf
	done
	# A directory or a link has that name.
	rm inbox/report.pdf && mkdir inbox/report.pdf
	inbox && to_lab "$SRC/report.pdf" && code 73 && left recv 73
	rmdir inbox/report.pdf && ln -s ../elsewhere inbox/report.pdf
	inbox && to_lab "$SRC/report.pdf" && code 73 && left recv 73
	[ ! -e elsewhere ] && [ -L inbox/report.pdf ]
}

@test "one of several files is there and another: the others arrive, 73" {
	for i in 1 2 3; do echo $i >"$SRC/$i"; done
	echo other >inbox/2
	inbox
	to_lab "$SRC"/{1,2,3}
	code 73
	left recv 73
	cmp "$SRC/1" inbox/1 && cmp "$SRC/3" inbox/3
	[ "$(cat inbox/2)" = other ]
}

@test "a name that begins with a dot: not by -y or -u; by NAME, or when a person says so" {
	echo x >"$SRC/.bashrc"
	inbox -y
	to_lab "$SRC/.bashrc"
	code 1
	said '.*\.bashrc' send.err
	only
	waits named lab ugat-recv -d inbox .bashrc
	to_lab "$SRC/.bashrc"
	code 0
	left named 0
	only .bashrc
	rm inbox/.bashrc
	port
	UGAT_SESSION=$SCRATCH/lab.pem spawn asked "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' y -- ugat-recv -p "$PORT" -d inbox
	up asked "$PORT" 10
	to_lab "$SRC/.bashrc"
	code 0
	left asked 0
	only .bashrc
}

@test "-o FILE: the one file goes there, whatever its name is; two are refused: 1" {
	report
	echo x >"$SRC/other"
	waits recv lab ugat-recv -u ops -o inbox/mine
	to_lab "$SRC/report.pdf" "$SRC/other"
	code 1
	no test -e inbox/mine
	if gone "$(cat recv.pid)"; then waits recv lab ugat-recv -u ops -o inbox/mine; fi
	to_lab "$SRC/report.pdf"
	code 0
	left recv 0
	cmp "$SRC/report.pdf" inbox/mine
	only mine
	grep -q '^done	inbox/mine	' recv.out
}

@test "-o DEVICE that takes no more: 74, and nobody is told to make room there" {
	report
	waits recv lab ugat-recv -u ops -o /dev/full
	to_lab "$SRC/report.pdf"
	code 74
	said '^ugat-send: lab: /dev/full: No space left on device: it is a device: give a file$' send.err
	left recv 74
	said '^ugat-recv: /dev/full: No space left on device: it is a device: give a file$' recv.err
}

@test "two people with an authority each: without -F both say whose pin is missing; with it they meet" {
	report
	for who in lab ops; do
		mkdir home.$who
		HOME=$PWD/home.$who ugat-login -L -q -u $who
		cp home.$who/.local/state/ugat/session.pem $who.pem
	done
	pin_of() { UGAT_SESSION=$SCRATCH/$1.pem ugat-login -s | sed -n 's/^authority	//p'; }
	inbox
	to_lab "$SRC/report.pdf"
	code 77
	said "another authority.*-F $(pin_of lab | sed 's/[+]/\\+/g')" send.err
	only
	kill -0 "$(cat recv.pid)"
	kill "$(cat recv.pid)"
	# One of them is not enough.
	inbox
	to_lab -F "$(pin_of lab)" "$SRC/report.pdf"
	code 77
	said "$(pin_of ops | sed 's/[+]/\\+/g')" recv.err
	only
	kill "$(cat recv.pid)"
	inbox -F "$(pin_of ops)"
	to_lab -F "$(pin_of lab)" "$SRC/report.pdf"
	code 0
	left recv 0
	alike report.pdf
	# Its name alone would be that of a user here.
	[ "$(grep '^done' recv.out)" = "$(done_record report.pdf)	authority=$(pin_of ops)" ]
	rm inbox/report.pdf
	# And by a PEM file.
	inbox -F home.ops/.local/share/ugat/ca.pem
	to_lab -F home.lab/.local/share/ugat/ca.pem "$SRC/report.pdf"
	code 0
	left recv 0
	alike report.pdf
}

@test "INT or TERM on either side: it dies by that signal, the other side is told and exits 75 or 69" {
	report 20000000
	for side in send recv; do
		inbox
		UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send -U 1M "lab@127.0.0.1:$PORT" "$SRC/report.pdf"
		wait_for 10 eval '[ -n "$(part)" ] && [ "$(stat -c %s "$(part)")" -gt 100000 ]'
		kill -TERM "$(cat $side.pid)"
		left $side 143
		if [ $side = send ]; then other=recv; else other=send; fi
		got=0
		wait_for 10 gone "$(cat $other.pid)"
		wait "$(cat $other.pid)" || got=$?
		[ $got -eq 75 ] || [ $got -eq 69 ]
		said '.*interrupted' $other.err
		rm "$(part)"
	done
}

@test "^C at a terminal, which every process there hears: the other side is told" {
	report 4000000
	for try in 1 2 3 4 5 6; do
		rm -rf go inbox && mkdir inbox
		port
		# What a shell runs behind does not hear it.
		UGAT_SESSION=$SCRATCH/lab.pem spawn_group recv "$FLOW_PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' ugat-recv -u ops -d inbox -p "$PORT"
		up recv "$PORT" 10
		proxy gate=200000
		UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$PORT" "$SRC/report.pdf"
		wait_for 10 eval '[ -n "$(part)" ]'
		kill -INT -- "-$(cat recv.pid)"
		left send 75
		said '^ugat-send: lab: was interrupted: ' send.err
		left recv 130
	done
}

@test "of several things what has not the NAME, or begins with a dot, is left out: 1 on both sides" {
	report
	mkdir "$SRC/photos" && echo x >"$SRC/photos/one" && echo dots >"$SRC/.bashrc"
	for wanted in '-u ops report.pdf' '-y'; do
		rm -rf inbox && mkdir inbox
		port
		# shellcheck disable=SC2086 # words
		UGAT_SESSION=$SCRATCH/lab.pem spawn recv ugat-recv -p "$PORT" -d inbox $wanted
		up recv "$PORT" 10
		case $wanted in
		-y) to_lab "$SRC/.bashrc" "$SRC/report.pdf" ;;
		*) to_lab "$SRC/photos" "$SRC/report.pdf" ;;
		esac
		code 1
		left recv 1
		said 'was not asked for' send.err
		said 'not asked for|ask for it by its name' recv.err
		alike report.pdf
		[ "$(find inbox -type f)" = inbox/report.pdf ]
	done
}
