#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A UDP tracker (BEP 15) that follows a script.

    fake_udptracker.py MODE HOST:PORT...       the peers that it knows

Listens at FAKE_HOST (127.0.0.1). Says `port N` on stdout, then one line a request: `connect`, or
`announce event=E downloaded=N left=N uploaded=N port=N want=N options=HEX`. Runs until killed.

    honest    answers as it should
    magic     its connection id is the protocol's magic number
    half      the last peer of each answer is cut in half
    late      every answer comes 2 s late
    forged    sends, before the right answer, one with a wrong transaction, one with a wrong
              action, one from another port and one too short; all with a peer at port 1
    short     an announce is answered with 8 bytes
    error     an announce is refused with words that hold terminal escapes
    garbage   every answer is noise
    silent    never answers
"""
import os
import random
import socket
import struct
import sys
import time

MAGIC = 0x41727101980
CONNECT, ANNOUNCE, ERROR = 0, 1, 3


def say(*words):
    print(*words, flush=True)


def compact(peers):
    return b"".join(socket.inet_aton(h) + struct.pack(">H", int(p))
                    for h, p in (one.rsplit(":", 1) for one in peers))


def announce_answer(action, txn, peers, tail=b""):
    return struct.pack(">IIIII", action, txn, 60, 1, 2) + compact(peers) + tail


def connect_answers(mode, txn, connection):
    right = struct.pack(">IIQ", CONNECT, txn, connection)
    if mode == "forged":
        wrong = struct.pack(">Q", connection ^ 0x5555)
        return [struct.pack(">II", CONNECT, txn ^ 1) + wrong,
                struct.pack(">II", ANNOUNCE, txn) + wrong, right[:12], right]
    return [right]


def announce_answers(mode, txn, peers):
    right = announce_answer(ANNOUNCE, txn, peers)
    bad = ["127.0.0.1:1"]
    return {
        "half": [announce_answer(ANNOUNCE, txn, peers, b"\x7f\0\0")],
        "short": [struct.pack(">II", ANNOUNCE, txn)],
        "error": [struct.pack(">II", ERROR, txn) + b"go \x1b[31maway\x07\n"],
        "forged": [announce_answer(ANNOUNCE, txn ^ 1, bad), announce_answer(7, txn, bad),
                   announce_answer(ANNOUNCE, txn, bad)[:19], right],
    }.get(mode, [right])


def answers(mode, request, connection, peers):
    first, action, txn = struct.unpack(">QII", request[:16])
    if action == CONNECT and first == MAGIC and len(request) == 16:
        say("connect")
        return connect_answers(mode, txn, connection)
    if action != ANNOUNCE or len(request) < 98 or first != connection:
        say("wrong", request[:16].hex())
        return []
    downloaded, left, uploaded, event = struct.unpack(">QQQI", request[56:84])
    want, port = struct.unpack(">iH", request[92:98])
    say(f"announce event={event} downloaded={downloaded} left={left} uploaded={uploaded}",
        f"port={port} want={want} options={request[98:].hex()}")
    return announce_answers(mode, txn, peers)


def main():
    mode, peers = sys.argv[1], sys.argv[2:]
    connection = MAGIC if mode == "magic" else random.getrandbits(64)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    host = os.environ.get("FAKE_HOST", "127.0.0.1")
    s.bind((host, 0))
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind((host, 0))
    say("port", s.getsockname()[1])
    while True:
        request, sender = s.recvfrom(4096)
        if len(request) < 16:
            say("wrong", request.hex())
            continue
        replies = answers(mode, request, connection, peers)
        if mode == "silent":
            continue
        if mode == "late":
            time.sleep(2)
        if mode == "forged" and request[11] == ANNOUNCE:
            txn = struct.unpack(">I", request[12:16])[0]
            other.sendto(announce_answer(ANNOUNCE, txn, ["127.0.0.1:1"]), sender)
        for reply in replies:
            s.sendto(random.randbytes(len(reply)) if mode == "garbage" else reply, sender)


if __name__ == "__main__":
    main()
