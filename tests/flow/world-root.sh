#!/bin/bash
# SPDX-License-Identifier: ISC
# world-root.sh DIR OUT: the root directory of lib-world.bash's world below DIR/root, in a mount namespace of its own; says
# `up` and stays. OUT is where the built commands are, DIR/kept the directories that stay where they are.
set -eu
dir=$1 out=$2 root=$1/root

mount -t tmpfs -o mode=755 none "$root"
mount --make-rprivate "$root"
for path in /*; do
	case $path in /etc | /home | /root | /run | /srv | /tmp | /var | /mnt | /media) continue ;; esac
	if [ -L "$path" ]; then
		cp -P "$path" "$root$path"
	elif [ -d "$path" ]; then
		mkdir "$root$path"
		mount --rbind "$path" "$root$path"
		mount --make-rprivate "$root$path"
	fi
done
cp -a /etc "$root/etc" 2>/dev/null || : # what only root may read does not matter
mkdir -p "$root"/{home,run/secrets,srv,tmp,var/lib,var/backups,stand-in}
mkdir -m 700 "$root/root"
chmod 1777 "$root/tmp"
mount --bind "$dir/homes" "$root/home"
while IFS= read -r kept; do
	[ ! -d "$root$kept" ] || [ "$(stat -c %d:%i "$kept")" != "$(stat -c %d:%i "$root$kept")" ] || continue
	mkdir -p "$root$kept"
	mount --rbind "$kept" "$root$kept"
	mount --make-rprivate "$root$kept"
done <"$dir/kept"
mount --bind "$out/bin" "$root/usr/local/bin"
mount --bind "$out/sbin" "$root/usr/local/sbin"

rm -f "$root/etc/hosts" "$root/etc/resolv.conf"
rm -rf "$root/etc/ugat"
cp "$dir/hosts" "$root/etc/hosts"
: >"$root/etc/resolv.conf"

# What is not ours, and would take a night, a screen or another account.
cat >"$root/stand-in/sleep" <<'END'
#!/bin/sh
exec /usr/bin/sleep 0.2
END
cat >"$root/stand-in/mpv" <<'END'
#!/bin/sh
[ "$1" = - ] && exec cat >played
END
cat >"$root/stand-in/ssh" <<'END'
#!/bin/bash
# ssh HOST COMMAND..., as lab, and ssh -fN -L PORT:HOST:PORT GATE
if [ "$1" = -fN ]; then
	socat "TCP4-LISTEN:${3%%:*},bind=127.0.0.1,reuseaddr" "TCP4:${3#*:}" </dev/null >/dev/null 2>&1 &
	until grep -q "$(printf ':%04X 0*:0000 0A' "${3%%:*}")" /proc/net/tcp; do /usr/bin/sleep 0.02; done
	exit
fi
grep -q " $1\( \|\$\)" /etc/hosts || exit 255
shift
exec nsenter -n -t "$WORLD_THERE" env HOME=/home/lab USER=lab LOGNAME=lab env -C /home/lab sh -c "$*"
END
chmod 755 "$root"/stand-in/*

exec chroot "$root" sh -c 'cd / && ip link set lo up && echo up && exec /usr/bin/sleep 600'
