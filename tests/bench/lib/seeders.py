# SPDX-License-Identifier: ISC
"""Those who serve: each has the whole torrent below a directory of its own when it says so, with room
for many peers and no other limit than as shipped.
"""
import json
import os
import subprocess
import sys

import bench
from bench import PYTHON, path


class Server:
    """NAME serves the torrent; ready() waits until it has looked at its data."""

    def __init__(self, name, torrent):
        self.name, self.torrent, self.port = name, torrent, bench.free_port()
        self.folder = path("serve-" + name)
        self.conf = path("conf-" + name)
        os.makedirs(self.folder)
        os.makedirs(self.conf)
        os.link(torrent.data, os.path.join(self.folder, torrent.name))
        words = getattr(self, name)()
        with open(path(name + ".log"), "wb") as log:
            self.process = bench.spawn(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def leecher(self, *options, count=1, part=1):
        """part: each takes so much of it."""
        torrent = self.torrent
        return [bench.tool("leecher"), *options, torrent.btih, str(torrent.piece), str(torrent.size), str(self.port),
                str(count), str(torrent.size // part)]

    def ready(self):
        try:
            subprocess.run(self.leecher("-w"), check=True, timeout=bench.LIMIT)
        except subprocess.TimeoutExpired:
            with open(path(self.name + ".log"), errors="replace") as log:
                sys.exit("bench: %s does not serve:\n%s" % (self.name, log.read()[-2000:]))

    def pid(self):
        return self.process.pid

    def end(self):
        self.process.kill()
        self.process.wait()
        bench.running.remove(self.process)

    def ugat(self, out=None):
        records = path("serve.rec")
        with open(records, "wb") as to:
            subprocess.run([bench.ugat("ugat-parse"), self.torrent.file()], check=True, stdout=to)
        return ["sh", "-c", 'exec "$0" -q -k -j 1000 -p "$1" -d "$2" <"$3"', bench.ugat("ugat-fetch", out),
                str(self.port), self.folder, records]

    def other(self):
        return self.ugat(bench.OTHER)

    def transmission(self):
        with open(os.path.join(self.conf, "settings.json"), "w") as to:
            json.dump({"bind-address-ipv4": "127.0.0.1", "peer-port": self.port, "dht-enabled": False,
                       "lpd-enabled": False, "pex-enabled": False, "utp-enabled": False, "encryption": 0,
                       "port-forwarding-enabled": False, "rpc-enabled": False, "peer-limit-global": 1000,
                       "peer-limit-per-torrent": 1000, "watch-dir": self.conf + "/watch", "watch-dir-enabled": True,
                       "download-dir": self.folder}, to)
        os.makedirs(self.conf + "/watch")
        os.link(self.torrent.file(), self.conf + "/watch/x.torrent")
        return ["transmission-daemon", "-f", "-g", self.conf]

    def aria2(self):
        return ["aria2c", "--no-conf", "--dir=" + self.folder, "--check-integrity=true", "--bt-hash-check-seed=true",
                "--seed-ratio=0", "--allow-overwrite=true", "--auto-save-interval=0", "--file-allocation=none", "--enable-dht=false", "--enable-dht6=false", "--enable-peer-exchange=false",
                "--bt-enable-lpd=false", "--disable-ipv6=true", "--bt-exclude-tracker=*", "--bt-max-peers=1000",
                "--listen-port=%d" % self.port, "--summary-interval=0", "--quiet=true", self.torrent.file("http")]

    def libtorrent(self):
        return [PYTHON, os.path.join(bench.HERE, "lt_seed.py"), self.torrent.file(), self.folder, str(self.port)]

    def rtorrent(self):
        rc = os.path.join(self.conf, "rc")
        with open(rc, "w") as to:
            to.write("""
directory.default.set = {0.folder}
network.port_range.set = {0.port}-{0.port}
network.bind_address.set = 127.0.0.1
network.local_address.set = 127.0.0.1
dht.mode.set = off
protocol.pex.set = no
protocol.encryption.set = none
throttle.max_peers.seed.set = 1000
network.max_open_sockets.set = 1500
network.max_open_files.set = 600
system.daemon.set = true
load.start = {1}
""".format(self, self.torrent.file()))
        return ["rtorrent", "-n", "-o", "import=" + rc]


RIVALS = ("transmission", "libtorrent", "rtorrent", "aria2")


def all_of(torrent):
    """Started, and ready: {name: server}."""
    names = ["ugat"] + (["other"] if bench.OTHER else []) + [name for name in RIVALS if bench.chosen(name)]
    servers = {}
    for name in names:
        title = "ugat, other" if name == "other" else name
        servers[title] = Server(name, torrent)
        servers[title].ready()
    return servers
