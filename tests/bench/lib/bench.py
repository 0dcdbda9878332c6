# SPDX-License-Identifier: ISC
"""What the benchmarks share: data, programs beside each other, medians as a table.

Every program runs once a round, in turns, so that what else the machine does falls on all of
them; ROUNDS (3) rounds are run. Data lies in a directory of its own on a RAM disk (BENCH_DIR,
/dev/shm), SIZE (2048) MiB of it, and goes away at the end. RIVALS: only those whose names begin
with one of these words, between TABs; WORKS: only works with one of these in their titles. What
was measured is added to the file RESULTS, a line of JSON a work.
"""
import atexit
import json
import mmap
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import tables
from ratios import NOT_RIVALS

OUT = os.environ.get("UGAT_OUT", "build")  # the built programs' directory
OTHER = os.environ.get("OTHER")  # another build's, shown beside it
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../../.."))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SIZE = int(os.environ.get("SIZE", "2048")) << 20
RIVALS = os.environ.get("RIVALS", "").split("\t")
WORKS = os.environ.get("WORKS", "").split("\t")
CORES = len(os.sched_getaffinity(0))
PYTHON = "/usr/bin/python3"  # Debian's, for its libtorrent
GIB = 1 << 30
LIMIT = 300  # seconds that one program may take
place = tempfile.mkdtemp(prefix="ugat-bench.", dir=os.environ.get("BENCH_DIR", "/dev/shm"))
places = [place]
running = []


def clean_up(*_):
    for process in running:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    for folder in places:
        shutil.rmtree(folder, ignore_errors=True)


atexit.register(clean_up)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: sys.exit(1))

# A home with a session of its own: nothing of the user's is read or touched.
os.environ.update(HOME=place, XDG_RUNTIME_DIR=place, LC_ALL="C.UTF-8")
for name in ("UGAT_SESSION", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "http_proxy",
             "https_proxy", "all_proxy"):
    os.environ.pop(name, None)


def path(*names):
    return os.path.join(place, *names)


def disk():
    """A directory on the ordinary disk, as path() is one in memory."""
    folder = tempfile.mkdtemp(prefix="ugat-bench.", dir=os.environ.get("BENCH_DISK", "/var/tmp"))
    places.append(folder)
    return folder


def tool(name):
    """A small program of the benchmarks' own."""
    return os.path.join(OUT, "tests/bench/tools", name)


def ugat(name, out=None):
    return os.path.join(out or OUT, "bin", name)


def script(name):
    return PYTHON, os.path.join(HERE, name)


def log_in():
    subprocess.run([ugat("ugat-login"), "-L", "-q", "-u", "bench"], check=True)


def fill(name, size):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "wb") as to, open("/dev/urandom", "rb") as source:
        for at in range(0, size, 1 << 20):
            to.write(source.read(min(1 << 20, size - at)))


def head(source, name, size):
    """The first so many bytes of it."""
    with open(path(source), "rb") as data, open(path(name), "wb") as to:
        for at in range(0, size, 1 << 20):
            to.write(data.read(min(1 << 20, size - at)))


def spread(name, source, files):
    """The same bytes in so many files of one size, 100 a directory."""
    size = os.path.getsize(path(source))
    with open(path(source), "rb") as data:
        for i in range(files):
            folder = path(name, "%03d" % (i // 100))
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, "%06d" % i), "wb") as to:
                to.write(data.read(size * (i + 1) // files - size * i // files))


def tiny(name, files):
    for i in range(files):
        folder = path(name, "%03d" % (i // 500))
        if i % 500 == 0:
            os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "%06d" % i), "wb") as to:
            to.write(b"x")


# ---- processes


def spawn(words, **more):
    """A program that ends with this one."""
    process = subprocess.Popen(words, **more)
    running.append(process)
    return process


def warm_memory(size):
    """
    So much memory; close it just before it is needed. The host of a virtual machine takes back what is free, within
    seconds, and whoever needs it next would pay for that: more than for its own work.
    """
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)


def until(true, what, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            sys.exit("bench: %s: nothing after %d s" % (what, seconds))
        time.sleep(0.01)


def free_port():
    """Below those that connections get."""
    for _ in range(100):
        port = 10000 + int.from_bytes(os.urandom(2), "big") % 20000
        try:
            with socket.socket() as s, socket.socket(type=socket.SOCK_DGRAM) as d:
                s.bind(("127.0.0.1", port))
                d.bind(("127.0.0.1", port))
            return port
        except OSError:
            pass
    sys.exit("bench: no free port")


class Failed(SystemExit):
    """A program did not do its work; nothing else is wrong."""


def took(words, ok=(0,), stdin=None, done=None, stdout=None, cwd=None):
    """Run it once: {wall, cpu, user, sys (s), rss, anon (KiB)}. Raises Failed."""
    result, said = path("result"), path("said")
    options = (["-d", done] if done else []) + ["-t", str(LIMIT)]
    with open(stdin or "/dev/null", "rb") as source, open(said, "wb") as words_of:
        to = open(stdout, "wb") if stdout else words_of
        process = spawn([tool("took"), *options, result, *words], stdin=source, stdout=to, stderr=words_of, cwd=cwd)
        status = process.wait()
        running.remove(process)
        if stdout:
            to.close()
    if status != 0:
        sys.exit("bench: took: status %d" % status)
    with open(result) as got:
        wall, user, system, rss, anon, status = got.read().split()
    if os.waitstatus_to_exitcode(int(status)) not in ok:
        with open(said, errors="replace") as text:
            raise Failed("bench: %s failed (%s):\n%s" % (" ".join(words)[:200], status, text.read()[-2000:]))
    return {"wall": float(wall), "cpu": float(user) + float(system), "user": float(user), "sys": float(system),
            "rss": int(rss), "anon": int(anon)}


def command(*words, ok=(0,), stdin=None, stdout=None):
    """A program that is measured from its start to its end."""
    return lambda: took(words, ok, stdin, stdout=stdout)


def cpu_of(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid, key):
    """KiB; key: VmHWM (the most there ever was), RssAnon."""
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))


class Transmission:
    """A daemon that is told to verify; the time is from that word until it has done so."""

    def __init__(self, torrent, folder):
        conf = path("transmission")
        self.port = free_port()
        os.makedirs(conf)
        with open(os.path.join(conf, "settings.json"), "w") as to:
            json.dump({"rpc-bind-address": "127.0.0.1", "rpc-port": self.port, "peer-port": free_port(),
                       "rpc-whitelist-enabled": False, "dht-enabled": False, "lpd-enabled": False,
                       "utp-enabled": False, "port-forwarding-enabled": False,
                       "bind-address-ipv4": "127.0.0.1"}, to)
        with open(path("transmission.log"), "wb") as log:
            self.daemon = spawn(["transmission-daemon", "-f", "-g", conf], stdout=log, stderr=log)
        self.token = ""
        until(lambda: self.ask("session-get") is not None, "transmission")
        self.ask("torrent-add", filename=torrent, **{"download-dir": folder, "paused": True})
        until(self.whole, "transmission", LIMIT)

    def ask(self, method, **arguments):
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        for _ in range(2):
            request = urllib.request.Request("http://127.0.0.1:%d/transmission/rpc" % self.port, body,
                                             {"X-Transmission-Session-Id": self.token})
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return json.load(answer)["arguments"]
            except urllib.error.HTTPError as error:
                self.token = error.headers.get("X-Transmission-Session-Id", "")
            except OSError:
                return None
        return None

    def status(self):
        return self.ask("torrent-get", fields=["status", "percentDone"])["torrents"][0]

    def whole(self):
        now = self.status()
        return now["status"] == 0 and now["percentDone"] == 1

    def __call__(self):
        cpu, start = cpu_of(self.daemon.pid), time.monotonic()
        self.ask("torrent-verify")
        until(lambda: self.status()["status"] in (1, 2), "transmission")
        until(self.whole, "transmission", LIMIT)
        wall = time.monotonic() - start
        return {"wall": wall, "cpu": cpu_of(self.daemon.pid) - cpu, "rss": memory_of(self.daemon.pid, "VmHWM"),
                "anon": memory_of(self.daemon.pid, "RssAnon")}


# ---- beside each other

def is_rival(name):
    return not name.startswith(NOT_RIVALS)


def chosen(name):
    return not is_rival(name) or any(name.startswith(word) for word in RIVALS)


def wanted(work):
    """Whether this work is to be done (WORKS: words that its name has)."""
    return any(word in work for word in WORKS)


def is_ours(name):
    return name.startswith("ugat")


def keep(**line):
    if "RESULTS" in os.environ:
        with open(os.environ["RESULTS"], "a") as to:
            print(json.dumps(dict(line, part=os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0]))))), file=to)


def rounds(work, programs, base, gib=None, count=None):
    """
    Run them in turns: the medians, printed, kept and returned. base: the name whose figure the
    others are held against; gib: how much each of them works on, to count CPU by it. A rival that
    fails is told and left out.
    """
    programs = {name: measure for name, measure in programs.items() if name == base or chosen(name)}
    got = {name: [] for name in programs}
    for _ in range(count or ROUNDS):
        for name, measure in [turn for turn in programs.items() if turn[0] in got]:
            try:
                got[name].append(measure())
            except Failed as why:
                if name == base or not is_rival(name):
                    raise
                print("%s: left out: %s" % (name, why), flush=True)
                del got[name]
                continue
            if sys.stderr.isatty():
                print("\r\033[K%s: %s %.2f s" % (work, name, got[name][-1].get("wall", 0)), end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    medians = {name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
               for name, runs in got.items()}
    for row in medians.values():
        if gib:
            row["per_gib"] = row["cpu"] / gib
    print("\n" + "\n".join(tables.one(work, medians, base)), flush=True)
    keep(work=work, base=base, rounds=count or ROUNDS, medians=medians)
    return medians


def best(medians, key):
    """The best rival's name and figure, or None."""
    rivals = [(row[key], name) for name, row in medians.items() if is_rival(name) and key in row]
    return min(rivals) if rivals else None


def goal(what, figure, limit, unit="", form="%.2f"):
    """One of the aims: at most so much. Not met is said, and is no failure."""
    met = figure <= limit
    print("%s: %s%s, aim %s%s: %s" % (what, form % figure, unit, form % limit, unit, "met" if met else "NOT MET"),
          flush=True)
    keep(goal=what, figure=form % figure + unit, limit=form % limit + unit, met=met)
