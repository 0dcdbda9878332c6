# SPDX-License-Identifier: ISC
# Seeding: ugat-fetch -k goes on serving when all is there, and others need nobody else.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

some_content() {
	content a/one 1 3000000
	content a/two 2 500001
	content a/empty 3 0
}

# seed_ugat NAME [OPTION...]: serve $SRC from the description alone; its port becomes $SEED_PORT.
seed_ugat() {
	local name=$1

	shift
	port
	SEED_PORT=$PORT
	mkfifo "$name.in"
	# shellcheck disable=SC2034
	exec {hold}<>"$name.in"
	ugat-parse "$TORRENT" >"$name.in"
	background "$name" "ugat-fetch -w -k -p $PORT -d '$SRC' $* <$name.in"
	wait_for 20 state "$name" seeding
}

# state NAME STATE: that is what NAME's last status record says.
state() {
	[ "$(status_field "$S_STATE" "$1.out")" = "$2" ]
}

@test "who asks for 8 MB at once gets them at once, not some at every tick" {
	content a/one 1 8388608
	torrent a 262144
	seed_ugat seed
	run "$FLOW_PYTHON" "$FLOW_FAKE/ask.py" "$SEED_PORT" "$BTIH" 262144 512
	[ "$status" -eq 0 ]
	awk "BEGIN { exit !($output < 4) }" # 16 blocks a tick would be 7.75 s
	kill -TERM "$(fetch_pid)"
	ended seed 10
	codes 143
}

@test "libtorrent downloads all from ugat-fetch -k alone" {
	some_content
	torrent a
	seed_ugat seed
	mkdir client
	spawn client "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$SEED_PORT" "$TORRENT" client
	wait_for 30 says client '^done'
	same client
	kill -TERM "$(fetch_pid)"
	ended seed 10
	codes 143
	same "$SRC"
}

@test "aria2 downloads all from ugat-fetch -k alone" {
	some_content
	tracker
	torrent a
	seed_ugat seed
	enroll "$SEED_PORT"
	port
	spawn client aria2c --no-conf --enable-dht=false --enable-dht6=false --file-allocation=none --listen-port="$PORT" \
		--bt-tracker="http${TRACKER#udp}" --seed-time=0 --dir=client "$TORRENT"
	wait_for 40 gone "$(cat client.pid)"
	rm -f client/*.aria2
	same client
}

@test "transmission downloads all from ugat-fetch -k alone, which calls it" {
	some_content
	rm "$SRC/a/empty" # it does not make such files
	torrent a
	seed_ugat seed
	mkdir client
	seed_transmission tr client
	rpc=$(sed -n 's/.*"rpc-port": \([0-9]*\).*/\1/p' tr.conf/settings.json)
	transmission-remote "127.0.0.1:$rpc" -D >>tr.out 2>&1 3>&-
	printf 'peer\t127.0.0.1\t%s\n' "$(sed -n 's/.*"peer-port": \([0-9]*\).*/\1/p' tr.conf/settings.json)" >seed.in
	wait_for 60 same_quietly client
	same client
}

same_quietly() {
	same "$1" 2>/dev/null
}

# leech NAME: download with the help of the tracker, and stay.
leech() {
	background "$1" "ugat-parse '$TORRENT' | ugat-announce | ugat-fetch -k -w -d $1.dir"
}

# given NAME...: bytes that they loaded and did not give each other, in $GIVEN.
given() {
	local name

	GIVEN=0
	for name in "$@"; do
		GIVEN=$((GIVEN + $(status_field "$S_DOWN" "$name.out") - $(status_field "$S_UP" "$name.out")))
	done
}

# The time follows from it: what the seed gives twice, all wait for.
@test "four leechers trade: a throttled seed gives them less than two copies" {
	content a 1 24000000
	tracker
	torrent a 262144
	seed_libtorrent seed "$SRC" -U 4000000
	enroll "$SEED_PORT"
	for name in leech1 leech2 leech3 leech4; do
		leech "$name"
	done
	for name in leech1 leech2 leech3 leech4; do
		wait_for 60 state "$name" seeding
		same "$name.dir"
	done
	# Their last records tell all.
	for pid in $(fetch_pid); do
		kill -TERM "$pid"
	done
	for name in leech1 leech2 leech3 leech4; do
		ended "$name" 10
	done
	given leech1 leech2 leech3 leech4
	echo "the seed gave $GIVEN bytes"
	[ "$GIVEN" -ge 23000000 ]
	[ "$GIVEN" -lt 48000000 ]
}

@test "-R: it ends when so many times the size was sent" {
	some_content
	torrent a
	seed_ugat seed -R 1.0
	mkdir client
	spawn client "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$SEED_PORT" "$TORRENT" client
	ended seed 30
	codes 0
	state seed 'done'
	wait_for 10 says client '^done'
	same client
}

@test "-T: it ends so long after all was there" {
	some_content
	torrent a
	start=$EPOCHSECONDS
	seed_ugat seed -T 2
	ended seed 10
	codes 0
	[ $((EPOCHSECONDS - start)) -ge 2 ]
}

@test "a download with -k becomes a seed, and says done when it is" {
	some_content
	torrent a
	seed_libtorrent lt "$SRC"
	port
	feed job.in "$SEED_PORT"
	background job "ugat-fetch -k -p $PORT -d out <job.in"
	wait_for 20 eval '[ "$(grep -c ^done job.out)" -eq 3 ]'
	same
	mkdir client
	spawn client "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$PORT" "$TORRENT" client
	wait_for 30 says client '^done'
	no test -e job.codes
}

@test "two seeds part: neither keeps a connection that is of no use" {
	some_content
	torrent a
	seed_ugat one -v
	first=$SEED_PORT
	printf 'peer\t127.0.0.1\t%s\n' "$first" >two.peers
	port
	SEED_PORT=$PORT
	mkfifo two.in
	# shellcheck disable=SC2034
	exec {hold}<>two.in
	{
		cat two.peers
		ugat-parse "$TORRENT"
	} >two.in
	background two "ugat-fetch -v -w -k -p $PORT -d '$SRC' <two.in"
	ended two 10
	codes 75
	cp -r "$SRC" copy
	background two "ugat-fetch -v -w -k -p $PORT -d copy <two.in"
	{
		cat two.peers
		ugat-parse "$TORRENT"
	} >two.in
	wait_for 10 grep -q 'needs nothing, nor do we' two.err
}

@test "the wrong directory: it says where the content is, and does not begin a second copy" {
	some_content
	torrent a
	cd "$SRC"
	pipeline "ugat-parse '$TORRENT' | ugat-fetch -k -d ./a"
	codes "0 66"
	said 'found 0 of 54 pieces in \./a; did you mean -d \.\?$'
	no test -e a/a
}

@test "a new directory beside the content is no mistake, and nothing is asked" {
	some_content
	torrent a
	cd "$SRC"
	for more in '' -k; do
		pipeline "ugat-parse '$TORRENT' | ugat-fetch $more -t 1 -d ./new"
		[ "${CODES##* }" -ne 66 ]
		no said 'did you mean'
	done
}

# rate_of SIZE: kilobytes a second that SIZE bytes in $TOOK milliseconds make.
rate_of() {
	echo $(($1 / TOOK))
}

@test "-D: the download keeps to its rate" {
	content a 1 4000000
	torrent a
	seed_libtorrent lt "$SRC"
	start=${EPOCHREALTIME/./}
	OPTIONS="-D 1M" fetch_from "$SEED_PORT"
	TOOK=$(((${EPOCHREALTIME/./} - start) / 1000))
	codes "0 0"
	same
	[ "$(rate_of 4000000)" -le 1150 ]
	[ "$(rate_of 4000000)" -ge 100 ]
}

@test "-U: the upload keeps to its rate, shared by two" {
	content a 1 3000000
	torrent a
	seed_ugat seed -U 1M
	start=${EPOCHREALTIME/./}
	for i in 1 2; do
		client "$i"
	done
	for i in 1 2; do
		wait_for 30 says "client$i" '^done'
	done
	TOOK=$(((${EPOCHREALTIME/./} - start) / 1000))
	[ "$(rate_of 6000000)" -le 1150 ]
	[ "$(rate_of 6000000)" -ge 100 ]
}

@test "a file that is cut short while it is served: its peers are let go, and the end says so" {
	content a/one 1 30000000
	content a/two 2 3000000
	torrent a
	seed_ugat seed -U 2M -T 6
	client 1
	wait_for 20 says client1 '^got '
	truncate -s 100000 "$SRC/a/one"
	ended seed 20
	codes 74
	said "were changed by somebody else" seed.err
	# The journal does not vouch for it any more.
	truncate -s 30000000 "$SRC/a/one"
	port
	FLOW_LIMIT=40 pipeline "ugat-parse '$TORRENT' | ugat-fetch -w -p $PORT -t 3s -d '$SRC'"
	codes "0 75"
	[ "$(status_field "$S_HAD")" -lt 33000000 ]
}

@test "a file that is written to while it is served: what is not right any more is not sent, the rest is" {
	content a 1 3000000
	torrent a
	seed_ugat seed
	client 1
	wait_for 20 says client1 '^done'
	wait_for 20 settled
	# The same bytes: they are looked at again, and nothing is wrong.
	touch "$SRC/a"
	client 2
	wait_for 20 says client2 '^done'
	wait_for 20 settled
	run ! grep -q 'changed by somebody' seed.err
	printf SECRET | dd of="$SRC/a" bs=1 seek=1000000 conv=notrunc status=none
	client 3
	wait_for 20 grep -q 'changed by somebody else: what is not right any more is not served' seed.err
	run ! grep -aq SECRET client3/a
}

# client N: libtorrent loads from the seed, into clientN.
client() {
	mkdir "client$1"
	spawn "client$1" "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$SEED_PORT" "$TORRENT" "client$1"
}

# The seed knows the file as it is now, and its next look is due: a status record is a second old.
settled() {
	local records

	[ -n "$(find "$SRC/.ugat" -name '*.have' -newer "$SRC/a")" ] || return 1
	records=$(grep -c '^status' seed.out)
	wait_for 10 more_records $((records + 2))
}

more_records() {
	[ "$(grep -c '^status' seed.out)" -ge "$1" ]
}
