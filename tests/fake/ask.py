#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""ask.py PORT BTIH PIECE N: a peer (BEP 3) that asks a seeder for its first N blocks at once and says in
how many seconds they came."""
import socket
import struct
import sys
import time

port, btih, piece, n = int(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
BLOCK = 16384


def message(kind, payload=b""):
    return struct.pack(">IB", len(payload) + 1, kind) + payload


def exactly(size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            sys.exit("hung up")
        data += more
    return data


peer = socket.create_connection(("127.0.0.1", port), 20)
peer.sendall(b"\x13BitTorrent protocol" + bytes(8) + btih + b"-AS0001-asksforitall")
exactly(68)
peer.sendall(message(2))
start, came = 0, 0
while came < n:
    size = struct.unpack(">I", exactly(4))[0]
    body = exactly(size)
    if body[:1] == b"\x01" and not start:
        start = time.monotonic()
        peer.sendall(b"".join(message(6, struct.pack(">III", i * BLOCK // piece, i * BLOCK % piece, BLOCK))
                              for i in range(n)))
    came += body[:1] == b"\x07"
print("%.2f" % (time.monotonic() - start))
