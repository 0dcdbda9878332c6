#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The EXAMPLES of ugat-send(1) and ugat-recv(1), word by word as they stand there, but for hosts and ports.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

setup() {
	people
	mkdir lab ops lab/inbox
	cd ops || return
	head -c 200000 /dev/urandom >report.pdf
	head -c 100000 /dev/urandom >disk.img
	mkdir photos src && echo one >photos/one && echo code >src/main.c
	cd ..
	port
	TUNNEL=$PORT
	port
	# What stands before every example: our ports, and an ssh that needs nobody to log in.
	cat >shell.bash <<-END
		ugat-recv() { case " \$* " in *' -c '*) command ugat-recv "\$@" ;; *) command ugat-recv -p $PORT "\$@" ;; esac; }
		ugat-send() { case " \$* " in *' -l '*) command ugat-send -p $PORT "\$@" ;; *) command ugat-send "\$@" ;; esac; }
		ssh() {
			socat "TCP4-LISTEN:\${3%%:*},bind=127.0.0.1,reuseaddr" "TCP4:\${3#*:}" </dev/null >/dev/null 2>&1 3>&- &
			until grep -q "\$(printf ':%04X 0*:0000 0A' "\${3%%:*}")" /proc/net/tcp; do command sleep 0.02; done
		}
		sleep() { command sleep 0.2; }
	END
}

# examples PAGE: each of them, ended by NUL.
examples() {
	awk '
		function put(text) { gsub(/\\e/, "\\", text); gsub(/\\\(dq/, "\"", text); return text }
		/^\.Sh/ { on = /EXAMPLES/ }
		!on { next }
		/^\.Dl / { printf "%s%c", put(substr($0, 5)), 0 }
		/^\.Bd/ { block = 1; text = ""; next }
		/^\.Ed/ { block = 0; printf "%s%c", put(text), 0 }
		block { text = text $0 "\n" }' "$BATS_TEST_DIRNAME/../../man/$1.1"
}

# example NAME USER PAGE WORDS: run the one example that begins so, behind the test's back, in USER's own folder.
example() {
	local name=$1 user=$2 page=$3 words=$4 text found=0

	while IFS= read -rd '' text; do
		case $text in "$words"*) found=$((found + 1)) && printf '%s\n' "$text" >"$name.text" ;; esac
	done < <(examples "$page")
	[ $found -eq 1 ] || { echo "$found examples begin with $words" >&2; return 1; }
	sed -e 's/^\$ //' -e "s/lab-host:65432/127.0.0.1:$PORT/; s/\(lab\|ops\)-host/127.0.0.1:$PORT/; s/localhost:7000/127.0.0.1:$TUNNEL/" \
		-e "s/7000/$TUNNEL/; s|sha256:\.\.\.|${PIN-}|" "$name.text" >"$name.run"
	# shellcheck disable=SC2016
	UGAT_SESSION=$SCRATCH/$user.pem spawn_group "$name" bash -c 'cd "$1" && . ../shell.bash && . "../$2.run"' - "$user" "$name"
}

# ended_well NAME
ended_well() {
	local pid got=0

	pid=$(cat "$1.pid")
	wait_for 15 gone "$pid" || { show ./*.err; return 1; }
	wait "$pid" || got=$?
	[ $got -eq 0 ] && return 0
	echo "$1: exit $got" >&2
	cat "$1.run" >&2
	show ./*.err ./*.out
	return 1
}

listens() {
	wait_for 5 listening "$PORT" || { show ./*.err; return 1; }
}

@test "no example is without its test" {
	[ "$(examples ugat-send | tr -dc '\0' | wc -c)" -eq 6 ]
	[ "$(examples ugat-recv | tr -dc '\0' | wc -c)" -eq 6 ]
}

@test "ugat-send lab@lab-host, and a person who is asked" {
	# The person needs a terminal of her own.
	# shellcheck disable=SC2016
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv "$FLOW_PYTHON" "$FLOW_FAKE/person.py" ' [' y -- \
		bash -c 'cd lab && . ../shell.bash && . ../recv.run'
	examples ugat-recv | head -z -n 1 | tr -d '\0' | sed 's/^\$ //' >recv.run
	grep -qx 'ugat-recv -d inbox' recv.run
	listens
	example send ops ugat-send '$ ugat-send lab@lab-host'
	ended_well send
	ended_well recv
	diff -r ops/photos lab/inbox/photos && cmp ops/report.pdf lab/inbox/report.pdf
}

@test "an archive that never lies on a disk" {
	example recv lab ugat-recv '$ ugat-recv -u ops -o -'
	listens
	example send ops ugat-send '$ tar c src |'
	ended_well send
	ended_well recv
	diff -r ops/src lab/src
}

@test "in a script: this file, from this user" {
	example recv lab ugat-recv '$ ugat-recv -y -u ops'
	listens
	example send ops ugat-send $'$ ssh'
	ended_well send
	ended_well recv
	cmp ops/report.pdf lab/report.pdf
}

@test "the sender waits, the receiver calls" {
	example send ops ugat-send '$ ugat-send -l'
	listens
	# Who comes from is asked for: the script says yes.
	sed -i 's/command ugat-recv "/command ugat-recv -y "/' shell.bash
	example recv lab ugat-recv '$ ugat-recv -c'
	ended_well send
	ended_well recv
	cmp ops/report.pdf lab/inbox/report.pdf
}

@test "again until it is there" {
	example send ops ugat-send 'while'
	# Nobody is there at first.
	wait_for 5 test -s send.err
	port_was=$PORT
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv ugat-recv -p "$port_was" -y -d lab
	ended_well send
	cmp ops/disk.img lab/disk.img
	said 'refused' send.err
}

@test "an authority of his own" {
	pin() { UGAT_SESSION=$SCRATCH/$1.pem ugat-login -s | sed -n 's/^authority	//p'; }
	PIN=$(pin eve)
	cp eve.pem lab.pem
	UGAT_SESSION=$SCRATCH/eve.pem spawn recv ugat-recv -p "$PORT" -y -F "$(pin ops)" -d lab
	listens
	sed -i 's/lab@/eve@/; s/command ugat-send "/command ugat-send "/' shell.bash
	example send ops ugat-send '$ ugat-send -F'
	# eve sits there under lab's address.
	wait_for 10 gone "$(cat send.pid)"
	no wait "$(cat send.pid)"
	said 'eve' send.err
	sed -i 's/lab@/eve@/' send.run
	UGAT_SESSION=$SCRATCH/ops.pem bash -c 'cd ops && . ../shell.bash && . ../send.run'
	cmp ops/report.pdf lab/report.pdf
}

@test "a box for two people, and something done with each file" {
	example recv lab ugat-recv '$ ugat-recv -q -k -0'
	listens
	(cd ops && as ops ugat-send "lab@127.0.0.1:$PORT" report.pdf disk.img)
	wait_for 5 grep -q disk.img recv.out
	(cd lab && sha256sum inbox/report.pdf inbox/disk.img) | diff - recv.out
}

@test "what came from whom" {
	example recv lab ugat-recv '$ ugat-recv -u ops -d inbox |'
	listens
	(cd ops && as ops ugat-send "lab@127.0.0.1:$PORT" report.pdf)
	ended_well recv
	[ "$(cat recv.out)" = 'ops inbox/report.pdf' ]
}
