#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A picture of a terminal in which commands are run, as an SVG that plays.

    picture.py COLUMNS COMMAND... <LINES >SVG

Each of LINES is given to COMMAND as its last argument, on a terminal of its own, with the prompt before it, as if it
had been typed. What appears there and when becomes the picture: one <text> a row, and one for each thing that a row
showed on the way. Whoever does not play it sees the last screen. LINES that begin with # are captions.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from xml.sax.saxutils import escape

WIDE, HIGH, EDGE, SIZE = 8.43, 19, 14, 14  # a cell and a frame, in pixels
STEP = 0.2                                 # seconds between looks at the screen
REST = 6.0                                 # seconds that the last screen stays
ESCAPE = re.compile(rb"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n\b\t])|\x1b[()][A-Z0-9]|[\x00-\x1f\x7f]")


class Screen:
    """As much of a terminal as ugat uses: CR, LF, BS, TAB, erase, cursor up."""

    def __init__(self, columns):
        self.columns, self.rows, self.y, self.x = columns, [""], 0, 0

    def put(self, text):
        for one in text:
            if self.x == self.columns:
                self.newline()
                self.x = 0
            row = self.rows[self.y].ljust(self.x)
            self.rows[self.y] = row[:self.x] + one + row[self.x + 1:]
            self.x += 1

    def newline(self):
        self.y += 1
        if self.y == len(self.rows):
            self.rows.append("")

    def control(self, number, letter):
        n = int(number) if number.isdigit() else 0
        if letter == "K":
            self.rows[self.y] = "" if n == 2 else self.rows[self.y][:self.x]
        elif letter == "J":
            self.rows[self.y] = self.rows[self.y][:self.x]
            del self.rows[self.y + 1:]
        elif letter == "A":
            self.y = max(0, self.y - max(1, n))

    def feed(self, data):
        at = 0
        for found in ESCAPE.finditer(data):
            self.put(data[at:found.start()].decode(errors="replace"))
            at = found.end()
            if found.group(2):
                self.control(found.group(1).decode(), found.group(2).decode())
            elif found.group(3) == b"\r":
                self.x = 0
            elif found.group(3) == b"\n":
                self.newline()
            elif found.group(3) == b"\t":
                self.put(" " * (8 - self.x % 8))
            elif found.group(3) == b"\b":
                self.x = max(0, self.x - 1)
        self.put(data[at:].decode(errors="replace"))


class Film:
    """What each row showed, from when to when."""

    def __init__(self):
        self.now, self.shown, self.parts = 0.0, {}, []

    def look(self, rows):
        for y in range(max(len(rows), len(self.shown))):
            text = rows[y].rstrip() if y < len(rows) else ""
            old, since = self.shown.get(y, ("", 0.0))
            if text != old:
                if old:
                    self.parts.append((y, old, since, self.now))
                self.shown[y] = (text, self.now)

    def last(self):
        return [(y, text, since, None) for y, (text, since) in sorted(self.shown.items()) if text]


def run(command, screen, film, columns):
    """Run it on a terminal and watch; its exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    start, before = time.monotonic(), film.now
    while True:
        if select.select([fd], [], [], STEP)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            screen.feed(data)
        film.now = before + round((time.monotonic() - start) / STEP) * STEP
        film.look(screen.rows)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def style_of(text):
    return "p" if text.startswith("$ ") else "c" if text.startswith("# ") else "t"


def svg(film, columns):
    rows = max(film.shown) + 1
    width, height = round(columns * WIDE + 2 * EDGE), rows * HIGH + 2 * EDGE
    total = film.now + REST
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
           f'font-family="ui-monospace,DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="{SIZE}">\n'
           "<style>.p{fill:#e6edf3;font-weight:bold}.t{fill:#adbac7}.c{fill:#768390}</style>\n"
           f'<rect width="100%" height="100%" rx="8" fill="#1c2128">'
           f'<animate id="l" attributeName="rx" from="8" to="8" begin="0s;l.end" dur="{total:.1f}s"/></rect>\n')
    for y, text, since, until in sorted(film.parts + film.last(), key=lambda part: (part[2], part[0])):
        hidden = until is not None
        if hidden and round(until - since, 1) == 0:
            continue
        if hidden:
            play = f'<set attributeName="visibility" to="visible" begin="l.begin+{since:.1f}s" dur="{until - since:.1f}s"/>'
        elif since:
            play = f'<set attributeName="visibility" to="hidden" begin="l.begin" dur="{since:.1f}s"/>'
        else:
            play = ""
        yield (f'<text x="{EDGE}" y="{EDGE + y * HIGH + SIZE}" xml:space="preserve" class="{style_of(text)}"'
               + (' visibility="hidden"' if hidden else "")
               + f' textLength="{len(text) * WIDE:.1f}" lengthAdjust="spacingAndGlyphs">{escape(text)}{play}</text>\n')
    yield "</svg>\n"


def main():
    columns, command = int(sys.argv[1]), sys.argv[2:]
    screen, film = Screen(columns), Film()
    for line in sys.stdin.read().splitlines():
        if line and not line.startswith("# "):
            line = "$ " + line
        screen.put(line)
        film.look(screen.rows)
        screen.feed(b"\r\n")
        film.now += 1.0
        if line.startswith("$ "):
            code = run(command + [line[2:]], screen, film, columns)
            if code != 0:
                sys.exit(f"picture.py: {line[2:]}: exit {code}\n" + "\n".join(screen.rows))
            film.now += 0.8
    film.look(screen.rows)
    sys.stdout.writelines(svg(film, columns))


if __name__ == "__main__":
    main()
