#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""terminal.py COMMAND...: run it with a terminal as standard output, print what that shows, exit as it does.

TERMINAL_SIZE=LINES,COLUMNS sets its size."""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

master, slave = pty.openpty()
if 'TERMINAL_SIZE' in os.environ:
    lines, columns = map(int, os.environ['TERMINAL_SIZE'].split(','))
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))
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
