#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Many clients of authd at once, from as many loopback addresses as it takes: crowd.py PORT COMMAND...
A request for a certificate in base64 is csr.b64 of the current directory. Each prints what came out.

    guess N THREADS SOURCE USER   N wrong passwords, on a connection each: how often each status came. %d in
                                  USER is the guess's number
    login SOURCE USER PASSWORD    the status and the seconds it took
    logins NET                    those on stdin, from NET.1 and so on; prints who is not let in
    answer SOURCE PATH USER PASSWORD   the whole answer, its date masked
    register PREFIX N KILL PID    N new accounts, 16 at once; PID is killed when KILL have been acknowledged.
                                  Prints the acknowledged names
"""

import base64
import collections
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time

PORT = int(sys.argv[1])
EST = "/.well-known/est/simpleenroll"
CTX = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CTX.check_hostname = False
CTX.verify_mode = ssl.CERT_NONE


def password_of(user):
    return "a password for " + user


def ask(source, path, user, password, body=None):
    """One request on a connection of its own; all that came back, b"" when nothing did."""
    if body is None:
        with open("csr.b64", "rb") as f:
            body = f.read()
    basic = base64.b64encode(("%s:%s" % (user, password)).encode()).decode()
    request = "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic %s\r\n" % (path, basic)
    request += "Content-Type: application/pkcs10\r\nContent-Length: %d\r\n\r\n" % len(body)
    data = b""
    raw = socket.socket()
    try:
        raw.settimeout(20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.bind((source, 0))
        raw.connect(("127.0.0.1", PORT))
        with CTX.wrap_socket(raw) as s:
            s.sendall(request.encode() + body)
            while True:
                more = s.recv(65536)
                if not more:
                    break
                data += more
    except OSError:
        pass
    finally:
        raw.close()
    return data


def status(data):
    return data[9:12].decode() if data.startswith(b"HTTP/1.") and b"\r\n\r\n" in data else "none"


def crowd(threads, work):
    """work(number) in as many threads, until it returns False in each."""

    def run(number):
        while work(number):
            pass

    all_of_them = [threading.Thread(target=run, args=(i,)) for i in range(threads)]
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join()


def guess(n, threads, source, user):
    left = list(range(int(n)))
    lock = threading.Lock()
    seen = collections.Counter()

    def one(_):
        with lock:
            if not left:
                return False
            number = left.pop()
        while True:
            got = status(ask(source, EST, user.replace("%d", str(number)), "guess number %d" % number))
            with lock:
                seen[got] += 1
            if got != "none":  # pushed out by our own next one: this guess is still to be made
                return True

    crowd(int(threads), one)
    for key in sorted(seen):
        print(key, seen[key])


def login(source, user, password):
    start = time.monotonic()
    got = status(ask(source, EST, user, password))
    print("%s %.3f" % (got, time.monotonic() - start))


def logins(net):
    names = sys.stdin.read().split()
    left = list(enumerate(names))
    lock = threading.Lock()

    def one(_):
        with lock:
            if not left:
                return False
            number, name = left.pop()
        source = "%s.%d" % (net, 1 + number % 250)
        got = "none"
        end = time.monotonic() + 60
        while got in ("503", "none") and time.monotonic() < end:
            got = status(ask(source, EST, name, password_of(name)))
            if got in ("503", "none"):
                time.sleep(0.05)
        if got != "200":
            print(name, got)
        return True

    crowd(8, one)


def answer(source, path, user, password):
    data = ask(source, path, user, password, b"" if path != EST else None)
    sys.stdout.buffer.write(re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: -", data))


def register(prefix, n, kill, pid):
    left = ["%s%d" % (prefix, i) for i in range(int(n))]
    end = time.monotonic() + 120
    lock = threading.Lock()
    done = []

    def one(number):
        with lock:
            if not left:
                return False
            name = left.pop()
        got = status(ask("127.4.0.%d" % (1 + number), "/register", name, password_of(name), b""))
        with lock:
            if got in ("503", "none") and len(done) < int(kill) and time.monotonic() < end:
                left.append(name)
            if got != "200":
                return True
            done.append(name)
            if len(done) == int(kill):
                os.kill(int(pid), signal.SIGKILL)
                left.clear()
        return True

    crowd(16, one)
    print("\n".join(done))


globals()[sys.argv[2]](*sys.argv[3:])
