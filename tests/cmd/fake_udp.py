#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A UDP tracker (BEP 15) for the tests of ugat-announce.

    fake_udp.py LOG MODE [ADDRESS]         ADDRESS: 127.0.0.1 or ::1

Writes to LOG `port N`, then a line a request: `connect` or `announce event=E port=P
downloaded=D left=L uploaded=U key=K id=HEX options=TEXT`. Runs until killed.

    two        answers with two peers
    thousand   answers with 1000 peers and half of another
    magic      its connection id is the protocol's magic number
    forged     before each answer, 100 of another port, and some that are wrong
    error      refuses announces with words that hold terminal escapes
    garbage    answers noise of all lengths
    silent     never answers
    deaf       loses the first datagram of each kind
    mute       answers until somebody says stopped
"""
import random
import socket
import struct
import sys

MAGIC = 0x41727101980
CONNECT, ANNOUNCE, ERROR = 0, 1, 3


class Tracker:
    def __init__(self, log, mode, address):
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.mode = mode
        self.log = open(log, "w", buffering=1)
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.forger = socket.socket(self.family, socket.SOCK_DGRAM)
        self.forger.bind((address, 0))
        self.id = MAGIC if mode == "magic" else random.getrandbits(64)
        self.lost = set()
        self.log.write(f"port {self.socket.getsockname()[1]}\n")

    def peer(self, number):
        if self.family == socket.AF_INET6:
            return socket.inet_pton(self.family, f"2001:db8::{number:x}") + struct.pack(">H", 6881)
        return struct.pack(">IH", 0x0a000000 + number, 6881)

    def peers(self):
        if self.mode == "thousand":
            return b"".join(self.peer(n) for n in range(1, 1001)) + b"\x0b\0\0"
        return self.peer(1) + self.peer(2)

    def answer(self, action, txn, peers):
        if action == CONNECT:
            return struct.pack(">IIQ", CONNECT, txn, self.id)
        return struct.pack(">IIIII", ANNOUNCE, txn, 1800, 7, 5) + peers

    def note(self, action, request):
        if action == CONNECT:
            self.log.write("connect\n")
            return
        down, left, up, event = struct.unpack(">QQQI", request[56:84])
        key, _, port = struct.unpack(">IIH", request[88:98])
        self.log.write(f"announce event={event} port={port} downloaded={down} left={left} uploaded={up} "
                       f"key={key} id={request[36:56].hex()} options={request[98:]!r}\n")

    def forge(self, action, txn, sender):
        bad = self.peer(0x666)
        for i in range(100):
            self.forger.sendto(self.answer(action, txn, bad), sender)
        for i in range(1, 100):
            self.socket.sendto(self.answer(action, txn ^ i, bad), sender)
        self.socket.sendto(self.answer(1 - action, txn, bad), sender)
        self.socket.sendto(self.answer(action, txn, bad)[:15], sender)
        self.socket.sendto(b"", sender)

    def one(self):
        request, sender = self.socket.recvfrom(8192)
        first, action, txn = struct.unpack(">QII", request[:16])
        if first != (MAGIC if action == CONNECT else self.id):
            self.log.write(f"wrong id {first:x}\n")
            return
        self.note(action, request)
        stopped = action == ANNOUNCE and request[83] == 3
        if self.mode == "silent" or (self.mode == "mute" and stopped):
            return
        if self.mode == "deaf" and action not in self.lost:
            self.lost.add(action)
            return
        if self.mode == "forged":
            self.forge(action, txn, sender)
        if self.mode == "garbage":
            for n in range(0, 64):
                self.socket.sendto(random.randbytes(n), sender)
        if self.mode == "error" and action == ANNOUNCE:
            self.socket.sendto(struct.pack(">II", ERROR, txn) + b"go \x1b[31maway\tnow\n", sender)
            return
        self.socket.sendto(self.answer(action, txn, self.peers()), sender)


if __name__ == "__main__":
    tracker = Tracker(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1")
    while True:
        tracker.one()
