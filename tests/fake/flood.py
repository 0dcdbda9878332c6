#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Peers (BEP 3) that call a ugat-fetch and flood it, to see what that costs it.

    flood.py MODE PORT BTIH PIECES N SECONDS [NET]

N connections to 127.0.0.1:PORT, each from another address of loopback, for so long; with NET (10.9, say) from
10.9.7.1 on to 10.9.0.1:

    have       say `have` for every piece but the last, again and again
    greedy     ask for every block again and again, and never read
    extended   extension messages as large as a message may be, and larger
    moods      interested and not, choke and unchoke, cancels of what was not asked for
    bits       bit fields of the right size and without the last piece, one behind the other
    drip       begins a large message and sends a byte of it now and then
    idle       shake hands and say nothing more

Who is hung up on calls again. Says `sent BYTES calls CALLS` at the end.
"""
import os
import socket
import struct
import sys
import threading
import time

from bep3 import (BITFIELD, BLOCK, CANCEL, CHOKE, HAVE, INTERESTED, PIECE, REQUEST, UNCHOKE, UNINTERESTED, bits, handshake,
                  message)


def words(mode, pieces):
    """What is sent again and again."""
    if mode == "have":
        return b"".join(message(HAVE, struct.pack(">I", i)) for i in range(pieces - 1)) * 20
    if mode == "greedy":
        asks = (message(REQUEST, struct.pack(">III", i, 0, BLOCK)) for i in range(pieces - 1))
        return message(INTERESTED) + b"".join(asks) * 20
    if mode == "extended":
        return b"".join(message(20, b"\0d1:md11:ut_metadatai1ee1:v" + b"%d:" % n + b"x" * n + b"e")
                        for n in (100, 10000, 100000, 1000000))
    if mode == "moods":
        moods = (INTERESTED, UNCHOKE, UNINTERESTED, CHOKE)
        return b"".join(map(message, moods)) * 500 + message(CANCEL, struct.pack(">III", 0, 0, BLOCK)) * 500
    if mode == "bits":
        return message(BITFIELD, bits(pieces - 1, pieces)) * 1000
    return struct.pack(">IB", BLOCK + 9, PIECE) + bytes(8)


def listen(s, until):
    """Until it hangs up."""
    while time.monotonic() < until:
        try:
            if not s.recv(65536):
                raise ConnectionError
        except TimeoutError:
            pass


def flood(mode, port, btih, pieces, net, host, until, count):
    text = words(mode, pieces)
    while time.monotonic() < until:
        try:
            with socket.create_connection((f"{net}.0.1", port), 5, (f"{net}.{host}", 0)) as s:
                count[1] += 1
                s.settimeout(0.5)
                s.sendall(handshake(btih, os.urandom(20), bytes(5) + b"\x10\0\4"))
                if mode == "idle":
                    listen(s, until)
                while time.monotonic() < until:
                    count[0] += s.send(text)
                    text = b"\0" if mode == "drip" else text
                    time.sleep(0.05 if mode == "drip" else 0)
        except OSError:
            time.sleep(0.5 if mode == "idle" else 0.02)


def main():
    mode, port, btih, pieces, n, seconds, net = [*sys.argv[1:], "127.0"][:7]
    count, until = [0, 0], time.monotonic() + float(seconds)
    threads = [threading.Thread(target=flood, args=(mode, int(port), bytes.fromhex(btih), int(pieces), net,
                                                    f"{7 + i // 250}.{i % 250 + 1}", until, count))
               for i in range(int(n))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print("sent", count[0], "calls", count[1], flush=True)


main()
