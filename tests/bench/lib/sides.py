# SPDX-License-Identifier: ISC
"""Two ends of one connection, here both on loopback, each measured by tools/took.

The receiving end is up before the clock starts; the clock stops when both ends are through, and
of a server when its client is.
"""
import os
import shutil
import subprocess
import sys
import time

import bench
from bench import path


def sockets(column, port, state):
    """Whether /proc/net/tcp has one: 1 for our port, 2 for the other side's."""
    with open("/proc/net/tcp") as tcp:
        rows = [line.split() for line in tcp.readlines()[1:]]
    return any(row[column].endswith(":%04X" % port) and row[3] == state for row in rows)


def listens(port):
    return sockets(1, port, "0A")


def has_called(port):
    return sockets(2, port, "01")


class End:
    """One end, from its start on. server: it does not end by itself."""

    def __init__(self, name, words, server=False, stdin=None, stdout=None, env=None):
        self.words, self.server = words, server
        self.result, self.said, self.done = path(name + ".result"), path(name + ".said"), path(name + ".done")
        for old in (self.result, self.done):
            if os.path.exists(old):
                os.unlink(old)
        options = ["-d", self.done, "-t", str(bench.LIMIT)]
        with open(stdin or "/dev/null", "rb") as source, open(self.said, "wb") as said, \
                open(stdout or self.said, "ab") as to:
            self.process = bench.spawn([bench.tool("took"), *options, self.result, *words], stdin=source, stdout=to,
                                       stderr=said, env=dict(os.environ, **(env or {})))

    def stop(self):
        """A server, once all that it has started is gone, and its CPU known."""
        def children_of(pid):
            with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
                return [int(word) for word in children.read().split()]
        main = children_of(self.process.pid)[0]
        bench.until(lambda: not children_of(main), "the server's end")
        with open(self.done, "w"):
            pass

    def end(self):
        status = self.process.wait()
        bench.running.remove(self.process)
        if status == 0:
            with open(self.result) as got:
                _, user, system, rss, anon, status = got.read().split()
        if int(status) != 0:
            with open(self.said, errors="replace") as text:
                sys.exit("bench: %s failed (%s):\n%s" % (" ".join(self.words)[:200], status, text.read()[-2000:]))
        return {"cpu": float(user) + float(system), "rss": int(rss), "anon": int(anon)}


def files_below(name):
    if os.path.isfile(name):
        yield name
    for folder, _, names in os.walk(name):
        for file in names:
            yield os.path.join(folder, file)


def first_byte(folder, start):
    """How long it takes until a file there has content."""
    while time.monotonic() - start < bench.LIMIT:
        if any(os.path.getsize(file) > 0 for file in files_below(folder)):
            return time.monotonic() - start
        time.sleep(0.0002)
    sys.exit("bench: nothing comes")


class Transfer:
    """
    A file or a directory from path(name) into the directory `to`. A way is called with it, starts the
    receiving end, waits until it is up, and returns it and the sending End's arguments.
    """

    def __init__(self, name):
        self.name, self.source, self.to = name, path(name), path("out")
        self.there = os.path.join(self.to, name)
        self.checked = set()

    def sizes(self, top):
        return sorted((os.path.relpath(file, top), os.path.getsize(file)) for file in files_below(top))

    def check(self, way):
        """All of it is there; of each way the first one byte for byte."""
        if self.sizes(self.source) != self.sizes(self.there):
            sys.exit("bench: %s has not come whole" % self.there)
        if way not in self.checked and subprocess.run(["diff", "-rq", self.source, self.there]).returncode != 0:
            sys.exit("bench: %s is not what was sent" % self.there)
        self.checked.add(way)

    def run(self, way, first=False, lands=True):
        """first: wall is until the first byte is there. lands: it comes into the directory."""
        shutil.rmtree(self.to, ignore_errors=True)
        os.makedirs(self.to)
        self.port = bench.free_port()
        receiver, arguments = way(self)
        start = time.monotonic()
        sender = End("sender", **arguments)
        wall = first_byte(self.to, start) if first else 0
        sent = sender.end()
        if receiver.server:
            wall = wall or time.monotonic() - start
            receiver.stop()
        came = receiver.end()
        wall = wall or time.monotonic() - start
        if lands:
            self.check(way)
        shutil.rmtree(self.to)
        return {"wall": wall, "cpu": sent["cpu"] + came["cpu"], "sending": sent["cpu"], "receiving": came["cpu"],
                "anon": max(sent["anon"], came["anon"]), "rss": max(sent["rss"], came["rss"])}

    def measure(self, way, **how):
        return lambda: self.run(way, **how)
