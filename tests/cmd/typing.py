#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""typing.py LINE... -- COMMAND...: run it on a terminal of its own, type a line whenever it asks (a text that ends
in ": "), print what the terminal shows, exit as it does."""
import os
import pty
import sys

split = sys.argv.index('--')
lines, command = sys.argv[1:split], sys.argv[split + 1:]
pid, master = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown = b''
asked = b''
while True:
    try:
        more = os.read(master, 4096)
    except OSError:
        break
    if not more:
        break
    shown += more
    asked += more
    if asked.endswith(b': ') and lines:
        asked = b''
        os.write(master, lines.pop(0).encode() + b'\n')
sys.stdout.buffer.write(shown.replace(b'\r\n', b'\n'))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
