#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A wire between ugat-send and ugat-recv that is not to be trusted.

    xproxy.py HOST:PORT [KEY=VALUE...]

It prints `port N` and passes every connection to it on to HOST:PORT, until it is ended. Counted are the bytes
from who called (up) and those to him (down):

    flip=N     one bit of byte N (the lowest); flip=N-M/S: of N in the first connection, N+S in the next ...
    cut=N      both ends are cut after so many bytes; cut=N-M/S as above
    stall=N    nothing passes after so many bytes; the connections stay
    gate=N     what is behind so many bytes passes when there is a file `go`; what goes the other way passes
    drop=N     the byte is left out;  twice=N: it comes twice
    way=down   count the other way
    rate=N     bytes a second

It prints `open` and `over UP DOWN` for each.
"""
import os
import select
import socket
import sys
import threading
import time


def number(text, turn):
    first, _, rest = text.partition('-')
    last, _, step = rest.partition('/')
    return min(int(first) + turn * int(step or 0), int(last or first))


def spoil(options, turn, at, chunk):
    """What passes instead of the chunk that begins at byte `at`, and whether that was all."""
    for key in ('flip', 'drop', 'twice', 'cut', 'stall', 'gate'):
        if key not in options:
            continue
        here = number(options[key], turn) - at
        if key == 'gate':
            return (chunk[:here], 'gate') if 0 <= here < len(chunk) else (chunk, '')
        if key in ('cut', 'stall') and here <= len(chunk):
            return chunk[:max(here, 0)], key
        if not 0 <= here < len(chunk):
            continue
        if key == 'flip':
            return chunk[:here] + bytes([chunk[here] ^ 1]) + chunk[here + 1:], ''
        return chunk[:here] + chunk[here:here + 1] * (2 if key == 'twice' else 0) + chunk[here + 1:], ''
    return chunk, ''


def carry(caller, target, options, turn):
    host, _, port = target.rpartition(':')
    called = socket.create_connection((host, int(port)))
    print('open', flush=True)
    count = {caller: 0, called: 0}
    other = {caller: called, called: caller}
    counted = called if options.get('way') == 'down' else caller
    alive, stalled, held = {caller, called}, False, None
    while alive and not stalled:
        if held is not None and os.path.exists('go'):
            try:
                other[counted].sendall(held)
            except OSError:
                break
            held = None
        free = alive if held is None else alive - {counted}
        for s in select.select(list(free), [], [], None if held is None else 0.05)[0]:
            try:
                chunk = s.recv(16384)
            except ConnectionError:
                chunk = b''
            if not chunk:
                alive.discard(s)
                try:
                    other[s].shutdown(socket.SHUT_WR)
                except OSError:
                    alive.clear()
                continue
            passed, verdict = spoil(options, turn, count[s], chunk) if s is counted else (chunk, '')
            count[s] += len(chunk)
            try:
                other[s].sendall(passed)
            except OSError:
                alive.clear()
            if 'rate' in options:
                time.sleep(len(chunk) / int(options['rate']))
            if verdict == 'cut':
                alive.clear()
                break
            if verdict == 'stall':
                stalled = True
            if verdict == 'gate':
                held = chunk[len(passed):]
    print('over', count[caller], count[called], flush=True)
    while stalled:
        time.sleep(1)
    caller.close()
    called.close()


def main():
    options = dict(word.split('=', 1) for word in sys.argv[2:])
    listener = socket.create_server(('127.0.0.1', 0))
    print('port', listener.getsockname()[1], flush=True)
    turn = 0
    while True:
        caller, _ = listener.accept()
        threading.Thread(target=carry, args=(caller, sys.argv[1], options, turn), daemon=True).start()
        turn += 1


main()
