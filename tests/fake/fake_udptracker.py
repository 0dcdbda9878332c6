#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A UDP tracker (BEP 15) that follows a script.

    fake_udptracker.py MODE[,MODE...] HOST:PORT...       the peers that it knows

Listens at FAKE_HOST (127.0.0.1, or one of IPv6), for each MODE at another port. Says `port N` on stdout for each, then one
line a request: `connect`, or `announce event=E downloaded=N left=N uploaded=N port=N want=N id=HEX key=N options=HEX`, and
of the later ones of several its number behind that. Runs until killed.

    honest      answers as it should
    magic       its connection id is the protocol's magic number
    half        the last peer of each answer is cut in half
    late        every answer comes 2 s late
    late:S      every answer comes S seconds late
    forged      sends, before the right answer, one with a wrong transaction, one with a wrong
                action, one from another port and one too short; all with a peer at port 1
    guess:N     sends, before each right answer, N wrong ones from its own address and port, whose transactions are
                guessed, and N with the right one from another port; after it N with the right one. All name
                peers at port 1, and connection ids that are wrong; says `wrong` when one of those is used
    cut:N       answers with the first N bytes of the right announce answer
    cut-id:N    answers with the first N bytes of the right connect answer
    interval:N  says so of the interval, modulo 2^32
    many:N      N peers of its own at 11.0.0.0 and behind, other ones for each port; 10,000 fit
    short       an announce is answered with 8 bytes
    error       an announce is refused with words that hold terminal escapes
    error:N     with N bytes of words
    garbage     every answer is noise
    noise       noise of 0 to 63 bytes comes before each right answer
    silent      never answers
    deaf        loses the first datagram of each kind
    deserts     answers until somebody says stopped
"""
import os
import random
import socket
import struct
import sys
import threading
import time

MAGIC = 0x41727101980
CONNECT, ANNOUNCE, ERROR = 0, 1, 3
STOPPED = 3  # an event


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def compact(peers):
    return b"".join(socket.inet_pton(family(h), h) + struct.pack(">H", int(p))
                    for h, p in (one.rsplit(":", 1) for one in peers))


def announce_answer(action, txn, peers, tail=b"", interval=60):
    return struct.pack(">IIIII", action, txn, interval, 7, 5) + compact(peers) + tail


class Tracker:
    def __init__(self, mode, number, peers):
        self.mode, _, self.argument = mode.partition(":")
        self.number, self.peers, self.guessed, self.lost = number, peers, set(), set()
        self.connection = MAGIC if mode == "magic" else random.getrandbits(64)
        host = os.environ.get("FAKE_HOST", "127.0.0.1")
        self.sock = socket.socket(family(host), socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.other = socket.socket(family(host), socket.SOCK_DGRAM)
        self.other.bind((host, 0))

    def say(self, *words):
        say(*words, *([self.number] if self.number else []))

    def connect_answers(self, txn):
        right = struct.pack(">IIQ", CONNECT, txn, self.connection)
        if self.mode == "forged":
            wrong = struct.pack(">Q", self.connection ^ 0x5555)
            return [struct.pack(">II", CONNECT, txn ^ 1) + wrong,
                    struct.pack(">II", ANNOUNCE, txn) + wrong, right[:12], b"", right]
        return [right[:int(self.argument)] if self.mode == "cut-id" else right]

    def announce_answers(self, txn):
        right = announce_answer(ANNOUNCE, txn, self.peers)
        bad = ["127.0.0.1:1"]
        if self.mode == "many":
            first = 0x0b000000 + self.number * 10000
            return [announce_answer(ANNOUNCE, txn, [], b"".join(struct.pack(">IH", first + i, 6881)
                                                               for i in range(int(self.argument))))]
        return {
            "half": lambda: [announce_answer(ANNOUNCE, txn, self.peers, b"\x7f\0\0")],
            "cut": lambda: [right[:int(self.argument)]],
            "interval": lambda: [announce_answer(ANNOUNCE, txn, self.peers, interval=int(self.argument) & 0xffffffff)],
            "short": lambda: [struct.pack(">II", ANNOUNCE, txn)],
            "error": lambda: [struct.pack(">II", ERROR, txn) +
                              (b"go \x1b[31maway\x07\n" if not self.argument else b"no\x1b" * (int(self.argument) // 3))],
            "forged": lambda: [announce_answer(ANNOUNCE, txn ^ 1, bad), announce_answer(7, txn, bad),
                               announce_answer(ANNOUNCE, txn, bad)[:19], b"", right],
        }.get(self.mode, lambda: [right])()

    def answers(self, request):
        first, action, txn = struct.unpack(">QII", request[:16])
        if action == CONNECT and first == MAGIC and len(request) == 16:
            self.say("connect")
            return self.connect_answers(txn)
        if action != ANNOUNCE or len(request) < 98 or first != self.connection:
            self.say("wrong", request[:16].hex())
            return []
        downloaded, left, uploaded, event = struct.unpack(">QQQI", request[56:84])
        key, want, port = struct.unpack(">IiH", request[88:98])
        self.say(f"announce event={event} downloaded={downloaded} left={left} uploaded={uploaded}",
                 f"port={port} want={want} id={request[36:56].hex()} key={key} options={request[98:].hex()}")
        return self.announce_answers(txn)

    def says_nothing(self, action, request):
        """Whether this one is not answered."""
        first = self.mode == "deaf" and action not in self.lost
        self.lost.add(action)
        return first or self.mode == "silent" or self.mode == "deserts" and action == ANNOUNCE and request[83] == STOPPED

    def forge(self, action, txn):
        tail = struct.pack(">IIIIH", 60, 1, 2, 0x7f000001, 1) if action == ANNOUNCE else random.randbytes(8)
        return struct.pack(">II", action, txn) + tail

    def guess(self, request, sender, n):
        """As somebody does who knows when we ask, and cannot hear it."""
        action, txn = struct.unpack(">II", request[8:16])
        for i in range(n):
            wrong = (txn + 1 + i if i % 2 else random.getrandbits(32)) & 0xffffffff
            if wrong != txn:
                self.sock.sendto(self.forge(action, wrong), sender)
            self.other.sendto(self.forge(action, txn), sender)
        say("guessed", n)

    def serve(self):
        while True:
            request, sender = self.sock.recvfrom(4096)
            if len(request) < 16:
                self.say("wrong", request.hex())
                continue
            replies = self.answers(request)
            if self.says_nothing(request[11], request):
                continue
            if self.mode == "noise":
                replies = [random.randbytes(n) for n in range(64)] + replies
            if self.mode == "late":
                time.sleep(float(self.argument or 2))
            if self.mode == "forged" and request[11] == ANNOUNCE:
                txn = struct.unpack(">I", request[12:16])[0]
                self.other.sendto(announce_answer(ANNOUNCE, txn, ["127.0.0.1:1"]), sender)
            guess = self.mode == "guess" and replies and request[11] not in self.guessed
            if guess:
                self.guessed.add(request[11])
                self.guess(request, sender, int(self.argument))
                time.sleep(0.2)  # what the answer might drown in is read by then
            for reply in replies:
                self.sock.sendto(random.randbytes(len(reply)) if self.mode == "garbage" else reply, sender)
            if guess:
                for _ in range(int(self.argument)):
                    self.sock.sendto(self.forge(request[11], struct.unpack(">I", request[12:16])[0]), sender)


def main():
    trackers = [Tracker(mode, i, sys.argv[2:]) for i, mode in enumerate(sys.argv[1].split(","))]
    for one in trackers:
        threading.Thread(target=one.serve, daemon=True).start()
        say("port", one.sock.getsockname()[1])
    threading.Event().wait()


if __name__ == "__main__":
    main()
