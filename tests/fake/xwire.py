# SPDX-License-Identifier: ISC
"""The messages of ugat/1 (codec/xfer.h) over Python's TLS, for xpeer.py, whose options are OPTIONS."""
import os
import random
import select
import socket
import ssl
import struct
import time

KINDS = {1: 'HELLO', 2: 'OFFER', 3: 'ITEM', 4: 'ANSWER', 5: 'FILE', 6: 'TAKE', 7: 'BEGIN', 8: 'DATA', 9: 'END',
         10: 'FAIL', 11: 'STORED', 12: 'BUSY', 13: 'BYE', 14: 'ERROR'}
HELLO, OFFER, ITEM, ANSWER, FILE, TAKE, BEGIN, DATA, END, FAIL, STORED, BUSY, BYE, ERROR = range(1, 15)
UNKNOWN = (1 << 64) - 1
DATA_MAX = 256 * 1024
AHEAD_MAX, AHEAD_BYTES = 1024, 256 * 1024
OPTIONS = {'call': None, 'session': None, 'verify': None, 'wait': '60', 'again': '1', 'cut': None, 'deaf': None,
           'rude': None, 'step': None, 'rest': '0', 'tls': '', 'flags': '0', 'size': '100000', 'name': 'file', 'follow': None}


class Over(Exception):
    """The session has ended; why."""


def say(*words):
    print(*words, flush=True)


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


# ---- messages to bytes and back

def message(kind, body=b'', size=None):
    return struct.pack('>I', kind << 24 | (len(body) if size is None else size)) + body


def hello(role, flags=None):
    return message(HELLO, bytes([role, int(OPTIONS['flags']) if flags is None else flags]))


def offer(items, files, size):
    return message(OFFER, struct.pack('>IQQ', items, files, size))


def item(name, files, size, directory=False):
    return message(ITEM, struct.pack('>BQQ', 2 if directory else 1, files, size) + name)


def file(path, size, mode=0o644, mtime=1700000000, ns=123456789):
    return message(FILE, struct.pack('>QHqI', size, mode, mtime, ns) + path)


def take(offset=0, digest=bytes(32), answer=0, flags=0, words=b''):
    return message(TAKE, struct.pack('>BBQ', answer, flags, offset) + digest + words)


def begin(offset=0):
    return message(BEGIN, struct.pack('>Q', offset))


def data(payload):
    return b''.join(message(DATA, payload[i:i + DATA_MAX]) for i in range(0, len(payload), DATA_MAX))


def end(size, digest=None):
    """With -C there is no hash: the field is not looked at."""
    return message(END, struct.pack('>Q', size) + (bytes(32) if digest is None else digest))


def bye(files):
    return message(BYE, struct.pack('>Q', files))


def busy(done, total):
    return message(BUSY, struct.pack('>QQ', done, total))


def stored(answer=0, words=b''):
    return message(STORED, bytes([answer]) + words)


def answer(code=0, words=b''):
    return message(ANSWER, bytes([code]) + words)


def error(code, words=b''):
    return message(ERROR, bytes([code]) + words)


def words_of(kind, body):
    """A message as a line for people."""
    fields = {HELLO: '>BB', OFFER: '>IQQ', ITEM: '>BQQ', ANSWER: '>B', FILE: '>QHqI', TAKE: '>BBQ32s', BEGIN: '>Q',
              END: '>Q32s', FAIL: '>B', STORED: '>B', BUSY: '>QQ', BYE: '>Q', ERROR: '>B'}
    if kind == DATA:
        return 'DATA %d' % len(body)
    if kind == END and len(body) < 40:
        body += bytes(40 - len(body))
    form = fields[kind]
    values = struct.unpack_from(form, body)
    rest = body[struct.calcsize(form):]
    shown = [v.hex() if isinstance(v, bytes) else '%o' % v if kind == FILE and i == 1 else str(v)
             for i, v in enumerate(values)]
    return ' '.join([KINDS[kind], *shown, *([ascii(rest)[2:-1]] if rest else [])])


# ---- the connection

def session_file():
    state = os.environ.get('XDG_STATE_HOME') or os.path.expanduser('~/.local/state')
    return OPTIONS['session'] or os.environ.get('UGAT_SESSION') or state + '/ugat/session.pem'


def context(server):
    path = session_file()
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.minimum_version = c.maximum_version = ssl.TLSVersion.TLSv1_3
    if OPTIONS['tls'] == '1.2':
        c.minimum_version = c.maximum_version = ssl.TLSVersion.TLSv1_2
    if OPTIONS['tls'] != 'alpn=':
        c.set_alpn_protocols([OPTIONS['tls'][5:] if OPTIONS['tls'].startswith('alpn=') else 'ugat/1'])
    if OPTIONS['verify'] == 'none':
        c.verify_mode = ssl.CERT_NONE
    else:
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(OPTIONS['verify'] or path)
    if server:
        c.num_tickets = 0
    if server or OPTIONS['tls'] != 'none':
        c.load_cert_chain(path)
    return c


class Wire:
    """Messages over a TLS connection. Whatever comes while we send is kept."""

    def __init__(self, sock, server):
        self.end = time.monotonic() + float(OPTIONS['wait'])
        self.sent = self.got = 0
        self.cut = self.deaf = None
        self.bytes, self.inbox = bytearray(), []
        self.over = None  # how it ended while we were sending
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        self.raw = sock
        if OPTIONS['tls'] in ('plain', 'half'):
            self.s = sock
            return
        self.s = context(server).wrap_socket(sock, server_side=server, do_handshake_on_connect=False,
                                             suppress_ragged_eofs=False)
        self.raw = self.s
        self.patiently(self.s.do_handshake)
        san = (self.s.getpeercert() or {}).get('subjectAltName', ())
        names = [v[10:] for _, v in san if v.startswith('ugat:user:')]
        say('peer', names[0] if names else '-')
        if self.s.selected_alpn_protocol() != 'ugat/1':
            say('alpn', self.s.selected_alpn_protocol())

    def wait(self, write):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Over('silent')
        select.select([self.raw], [self.raw] if write else [], [], min(left, 1))

    def patiently(self, call):
        while True:
            try:
                return call()
            except (ssl.SSLWantReadError, BlockingIOError):
                self.wait(False)
            except ssl.SSLWantWriteError:
                self.wait(True)
            except ssl.SSLZeroReturnError:
                raise Over('closed')
            except ssl.SSLEOFError:
                raise Over('cut')
            except ssl.SSLError as e:
                raise self.over or Over('tls ' + (e.reason or str(e)))
            except OSError:
                raise self.over or Over('cut')

    def take_in(self):
        """As drain; the end is told to who listens next."""
        try:
            return self.over is None and self.drain()
        except Over as over:
            self.over = over
            return False

    def drain(self):
        """Take what is there, without waiting; whether something was."""
        if self.over:
            raise self.over
        try:
            more = self.s.recv(1 << 16)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return False
        except ssl.SSLZeroReturnError:
            raise Over('closed')
        except ssl.SSLEOFError:
            raise Over('cut')
        except ssl.SSLError as e:
            raise Over('tls ' + (e.reason or str(e)))
        except OSError:
            raise Over('cut')
        if not more:
            raise Over('closed')
        self.got += len(more)
        if self.deaf is not None and self.got >= self.deaf:
            raise Over('left')
        self.bytes += more
        while len(self.bytes) >= 4:
            kind, size = self.bytes[0], int.from_bytes(self.bytes[1:4], 'big')
            if len(self.bytes) < 4 + size:
                break
            body = bytes(self.bytes[4:4 + size])
            del self.bytes[:4 + size]
            if kind != DATA:
                say('heard', words_of(kind, body))
            self.inbox.append((kind, body))
        return True

    def send(self, *parts):
        rest = b''.join(parts)
        step = int(OPTIONS['step'] or 0) or len(rest)
        over = False
        if self.cut is not None and self.sent + len(rest) >= self.cut:
            rest, over = rest[:self.cut - self.sent], True
        view = memoryview(rest)
        while view:
            piece = view[:step]
            while piece:
                n = self.patiently(lambda: self.s.send(piece))
                piece, view = piece[n:], view[n:]
                self.sent += n
                while self.take_in():
                    pass
            self.rest(float(OPTIONS['rest']))
        if over:
            raise Over('left')

    def rest(self, seconds):
        """Take in what comes meanwhile."""
        until = time.monotonic() + seconds
        while not self.over and (left := until - time.monotonic()) > 0:
            if not self.take_in():
                select.select([self.raw], [], [], min(left, 1))

    def hear(self, *kinds):
        """The next message that is not BUSY; it must be of such a kind, if one is given."""
        while True:
            while self.inbox:
                kind, body = self.inbox.pop(0)
                if kind == ERROR:
                    raise Over('error %d' % body[0])
                if kind == BUSY and BUSY not in kinds:
                    continue
                if kinds and kind not in kinds:
                    raise Over('unexpected ' + KINDS[kind])
                return kind, body
            if not self.drain():
                self.wait(False)

    def listen(self):
        """To the end."""
        if OPTIONS['rude']:
            raise Over('left')
        while True:
            if not self.drain():
                self.wait(False)

    def close(self):
        """In order."""
        try:
            self.raw.setblocking(True)
            self.s.settimeout(2)
            self.s.unwrap()
        except (OSError, ValueError):
            pass
