# SPDX-License-Identifier: ISC
"""The senders of xpeer.py. Most have one file, of --size bytes and with --name."""
import hashlib
import os
import struct
import time

from xtalk import accepted, farewell, flood, greet, keep_busy, leave, mode, sha, unescape
from xwire import (AHEAD_MAX, ANSWER, BUSY, BYE, DATA, DATA_MAX, END, FAIL, HELLO, ITEM, OPTIONS, Over, STORED, TAKE,
                   begin, busy, bye, content, data, end, file, hello, item, message, offer)


def sends(name):
    return mode('send', name)


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
    greet(w)
    w.send(offer(len(things), len(files), sum(sizes.values())))
    for name, directory, found in things:
        w.send(item(name.encode(), len(found), sum(sizes[p] for _, p in found), directory))
    accepted(w)
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
    farewell(w, len(files))


def one_offer(w, size=None, files=1, items=1, directory=False, more=b''):
    """Up to its yes."""
    size = int(OPTIONS['size']) if size is None else size
    top = os.fsencode(OPTIONS['name']).split(b'/')[0]
    greet(w)
    w.send(offer(items, files, size), item(top, files, size, directory or '/' in OPTIONS['name']) * items, more)
    accepted(w)


def one_file(w, size=None, told=None, more=b''):
    """Up to its TAKE: the offset."""
    size = int(OPTIONS['size']) if size is None else size
    one_offer(w, size)
    w.send(file(os.fsencode(OPTIONS['name']), size if told is None else told), more)
    return struct.unpack_from('>BBQ', w.hear(TAKE)[1])[2]


@sends('honest')
def send_honest(w):
    """One file made of random bytes."""
    size = int(OPTIONS['size'])
    whole = content(size)
    offset = one_file(w)
    w.send(begin(offset), data(whole[offset:]), end(size, sha(whole)))
    w.hear(STORED)
    farewell(w)


@sends('gated')
def send_gated(w, gate):
    """GATE: the same, but its content comes when there is a file of that name."""
    size = int(OPTIONS['size'])
    whole = content(size)
    offset = one_file(w)
    while not os.path.exists(gate):
        w.send(busy(0, 0))
        time.sleep(0.05)
    w.send(begin(offset), data(whole[offset:]), end(size, sha(whole)))
    w.hear(STORED)
    farewell(w)


@sends('path')
def send_path(w, path, top='d'):
    """PATH [ITEM]: a file with that path, in which \\x.. stand for bytes, below the directory ITEM."""
    raw = unescape(path)
    top = unescape(top)
    greet(w)
    w.send(offer(1, 1, 5), item(top, 1, 5, True))
    accepted(w)
    w.send(file(raw, 5))
    if w.hear(TAKE)[1][0] != 0:
        w.send(bye(1))
        w.hear(BYE)
        raise Over('skipped')
    w.send(begin(), data(b'hello'), end(5, sha(b'hello')), bye(1))
    w.hear(STORED)
    w.hear(BYE)
    leave(w)


@sends('pair')
def send_pair(w, first, second):
    """FIRST SECOND: two files below the directory d, told one behind the other, with a content each."""
    pair = [(unescape(path), whole) for path, whole in ((first, b'first'), (second, b'other'))]
    greet(w)
    w.send(offer(1, 2, 10), item(b'd', 2, 10, True))
    accepted(w)
    w.send(*(file(path, 5) for path, _ in pair))
    taken = [whole for _, whole in pair if w.hear(TAKE)[1][0] == 0]
    w.send(*(begin() + data(whole) + end(5, sha(whole)) for whole in taken))
    for _ in taken:
        w.hear(STORED)
    farewell(w, 2)


@sends('item')
def send_item(w, name, kind='1'):
    """NAME [KIND]: an offer of one item with that name."""
    raw = unescape(name)
    greet(w)
    w.send(offer(1, 1, 5), message(ITEM, struct.pack('>BQQ', int(kind), 1, 5) + raw))
    accepted(w)
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
    farewell(w)


@sends('wrong-byte')
def send_wrong_byte(w, at='0'):
    """AT: one byte is not what was hashed."""
    one_file(w)
    whole = bytearray(content(int(OPTIONS['size'])))
    digest = sha(whole)
    whole[int(at)] ^= 1
    w.send(begin(), data(bytes(whole)), end(len(whole), digest))
    w.hear(STORED)
    farewell(w)


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
    farewell(w, 0)


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
    greet(w)
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
    greet(w)
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
    greet(w)
    one = {BUSY: busy(0, 0), DATA: message(DATA), HELLO: hello(1), 0: message(0), 77: message(77),
           ITEM: item(b'x' * 255, 1, 0)}[kind]
    if kind == ITEM:
        w.send(offer(65536, 65536, 0))
    flood(w, one)


@sends('empty-data')
def send_empty_data(w):
    """Empty DATA without end in the middle of a file."""
    one_file(w)
    w.send(begin(), data(b'x' * 1000))
    flood(w, message(DATA))


@sends('big')
def send_big(w, kind, size):
    """KIND SIZE: the head of a message with a body of SIZE bytes, and zeros after it."""
    greet(w)
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
    leave(w)


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
    greet(w)
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
    keep_busy(w)
