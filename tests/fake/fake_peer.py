#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A BitTorrent peer (BEP 3) that follows a script; it has the whole torrent.

    fake_peer.py [-n N] [-p SECONDS] MODE TORRENT DIR      DIR: the directory that the torrent's name stands in

-n: so many peers, each at a port of its own. -p: a pause before each block that is sent. Says
`port N` on stdout for each peer, then one line an event: `hello` (a handshake came), `sent PIECE BEGIN PORT`
(a block went out), `gone` (the other side left). Listens on 127.0.0.1; runs until killed.

    honest    serves
    liar      serves blocks whose first byte is wrong
    half      lies only in the second block of each piece
    rare      lies only in the first block of every fourth piece
    dash      sends one wrong block and hangs up
    silent    accepts and never says a byte
    mute      shakes hands, says that it has all, and then nothing
    choke     the same, but says choke every second
    snub      unchokes and sends no block
    close     shakes hands and closes
    close:N   closes 0 at once, 1 after the handshake, 2 after the bit field, 3 after its unchoke, 4 at the first
              request, 5 in the middle of a block; `close:` alone: each peer of -n in another way
    drop      closes at the first request
    slow      one block a second
    stranger  shakes hands with another info-hash
    flood     shakes hands, then announces a message of 4 GiB
    length:N  the same with a message of N bytes, and begins to send it
    noise     answers the handshake with noise
    babble    shakes hands, then talks noise
    bits:HOW  its bit field is a byte too `short` or too `long`, or has `spare` bits
    beyond    says that it has a piece that does not exist
    drip      serves in portions of 1 to 3 bytes, a few hundred bytes a second
    twice     says that it has half, and the rest in a second bit field, as aria2 does
    last      serves all but one block: says `silent` and keeps the connection
    unasked   sends a block that nobody asked for, then serves
    pour      sends blocks that nobody asked for, one behind the other
    crumbs    answers with messages of 16 bytes each of the block
    double    sends each block twice
    reject    unchokes and rejects every request (BEP 6)
    allow     allows all pieces at once (BEP 6), never unchokes and sends no block
    moods     chokes and unchokes as fast as it can
    again     says that it has all, again and again (BEP 6)
    hello:N   an extension handshake with reqq N, or of a mebibyte where N is `long`; then serves
    mirror    shakes hands with the other side's own id
"""
import argparse
import hashlib
import os
import random
import socket
import struct
import sys
import threading
import time

from bep3 import BITFIELD, BLOCK, CHOKE, HAVE, INTERESTED, PIECE, REQUEST, UNCHOKE, Wire, bits, handshake, listen, message, say

FAST, EXTENDED = b"\0\0\0\0\0\0\0\4", b"\0\0\0\0\0\x10\0\0"
RESERVED = {"reject": FAST, "allow": FAST, "again": FAST, "hello": EXTENDED}
HAVE_ALL, REJECT, ALLOWED, EXT = 14, 16, 17, 20
AT_ONCE, AFTER_HELLO, AFTER_BITS, AFTER_UNCHOKE, AT_REQUEST, IN_BLOCK = range(6)
CLOSES = {"close": AFTER_HELLO, "drop": AT_REQUEST}


def value(data, at):
    """Read one bencoded value: (value, where it ends)."""
    kind = data[at:at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if kind in (b"l", b"d"):
        items, at = [], at + 1
        while data[at:at + 1] != b"e":
            item, at = value(data, at)
            items.append(item)
        return (items if kind == b"l" else dict(zip(items[::2], items[1::2]))), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end], end


class Content:
    def __init__(self, torrent, folder):
        with open(torrent, "rb") as f:
            data = f.read()
        at = data.index(b"4:info") + 6
        info, end = value(data, at)
        self.btih = hashlib.sha1(data[at:end]).digest()
        self.length = info[b"piece length"]
        self.pieces = len(info[b"pieces"]) // 20
        paths = [[info[b"name"]] + f[b"path"] for f in info.get(b"files", [])] or [[info[b"name"]]]
        whole = []
        for path in paths:
            with open(os.path.join(os.fsencode(folder), *path), "rb") as f:
                whole.append(f.read())
        self.bytes = b"".join(whole)

    def block(self, piece, begin, size):
        at = piece * self.length + begin
        return self.bytes[at:at + size]


class Peer(Wire):
    def __init__(self, opt, number, content, sock):
        super().__init__(sock)
        self.mode, _, self.how = opt.mode.partition(":")
        self.number, self.pause, self.content = number, opt.p, content
        self.closes = CLOSES.get(self.mode, -1)
        if opt.mode.startswith("close:"):
            self.closes = int(self.how or number % 6)

    def raw(self, data):
        if self.mode != "drip":
            self.sock.sendall(data)
            return
        while data:
            n = random.randint(1, 3)
            self.sock.sendall(data[:n])
            data = data[n:]
            time.sleep(0.005)

    def put(self, kind, payload=b""):
        self.raw(message(kind, payload))

    def closes_at(self, event):
        if self.closes == event:
            raise ConnectionError

    def talk(self):
        c = self.content
        self.closes_at(AT_ONCE)
        hello = self.get(68)
        say("hello")
        if self.mode == "silent":
            while self.sock.recv(4096):
                pass
            return
        if self.mode == "noise":
            self.sock.sendall(random.randbytes(2000))
            time.sleep(1)
            return
        btih = bytes(20) if self.mode == "stranger" else hello[28:48]
        mine = hello[48:68] if self.mode == "mirror" else b"-FP0001-" + random.randbytes(12)
        self.raw(handshake(btih, mine, RESERVED.get(self.mode, bytes(8))))
        if self.mode == "stranger" or self.closes == AFTER_HELLO:
            time.sleep(0.2)
            return
        self.begin()
        self.closes_at(AFTER_BITS)
        while True:
            self.answer(*self.hear())

    def begin(self):
        """What it says behind the handshake."""
        if self.mode in ("flood", "length"):
            self.sock.sendall(struct.pack(">IB", int(self.how or 0xffffffff), PIECE) + bytes(1 << 16))
        if self.mode == "babble":
            while True:
                self.sock.sendall(random.randbytes(2000))
                time.sleep(0.02)
        if self.mode == "bits":
            self.put(BITFIELD, self.bad_bits())
            return
        self.tell(self.content.pieces // 2 if self.mode == "twice" else self.content.pieces)
        if self.mode == "beyond":
            self.put(HAVE, struct.pack(">I", self.content.pieces))
        if self.mode == "choke":
            threading.Thread(target=self.keep_choking, args=(message(CHOKE), 1), daemon=True).start()
        if self.mode == "moods":
            threading.Thread(target=self.keep_choking, args=(message(UNCHOKE) + message(CHOKE), 0), daemon=True).start()
        if self.mode == "again":
            threading.Thread(target=self.keep_choking, args=(message(HAVE_ALL) * 100, 0), daemon=True).start()
        if self.mode == "allow":
            self.raw(b"".join(message(ALLOWED, struct.pack(">I", i)) for i in range(self.content.pieces)))
        if self.mode == "hello":
            body = b"0" * (1 << 20) if self.how == "long" else b"d1:md11:ut_metadatai1ee4:reqqi%see" % self.how.encode()
            self.put(EXT, b"\0" + body[:(1 << 20) - 2])

    def bad_bits(self):
        size = (self.content.pieces + 7) // 8
        if self.how == "spare" and self.content.pieces % 8 == 0:
            raise ValueError("there are no spare bits")
        return b"\xff" * {"short": size - 1, "long": size + 1, "spare": size}[self.how]

    def tell(self, pieces):
        """Say by a bit field that it has the first pieces."""
        self.put(BITFIELD, bits(pieces, self.content.pieces))

    def keep_choking(self, words, pause):
        try:
            while True:
                self.raw(words)
                time.sleep(pause)
        except OSError:
            pass

    def answer(self, kind, payload):
        if self.mode in ("mute", "choke", "moods", "allow"):
            return
        if kind == INTERESTED:
            if self.mode == "unasked":
                self.put(PIECE, struct.pack(">II", 0, 0) + bytes(BLOCK))
            self.put(UNCHOKE)
            self.closes_at(AFTER_UNCHOKE)
            if self.mode == "twice":
                self.tell(self.content.pieces)
            while self.mode == "pour":
                self.put(PIECE, struct.pack(">II", random.randrange(self.content.pieces), 0) + bytes(BLOCK))
        elif kind == REQUEST and self.mode != "snub":
            self.closes_at(AT_REQUEST)
            if self.mode == "last" and struct.unpack(">II", payload[:8]) == (self.content.pieces - 1, 0):
                say("silent")
                return
            if self.mode == "reject":
                self.put(REJECT, payload)
                return
            self.serve(*struct.unpack(">III", payload))

    def lies_in(self, piece, begin):
        return (self.mode in ("liar", "dash") or self.mode == "half" and begin == BLOCK
                or self.mode == "rare" and begin == 0 and piece % 4 == 0)

    def serve(self, piece, begin, size):
        block = self.content.block(piece, begin, size)
        if self.lies_in(piece, begin):
            block = bytes([block[0] ^ 1]) + block[1:]
        time.sleep(1 if self.mode == "slow" else self.pause)
        if self.closes == IN_BLOCK:
            self.sock.sendall(struct.pack(">IBII", size + 9, PIECE, piece, begin) + block[:size // 2])
            raise ConnectionError
        for at in range(0, size, 16) if self.mode == "crumbs" else ():
            self.put(PIECE, struct.pack(">II", piece, begin + at) + block[at:at + 16])
        for _ in range({"crumbs": 0, "double": 2}.get(self.mode, 1)):
            self.put(PIECE, struct.pack(">II", piece, begin) + block)
        say("sent", piece, begin, self.sock.getsockname()[1])
        if self.mode == "dash":
            raise ConnectionError


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-n", type=int, default=1)
    p.add_argument("-p", type=float, default=0)
    p.add_argument("mode")
    p.add_argument("torrent")
    p.add_argument("dir")
    opt = p.parse_args()
    content = Content(opt.torrent, opt.dir)
    for number in range(opt.n):
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        listen(listener, lambda sock, _, number=number: Peer(opt, number, content, sock))
        say("port", listener.getsockname()[1])
    threading.Event().wait()


if __name__ == "__main__":
    main()
