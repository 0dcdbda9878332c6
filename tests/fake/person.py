#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Somebody at a terminal, who answers questions.

    person.py [-a] [WORDS ANSWER]... -- COMMAND...

Runs COMMAND with a terminal of its own as /dev/tty, while stdin, stdout and stderr stay what they are; with -a
they are the terminal, too.
Waits until the terminal shows WORDS (behind what was waited for before), types ANSWER and Enter, and so
on. Then prints what the terminal showed and exits as COMMAND did; 99 when WORDS did not come in 30 s.
"""
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time


def main():
    cut = sys.argv.index("--")
    script, command = sys.argv[1:cut], sys.argv[cut + 1:]
    everything = script[:1] == ["-a"]
    script = script[everything:]
    turns = list(zip(script[::2], script[1::2]))
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)

    def own_terminal():
        os.setsid()
        fd = os.open(name, os.O_RDWR)
        fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
        os.close(fd)
        # Whoever runs us behind, as a shell's & does, has it ignored: a terminal's shell has not.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)

    streams = dict(stdin=theirs, stdout=theirs, stderr=theirs) if everything else dict(stdout=sys.stderr)
    child = subprocess.Popen(command, preexec_fn=own_terminal, **streams)
    shown, seen, end = b"", 0, time.monotonic() + 30
    while child.poll() is None or select.select([ours], [], [], 0)[0]:
        if select.select([ours], [], [], 0.05)[0]:
            shown += os.read(ours, 65536)
        at = shown.find(turns[0][0].encode(), seen) if turns else -1
        if at >= 0:
            seen = at + len(turns[0][0])
            # What is typed before echo is off would be shown: the question comes after that.
            os.write(ours, turns.pop(0)[1].encode() + b"\n")
            end = time.monotonic() + 30
        if turns and time.monotonic() > end:
            child.kill()
            print("never asked: %s" % turns[0][0])
            sys.stdout.buffer.write(shown)
            sys.exit(99)
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    os.close(theirs)
    code = child.wait()
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
