# SPDX-License-Identifier: ISC
"""The downloaders, each with a fair configuration: no encryption, no DHT, PEX, LSD or port
mapping, no space reserved before, what they do when all is there as shipped; all else as shipped.

A client gets a Work and returns its command and whether it says that it is done by making the
file work.done; else it is done when it ends. It loads into work.to and may keep things in work.conf.
"""
import json
import os

import bench
from bench import PYTHON, path


def pipeline(out=None, *options):
    def ugat(work):
        line = '"$0/ugat-parse" "$1" | "$0/ugat-announce" | "$0/ugat-fetch" -q -d "$2" "${@:3}"'
        return ["bash", "-c", line, os.path.join(out or bench.OUT, "bin"), work.torrent.file(), work.to, *options], False
    return ugat


def by_hand(out=None):
    """Without a tracker, from `peer` records."""
    def ugat(work):
        line = '{ "$0/ugat-parse" "$1"; printf "peer\\t%s\\t%s\\n" "${@:3}"; } | "$0/ugat-fetch" -q -d "$2"'
        peers = [str(word) for peer in work.peers for word in peer]
        return ["bash", "-c", line, os.path.join(out or bench.OUT, "bin"), work.torrent.file(), work.to, *peers], False
    return ugat


def receiver(work):
    """The machine's limit, from the first seeder."""
    address, port = work.peers[0]
    torrent = work.torrent
    return [bench.tool("receiver"), torrent.btih, str(torrent.piece), str(torrent.size), path(torrent.name + ".hashes"),
            os.path.join(work.to, torrent.name), str(port), address], False


def aria2(work):
    return ["aria2c", "--no-conf", "--dir=" + work.to, "--seed-time=0", "--file-allocation=none", "--enable-dht=false",
            "--enable-dht6=false", "--enable-peer-exchange=false", "--bt-enable-lpd=false", "--disable-ipv6=true",
            "--listen-port=%d" % work.port, "--console-log-level=error", "--summary-interval=0", "--quiet=true",
            work.torrent.file("http")], False


RTORRENT = """
directory.default.set = {to}
network.port_range.set = {port}-{port}
network.bind_address.set = 127.0.0.1
network.local_address.set = 127.0.0.1
dht.mode.set = off
protocol.pex.set = no
protocol.encryption.set = none
system.daemon.set = true
method.set_key = event.download.finished, bench, "{finished}"
{more}
load.start = {torrent}
"""

# As shipped it hashes all again when all is there.
UNCHECKED = "pieces.hash.on_completion.set = no"


def rtorrent_with(more="", finished="execute.nothrow=touch,{done}", waits=True):
    def rtorrent(work):
        rc = os.path.join(work.conf, "rc")
        with open(rc, "w") as to:
            to.write(RTORRENT.format(to=work.to, port=work.port, torrent=work.torrent.file(),
                                     finished=finished.format(done=work.done), more=more))
        return ["rtorrent", "-n", "-o", "import=" + rc], waits
    return rtorrent


def transmission(work):
    with open(os.path.join(work.conf, "settings.json"), "w") as to:
        json.dump({"bind-address-ipv4": "127.0.0.1", "dht-enabled": False, "lpd-enabled": False, "pex-enabled": False,
                   "utp-enabled": False, "port-forwarding-enabled": False, "encryption": 0, "preallocation": 0,
                   "rpc-enabled": False}, to)
    finish = os.path.join(work.conf, "finish")
    with open(finish, "w") as to:
        to.write("#!/bin/sh\n: >%s\n" % work.done)
    os.chmod(finish, 0o755)
    return ["transmission-cli", "-g", work.conf, "-w", work.to, "-p", str(work.port), "-et", "-M", "-f", finish,
            work.torrent.file("http")], True


# It takes no loopback address from a tracker.
transmission.is_called = True


def libtorrent(how):
    def client(work):
        return [PYTHON, os.path.join(bench.HERE, "lt_fetch.py"), how, work.torrent.file(), work.to, str(work.port)], False
    return client


def others():
    """All the rivals."""
    return {"rtorrent, tuned": rtorrent_with(UNCHECKED), "rtorrent": rtorrent_with(), "aria2": aria2,
            "libtorrent, tuned": libtorrent("tuned"), "libtorrent": libtorrent("shipped"), "transmission": transmission}


def ours():
    """ugat, and the one of another build beside it, for who tunes."""
    clients = {"ugat": pipeline()}
    if bench.OTHER:
        clients["ugat, other"] = pipeline(bench.OTHER)
    return clients


def shows(torrent):
    """Those that show what a torrent says, or check it; all they print goes to /dev/null."""
    def to_null(*words):
        return bench.command(*words, stdout="/dev/null")

    return {"limit: cat": to_null("cat", torrent), "btcheck": to_null("btcheck", "-n", "-l", torrent),
            "transmission-show": to_null("transmission-show", torrent), "aria2c -S": to_null("aria2c", "-S", torrent),
            "libtorrent (python)": to_null(*bench.script("lt_show.py"), torrent)}
