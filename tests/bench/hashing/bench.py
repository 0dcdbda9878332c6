# SPDX-License-Identifier: ISC
"""What the benchmarks share: data, programs beside each other, medians as a table.

Every program runs once a round, in turns, so that what else the machine does falls on all of
them; ROUNDS (3) rounds are run. Data lies in a folder of its own on a RAM disk (BENCH_DIR,
/dev/shm), SIZE (2048) MiB of it, and goes away at the end.
"""
import atexit
import json
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

OUT = os.environ.get("UGAT_OUT", "build")  # the built programs' folder
HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SIZE = int(os.environ.get("SIZE", "2048")) << 20
CORES = len(os.sched_getaffinity(0))
PYTHON = "/usr/bin/python3"  # Debian's, for its libtorrent
place = tempfile.mkdtemp(prefix="ugat-bench.", dir=os.environ.get("BENCH_DIR", "/dev/shm"))


def clean_up(*_):
    shutil.rmtree(place, ignore_errors=True)


atexit.register(clean_up)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: sys.exit(1))


def path(*names):
    return os.path.join(place, *names)


def tool(name):
    """A small program of the benchmarks' own."""
    return os.path.join(OUT, "tests/bench/hashing", name)


def ugat(name):
    return os.path.join(OUT, "bin", name)


def script(name):
    return PYTHON, os.path.join(HERE, name)


def fill(name, size):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "wb") as to, open("/dev/urandom", "rb") as source:
        for at in range(0, size, 1 << 20):
            to.write(source.read(min(1 << 20, size - at)))


def spread(name, source, files):
    """The same bytes in so many files of one size, 100 a folder."""
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


def command(*words, ok=(0,), stdin=None):
    """A program that is measured from its start to its end: wall s, CPU s, peak KiB."""
    def measure():
        result = path("result")
        with open(stdin or "/dev/null", "rb") as source, open(path("said"), "wb") as said:
            subprocess.run([tool("took"), result, *words], stdin=source, stdout=said,
                           stderr=subprocess.STDOUT, check=True)
        with open(result) as got:
            wall, cpu, rss, status = got.read().split()
        if os.waitstatus_to_exitcode(int(status)) not in ok:
            with open(path("said"), errors="replace") as said:
                sys.exit("%s failed:\n%s" % (words[0], said.read()[-2000:]))
        return float(wall), float(cpu), int(rss)
    return measure


def cpu_of(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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
            self.daemon = subprocess.Popen(["transmission-daemon", "-f", "-g", conf], stdout=log, stderr=log)
        atexit.register(self.end)
        self.token = ""
        self.until(lambda: self.ask("session-get") is not None)
        self.ask("torrent-add", filename=torrent, **{"download-dir": folder, "paused": True})
        self.until(self.whole)

    def end(self):
        self.daemon.kill()
        self.daemon.wait()

    @staticmethod
    def until(true):
        end = time.monotonic() + 300
        while not true():
            if time.monotonic() > end:
                sys.exit("transmission does not answer")
            time.sleep(0.01)

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
        self.until(lambda: self.status()["status"] in (1, 2))
        self.until(self.whole)
        wall = time.monotonic() - start
        return wall, cpu_of(self.daemon.pid) - cpu, peak_of(self.daemon.pid)


def rounds(title, programs, base):
    """Run them in turns; print medians, and ratios to the first name and to base."""
    got = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, measure in programs.items():
            got[name].append(measure())
    medians = {name: tuple(statistics.median(column) for column in zip(*runs)) for name, runs in got.items()}
    width = max(len(name) for name in programs)
    print("\n%s\n" % title)
    print("| %-*s | wall s | CPU s | peak MiB | wall : %s | CPU : %s |" % (width, "", base, base))
    print("|%s|---|---|---|---|---|" % ("-" * (width + 2)))
    for name, (wall, cpu, rss) in medians.items():
        print("| %-*s | %.2f | %.2f | %.1f | %.2f | %.2f |" % (
            width, name, wall, cpu, rss / 1024, wall / medians[base][0], cpu / medians[base][1]))
    sys.stdout.flush()
    return medians
