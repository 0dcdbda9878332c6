#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A BitTorrent peer (BEP 3) that follows a script; it has the whole torrent.

    fake_peer.py MODE TORRENT DIR      DIR: the folder that the torrent's name stands in

Says `port N` on stdout, then one line an event: `hello` (a handshake came), `sent PIECE BEGIN`
(a block went out), `gone` (the other side left). Listens on 127.0.0.1; runs until killed.

    honest    serves
    liar      serves blocks whose first byte is wrong
    half      lies only in the second block of each piece
    silent    accepts and never says a byte
    mute      shakes hands, says that it has all, and then nothing
    choke     the same, but says choke every second
    close     shakes hands and closes
    drop      closes at the first request
    slow      one block a second
    stranger  shakes hands with another info-hash
    flood     shakes hands, then announces a message of 4 GiB
    noise     answers the handshake with noise
    twice     says that it has half, and the rest in a second bit field, as aria2 does
    last      serves all but one block: says `silent` and keeps the connection
    unasked   sends a block that nobody asked for, then serves
"""
import hashlib
import os
import random
import socket
import struct
import sys
import threading
import time

from bep3 import BITFIELD, BLOCK, CHOKE, INTERESTED, PIECE, REQUEST, UNCHOKE, Wire, bits, handshake


def say(*words):
    print(*words, flush=True)


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
    def __init__(self, mode, content, sock):
        super().__init__(sock)
        self.mode, self.content = mode, content

    def run(self):
        try:
            self.talk()
        except OSError:
            pass
        say("gone")
        self.sock.close()

    def talk(self):
        c = self.content
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
        self.sock.sendall(handshake(btih, b"-FP0001-" + random.randbytes(12)))
        if self.mode in ("close", "stranger"):
            time.sleep(0.2)
            return
        if self.mode == "flood":
            self.sock.sendall(b"\xff\xff\xff\xff" + bytes(1 << 16))
        self.tell(c.pieces // 2 if self.mode == "twice" else c.pieces)
        if self.mode == "choke":
            threading.Thread(target=self.keep_choking, daemon=True).start()
        while True:
            self.answer(*self.hear())

    def tell(self, pieces):
        """Say by a bit field that it has the first pieces."""
        self.put(BITFIELD, bits(pieces, self.content.pieces))

    def keep_choking(self):
        try:
            while True:
                self.put(CHOKE)
                time.sleep(1)
        except OSError:
            pass

    def answer(self, kind, payload):
        if self.mode in ("mute", "choke"):
            return
        if kind == INTERESTED:
            if self.mode == "unasked":
                self.put(PIECE, struct.pack(">II", 0, 0) + bytes(BLOCK))
            self.put(UNCHOKE)
            if self.mode == "twice":
                self.tell(self.content.pieces)
        elif kind == REQUEST:
            if self.mode == "drop":
                raise ConnectionError
            if self.mode == "last" and struct.unpack(">II", payload[:8]) == (self.content.pieces - 1, 0):
                say("silent")
                return
            self.serve(*struct.unpack(">III", payload))

    def serve(self, piece, begin, size):
        block = self.content.block(piece, begin, size)
        if self.mode == "liar" or self.mode == "half" and begin == BLOCK:
            block = bytes([block[0] ^ 1]) + block[1:]
        if self.mode == "slow":
            time.sleep(1)
        self.put(PIECE, struct.pack(">II", piece, begin) + block)
        say("sent", piece, begin)


def main():
    mode, torrent, folder = sys.argv[1:]
    content = Content(torrent, folder)
    s = socket.create_server(("127.0.0.1", 0))
    say("port", s.getsockname()[1])
    while True:
        sock, _ = s.accept()
        threading.Thread(target=Peer(mode, content, sock).run, daemon=True).start()


if __name__ == "__main__":
    main()
