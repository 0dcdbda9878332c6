# SPDX-License-Identifier: ISC
"""Every command with something small to do, and how to tell whether it did it, or failed and left nothing wrong.
The attacks of memory and calls run them under faulty.so.
"""
import glob
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import urllib.request

from world import World, half_records, read, said, sound_bytes, wait_for, write, wrong_end

PIECE = 16384
w = World()
torrent = records = b""
content = bytes(i * i >> 7 & 255 ^ i & 255 for i in range(90000))


class Case:
    """One command. `threads`: how many at once; `limit`: s. In `dir` it may write."""
    threads, limit, cap = 4, 20, 1000

    def prepare(self):
        """What is needed once."""

    def lay(self, place):
        """What one run needs, in its directory `place`; gives argv, stdin, env."""
        raise NotImplementedError

    def whole(self, place, ended):
        """It said that it succeeded: what is wrong all the same."""

    def part(self, place, ended):
        """It failed: what is wrong with what it left."""

    def run(self, argv, faulty, stdin, env, place, stacks=False):
        return w.run(argv, faulty, stdin, self.limit, env, stacks, cwd=place)

    def one(self, faulty, stacks=False):
        place = w.place()
        argv, stdin, env = self.lay(place)
        ended = self.run(argv, faulty, stdin, env, place, stacks)
        wrong = wrong_end(ended)
        if wrong is None:
            wrong = (self.whole if ended.code == 0 else self.part)(place, ended)
        shutil.rmtree(place)
        return ended, wrong


class Filter(Case):
    """Records come out; `right` are those of a run without faults."""
    argv, right, extra = [], None, ()

    def prepare(self):
        self.right = subprocess.run(self.argv, input=self.records(), stdout=subprocess.PIPE, env=w.env,
                                    cwd=w.dir, check=True).stdout

    def records(self):
        return records

    def lay(self, place):
        return self.argv, self.records(), w.env

    def run(self, argv, faulty, stdin, env, place, stacks=False):
        return w.run(argv, faulty, stdin, self.limit, env, stacks, cwd=w.dir)

    def whole(self, place, ended):
        return None if ended.out == self.right else "exit code 0, but other records"

    def part(self, place, ended):
        return half_records(ended.out, self.right)


class Parse(Filter):
    argv = ["ugat-parse", "t.torrent"]


class Pick(Filter):
    argv = ["ugat-pick", "*b*"]


class Verify(Filter):
    """What cannot be read is said, and is no `have`."""
    argv = ["ugat-verify", "-d", "damaged"]

    def whole(self, place, ended):
        right, got = set(self.right.splitlines()), ended.out.splitlines()
        if ended.err.strip() and got[-1:] == [b"end"]:
            return None if pieces(got) <= pieces(right) else "a `have` too many"
        return super().whole(place, ended)


def pieces(lines):
    """The pieces that `have` lines name."""
    spans = [x.split(b"\t")[1].split(b"-") for x in lines if x.startswith(b"have\t")]
    return {i for span in spans for i in range(int(span[0]), int(span[-1]) + 1)}


class MakeRecords(Filter):
    argv = ["ugat-make", "-r", "-b", "16K", "content"]


class Stat(Filter):
    argv = ["ugat-stat"]


class Make(Case):
    """Over a torrent that is there, with -f: the old one stands until the new one is whole."""
    old = b"an old torrent"

    def lay(self, place):
        write(f"{place}/x.torrent", self.old)
        return ["ugat-make", "-f", "-b", "16K", "-a", "udp://127.0.0.1:9/announce", "-o", f"{place}/x.torrent",
                f"{w.dir}/content"], b"", w.env

    def only(self, place, want):
        if read(f"{place}/x.torrent") != want:
            return "another torrent than the right one"
        return None if os.listdir(place) == ["x.torrent"] else f"left behind: {os.listdir(place)}"

    def whole(self, place, ended):
        return self.only(place, torrent)

    def part(self, place, ended):
        return self.only(place, self.old)


class Announce(Case):
    threads, cap = 24, 400

    def prepare(self):
        self.trackers = [w.fake("fake_udptracker.py", "honest", "127.0.0.1:1111"),
                         w.fake("fake_httptracker.py", "honest", "127.0.0.1:2222")]

    def lay(self, place):
        lines = records.replace(b"udp://127.0.0.1:9/announce", b"udp://127.0.0.1:%d/announce" % self.trackers[0])
        at = lines.index(b"\ntracker\t") + 1
        lines = lines[:at] + b"tracker\t0\thttp://127.0.0.1:%d/announce\n" % self.trackers[1] + lines[at:]
        return ["ugat-announce", "-1", "-t", "2"], lines, w.env

    def whole(self, place, ended):
        _, lines, _ = self.lay(place)
        missing = [x for x in lines.splitlines() if x not in ended.out.splitlines()]
        if missing:
            return f"exit code 0 without the record {missing[0]!r}"
        if b"\npeer\t" not in ended.out:
            return "exit code 0 without a peer"
        return None


class Fetch(Case):
    """Of a peer on loopback, into a directory that has one of the two files, damaged."""
    threads, cap = 16, 600

    def prepare(self):
        write(f"{w.dir}/records", records)
        self.port = w.fake("seed.py", "serve", "-m", "honest", f"{w.dir}/records", w.dir)

    def lay(self, place):
        os.mkdir(f"{place}/content")
        write(f"{place}/content/a", content[:PIECE] + bytes(PIECE) + content[2 * PIECE:50000])
        env = dict(w.env, XDG_RUNTIME_DIR=place)
        os.chmod(place, 0o700)
        return (["ugat-fetch", "-q", "-t", "2", "-d", place],
                b"peer\t127.0.0.1\t%d\n" % self.port + records, env)

    def whole(self, place, ended):
        for name in "ab":
            if read(f"{place}/content/{name}") != read(f"{w.dir}/content/{name}"):
                return f"exit code 0, but content/{name} is not right"
            if f"content/{name}".encode() not in ended.out:
                return f"exit code 0 without a `done` record for {name}"
        return None

    def part(self, place, ended):
        done = [x for x in ended.out.splitlines() if x.startswith(b"done\t")]
        for name in "ab":
            right = read(f"{w.dir}/content/{name}")
            wrong = sound_bytes(f"{place}/content/{name}", right)
            if wrong:
                return f"content/{name}: {wrong}"
            if any(x.split(b"\t")[1].endswith(b"/" + name.encode()) for x in done) and \
                    read(f"{place}/content/{name}") != right:
                return f"`done` for content/{name}, which is not right"
        return None


class Login(Case):
    """A home without a session. `words`: how."""
    cap = 500

    def __init__(self, *words):
        self.words = words

    def lay(self, place):
        return ["ugat-login", "-q", *self.words], b"", dict(w.env, HOME=place, TMPDIR=place)

    def whole(self, place, ended):
        shown = subprocess.run(["ugat-login", "-s"], env=dict(w.env, HOME=place), capture_output=True)
        return None if shown.returncode == 0 else f"exit code 0, but then: {shown.stderr.decode()}"

    def part(self, place, ended):
        left = [p for p in glob.glob(f"{place}/**/*", recursive=True, include_hidden=True) if os.path.isfile(p)]
        if any(p.endswith("/session.pem") for p in left):
            return self.whole(place, ended)
        self.n = getattr(self, "n", 0) + 1
        if left and self.n % 4 == 0:
            again = subprocess.run(self.lay(place)[0], env=dict(w.env, HOME=place), capture_output=True)
            if again.returncode:
                return f"then, with memory: {again.returncode} {again.stderr.decode()}"
        return None


class Authctl(Case):
    """On a copy of authd's directory."""
    cap = 100

    def __init__(self, *words):
        self.words = words

    def lay(self, place):
        shutil.copytree(f"{w.dir}/accounts", f"{place}/authd")
        return ["authctl", "-d", f"{place}/authd", *self.words], b"another password\n", w.env

    def look(self, place, want):
        with sqlite3.connect(f"{place}/authd/authd.db") as db:
            health = db.execute("PRAGMA integrity_check").fetchone()[0]
            users = sorted(row[0] for row in db.execute("SELECT name FROM accounts"))
        db.close()
        if health != "ok":
            return f"the database: {health}"
        return None if users in want else f"the accounts are {users}"

    def whole(self, place, ended):
        return self.look(place, [["bea", "tester"] if "adduser" in self.words else ["tester"]])

    def part(self, place, ended):
        return self.look(place, [["tester"], ["bea", "tester"]])


class Authd(Case):
    """Until it is ready and has answered once, or has ended by itself."""
    cap = 400

    def lay(self, place):
        shutil.copytree(f"{w.dir}/accounts", f"{place}/authd")
        return ["authd", "-d", f"{place}/authd", "-i", "127.0.0.1", "-p", "0", "-S", "10"], b"", w.env

    def run(self, argv, faulty, stdin, env, place, stacks=False):
        return w.run(argv, faulty, stdin, self.limit, env, stacks, self.talk, cwd=place, start_new_session=True)

    def talk(self, child):
        """Like a user who wants the certificates once, tries twice, and then ends it."""
        child.stdin.close()
        timer = threading.Timer(self.limit, os.killpg, (child.pid, signal.SIGKILL))
        timer.start()
        err = b""
        for line in child.stderr: # until both processes have ended
            err += line
            ready = re.search(rb" event=ready listen=(\S+) ", line)
            if ready and not (ask(ready[1].decode()) or ask(ready[1].decode())):
                err += b"no answer\n"
            if ready:
                child.terminate()
        child.wait()
        if not timer.is_alive():
            raise subprocess.TimeoutExpired("authd", self.limit)
        timer.cancel()
        if child.returncode == -signal.SIGTERM:
            child.returncode = 1 if b"no answer" in err else 0
        return b"", err


class Send(Case):
    """ugat-send, to an ugat-recv without faults. Two files, one of them is there in part by an earlier try."""
    threads, cap, mine = 12, 500, 0

    def lay(self, place):
        os.mkdir(f"{place}/inbox")
        port = free_port()
        return [["ugat-send", "-t", "4", f"127.0.0.1:{port}", f"{w.dir}/content/a", f"{w.dir}/content/b"],
                ["ugat-recv", "-y", "-t", "4", "-p", port, "-d", f"{place}/inbox"]], port, w.env

    def run(self, argv, faulty, port, env, place, stacks=False):
        send, recv = argv
        if self.mine == 1:  # ours is the one that waits
            other = []

            def talk(child):
                threading.Thread(target=lambda: call(child)).start()
                return child.communicate(timeout=self.limit)

            def call(child):
                if wait_for(self.limit, lambda: child.poll() is not None or listening(port)) and child.poll() is None:
                    other.append(subprocess.run(send, env=env, capture_output=True, stdin=subprocess.DEVNULL))
                    if other[0].returncode and child.poll() is None:
                        wait_for(1, lambda: child.poll() is not None)
                        child.terminate()

            ended = w.run(recv, faulty, b"", self.limit + 5, env, stacks, talk)
            self.other = other[0].returncode if other else None
            if ended.code == -signal.SIGTERM:  # it has lost a caller and waits for the next one
                return ended._replace(code=75, err=ended.err + b"waits\n")
            return ended
        waits = w.start(recv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.limit, lambda: listening(port))
        ended = w.run(send, faulty, b"", self.limit, env, stacks)
        if ended.code:
            waits.terminate()
        try:
            code = waits.wait(self.limit)
        except subprocess.TimeoutExpired:
            code = -9
            w.stop(waits)
        if ended.code == 0 and code != 0:
            return ended._replace(code="hangs", err=b"sent, and the other one exits with %d" % code)
        return ended

    def whole(self, place, ended):
        for name in "ab":
            if read(f"{place}/inbox/{name}") != read(f"{w.dir}/content/{name}"):
                return f"exit code 0, but {name} is not right"
        return None

    def part(self, place, ended):
        for name in "ab":
            have = read(f"{place}/inbox/{name}")
            if have is not None and have != read(f"{w.dir}/content/{name}"):
                return f"{name} looks whole and is not"
        return None


class Recv(Send):
    """ugat-recv, called by an ugat-send without faults."""
    mine = 1


def free_port():
    """One that nobody uses; text."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def listening(port):
    """Somebody listens there."""
    with open("/proc/net/tcp", encoding="ascii") as a, open("/proc/net/tcp6", encoding="ascii") as b:
        return re.search(":%04X 0+:0000 0A" % int(port), a.read() + b.read()) is not None


def ask(place):
    """Whether authd tells its certificates."""
    try:
        with urllib.request.urlopen(f"https://{place}/.well-known/est/cacerts", timeout=5,
                                    context=ssl._create_unverified_context()) as answer:
            return answer.status == 200 and len(answer.read()) > 100
    except OSError:
        return False


def authd(place):
    """One that stays; its address and fingerprint."""
    log = open(f"{w.dir}/authd.log", "w+b")
    w.start(["authd", "-d", place, "-i", "127.0.0.1", "-p", "0", "-N", "open", "-S", "10"], stderr=log)
    ready = wait_for(20, lambda: re.search(r" event=ready listen=(\S+) .*fingerprint=(\S+)",
                                           read(log.name).decode()))
    return ready[1], ready[2]


def cases(where, pin):
    """Their names, in an order that lets the cheap ones find what the others share."""
    yield "ugat-parse", Parse()
    yield "ugat-pick", Pick()
    yield "ugat-verify", Verify()
    yield "ugat-make", Make()
    yield "ugat-make-r", MakeRecords()
    yield "ugat-stat", Stat()
    yield "ugat-announce", Announce()
    yield "ugat-fetch", Fetch()
    yield "ugat-login-L", Login("-L")
    # Without memory libcurl spins for as long as it may.
    yield "ugat-login", Login("-t", "10", "-u", "tester", "-P", f"{w.dir}/password", "-F", pin, where)
    yield "authctl-users", Authctl("users")
    yield "authctl-adduser", Authctl("-P", "-", "adduser", "bea")
    yield "authd", Authd()
    yield "ugat-send", Send()
    yield "ugat-recv", Recv()


def begin():
    """What the cases read: content, its torrent and records, accounts. Gives authd's address and fingerprint."""
    global torrent, records
    os.mkdir(f"{w.dir}/content")
    write(f"{w.dir}/content/a", content[:50000])
    write(f"{w.dir}/content/b", content[50000:])
    subprocess.run(["ugat-make", "-b", "16K", "-a", "udp://127.0.0.1:9/announce", "-o", "t.torrent", "content"],
                   env=w.env, cwd=w.dir, check=True)
    os.makedirs(f"{w.dir}/damaged/content")
    write(f"{w.dir}/damaged/content/a", content[:PIECE] + bytes(PIECE) + content[2 * PIECE:50000])
    write(f"{w.dir}/damaged/content/b", content[50000:])
    made = subprocess.run(["ugat-parse", "t.torrent"], env=w.env, cwd=w.dir, check=True, capture_output=True).stdout
    subprocess.run(["ugat-fetch", "-q"], input=made, env=w.env, cwd=w.dir, check=True, capture_output=True)
    where, pin = authd(f"{w.dir}/live")
    write(f"{w.dir}/password", b"a password for tester\n")
    subprocess.run(["ugat-login", "-q", "-N", "-u", "tester", "-P", f"{w.dir}/password",
                    "-F", pin, where], check=True, env=dict(w.env, HOME=w.place()))
    subprocess.run(["authctl", "-d", f"{w.dir}/live", "backup", f"{w.dir}/accounts.db"], env=w.env, check=True)
    os.mkdir(f"{w.dir}/accounts", 0o700)
    for name in os.listdir(f"{w.dir}/live"):
        if not name.startswith("authd.db"):
            shutil.copy2(f"{w.dir}/live/{name}", f"{w.dir}/accounts/{name}")
    os.rename(f"{w.dir}/accounts.db", f"{w.dir}/accounts/authd.db")
    torrent, records = read(f"{w.dir}/t.torrent"), made
    return where, pin
