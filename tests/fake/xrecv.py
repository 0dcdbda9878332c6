# SPDX-License-Identifier: ISC
"""The receivers of xpeer.py."""
import hashlib
import os
import select
import socket
import struct
import time

from xtalk import flood, greet, keep_busy, leave, mode, sha, unescape
from xwire import (BEGIN, BUSY, BYE, DATA, END, FAIL, FILE, HELLO, ITEM, OFFER, OPTIONS, Over, STORED, UNKNOWN,
                   answer, busy, bye, hello, message, stored, take)


def receives(name):
    return mode('recv', name)


@mode('recv', 'store')
def recv_store(w, folder):
    """DIR: take all, as it should be; what --follow has of a file is not sent again."""
    hashed = not greet(w, 2)[1] & 1
    items, files, _ = struct.unpack_from('>IQQ', w.hear(OFFER)[1])
    for _ in range(items):
        w.hear(ITEM)
    w.send(answer())
    taken, told, current = [], 0, None
    while True:
        kind, body = w.hear(FILE, BEGIN, DATA, END, FAIL, BYE)
        if kind == FILE:
            told += 1
            size, mode_bits, mtime, ns = struct.unpack_from('>QHqI', body)
            path = body[22:].decode('utf-8', 'surrogateescape')
            have = b''
            if OPTIONS['follow'] and hashed:
                try:
                    with open(os.path.join(OPTIONS['follow'], path), 'rb') as f:
                        have = f.read()
                except OSError:
                    pass
            taken.append((path, size, mode_bits, mtime, ns, have))
            w.send(take(len(have), hashlib.sha256(have).digest() if have else bytes(32)))
        elif kind == BEGIN:
            offset, = struct.unpack('>Q', body)
            current = bytearray(taken[0][5][:offset])
        elif kind == DATA:
            current += body
        elif kind == FAIL:
            taken.pop(0)
        elif kind == END:
            path, size, mode_bits, mtime, ns, _ = taken.pop(0)
            total, = struct.unpack_from('>Q', body)
            right = len(current) == total and size in (total, UNKNOWN)
            if hashed and hashlib.sha256(current).digest() != body[8:40]:
                right = False
            if right:
                where = os.path.join(folder, path)
                os.makedirs(os.path.dirname(where), exist_ok=True)
                with open(where, 'wb') as f:
                    f.write(current)
                os.chmod(where, mode_bits)
                os.utime(where, ns=(mtime * 10 ** 9 + ns,) * 2)
            w.send(stored(0 if right else 4))
        else:
            w.send(bye(told))
            leave(w)


def hear_offer(w):
    greet(w, 2)
    for _ in range(struct.unpack_from('>I', w.hear(OFFER)[1])[0]):
        w.hear(ITEM)


def hear_file(w):
    """Up to the first FILE: its size."""
    hear_offer(w)
    w.send(answer())
    return struct.unpack_from('>Q', w.hear(FILE)[1])[0]


def hear_content(w):
    """From BEGIN to END."""
    w.hear(BEGIN)
    whole = b''
    while True:
        kind, body = w.hear(DATA, END, FAIL)
        if kind != DATA:
            return whole
        whole += body


@receives('mute')
def recv_mute(w, after):
    """tls|hello|answer|take|half|end|stored: say nothing more after that."""
    if after == 'tls':
        w.listen()
    if after == 'hello':
        w.send(hello(2, 0))
        w.listen()
    hear_offer(w)
    w.send(answer())
    if after == 'answer':
        w.listen()
    w.hear(FILE)
    w.send(take())
    if after == 'take':
        w.listen()
    if after == 'half':  # and it takes nothing from the socket
        w.hear(BEGIN)
        w.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while time.monotonic() < w.end:
            if select.select([], [], [w.raw], 0.2)[2] or broken(w.raw):
                raise Over('cut')
        raise Over('silent')
    hear_content(w)
    if after == 'end':
        w.listen()
    w.send(stored())
    w.listen()


def broken(sock):
    return b' 01 ' not in state_of(sock)


def state_of(sock):
    """The kernel's line for this connection: 01 is established."""
    local = sock.getsockname()
    wanted = b':%04X ' % local[1]
    with open('/proc/net/tcp', 'rb') as f:
        return b''.join(line for line in f if wanted in line[:24])


@receives('no')
def recv_no(w, code='1', words=''):
    """CODE [WORDS]: that answer to the offer."""
    hear_offer(w)
    w.send(answer(int(code), unescape(words)))
    w.listen()


@receives('skip')
def recv_skip(w, code='1', words=''):
    """CODE [WORDS]: that answer to the file."""
    hear_file(w)
    w.send(take(answer=int(code), words=unescape(words)))
    if w.hear(BYE, FILE)[0] == BYE:
        w.send(bye(1))
    w.listen()


@receives('offset')
def recv_offset(w, offset, what='wrong', flags='0'):
    """OFFSET [wrong|zero] [FLAGS]: TAKE from there on with a hash that is not so; all is stored after that."""
    hear_file(w)
    w.send(take(int(offset), bytes(32) if what == 'zero' else sha(b'something else'), flags=int(flags)))
    kind, _ = w.hear(BEGIN, FAIL)
    if kind == BEGIN:
        while w.hear(DATA, END)[0] == DATA:
            pass
        w.send(stored())
    w.hear(BYE)
    w.send(bye(1))
    leave(w)


@receives('stored')
def recv_stored(w, code='0', words=''):
    """CODE [WORDS]: that answer to the content."""
    hear_file(w)
    w.send(take())
    hear_content(w)
    w.send(stored(int(code), unescape(words)))
    if w.hear(BYE, FILE)[0] == BYE:
        w.send(bye(1))
    w.close()
    w.listen()


@receives('early')
def recv_early(w, what):
    """take|stored|bye: that message before it is due."""
    greet(w, 2)
    w.hear(OFFER)
    w.hear(ITEM)
    if what == 'take':
        w.send(take())
        w.listen()
    w.send(answer())
    w.hear(FILE)
    if what == 'stored':
        w.send(take(), stored())
    if what == 'bye':
        w.send(take(), bye(1))
    w.listen()


@receives('twice')
def recv_twice(w, what):
    """hello|answer|take|stored: that message twice."""
    w.send(hello(2, 0) * (2 if what == 'hello' else 1))
    w.hear(HELLO)
    w.hear(OFFER)
    w.hear(ITEM)
    w.send(answer() * (2 if what == 'answer' else 1))
    w.hear(FILE)
    w.send(take() * (2 if what == 'take' else 1))
    hear_content(w)
    w.send(stored() * (2 if what == 'stored' else 1))
    w.listen()


@receives('bye-lie')
def recv_bye_lie(w):
    """BYE with another number."""
    hear_file(w)
    w.send(take())
    hear_content(w)
    w.send(stored())
    w.hear(BYE)
    w.send(bye(7))
    w.listen()


@receives('vanish')
def recv_vanish(w, when):
    """stored|bye: close in order before that is said."""
    hear_file(w)
    w.send(take())
    hear_content(w)
    if when == 'bye':
        w.send(stored())
        w.hear(BYE)
    w.close()
    raise Over('left')


@receives('role')
def recv_role(w, role='1'):
    """ROLE: HELLO with another role."""
    w.send(hello(int(role), 0))
    w.listen()


@receives('headers')
def recv_headers(w, kind='12'):
    """KIND: messages of that kind without end (12: BUSY; 1: HELLO; 77: none)."""
    greet(w, 2)
    one = {BUSY: busy(0, 0), HELLO: hello(2, 0), 77: message(77), STORED: stored()}[int(kind)]
    flood(w, one)


@receives('busy')
def recv_busy(w):
    """BUSY twice a second, without an answer."""
    hear_offer(w)
    keep_busy(w)
