#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The examples of ugat-send(1) and ugat-recv(1), word by word; see examples.bats.

bats_require_minimum_version 1.5.0

EXAMPLES_WORLD=empty
# shellcheck source=lib-examples.bash
. "$BATS_TEST_DIRNAME/lib-examples.bash" # its setup, too

# recv_there WORDS: the example of ugat-recv(1), by lab, on the other machine. Waits until it waits.
recv_there() {
	start recv there lab "ugat-recv(1): $1"
	listens_on there 65432
}

# send_here OPERAND...: what ops sends to lab.
send_here() {
	in_world here ops ugat-send lab@lab-host "$@"
}

@test "ugat-send(1): Send a report and some photographs to the user lab" {
	people
	spawn_in recv there lab ugat-recv -y -d inbox
	listens_on there 65432
	example
	ends recv
	diff -r "$OPS/photos" "$LAB/inbox/photos"
	cmp "$OPS/report.pdf" "$LAB/inbox/report.pdf"
}

@test "ugat-send(1): An archive that never lies on a disk; on the other side runs 'ugat-recv -u ops -o - backup.tar | tar x'" {
	people
	recv_there "Unpack an archive that never lies on the disk"
	grep -qxF "$(sed "s/.*'\(.*\)'.*/\1/" <<<"$BATS_TEST_DESCRIPTION")" recv.text
	example
	ends recv
	diff -r "$OPS/src" "$LAB/src"
}

@test "ugat-send(1): From a machine that can be reached, to one that cannot, which runs 'ugat-recv -c ops@ops-host'" {
	people
	start ex here ops
	listens_on here 65432
	in_world there lab ugat-recv -y -c ops@ops-host
	ends ex
	cmp "$OPS/report.pdf" "$LAB/report.pdf"
}

@test "ugat-send(1): Through a tunnel to a machine behind another one" {
	people
	spawn_in recv there lab ugat-recv -y -d inbox
	listens_on there 65432
	# The way to lab-host begins at the gate.
	start ex here ops
	ends ex
	cmp "$OPS/report.pdf" "$LAB/inbox/report.pdf"
}

@test "ugat-send(1): At most one megabyte a second, and again until it is there" {
	people
	start ex here ops
	# Nobody is there at first.
	wait_for 20 grep -q refused ex.err
	spawn_in recv there lab ugat-recv -y -d inbox
	ends ex
	cmp "$OPS/disk.img" "$LAB/inbox/disk.img"
}

@test "ugat-send(1): To a person with an authority of his own, whose certificate he has given me" {
	people
	rm -rf "$LAB/.local"
	in_world there lab ugat-login -L -u lab
	in_world there lab ugat-login -o given
	cp "$LAB/given/ca.pem" "$OPS/his-ca.pem"
	in_world here ops ugat-login -o mine
	cp "$OPS/mine/ca.pem" "$LAB/her-ca.pem"
	spawn_in recv there lab ugat-recv -y -F her-ca.pem -d inbox
	listens_on there 65432
	example
	cmp "$OPS/report.pdf" "$LAB/inbox/report.pdf"
}

@test "ugat-recv(1): Wait for somebody, and be asked" {
	people
	person " [" y
	recv_there "Wait for somebody, and be asked"
	send_here report.pdf
	ends recv
	cmp "$OPS/report.pdf" "$LAB/inbox/report.pdf"
}

@test "ugat-recv(1): In a script: this file, from this user" {
	people
	recv_there "In a script: this file, from this user"
	send_here report.pdf
	ends recv
	cmp "$OPS/report.pdf" "$LAB/report.pdf"
}

@test "ugat-recv(1): Unpack an archive that never lies on the disk" {
	people
	recv_there "Unpack an archive that never lies on the disk"
	in_world here ops sh -c 'tar c src | ugat-send -n backup.tar lab@lab-host -'
	ends recv
	diff -r "$OPS/src" "$LAB/src"
}

@test "ugat-recv(1): Fetch from a machine that can be reached, where 'ugat-send -l' waits" {
	people
	spawn_in send here ops ugat-send -l -u lab report.pdf
	listens_on here 65432
	person " [" y
	start ex there lab
	ends ex
	ends send
	cmp "$OPS/report.pdf" "$LAB/inbox/report.pdf"
}

@test "ugat-recv(1): A box for two people, and something done with each file" {
	people
	recv_there "A box for two people, and something done with each file"
	send_here report.pdf disk.img
	wait_for 20 says recv 'disk\.img'
	(cd "$OPS" && sha256sum report.pdf disk.img | sed 's|  |  inbox/|') | diff - recv.out
	interrupted recv
}

@test "ugat-recv(1): What came from whom" {
	people
	recv_there "What came from whom"
	send_here report.pdf
	ends recv
	[ "$(cat recv.out)" = 'ops inbox/report.pdf' ]
}
