# SPDX-License-Identifier: ISC
"""What the sides of xpeer.py have in common: their table, the turns that many of them take, and what both can do."""
import hashlib
import select
import sys
import time

from xwire import ANSWER, BYE, HELLO, OPTIONS, Over, busy, bye, content, error, hello

MODES = {}


def mode(role, name):
    def enter(function):
        MODES[role, name] = function
        return function
    return enter


def unescape(text):
    """\\x.. stands for a byte, \\e for nothing."""
    return text.replace('\\e', '').encode('latin-1').decode('unicode_escape').encode('latin-1')


def sha(payload):
    return hashlib.sha256(payload).digest()


# ---- what many of them do

def greet(w, role=1):
    """A sender with the options' flags, a receiver (2) without any."""
    w.send(hello(role, 0 if role == 2 else None))
    return w.hear(HELLO)[1]


def accepted(w):
    if w.hear(ANSWER)[1][0] != 0:
        raise Over('refused')


def leave(w):
    w.close()
    raise Over('bye')


def farewell(w, files=1):
    """A sender's, when all is stored."""
    w.send(bye(files))
    w.hear(BYE)
    leave(w)


def keep_busy(w):
    """BUSY twice a second, and nothing else."""
    while True:
        w.send(busy(0, 0))
        rest = time.monotonic() + 0.5
        while time.monotonic() < rest:
            if not w.drain():
                select.select([w.raw], [], [], 0.1)


def flood(w, one):
    """The same message without end."""
    while True:
        w.send(one * 1000)
        w.inbox.clear()


# ---- what both sides can do

@mode('send', 'error')
@mode('recv', 'error')
def any_error(w, code, words=''):
    """CODE [WORDS]: ERROR at once, \\x.. in WORDS being bytes."""
    greet(w, 2 if 'recv' in sys.argv else 1)
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
