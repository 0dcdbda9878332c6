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
    --wait SECONDS     give up after so long (60)
    --again N          so many sessions, one after the other (1)
    --cut N[-M[/S]]    leave without a word when N bytes of messages were sent; then N+S, N+2S ... in further
                       sessions, until one needed fewer (it prints `whole N`) or M is reached
    --deaf N           the same, but when N bytes of messages were heard
    --rude 1           hang up as soon as all is said, without listening to what comes of it
    --step N           send the messages in pieces of N bytes, each a TLS record
    --rest SECONDS     and wait so long behind each piece
    --tls KIND         none (no certificate), 1.2, alpn=NAME, plain (no TLS), half (a Hello, then silence)
    --flags N          of HELLO (1: no hash, -C)
    --size N           of the file that most modes have (100000)
    --name NAME        of the file that most modes have (file)
    --follow DIR       recv store: a prefix of every file lies in DIR

What it hears it prints, a line a message, behind `peer USER`; at the end `closed` (in order), `cut` (not so) or
`silent` (nothing more came in time). xsend.py, xrecv.py and, for both, xtalk.py tell what there is to do.
"""
import socket
import sys
import time

import xrecv
import xsend
from xtalk import MODES
from xwire import OPTIONS, Over, Wire, say


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
    """One connection; False when there is nothing more to cut, None when the one before has not ended yet."""
    sock = connect(listener)
    wire, why, early = None, '', False
    try:
        wire = Wire(sock, listener is not None)
        wire.cut, wire.deaf = (limit, None) if OPTIONS['cut'] else (None, limit)
        perform(wire, *arguments)
    except Over as over:
        why = str(over)
        early = why == 'error 75'
        if why.startswith('error') or why in ('refused', 'skipped'):
            say(why)
            try:
                wire.listen()
            except Over as later:
                why = str(later)
    say(why)
    if OPTIONS['cut'] and early:
        wire.s.close()
        return None
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
            more = None
            for _ in range(500):
                more = session(MODES[words[0], words[1]], words[2:], listener, limit)
                if more is not None:
                    break
                time.sleep(0.02)
            if not more:
                break


if __name__ == '__main__':
    main()
