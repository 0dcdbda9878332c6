#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Records without ugat-parse, and peers that serve them, for tests of ugat-fetch alone.

    seed.py records PIECE PATH [N]      the records (ugat-records(5)) of a file or a directory; N: the
                                        file is said to be N files in directories of 1,000
    seed.py serve [-m MODE] [-i ADDR[-N]] [-b BLOCKS] RECORDS DIR|FILE
                                        a peer at ADDR (127.0.0.1), or N peers at ADDR and the
                                        addresses behind it; DIR is where RECORDS' paths begin, a
                                        FILE is all of the content

MODE: honest; mute (unchokes and never sends a block); greedy (has nothing, asks for every piece that
it is told of as soon as it is unchoked, and reads nothing for a second after the first one). BLOCKS:
hang up after so many. Says a `peer` record for each peer, ready to be put before RECORDS, then a line
an event: `from ADDR`, `hello`, `block PIECE BEGIN` (sent), `got BYTES` (received by a greedy one),
`gone`. Runs until killed. Files may be larger than memory.
"""
import argparse
import bisect
import hashlib
import ipaddress
import os
import re
import socket
import struct
import sys
import threading
import time

from bep3 import BITFIELD, BLOCK, CHOKE, HAVE, INTERESTED, PIECE, REQUEST, UNCHOKE, Wire, bits, handshake, listen, say

CHUNK = 1 << 20


# ---- records

PLAIN = {b"\\": b"\\\\", b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r"}


def escaped(raw):
    if raw == b"-":
        return b"\\0055"
    try:
        raw.decode()
        odd = rb"[\0-\x1f\\\x7f]|\xc2[\x80-\x9f]"
    except UnicodeDecodeError:
        odd = rb"[\0-\x1f\\\x7f-\xff]"
    return re.sub(odd, lambda m: PLAIN.get(m[0]) or b"".join(b"\\0%03o" % c for c in m[0]), raw)


def unescaped(field):
    back = {value: key for key, value in PLAIN.items()}
    return re.sub(rb"\\0[0-7]{3}|\\.", lambda m: back.get(m[0]) or bytes([int(m[0][2:], 8)]), field)


class Content:
    """Files in a row: (offset, length, path below directory)."""

    def __init__(self, folder, files, piece):
        self.folder, self.files, self.piece = os.fsencode(folder), files, piece
        self.length = files[-1][0] + files[-1][1]
        self.pieces = -(-self.length // piece)
        self.opened = (None, -1)

    def read(self, at, n):
        parts = []
        first = bisect.bisect_right(self.files, (at, 1 << 62)) - 1
        for offset, length, path in self.files[max(first, 0):]:
            start, end = max(at, offset), min(at + n, offset + length)
            if offset >= at + n:
                break
            if start < end:
                if self.opened[0] != path:
                    if self.opened[1] >= 0:
                        os.close(self.opened[1])
                    self.opened = (path, os.open(os.path.join(self.folder, path).rstrip(b"/"), os.O_RDONLY))
                parts.append(os.pread(self.opened[1], end - start, start - offset))
        return b"".join(parts)

    def sha1(self, piece):
        digest = hashlib.sha1()
        end = min((piece + 1) * self.piece, self.length)
        for at in range(piece * self.piece, end, CHUNK):
            digest.update(self.read(at, min(CHUNK, end - at)))
        return digest.hexdigest()


def of_path(path, piece):
    path = os.fsencode(path.rstrip("/"))
    folder, name = os.path.split(os.path.abspath(path))
    paths = [name]
    if os.path.isdir(path):
        paths = sorted(os.path.relpath(os.path.join(top, one), folder)
                       for top, _, names in os.walk(os.path.abspath(path)) for one in names)
    files, at = [], 0
    for one in paths:
        size = os.path.getsize(os.path.join(folder, one))
        files.append((at, size, one))
        at += size
    return name, Content(folder, files, piece)


def divided(name, length, n):
    size = length // n
    return [(i * size, size if i < n - 1 else length - i * size, b"%s/%03d/%05d" % (name, i // 1000, i))
            for i in range(n)]


def records(piece, path, n=0):
    name, c = of_path(path, int(piece))
    hashes = [c.sha1(i) for i in range(c.pieces)]
    btih = hashlib.sha1("".join(hashes).encode() + name).hexdigest()
    if n:
        c.files = divided(name, c.length, int(n))
    out = [b"ugat\t1", b"torrent\t%s\t-\t%d\t%d\t%d\t%d\t%s" % (
        btih.encode(), c.piece, c.pieces, c.length, len(c.files), escaped(name))]
    out += [b"file\t%d\t%d\t%d\t%s" % (i, at, size, escaped(one))
            for i, (at, size, one) in enumerate(c.files)]
    out += [b"piece\t%d\t%s" % (i, h.encode()) for i, h in enumerate(hashes)]
    sys.stdout.buffer.write(b"\n".join(out + [b"end", b""]))


def of_records(path, folder):
    files, btih, piece = [], None, 0
    with open(path, "rb") as f:
        for line in f:
            field = line.rstrip(b"\n").split(b"\t")
            if field[0] == b"torrent":
                btih, piece = bytes.fromhex(field[1].decode()), int(field[3])
            elif field[0] == b"file":
                files.append((int(field[2]), int(field[3]), unescaped(field[4])))
    if os.path.isfile(folder):
        files = [(0, os.path.getsize(folder), b"")]
        folder = os.path.abspath(folder)
    return btih, Content(folder, files, piece)


# ---- peers

class Peer(Wire):
    def __init__(self, opt, btih, content, sock):
        super().__init__(sock)
        self.opt, self.btih, self.content = opt, btih, content
        self.blocks = 0
        self.got = 0
        self.missing = {}   # of a greedy one: the blocks that we could give it
        self.choked = True
        self.slept = False

    def talk(self):
        c = self.content
        hello = self.get(68)
        if hello[28:48] != self.btih:
            return
        say("hello")
        self.sock.sendall(handshake(self.btih, b"-SD0001-" + os.urandom(12)))
        if self.opt.m == "greedy":
            self.put(INTERESTED)
        else:
            self.put(BITFIELD, bits(c.pieces, c.pieces))
        while True:
            self.answer(*self.hear())

    def answer(self, kind, payload):
        if kind == INTERESTED:
            self.put(UNCHOKE)
        elif kind == REQUEST and self.opt.m != "mute":
            self.serve(*struct.unpack(">III", payload))
        elif kind in (HAVE, BITFIELD) and self.opt.m == "greedy":
            for piece in self.told(kind, payload):
                self.learn(piece)
        elif kind in (CHOKE, UNCHOKE):
            self.choked = kind == CHOKE
            self.ask(list(self.missing.items()))
        elif kind == PIECE and self.opt.m == "greedy":
            if self.missing.pop(struct.unpack(">II", payload[:8]), None):
                self.got += len(payload) - 8
                say("got", self.got)

    def told(self, kind, payload):
        if kind == HAVE:
            return struct.unpack(">I", payload)
        return [i for i in range(self.content.pieces) if payload[i // 8] >> (7 - i % 8) & 1]

    def learn(self, piece):
        at = piece * self.content.piece
        size = min(self.content.piece, self.content.length - at)
        blocks = [((piece, begin), min(BLOCK, size - begin)) for begin in range(0, size, BLOCK)]
        self.missing.update(blocks)
        self.ask(blocks)

    def ask(self, blocks):
        if self.choked or not blocks or self.opt.m != "greedy":
            return
        for (piece, begin), size in blocks:
            self.put(REQUEST, struct.pack(">III", piece, begin, size))
        if not self.slept:
            self.slept = time.sleep(1) is None

    def serve(self, piece, begin, size):
        block = self.content.read(piece * self.content.piece + begin, size)
        self.put(PIECE, struct.pack(">II", piece, begin) + block)
        say("block", piece, begin)
        self.blocks += 1
        if self.blocks == self.opt.b:
            raise ConnectionError


def serve(*arguments):
    p = argparse.ArgumentParser()
    p.add_argument("-m", default="honest", choices=["honest", "mute", "greedy"])
    p.add_argument("-i", default="127.0.0.1")
    p.add_argument("-b", type=int, default=0)
    p.add_argument("records")
    p.add_argument("dir")
    opt = p.parse_args(arguments)
    btih, content = of_records(opt.records, opt.dir)

    def called(sock, caller):
        say("from", caller)
        return Peer(opt, btih, Content(content.folder, content.files, content.piece), sock)

    first, _, count = opt.i.partition("-")
    for i in range(int(count or 1)):
        address = str(ipaddress.ip_address(first) + i)
        listener = socket.create_server((address, 0))
        listen(listener, called)
        say(f"peer\t{address}\t{listener.getsockname()[1]}")
    threading.Event().wait()


if __name__ == "__main__":
    {"records": records, "serve": serve}[sys.argv[1]](*sys.argv[2:])
