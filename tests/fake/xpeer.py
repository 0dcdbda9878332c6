#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The other side of ugat-send or ugat-recv, honest or not. Written from the header codec/xfer.h and with Python's
TLS, so that it is a second source of both.

    xpeer.py [OPTION...] send MODE [ARGUMENT...]
    xpeer.py [OPTION...] recv MODE [ARGUMENT...]

What stands behind --then is done in a further session, with the options as they are by then.

    --call HOST:PORT   call there; without it, it listens on 127.0.0.1 and prints `port N`
    --session FILE     whose certificate to show (UGAT_SESSION, else the one in the home)
    --verify FILE      whose certificates to believe, PEM (the session's authority); none: everybody's
    --wait SECONDS     give up after so long (20)
    --again N          so many sessions, one after the other (1)
    --cut N[-M[/S]]    leave without a word when N bytes of messages were sent; then N+S, N+2S ... in further
                       sessions, until one needed fewer (it prints `whole N`) or M is reached
    --deaf N           the same, but when N bytes of messages were heard
    --step N           send the messages in pieces of N bytes, each a TLS record
    --tls KIND         none (no certificate), 1.2, alpn=NAME, plain (no TLS), half (a Hello, then silence)
    --flags N          of HELLO (1: no hash, -C)
    --size N           of the file in the modes below (100000)
    --name NAME        of the file in the modes below (file)
    --follow DIR       recv store: a prefix of every file lies in DIR

What it hears it prints, a line a message, behind `peer USER`; at the end `closed` (in order), `cut` (not so) or
`silent` (nothing more came in time). MODES below tells what there is to do.
"""
import hashlib
import os
import select
import socket
import struct
import sys
import time

from xwire import (AHEAD_MAX, ANSWER, BEGIN, BUSY, BYE, DATA, DATA_MAX, END, FAIL, FILE, HELLO, ITEM, OFFER,
                   OPTIONS, Over, STORED, TAKE, UNKNOWN, Wire, answer, begin, busy, bye, content, data, end, error,
                   file, hello, item, message, offer, say, stored, take)


# ---- the honest sides

MODES = {}


def mode(role, name):
    def enter(function):
        MODES[role, name] = function
        return function
    return enter


def walk(operands):
    """(item's name, is directory, [(path, where)])"""
    for operand in operands:
        name = os.path.basename(os.path.abspath(operand))
        if not os.path.isdir(operand):
            yield name, False, [(name, operand)]
            continue
        found = []
        for folder, _, names in os.walk(operand):
            found += [os.path.join(folder, n) for n in names]
        yield name, True, sorted((os.path.join(name, os.path.relpath(p, operand)), p) for p in found)


@mode('send', 'files')
def send_files(w, *operands):
    """FILE...: all of them, as it should be."""
    hashed = not int(OPTIONS['flags']) & 1
    things = list(walk(operands))
    files = [f for _, _, found in things for f in found]
    sizes = {p: os.path.getsize(p) for _, p in files}
    w.send(hello(1))
    w.hear(HELLO)
    w.send(offer(len(things), len(files), sum(sizes.values())))
    for name, directory, found in things:
        w.send(item(name.encode(), len(found), sum(sizes[p] for _, p in found), directory))
    if w.hear(ANSWER)[1][0] != 0:
        raise Over('refused')
    for start in range(0, len(files), 100):
        some = files[start:start + 100]
        for path, where in some:
            st = os.stat(where)
            w.send(file(path.encode(), st.st_size, st.st_mode & 0o777, *divmod(st.st_mtime_ns, 10 ** 9)))
        wanted = []
        for path, where in some:
            code, flags, offset, digest = struct.unpack_from('>BBQ32s', w.hear(TAKE)[1])
            if code == 0:
                wanted.append((path, where, flags, offset, digest))
        ended = 0
        for path, where, flags, offset, digest in wanted:
            with open(where, 'rb') as f:
                whole = f.read()
            if hashlib.sha256(whole[:offset]).digest() != digest and offset:
                if flags & 1:
                    w.send(message(FAIL, b'\3'))
                    continue
                offset = 0
            w.send(begin(offset), data(whole[offset:]), end(len(whole), sha(whole) if hashed else None))
            ended += 1
        for _ in range(ended):
            w.hear(STORED)
    w.send(bye(len(files)))
    w.hear(BYE)
    w.close()
    raise Over('bye')


@mode('recv', 'store')
def recv_store(w, folder):
    """DIR: take all, as it should be; what --follow has of a file is not sent again."""
    w.send(hello(2, 0))
    hashed = not w.hear(HELLO)[1][1] & 1
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
            w.close()
            raise Over('bye')


# ---- the others. Most senders have one file, of --size bytes and with --name.

def one_offer(w, size=None, files=1, items=1, directory=False, more=b''):
    """Up to its yes."""
    size = int(OPTIONS['size']) if size is None else size
    top = os.fsencode(OPTIONS['name']).split(b'/')[0]
    w.send(hello(1))
    w.hear(HELLO)
    w.send(offer(items, files, size), item(top, files, size, directory or '/' in OPTIONS['name']) * items, more)
    if w.hear(ANSWER)[1][0] != 0:
        raise Over('refused')


def one_file(w, size=None, told=None, more=b''):
    """Up to its TAKE: the offset."""
    size = int(OPTIONS['size']) if size is None else size
    one_offer(w, size)
    w.send(file(os.fsencode(OPTIONS['name']), size if told is None else told), more)
    return struct.unpack_from('>BBQ', w.hear(TAKE)[1])[2]


def unescape(text):
    """\\x.. stands for a byte, \\e for nothing."""
    return text.replace('\\e', '').encode('latin-1').decode('unicode_escape').encode('latin-1')


def sha(payload):
    return hashlib.sha256(payload).digest()


def sends(name):
    return mode('send', name)


@sends('honest')
def send_honest(w):
    """One file made of random bytes."""
    size = int(OPTIONS['size'])
    whole = content(size)
    offset = one_file(w)
    w.send(begin(offset), data(whole[offset:]), end(size, sha(whole)))
    w.hear(STORED)
    w.send(bye(1))
    w.hear(BYE)
    w.close()
    raise Over('bye')


@sends('path')
def send_path(w, path, top='d'):
    """PATH [ITEM]: a file with that path, in which \\x.. stand for bytes, below the directory ITEM."""
    raw = unescape(path)
    top = unescape(top)
    w.send(hello(1))
    w.hear(HELLO)
    w.send(offer(1, 1, 5), item(top, 1, 5, True))
    if w.hear(ANSWER)[1][0] != 0:
        raise Over('refused')
    w.send(file(raw, 5))
    if w.hear(TAKE)[1][0] != 0:
        w.send(bye(1))
        w.hear(BYE)
        raise Over('skipped')
    w.send(begin(), data(b'hello'), end(5, sha(b'hello')), bye(1))
    w.hear(STORED)
    w.hear(BYE)
    w.close()
    raise Over('bye')


@sends('item')
def send_item(w, name, kind='1'):
    """NAME [KIND]: an offer of one item with that name."""
    raw = unescape(name)
    w.send(hello(1))
    w.hear(HELLO)
    w.send(offer(1, 1, 5), message(ITEM, struct.pack('>BQQ', int(kind), 1, 5) + raw))
    if w.hear(ANSWER)[1][0] != 0:
        raise Over('refused')
    w.send(file(raw, 5))
    w.listen()


@sends('longer')
def send_longer(w):
    """More bytes than FILE said."""
    one_file(w)
    w.send(begin(), data(content(int(OPTIONS['size']) + 1)))
    w.listen()


@sends('shorter')
def send_shorter(w):
    """Fewer bytes than FILE said, and END says so."""
    one_file(w)
    whole = content(int(OPTIONS['size']) - 1)
    w.send(begin(), data(whole), end(len(whole), sha(whole)))
    w.listen()


@sends('shorter-lie')
def send_shorter_lie(w):
    """Fewer bytes than FILE said, and END denies it."""
    one_file(w)
    whole = content(int(OPTIONS['size']))
    w.send(begin(), data(whole[:-1]), end(len(whole), sha(whole)))
    w.listen()


@sends('wrong-hash')
def send_wrong_hash(w):
    """END with another hash."""
    one_file(w)
    whole = content(int(OPTIONS['size']))
    w.send(begin(), data(whole), end(len(whole), sha(whole + b'x')))
    w.hear(STORED)
    w.send(bye(1))
    w.hear(BYE)
    w.close()
    raise Over('bye')


@sends('wrong-byte')
def send_wrong_byte(w, at='0'):
    """AT: one byte is not what was hashed."""
    one_file(w)
    whole = bytearray(content(int(OPTIONS['size'])))
    digest = sha(whole)
    whole[int(at)] ^= 1
    w.send(begin(), data(bytes(whole)), end(len(whole), digest))
    w.hear(STORED)
    w.send(bye(1))
    w.hear(BYE)
    w.close()
    raise Over('bye')


@sends('no-hash')
def send_no_hash(w):
    """END without its hash, although HELLO did not say so."""
    one_file(w)
    whole = content(int(OPTIONS['size']))
    w.send(begin(), data(whole), message(END, struct.pack('>Q', len(whole))))
    w.listen()


@sends('more-files')
def send_more_files(w):
    """More FILEs than offered."""
    one_file(w)
    w.send(file(b'another', 0))
    w.listen()


@sends('more-bytes')
def send_more_bytes(w):
    """A FILE that is larger than all that was offered."""
    one_file(w, told=int(OPTIONS['size']) + 1)
    w.listen()


@sends('fewer-files')
def send_fewer_files(w):
    """BYE, although one of two files was not told."""
    one_offer(w, files=2, directory=True)
    w.send(bye(0))
    w.hear(BYE)
    w.close()
    raise Over('bye')


@sends('bye-lie')
def send_bye_lie(w):
    """BYE of more files than were told."""
    one_offer(w)
    w.send(bye(1))
    w.listen()


@sends('bye-early')
def send_bye_early(w):
    """BYE before the content."""
    one_file(w, more=bye(1))
    w.listen()


@sends('elsewhere')
def send_elsewhere(w):
    """A FILE that is none of the items."""
    one_offer(w)
    w.send(file(b'elsewhere', int(OPTIONS['size'])))
    w.listen()


@sends('wrong-offset')
def send_wrong_offset(w, at='1000'):
    """AT: BEGIN at an offset that nobody named."""
    one_file(w)
    w.send(begin(int(at)), data(content(int(OPTIONS['size']))[int(at):]))
    w.listen()


@sends('unasked')
def send_unasked(w):
    """Content before there was an answer."""
    w.send(hello(1))
    w.hear(HELLO)
    size = int(OPTIONS['size'])
    w.send(offer(1, 1, size), item(os.fsencode(OPTIONS['name']), 1, size),
           file(os.fsencode(OPTIONS['name']), size), begin(), data(content(size)))
    w.listen()


@sends('data-first')
def send_data_first(w):
    """DATA without BEGIN."""
    one_file(w)
    w.send(data(b'x' * 100))
    w.listen()


@sends('end-first')
def send_end_first(w):
    """END without BEGIN."""
    one_file(w)
    w.send(end(int(OPTIONS['size']), bytes(32)))
    w.listen()


@sends('items')
def send_items(w, said, sent, files='1'):
    """SAID SENT [FILES]: an offer of SAID items, and SENT of them, with FILES each."""
    w.send(hello(1))
    w.hear(HELLO)
    n = int(files)
    w.send(offer(int(said), n * int(said), 0))
    for i in range(int(sent)):
        w.send(item(b'%05d' % i + b'x' * 240, n, 0, True))
    w.send(file(b'00000' + b'x' * 240 + b'/f', 0))
    w.listen()


@sends('milliard')
def send_milliard(w):
    """A directory of 10^9 empty files, told one after the other without end; what is taken is not sent."""
    one_offer(w, 0, 10 ** 9, directory=True)
    top, n = OPTIONS['name'].encode(), 0
    while True:
        w.send(b''.join(file(b'%s/%09d' % (top, i), 0) for i in range(n, n + 100)))
        n += 100
        w.inbox.clear()


@sends('milliard-polite')
def send_milliard_polite(w, count='20000'):
    """COUNT: the same with content and never more ahead than is allowed; it leaves after COUNT files."""
    one_offer(w, 0, 10 ** 9, directory=True)
    top = OPTIONS['name'].encode()
    for n in range(0, int(count), 500):
        w.send(b''.join(file(b'%s/%09d' % (top, i), 0) for i in range(n, n + 500)))
        taken = sum(w.hear(TAKE)[1][0] == 0 for _ in range(500))
        w.send((begin() + end(0, sha(b''))) * taken)
        for _ in range(taken):
            w.hear(STORED)
    raise Over('left')


@sends('long-paths')
def send_long_paths(w):
    """As many FILEs with the longest paths as may be ahead by their number: too many by their bytes."""
    one_offer(w, 0, 2000, directory=True)
    path = os.fsencode(OPTIONS['name']) + b'/' + b'/'.join([b'y' * 250] * 15)
    for i in range(AHEAD_MAX):
        w.send(file(b'%s/%d' % (path, i), 0))
    w.listen()


@sends('headers')
def send_headers(w, kind='12'):
    """KIND: messages of that kind without end (12: BUSY; 8: empty DATA; 1: HELLO)."""
    kind = int(kind)
    w.send(hello(1))
    w.hear(HELLO)
    one = {BUSY: busy(0, 0), DATA: message(DATA), HELLO: hello(1), 0: message(0), 77: message(77),
           ITEM: item(b'x' * 255, 1, 0)}[kind]
    if kind == ITEM:
        w.send(offer(65536, 65536, 0))
    while True:
        w.send(one * 1000)
        w.inbox.clear()


@sends('empty-data')
def send_empty_data(w):
    """Empty DATA without end in the middle of a file."""
    one_file(w)
    w.send(begin(), data(b'x' * 1000))
    while True:
        w.send(message(DATA) * 1000)
        w.inbox.clear()


@sends('big')
def send_big(w, kind, size):
    """KIND SIZE: the head of a message with a body of SIZE bytes, and zeros after it."""
    w.send(hello(1))
    w.hear(HELLO)
    w.send(message(int(kind), b'', int(size)))
    for _ in range(0, int(size), 4096):
        w.send(bytes(4096))
    w.listen()


@sends('big-data')
def send_big_data(w):
    """DATA of one byte more than it may have."""
    one_file(w, size=DATA_MAX * 2)
    w.send(begin(), message(DATA, bytes(DATA_MAX + 1)))
    w.listen()


@sends('mode')
def send_mode(w, mode_bits, mtime='1700000000', ns='0'):
    """MODE (octal) [MTIME NS]: of the file."""
    one_offer(w, 5)
    w.send(file(os.fsencode(OPTIONS['name']), 5, int(mode_bits, 8), int(mtime), int(ns)))
    w.hear(TAKE)
    w.send(begin(), data(b'hello'), end(5, sha(b'hello')), bye(1))
    w.hear(STORED)
    w.hear(BYE)
    w.close()
    raise Over('bye')


@sends('size')
def send_size(w, size):
    """SIZE: a file that is said to be so large."""
    one_file(w, size=int(size))
    w.send(begin(), data(content(100000)))
    raise Over('left')


@sends('role')
def send_role(w, role='2'):
    """ROLE: HELLO with another role."""
    w.send(hello(int(role)))
    w.listen()


@sends('late')
def send_late(w, after):
    """hello|offer|take|half|end: say nothing more after that."""
    size = int(OPTIONS['size'])
    if after == 'tls':
        w.listen()
    w.send(hello(1))
    w.hear(HELLO)
    if after == 'hello':
        w.listen()
    w.send(offer(1, 1, size), item(os.fsencode(OPTIONS['name']), 1, size))
    w.hear(ANSWER)
    if after == 'offer':
        w.listen()
    w.send(file(os.fsencode(OPTIONS['name']), size))
    w.hear(TAKE)
    whole = content(size)
    if after == 'take':
        w.listen()
    w.send(begin(), data(whole[:size // 2]))
    if after == 'half':
        w.listen()
    w.send(data(whole[size // 2:]), end(size, sha(whole)))
    w.listen()


@sends('busy')
def send_busy(w):
    """BUSY twice a second, without a file."""
    one_offer(w)
    while True:
        w.send(busy(0, 0))
        rest = time.monotonic() + 0.5
        while time.monotonic() < rest:
            if not w.drain():
                select.select([w.raw], [], [], 0.1)


@mode('send', 'error')
@mode('recv', 'error')
def any_error(w, code, words=''):
    """CODE [WORDS]: ERROR at once, \\x.. in WORDS being bytes."""
    w.send(hello(2 if 'recv' in sys.argv else 1, 0))
    w.hear(HELLO)
    w.send(error(int(code), unescape(words)))
    w.listen()


@mode('send', 'noise')
@mode('recv', 'noise')
def any_noise(w, seed='1'):
    """SEED: random bytes."""
    w.send(content(100000, int(seed)))
    w.listen()


@mode('send', 'raw')
@mode('recv', 'raw')
def any_raw(w, text=''):
    """TEXT: these bytes as they are (with --tls plain or half)."""
    if OPTIONS['tls'] == 'half':
        text = '\\x16\\x03\\x01\\x02\\x00\\x01\\x00'
    w.patiently(lambda: w.raw.send(unescape(text)))
    while True:
        if w.patiently(lambda: w.raw.recv(4096)) == b'':
            raise Over('cut')


# ---- receivers

def receives(name):
    return mode('recv', name)


def hear_offer(w):
    w.send(hello(2, 0))
    w.hear(HELLO)
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
    w.close()
    raise Over('bye')


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
    w.send(hello(2, 0))
    w.hear(HELLO)
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
    w.send(hello(2, 0))
    w.hear(HELLO)
    one = {BUSY: busy(0, 0), HELLO: hello(2, 0), 77: message(77), STORED: stored()}[int(kind)]
    while True:
        w.send(one * 1000)
        w.inbox.clear()


@receives('busy')
def recv_busy(w):
    """BUSY twice a second, without an answer."""
    hear_offer(w)
    while True:
        w.send(busy(0, 0))
        rest = time.monotonic() + 0.5
        while time.monotonic() < rest:
            if not w.drain():
                select.select([w.raw], [], [], 0.1)


# ---- one session after the other

def span(text):
    """N[-M[/S]]"""
    if text is None:
        return iter([None] * int(OPTIONS['again']))
    first, _, rest = text.partition('-')
    last, _, step = rest.partition('/')
    return iter(range(int(first), int(last or first) + 1, int(step or 1)))


def connect(listener):
    if listener:
        listener.settimeout(float(OPTIONS['wait']))
        return listener.accept()[0]
    host, _, port = OPTIONS['call'].rpartition(':')
    end_s = time.monotonic() + float(OPTIONS['wait'])
    while True:
        try:
            return socket.create_connection((host.strip('[]'), int(port)), 10)
        except ConnectionRefusedError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.02)


def session(perform, arguments, listener, limit):
    """One connection; False when there is nothing more to cut."""
    sock = connect(listener)
    wire, why = None, ''
    try:
        wire = Wire(sock, listener is not None)
        wire.cut, wire.deaf = (limit, None) if OPTIONS['cut'] else (None, limit)
        perform(wire, *arguments)
    except Over as over:
        why = str(over)
        if why.startswith('error') or why in ('refused', 'skipped'):
            say(why)
            try:
                wire.listen()
            except Over as later:
                why = str(later)
    say(why)
    if (OPTIONS['deaf'] or OPTIONS['cut']) and why != 'left':
        say('whole', wire.sent if OPTIONS['cut'] else wire.got)
        return False
    if wire:
        wire.s.close()
    sock.close()
    return True


def groups(words):
    """The arguments between --then."""
    while '--then' in words:
        at = words.index('--then')
        yield words[:at]
        words = words[at + 1:]
    yield words


def main():
    listener = None
    for words in groups(sys.argv[1:]):
        while words and words[0].startswith('--'):
            OPTIONS[words[0][2:]] = words[1]
            words = words[2:]
        if not OPTIONS['call'] and listener is None:
            listener = socket.create_server(('127.0.0.1', 0))
            say('port', listener.getsockname()[1])
        if '--then' in sys.argv:
            say('does', *words)
        for limit in span(OPTIONS['cut'] or OPTIONS['deaf']):
            if not session(MODES[words[0], words[1]], words[2:], listener, limit):
                break


if __name__ == '__main__':
    main()
