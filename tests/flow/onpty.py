#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Run a command with a terminal on stderr and keep what appears there.

    onpty.py COLUMNS FILE COMMAND...

TERM is xterm there, or what ONPTY_TERM says. stdin and stdout stay what they are. All that the command writes to the terminal goes to FILE. The
exit status is the command's (128 + N when signal N ended it).
"""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def main():
    columns, path, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(command, stderr=theirs, env=dict(os.environ, TERM=os.environ.get("ONPTY_TERM", "xterm")))
    os.close(theirs)
    with open(path, "wb", buffering=0) as out:
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            out.write(data)
    code = child.wait()
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
