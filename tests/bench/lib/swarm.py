# SPDX-License-Identifier: ISC
"""Torrents, a tracker and seeders for the benchmarks, and one way to run every downloader."""
import filecmp
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.parse

import bench
from bench import path


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def imagined(to, files, length, piece, name="large"):
    """A torrent without content: so many files of one length, 100 a directory."""
    total = files * length
    pieces = -(-total // piece)
    info = {b"name": name.encode(), b"piece length": piece, b"pieces": os.urandom(20 * pieces)}
    if files == 1:
        info[b"length"] = length
    else:
        info[b"files"] = [{b"length": length, b"path": [b"%03d" % (i // 100), b"%07d.dat" % i]} for i in range(files)]
    with open(to, "wb") as out:
        out.write(bencode({b"announce": b"udp://127.0.0.1:9/announce", b"info": info}))


class Torrent:
    """
    The bytes of path(data), in one file or in so many of one size. It is NAME.udp.torrent and
    NAME.http.torrent, for one cannot ask by UDP; NAME.hashes are its hashes.
    """

    def __init__(self, name, data, piece, files=1):
        self.name, self.data, self.piece = name, path(data), piece
        self.size, self.tracker = os.path.getsize(self.data), bench.free_port()
        self.files = [(self.size * i // files, self.size * (i + 1) // files) for i in range(files)]
        info = {b"name": name.encode(), b"piece length": piece, b"pieces": self.hashes()}
        if files == 1:
            self.paths = [name]
            info[b"length"] = self.size
        else:
            below = [("%03d" % (i // 100), "%06d" % i) for i in range(files)]
            self.paths = [os.path.join(name, *parts) for parts in below]
            info[b"files"] = [{b"length": end - start, b"path": [p.encode() for p in parts]}
                              for (start, end), parts in zip(self.files, below)]
        self.btih = hashlib.sha1(bencode(info)).hexdigest()
        for kind in ("udp", "http"):
            url = "%s://127.0.0.1:%d/announce" % (kind, self.tracker)
            with open(self.file(kind), "wb") as to:
                to.write(bencode({b"announce": url.encode(), b"info": info}))

    def file(self, kind="udp"):
        return path("%s.%s.torrent" % (self.name, kind))

    def hashes(self):
        with open(self.data, "rb") as data, open(path(self.name + ".hashes"), "wb") as to:
            while block := data.read(self.piece):
                to.write(hashlib.sha1(block).digest())
        with open(path(self.name + ".hashes"), "rb") as back:
            return back.read()

    def check(self, folder, thorough):
        """Whether it lies there; thorough: byte for byte."""
        for (start, end), name in zip(self.files, self.paths):
            name = os.path.join(folder, name)
            if not os.path.isfile(name) or os.path.getsize(name) != end - start:
                sys.exit("bench: %s is not whole" % name)
        if not thorough:
            return
        if len(self.files) == 1:
            if not filecmp.cmp(self.data, os.path.join(folder, self.paths[0]), shallow=False):
                sys.exit("bench: %s is not right" % folder)
            return
        with open(self.data, "rb") as data:
            for (start, end), name in zip(self.files, self.paths):
                with open(os.path.join(folder, name), "rb") as copy:
                    if copy.read() != data.read(end - start):
                        sys.exit("bench: %s is not right" % name)


class Tracker:
    """opentracker, anew for every run: nobody is left in it who is not there any more."""

    def __init__(self, torrent):
        self.torrent = torrent
        home = path("tracker")
        os.makedirs(home, exist_ok=True)
        os.chmod(bench.place, 0o711)  # it becomes nobody
        os.chmod(home, 0o755)
        with open(os.path.join(home, "whitelist"), "w") as to:
            print(torrent.btih, file=to)
        port = str(torrent.tracker)
        self.process = bench.spawn(
            ["opentracker", "-i", "127.0.0.1", "-p", port, "-P", port, "-d", home, "-u", "nobody", "-w", "whitelist"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bench.until(self.up, "opentracker")

    def up(self):
        try:
            socket.create_connection(("127.0.0.1", self.torrent.tracker), 1).close()
            return True
        except OSError:
            return False

    def enroll(self, address, port):
        """A seeder from this address, which is that of the connection. False: the white list is not read yet."""
        hash_ = urllib.parse.quote_from_bytes(bytes.fromhex(self.torrent.btih))
        query = "/announce?info_hash=%s&peer_id=-BE0001-%012d&port=%d&left=0&event=started" % (hash_, port, port)
        with socket.create_connection(("127.0.0.1", self.torrent.tracker), 5, (address, 0)) as s:
            s.sendall(("GET %s HTTP/1.0\r\n\r\n" % query).encode())
            answer = b""
            while more := s.recv(4096):
                answer += more
        return b"interval" in answer

    def end(self):
        self.process.kill()
        self.process.wait()
        bench.running.remove(self.process)


class Seeders:
    """The cheap one, at so many addresses, none the downloader's own. call: the port of a downloader that is to be called."""

    def __init__(self, torrent, n, call=None, first=2):
        self.port = bench.free_port()
        self.addresses = ["127.0.0.%d" % (i + first) for i in range(n)]
        options = ["-c", str(call)] if call else []
        self.process = bench.spawn([bench.tool("seeder"), *options, torrent.btih, str(torrent.piece), torrent.data,
                                    str(self.port), *self.addresses], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("bench: the seeder does not start")

    def end(self):
        """Bytes sent, CPU s, connections."""
        self.process.send_signal(signal.SIGTERM)
        sent, cpu, conns = self.process.communicate(timeout=30)[0].split()
        bench.running.remove(self.process)
        return int(sent), float(cpu), int(conns)


class Work:
    """One torrent, so many seeders, into one directory; every client is to load it."""

    def __init__(self, torrent, seeders=1, folder=None):
        self.torrent, self.seeders = torrent, seeders
        self.folder = folder or bench.place
        self.to = os.path.join(self.folder, "out")
        self.done, self.conf = path("done"), path("conf")
        self.checked = set()
        self.port = bench.free_port()

    def empty(self):
        for folder in (self.to, self.conf):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
        if os.path.exists(self.done):
            os.unlink(self.done)
        if self.folder != bench.place:
            os.sync()  # what the one before has left does not fall on the next one

    def run(self, client):
        """A measure: start all that it takes, load, look at what came."""
        self.empty()
        memory = bench.warm_memory(self.torrent.size)
        tracker = Tracker(self.torrent)
        seeders = Seeders(self.torrent, self.seeders, self.port if getattr(client, "is_called", False) else None)
        self.peers = [(address, seeders.port) for address in seeders.addresses]
        for address in seeders.addresses:
            bench.until(lambda: tracker.enroll(address, seeders.port), "opentracker takes no seeder")
        words, waits = client(self)
        memory.close()
        try:
            got = bench.took(words, done=self.done if waits else None)
        finally:
            sent, cpu, _ = seeders.end()
            tracker.end()
        self.torrent.check(self.to, client not in self.checked)
        self.checked.add(client)
        shutil.rmtree(self.to)
        got["bytes"] = sent
        if self.torrent.size >= bench.GIB // 16:
            got["seeder"] = cpu / (self.torrent.size / bench.GIB)
        return got

    def measure(self, client):
        return lambda: self.run(client)
