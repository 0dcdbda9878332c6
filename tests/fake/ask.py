#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""ask.py PORT BTIH PIECE N: a peer (BEP 3) that asks a seeder for its first N blocks at once and says in
how many seconds they came."""
import socket
import struct
import sys
import time

from bep3 import BLOCK, INTERESTED, PIECE, REQUEST, UNCHOKE, Wire, handshake, message

port, btih, piece, n = int(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
peer = Wire(socket.create_connection(("127.0.0.1", port), 20))
peer.sock.sendall(handshake(btih, b"-AS0001-asksforitall"))
peer.get(68)
peer.put(INTERESTED)
start, came = 0, 0
while came < n:
    kind, _ = peer.hear()
    if kind == UNCHOKE and not start:
        start = time.monotonic()
        peer.sock.sendall(b"".join(message(REQUEST, struct.pack(">III", i * BLOCK // piece, i * BLOCK % piece, BLOCK))
                                   for i in range(n)))
    came += kind == PIECE
print("%.2f" % (time.monotonic() - start))
