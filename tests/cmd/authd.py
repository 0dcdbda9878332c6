#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What strangers may do to authd: authd.py PORT TEST. Prints what came out; ends with 1 and words when a
rule was broken. Python's own TLS and sockets are the second opinion on ours."""

import base64
import os
import select
import signal
import socket
import ssl
import sys
import threading
import time

PORT = int(sys.argv[1])
BASIC = base64.b64encode(b"ann:correct horse").decode()


def context():
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    return ctx


def connect(source="127.0.0.1"):
    s = socket.socket()
    s.settimeout(60)
    s.bind((source, 0))
    s.connect(("127.0.0.1", PORT))
    return s


def tls(source="127.0.0.1", ctx=None):
    return (ctx or context()).wrap_socket(connect(source))


def answer(s):
    """The status line and the headers of one answer, its body read."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            return data
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    size = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    while len(body) < size:
        more = s.recv(65536)
        if not more:
            break
        body += more
    return head


def all_of(s):
    """All that comes until the other side closes."""
    data = b""
    while True:
        try:
            more = s.recv(65536)
        except ssl.SSLError:
            return data
        if not more:
            return data
        data += more


def ask(s, request):
    s.sendall(request)
    return answer(s)


def status(head):
    return head.split(b" ")[1].decode() if head.startswith(b"HTTP/1.") else "closed"


def login(source="127.0.0.1"):
    """A login as ann; its seconds."""
    start = time.monotonic()
    with open("csr.b64", "rb") as f:
        csr = f.read()
    head = ask(
        tls(source),
        b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\nAuthorization: Basic "
        + BASIC.encode()
        + b"\r\nContent-Type: application/pkcs10\r\nContent-Length: %d\r\n\r\n" % len(csr)
        + csr,
    )
    check(status(head) == "200", "a login gives %r" % head[:60])
    return time.monotonic() - start


def check(good, words):
    if not good:
        print(words)
        sys.exit(1)


def closed_after(s, least, most):
    """How long until the other side closes s: within least and most seconds from now."""
    start = time.monotonic()
    s.settimeout(most)
    try:
        while s.recv(4096):
            pass
    except (ConnectionError, ssl.SSLError):
        pass
    except socket.timeout:
        check(False, "still open after %s s" % most)
    took = time.monotonic() - start
    check(took >= least, "closed after %.1f s already" % took)


def tickets_and_alpn():
    ctx = context()
    ctx.set_alpn_protocols(["h2", "http/1.1"])
    s = tls(ctx=ctx)
    check(s.version() == "TLSv1.3", s.version())
    check(s.selected_alpn_protocol() == "http/1.1", "ALPN %s" % s.selected_alpn_protocol())
    check(status(ask(s, b"GET /crl HTTP/1.1\r\nHost: x\r\n\r\n")) == "200", "no list")
    check(s.session is None or not s.session.has_ticket, "a ticket came")
    old = context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        tls(ctx=old)
        check(False, "TLS 1.2 was taken")
    except (ssl.SSLError, ConnectionError):
        pass
    ctx = context()
    ctx.set_alpn_protocols(["h2"])
    try:
        tls(ctx=ctx).recv(1)
        check(False, "another protocol was taken")
    except (ssl.SSLError, ConnectionError):
        pass


def malformed():
    """Each with the status that it must get; closed means no answer."""
    post = b"POST /passwd HTTP/1.1\r\nHost: x\r\n"
    cases = [
        (b"\r\n\r\n", "400"),
        (b"GET\r\n\r\n", "400"),
        (b"GET / HTTP/9.9\r\n\r\n", "400"),
        (b"NONSENSE / HTTP/1.1\r\n\r\n", "501"),
        (b"GET /nothing HTTP/1.1\r\n\r\n", "404"),
        (b"GET /passwd HTTP/1.1\r\n\r\n", "405"),
        (b"DELETE /crl HTTP/1.1\r\n\r\n", "405"),
        (b"HEAD /crl HTTP/1.1\r\n\r\n", "405"),
        (post + b"\r\n", "411"),
        (post + b"Content-Length: 3\r\n\r\nabc", "401"),
        (post + b"Content-Length: 3\r\nAuthorization: Basic ?\r\n\r\nabc", "400"),
        (post + b"Content-Length: -1\r\n\r\n", "400"),
        (post + b"Content-Length: 8193\r\n\r\n", "413"),
        (post + b"Content-Length: 99999999999999999999\r\n\r\n", "413"),
        (post + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", "413"),
        (post + b"Transfer-Encoding: chunked\r\n\r\nno\r\n", "413"),
        (post + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "400"),
        (post + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        (post + b"Content-Length : 3\r\nAuthorization: Basic YTpi\r\n\r\nabc", "400"),
        (post + b"Content-Length: +3\r\nAuthorization: Basic YTpi\r\n\r\nabc", "400"),
        (b"GET /crl HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc", "400"),
        (b"GET /crl HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"),
        (post + b"Transfer-Encoding: xchunked\r\nAuthorization: Basic YTpi\r\n\r\n0\r\n\r\n", "400"),
        (post + b"Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "401"),
        (post + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", "413"),
        (post + b"content-length:  3 \r\n\r\nabc", "401"),
        (post + b"X: " + b"y" * 8190 + b"\r\n\r\n", "400"),
        (post + b"X: y\r\n" * 1400 + b"Content-Length: 1\r\n\r\na", "413"),
        (post + b"X: y\r\n" * 3000 + b"\r\n", "400"),
        (b"A" * 9000, "400"),
        (
            b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nContent-Length: 4\r\nAuthorization: Basic "
            + BASIC.encode()
            + b"\r\nContent-Type: text/plain\r\n\r\nMAA=",
            "415",
        ),
    ]
    for request, want in cases:
        head = ask(tls(), request)
        check(status(head) == want, "%r: %r instead of %s" % (request[:70], head[:70], want))
        if want == "401":
            check(b"WWW-Authenticate: Basic" in head, "401 without a challenge")
        if want == "405":
            check(b"Allow: " in head, "405 without Allow")
    for path in (b"/crl", b"/nothing"):
        s = tls()
        s.sendall(b"HEAD " + path + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
        body = all_of(s).split(b"\r\n\r\n", 1)[1]
        check(body == b"", "HEAD has a body (RFC 9110, 9.3.2): %r" % body)
    for junk in (b"\0" * 100, b"GET /crl HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\1" * 300):
        s = connect()
        s.sendall(junk)
        closed_after(s, 0, 13)


def slow():
    """A handshake that does not come, a request of a byte a second, one that is left hanging."""
    threads = []
    broken = []

    def run(function, *args):
        try:
            function(*args)
        except SystemExit:
            broken.append(function)

    def trickle():
        s = tls("127.0.1.2")
        start = time.monotonic()
        try:
            for byte in b"GET /crl HTTP/1.1\r\nHost: " + b"x" * 100:
                s.sendall(bytes([byte]))
                time.sleep(0.5)
        except (ConnectionError, ssl.SSLError):
            pass
        took = time.monotonic() - start
        check(13 < took < 50, "bytes were taken for %.1f s" % took)

    threads.append(threading.Thread(target=run, args=(closed_after, connect("127.0.1.1"), 4, 14)))
    threads.append(threading.Thread(target=run, args=(trickle,)))
    threads.append(threading.Thread(target=run, args=(closed_after, tls("127.0.1.3"), 13, 50)))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    sys.exit(1 if broken else 0)


def idle():
    """A login is not kept out by 500 connections that do nothing: of its own source, of 500, of 64 with TLS."""
    rows = [
        lambda: [connect() for _ in range(500)],
        lambda: [connect("127.0.%d.%d" % (1 + i // 250, 1 + i % 250)) for i in range(500)],
        lambda: [tls("127.0.9.%d" % (1 + i)) for i in range(64)],
    ]
    for row in rows:
        held = row()
        print("%.3f" % login())
        for s in held:
            s.close()


def answered():
    """Whoever has a refusal holds no place: 8 of one source that stay do not keep its next login out."""
    for method in (b"CONNECT a:1", b"OPTIONS *", b"HEAD /crl", b"DELETE /register"):
        held = [tls() for _ in range(8)]
        for s in held:
            check(status(ask(s, method + b" HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == "4", "%r is no refusal" % method)
        login()
        for s in held:
            closed_after(s, 0, 13)


def gone():
    """Clients that go before their answer comes, then 20 requests in one go."""
    for i in range(40):
        s = tls("127.0.5.%d" % (1 + i))
        s.sendall(
            b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nAuthorization: Basic "
            + base64.b64encode(b"gone%d:correct horse" % i)
            + b"\r\n\r\n"
        )
        if i % 2 == 0:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    s = tls()
    s.sendall(b"GET /crl HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    data = b""
    while data.count(b"HTTP/1.1 200") < 20:
        more = s.recv(65536)
        check(more, "%d answers of 20" % data.count(b"HTTP/1.1 200"))
        data += more
    login()


def flood():
    """64 clients that send and never read; the argument behind is net's pid, whose memory is printed."""
    end = time.monotonic() + 4
    most = 0

    def run(i):
        try:
            s = tls("127.0.6.%d" % (1 + i))
            blob = b"GET /crl HTTP/1.1\r\nHost: x\r\n\r\n" * 500
            if i % 2 == 0:
                s.sendall(b"POST /passwd HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
                blob = b"0" * 16000
            while time.monotonic() < end:
                s.sendall(blob)
        except OSError:
            pass

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(64)]
    for t in threads:
        t.start()
    while time.monotonic() < end:
        with open("/proc/%s/status" % sys.argv[3], encoding="ascii") as f:
            most = max([most] + [int(line.split()[1]) for line in f if line.startswith("VmRSS:")])
        time.sleep(0.1)
    login()
    print(most)


def refusals():
    """2 s of refused requests, as many as go."""
    end = time.monotonic() + 2
    n = 0
    while time.monotonic() < end:
        try:
            check(status(ask(tls(), b"GET /nothing HTTP/1.1\r\n\r\n")) == "404", "no 404")
        except (ConnectionError, ssl.SSLError):
            pass
        n += 1
    print(n)


def exhaustion():
    """More connections than authd has descriptors: it must not spin; the argument is net's pid."""
    held = [connect("127.0.7.%d" % (1 + i)) for i in range(40)]

    def ticks():
        with open("/proc/%s/stat" % sys.argv[3], encoding="ascii") as f:
            fields = f.read().split()
        return int(fields[13]) + int(fields[14])

    time.sleep(0.2)
    before = ticks()
    time.sleep(2)
    check(ticks() - before < 50, "%d ticks of 200" % (ticks() - before))
    for s in held:
        s.close()
    end = time.monotonic() + 40
    while True:
        try:
            login()
            break
        except (ConnectionError, ssl.SSLError):
            check(time.monotonic() < end, "no login afterwards")
            time.sleep(0.1)


def stalled():
    """vault stands still (the argument is its pid): net says 503 once its own buffer is full, and no sooner;
    who has waited gets an answer when vault goes on."""
    vault = int(sys.argv[3])
    body = b"p" * 7000
    request = (
        b"POST /passwd HTTP/1.1\r\nHost: x\r\nAuthorization: Basic "
        + BASIC.encode()
        + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    os.kill(vault, signal.SIGSTOP)
    try:
        waiting = []
        for i in range(64):
            s = tls("127.0.8.%d" % (1 + i // 8))
            s.sendall(request)
            waiting.append(s)
        # 128 KiB of net's own and what the pair of sockets holds.
        ready, _, _ = select.select(waiting, [], [], 10)
        check(ready, "nobody was told to wait")
        time.sleep(0.5)
        ready, _, _ = select.select(waiting, [], [], 0)
        for s in ready:
            head = answer(s)
            check(status(head) == "503" and b"Retry-After: " in head, "%r" % head[:60])
            waiting.remove(s)
        check(len(waiting) >= 128 * 1024 // 8192, "only %d were passed on" % len(waiting))
    finally:
        os.kill(vault, signal.SIGCONT)
    for s in waiting:
        check(status(answer(s)) in ("400", "401", "429", "503"), "no answer behind the stop")
    login("127.0.8.9")


globals()[sys.argv[2]]()
