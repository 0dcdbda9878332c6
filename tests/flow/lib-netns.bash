# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Hosts of the tests' own: network namespaces joined by a cable (veth). Sourced by netns.bats behind lib.bash.
#
# A namespace lives as long as a process in it, so each host is a `sleep` below `unshare -n`; there is nothing to
# mount and nothing to be left behind, and a chroot will do. Who is not root becomes it in a user namespace.

# hosts NAME...: a network for each, with its loopback up.
hosts() {
	local name

	declare -gA HOST=()
	NETNS_ENTER=(nsenter -n)
	for name; do
		host_up "$name" || {
			echo "no network namespace can be made here (unshare -n): run as root, or allow user namespaces, and" >&2
			echo "not in a container that forbids both: give it CAP_SYS_ADMIN and CAP_NET_ADMIN" >&2
			show "$name.err"
			return 1
		}
	done
}

host_up() {
	local way=(unshare -n)

	if [ "$(id -u)" -ne 0 ]; then
		way=(unshare -rn)
		NETNS_ENTER=(nsenter --preserve-credentials -U -n)
		# All of them belong to the user namespace of the first.
		[ ${#HOST[@]} -eq 0 ] || way=(nsenter --preserve-credentials -U -t "${HOST[${!HOST[*]}]}" unshare -n)
	fi
	spawn "$1" "${way[@]}" sh -c 'ip link set lo up && echo up && exec sleep 300'
	HOST[$1]=$SPAWNED
	says_soon "$1" '^up$'
}

# on NAME COMMAND...: COMMAND on that host.
on() {
	local name=$1

	shift
	"${NETNS_ENTER[@]}" -t "${HOST[$name]}" "$@"
}

# cable A ADDRESS B ADDRESS: a cable between hosts A and B, its end at each is eth0.
cable() {
	on "$1" ip link add eth0 type veth peer name eth0 netns "${HOST[$3]}" &&
		address "$1" "$2" && address "$3" "$4" &&
		on "$1" ip link set eth0 up && on "$3" ip link set eth0 up
}

# address NAME ADDRESS/BITS [DEVICE]
address() {
	local more=()

	case $2 in *:*) more=(nodad) ;; esac
	on "$1" ip addr add "$2" dev "${3:-eth0}" "${more[@]}"
}
