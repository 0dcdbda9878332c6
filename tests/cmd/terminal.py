#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""terminal.py COMMAND...: run it with a terminal as standard output, print what that shows, exit as it does."""
import os
import pty
import subprocess
import sys

master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdout=slave)
os.close(slave)
shown = b''
while True:
    try:
        more = os.read(master, 65536)
    except OSError:
        break
    if not more:
        break
    shown += more
sys.stdout.buffer.write(shown.replace(b'\r\n', b'\n'))
sys.stdout.flush()
sys.exit(child.wait())
