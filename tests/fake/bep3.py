# SPDX-License-Identifier: ISC
"""The messages of peers (BEP 3), for the scripted ones."""
import os
import socket
import struct
import threading

CHOKE, UNCHOKE, INTERESTED, UNINTERESTED, HAVE, BITFIELD, REQUEST, PIECE, CANCEL = range(9)
BLOCK = 16384


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def message(kind, payload=b""):
    return struct.pack(">IB", len(payload) + 1, kind) + payload


def handshake(btih, peer_id, reserved=bytes(8)):
    return b"\x13BitTorrent protocol" + reserved + btih + peer_id


def bits(first, pieces):
    """The bit field of somebody who has the first so many of these pieces."""
    return ((1 << first) - 1 << (pieces - first) << (-pieces % 8)).to_bytes((pieces + 7) // 8, "big")


class Wire:
    """What is said on one connection. ConnectionError when the other side leaves."""

    def __init__(self, sock):
        self.sock = sock

    def get(self, n):
        got = bytearray()
        while len(got) < n:
            more = self.sock.recv(min(n - len(got), 1 << 20))
            if not more:
                raise ConnectionError
            got += more
        return bytes(got)

    def hear(self):
        """The next message: (kind, payload); keep-alives are passed over."""
        while True:
            size, = struct.unpack(">I", self.get(4))
            if size > 0:
                said = self.get(size)
                return said[0], said[1:]

    def put(self, kind, payload=b""):
        self.sock.sendall(message(kind, payload))

    def run(self):
        """All of its talk, for a thread."""
        try:
            self.talk()
        except OSError:
            pass
        say("gone")
        self.sock.close()


def listen(listener, peer):
    """In the background: each caller is peer(socket, address)'s, on a thread of its own."""
    def accept():
        while True:
            sock, caller = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=peer(sock, caller[0]).run, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
