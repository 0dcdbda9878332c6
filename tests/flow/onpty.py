#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Run a command with a terminal on stderr, or on stdout, and keep what appears there.

    onpty.py COLUMNS FILE COMMAND...    stderr; all that the command writes to the terminal goes to FILE
    onpty.py -o COLUMNS COMMAND...      stdout; it goes to ours, line ends as they were written

A terminal of 0 columns does not know its size, others have 24 lines. TERM is xterm there, or what ONPTY_TERM says. The other
streams stay what they are. The exit status is the command's (128 + N when signal N ended it).
"""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def terminal(columns, as_written):
    """The two ends of one."""
    ours, theirs = pty.openpty()
    if columns:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    if as_written:
        how = termios.tcgetattr(theirs)
        how[1] &= ~termios.OPOST
        termios.tcsetattr(theirs, termios.TCSANOW, how)
    return ours, theirs


def main():
    on_stdout = sys.argv[1] == "-o"
    columns, *rest = sys.argv[1 + on_stdout:]
    ours, theirs = terminal(int(columns), on_stdout)
    out = sys.stdout.fileno() if on_stdout else os.open(rest.pop(0), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    child = subprocess.Popen(rest, env=dict(os.environ, TERM=os.environ.get("ONPTY_TERM", "xterm")),
                             **{"stdout" if on_stdout else "stderr": theirs})
    os.close(theirs)
    with os.fdopen(out, "wb", buffering=0) as to:
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            to.write(data)
    code = child.wait()
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
