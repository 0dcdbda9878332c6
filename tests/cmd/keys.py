#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""keys.py START [KEYS WANT]... -- COMMAND...: run it on a dumb terminal of its own, type START, then each KEYS (behind
^U, which empties the line), and wait after each, at most 60 s, until the terminal shows WANT. Says `completed`, or what
was shown instead of which WANT. \\t in KEYS is a TAB."""
import os
import pty
import select
import sys
import time

split = sys.argv.index('--')
start, asked, command = sys.argv[1], sys.argv[2:split], sys.argv[split + 1:]
pid, master = pty.fork()
if pid == 0:
    os.environ['TERM'] = 'dumb'
    os.execvp(command[0], command)


def wait_for(want):
    shown, until = b'', time.monotonic() + 60
    while want.encode() not in shown:
        if not select.select([master], [], [], max(0, until - time.monotonic()))[0]:
            sys.exit(f'{want!r} is not in {shown!r}')
        shown += os.read(master, 4096)


os.write(master, start.encode() + b" && echo re''ady\n")
wait_for('ready')
for keys, want in zip(asked[::2], asked[1::2]):
    os.write(master, b'\x15' + keys.replace('\\t', '\t').encode())
    wait_for(want)
print('completed')
os.kill(pid, 9)
