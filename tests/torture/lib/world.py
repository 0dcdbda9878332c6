# SPDX-License-Identifier: ISC
"""What the attacks below tests/torture share: a scratch directory with a session in it, programs run under
faulty.so (preload/plan.h) and what came of them, and the lines `ok ...`, `not ok ...` that tests/run-torture
counts.
"""
import collections
import concurrent.futures
import itertools
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
FAKE = os.path.join(HERE, "../../fake")
PYTHON = "/usr/bin/python3"
LEFT = 64
SHARED = struct.Struct(f"<7Q128s{1 + LEFT}Q")  # struct plan_shared without its stacks
STACKS = 1 << 17
CODES = {1, 2, 65, 66, 69, 70, 73, 74, 75, 76, 77}

# left: how many blocks each place in the program's text has left at exit.
Ended = collections.namedtuple("Ended", "code out err faults allocations calls crash left")


class World:
    """Everything lies below `dir` and goes away with it; processes are ended by their pids."""

    def __init__(self):
        out = os.environ.get("UGAT_OUT", "")
        self.lib = os.path.join(out, "tests/torture/faulty.so")
        self.dir = tempfile.mkdtemp(prefix="torture.", dir=os.environ.get("TMPDIR", "/tmp"))
        os.chmod(self.dir, 0o711)
        self.born = None  # told of every child that run() makes
        self.children, self.oks, self.bads, self.numbers = [], 0, 0, itertools.count(1)
        self.quick = "quick" in sys.argv[1:]
        self.all = "all" in sys.argv[1:]
        self.only = [word for word in sys.argv[1:] if word not in ("quick", "all")]
        self.home = self.place("home")
        self.env = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "UGAT_OUT")}
        self.env.update(HOME=self.home, LC_ALL="C.UTF-8", XDG_RUNTIME_DIR=self.place("run"))
        self.session = os.path.join(self.home, ".local/state/ugat/session.pem")
        if os.environ.get("UGAT_TEST_SESSION"):
            os.makedirs(os.path.dirname(self.session), 0o700)
            shutil.copyfile(os.environ["UGAT_TEST_SESSION"], self.session)
            os.chmod(self.session, 0o600)
        else:
            subprocess.run(["ugat-login", "-Lq"], env=self.env, check=True)
        random.seed(os.environ.get("UGAT_SEED", "5"))

    def place(self, name=None):
        """A new directory of ours."""
        path = os.path.join(self.dir, name or f"d{next(self.numbers)}")
        os.mkdir(path, 0o700)
        return path

    def end(self):
        """End what is left; the exit status of the script."""
        for child in reversed(self.children):
            self.stop(child)
        shutil.rmtree(self.dir, ignore_errors=True)
        return 1 if self.bads or not self.oks else 0

    def stop(self, child, how=signal.SIGTERM):
        if child.poll() is None:
            child.send_signal(how)
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    # ---- verdicts

    def wants(self, name):
        return not self.only or name in self.only

    def verdict(self, name, complaints, words):
        """One line; `complaints` are shown below it, the first ones of them."""
        if complaints:
            self.bads += 1
            print(f"not ok {name}: {len(complaints)} of {words}")
            for line in complaints[:int(os.environ.get("UGAT_SHOW", "8"))]:
                print("#   " + line.replace("\n", " / ")[:400])
        else:
            self.oks += 1
            print(f"ok {name}: {words}")
        sys.stdout.flush()

    # ---- programs

    def fake(self, script, *arguments):
        """A scripted peer or tracker of tests/fake; its port."""
        child = self.start([PYTHON, os.path.join(FAKE, script), *arguments], stdout=subprocess.PIPE)
        for line in child.stdout:
            if line.startswith((b"port ", b"peer\t")):
                return int(line.split()[-1])
        raise SystemExit(f"{script} does not start")

    def start(self, argv, stdin=None, env=None, faulty=None, **more):
        """In the background; ended at the end of the world."""
        if faulty:
            env = dict(env or self.env, LD_PRELOAD=self.lib, FAULTY=faulty)
        child = subprocess.Popen(argv, stdin=stdin or subprocess.DEVNULL, env=env or self.env, **more)
        self.children.append(child)
        return child

    def run(self, argv, faulty="", stdin=b"", limit=20, env=None, stacks=False, talk=None, **more):
        """To its end. `faulty` are words of FAULTY. Its code is -N when signal N ended it, "hangs" when
        it did not end in time. talk(child): who talks with it, and gives what it wrote."""
        fd, shared = tempfile.mkstemp(dir=self.dir)
        os.ftruncate(fd, SHARED.size + (STACKS * 16 if stacks else 0))
        env = dict(env or self.env)
        if faulty:
            env.update(LD_PRELOAD=self.lib, FAULTY=f"in={os.path.basename(argv[0])} shared={shared} {faulty}")
        more.setdefault("stdout", subprocess.PIPE)
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=env, **more)
        if self.born:
            self.born(child)
        try:
            out, err = talk(child) if talk else child.communicate(stdin, limit)
            code = child.returncode
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = (b"", b"") if talk else child.communicate()
            code = "hangs"
        counts = SHARED.unpack(os.pread(fd, SHARED.size, 0))
        self.stacks = read_stacks(fd, counts[0]) if stacks else None
        os.close(fd)
        os.unlink(shared)
        return Ended(code, out or b"", err, counts[1], counts[0], counts[2:7], counts[7].rstrip(b"\0").decode(),
                     collections.Counter(counts[9:9 + min(counts[8], LEFT)]))

    def each(self, items, job, threads=4):
        """job(item) for all, so many at once; what is not None, in order."""
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            return [x for x in pool.map(job, items) if x is not None]


def read_stacks(fd, n):
    """[(whole, inner)] of the allocations 1..n."""
    raw = os.pread(fd, 16 * min(n, STACKS - 1), SHARED.size + 16)
    return list(struct.iter_unpack("<QQ", raw))


def wait_for(seconds, what):
    """Poll until what() is true; what it said at last."""
    end = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return answer


def listening(port):
    """Whether somebody listens there."""
    return re.search(rb":%04X 0+:0000 0A" % port, read("/proc/net/tcp") + (read("/proc/net/tcp6") or b"")) is not None


def read(path):
    """A file's bytes; None where there is none."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def said(ended):
    """A failed program's last words, short."""
    lines = ended.err.decode(errors="replace").strip().splitlines()
    return lines[-1][:160] if lines else "(silent)"


def foreign(ended):
    """The library that crashed by itself; None: none, or we are to blame. glibc's name service gets
    through no lack of memory."""
    where, _, called = ended.crash.partition(" ")
    if ended.code == 127 and b"cannot allocate memory for thread-local data" in ended.err:
        return "ld.so"
    if where == "ours" and re.match(r"get(pw|gr|addrinfo|host|serv)", called):
        return "libc.so.6"
    return where if where not in ("", "ours") else None


def wrong_end(ended):
    """What is wrong with how it ended, whatever it was to do; None: nothing."""
    if ended.code == "hangs":
        return "hangs"
    if ended.code < 0 and not foreign(ended):
        return f"signal {-ended.code} in {ended.crash}: {said(ended)}"
    if ended.code > 0 and ended.code not in CODES and not foreign(ended):
        return f"exit code {ended.code}: {said(ended)}"
    if ended.code > 0 and not ended.err.strip():
        return f"exit code {ended.code} without a word"
    return None


def half_records(out, whole):
    """Records that a failed filter wrote: they must be the first ones of what it should write, and a `fail!`
    may follow. None: so they are."""
    lines = out.split(b"\n")
    if lines[-1]:
        return f"half a line: {lines[-1][:60]!r}"
    lines = [line for line in lines[:-1] if not line.startswith(b"fail!\t")]
    if lines != whole.split(b"\n")[:len(lines)]:
        return "records that are not of the right ones"
    return None


def sound_bytes(path, content):
    """Every byte of the file is the right one, or there is a hole. None: so it is."""
    have = read(path)
    if have is None or have == content[:len(have)]:
        return None
    if len(have) > len(content):
        return "a file that is too long"
    bad = next((i for i, (x, y) in enumerate(zip(have, content)) if x != y and x), None)
    return None if bad is None else f"bytes that nobody verified at {bad}"
