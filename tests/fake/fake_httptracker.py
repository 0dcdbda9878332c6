#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""An HTTP tracker (BEP 3, 7, 23, 48) that follows a script.

    fake_httptracker.py [-6] [-c CERTIFICATE KEY] MODE PEER...     peers as HOST:PORT

Says `port N` on stdout, then a line a request: `announce event=E ...` or `scrape ...`, with its
query as it came, and `accept-encoding=...` when one was asked for. Runs until killed. The mode may
hold an argument behind a colon; `stopped` and `completed` are answered by all that answer at all.

    honest      answers with compact peers
    list        answers with a list of dictionaries, the peers' hosts as they were given
    bad-peers   port 0, own and foreign loopback, multicast and the like, then the peers
    path        its mode, and the argument, is the first part of the URL's path, %-escaped: /hops:3/announce
    interval:N  says so of the interval, which may be as large as can be
    body:N      the first N bytes of an honest answer, said to be all
    min:N       says so of the min interval, and 1800 of the interval
    once        answers once, then closes every connection
    refuse      a failure reason with terminal escapes and status 403
    refuse-ok   the same with status 200
    warn        a warning message, and peers
    status:N    that status with HTML
    id          a tracker id
    redirect:U  302 to U; {port} is the own port, {query} the query
    loop        302 to itself
    hops:N      N redirects, then an answer
    huge        a body without an end
    header      headers without an end
    line:TEXT   a line of headers without an end, which begins with TEXT
    slow        a byte a second, for ever
    late:S      answers after S seconds
    cut         closes in the middle of the body
    html        a page
    gzip        an honest answer as a small gzip bomb, with Content-Encoding
    te:N        the same as Transfer-Encoding, N bytes, compressed again and again
    many:N      N peers
    many-list:N the same as dictionaries
    deep        lists in lists
    silent      reads, and says nothing
    mute        honest until somebody says stopped, then silent
"""
import gzip
import http.server
import os
import socket
import ssl
import struct
import sys
import time
import urllib.parse

BAD_PEERS = ["10.9.9.9:0", "0.1.2.3:7", "224.0.0.1:7", "255.255.255.255:7", "[::]:7", "[ff02::1]:7"]


def say(*words):
    print(*words, flush=True)


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(k) + bencode(value[k]) for k in sorted(value)) + b"e"


def split(peer):
    host, port = peer.rsplit(":", 1)
    return host.strip("[]"), int(port)


def compact(peers, family):
    size = socket.AF_INET6 if family == 6 else socket.AF_INET
    return b"".join(socket.inet_pton(size, h) + struct.pack(">H", p)
                    for h, p in map(split, peers) if (":" in h) == (family == 6))


def reply(known, **more):
    answer = {"interval": 1800, "complete": 5, "incomplete": 7, "peers": compact(known, 4)}
    if any("[" in p for p in known):
        answer["peers6"] = compact(known, 6)
    answer.update({k.replace("_", " "): v for k, v in more.items()})
    return bencode(answer)


def as_list(peers):
    return [{"ip": h, "port": p, "peer id": b"-XX0000-............"} for h, p in map(split, peers)]


class Tracker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mode, argument, peers = "honest", "", []
    answered = 0
    muted = False

    def log_message(self, *_):
        pass

    def give(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data):
        self.close_connection = True
        self.wfile.write(data)
        self.wfile.flush()

    def endless(self, first, piece, pause=0.0):
        self.raw(first)
        while True:
            self.raw(piece)
            time.sleep(pause)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if Tracker.mode == "path":
            self.mode, _, self.argument = urllib.parse.unquote(path.split("/")[1]).partition(":")
        fields = urllib.parse.parse_qs(query, keep_blank_values=True, encoding="latin-1")
        event = fields.get("event", ["-"])[0]
        what = "scrape" if "scrape" in path else "announce"
        coding = self.headers.get("Accept-Encoding")
        say(what, f"event={event}", f"path={path}", f"query={query}",
            f"agent={self.headers.get('User-Agent')}", f"accept-encoding={coding}" if coding else "")
        if what == "scrape":
            self.scrape(fields)
        elif event in ("completed", "stopped") and self.mode not in ("silent", "mute"):
            self.give(reply([]))
        else:
            getattr(self, "do_" + self.mode.replace("-", "_"))(query, event)

    def scrape(self, fields):
        btih = fields["info_hash"][0].encode("latin-1")
        if self.mode == "refuse":
            self.do_refuse("", "")
        elif self.mode == "html":
            self.do_html("", "")
        elif self.mode == "silent":
            self.do_silent("", "")
        else:
            counts = {"complete": 11, "downloaded": 12, "incomplete": 13}
            self.give(bencode({"files": {btih: counts}} if self.mode != "id" else {"files": {}}))

    def do_honest(self, query, event):
        self.give(reply(self.peers))

    def do_list(self, query, event):
        self.give(reply([], peers=as_list(self.peers)))

    def do_bad_peers(self, query, event):
        own = urllib.parse.parse_qs(query)["port"][0]
        self.give(reply([], peers=as_list(BAD_PEERS + ["127.0.0.1:" + own] + self.peers)))

    def do_interval(self, query, event):
        self.give(reply(self.peers, interval=int(self.argument)))

    def do_body(self, query, event):
        self.give(reply(self.peers)[:int(self.argument)])

    def do_te(self, query, event):
        bomb = reply(self.peers) + b" " * int(self.argument)
        for _ in range(3):
            bomb = gzip.compress(bomb)
        self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, gzip, gzip\r\n\r\n" + bomb)

    def do_min(self, query, event):
        self.give(reply(self.peers, min_interval=int(self.argument)))

    def do_once(self, query, event):
        Tracker.answered += 1
        if Tracker.answered == 1:
            self.give(reply(self.peers, interval=30))
        else:
            self.close_connection = True

    def do_refuse(self, query, event):
        self.give(bencode({"failure reason": b"go \x1b[31maway\x07\n"}), 403)

    def do_refuse_ok(self, query, event):
        self.give(bencode({"failure reason": b"go \x1b[31maway\x07\n"}))

    def do_warn(self, query, event):
        self.give(reply(self.peers, warning_message=b"your client\x1b is old"))

    def do_status(self, query, event):
        self.give(b"<html>no</html>", int(self.argument))

    def do_id(self, query, event):
        self.give(reply(self.peers, interval=30, tracker_id=b"a b\x00"))

    def do_redirect(self, query, event):
        here = self.server.server_address[1]
        if "hop=1" in query:
            self.give(reply(self.peers))
        else:
            self.give(b"", 302, Location=self.argument.replace("{port}", str(here)).replace("{query}", query))

    def do_loop(self, query, event):
        self.give(b"", 302, Location=self.path)

    def do_hops(self, query, event):
        done = query.count("hop=1")
        if done == int(self.argument):
            self.give(reply(self.peers))
        else:
            self.give(b"", 302, Location=self.path + "&hop=1")

    def do_huge(self, query, event):
        self.endless(b"HTTP/1.1 200 OK\r\n\r\nd5:peers9999999:", b"x" * 65536)

    def do_header(self, query, event):
        self.endless(b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"x" * 500 + b"\r\n")

    def do_line(self, query, event):
        first = b"" if self.argument.startswith("HTTP/") else b"HTTP/1.1 200 OK\r\n"
        self.endless(first + self.argument.encode(), b"x" * 65536)

    def do_slow(self, query, event):
        self.endless(b"HTTP/1.1 200 OK\r\n\r\n", b"d", 1)

    def do_late(self, query, event):
        time.sleep(float(self.argument))
        self.give(reply(self.peers))

    def do_cut(self, query, event):
        body = reply(self.peers)
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:-9])

    def do_html(self, query, event):
        self.give(b"<html><body>Welcome</body></html>")

    def do_gzip(self, query, event):
        bomb = gzip.compress(reply(self.peers) + b" " * 100_000_000)
        self.give(bomb, Content_Encoding="gzip")

    def do_many(self, query, event):
        n = int(self.argument)
        body = b"".join(struct.pack(">IH", 0x0B000000 + i, 6881) for i in range(n))
        self.give(bencode({"interval": 1800, "peers": body}))

    def do_many_list(self, query, event):
        n = int(self.argument)
        self.give(bencode({"interval": 1800, "peers": as_list(f"11.{i >> 16}.{i >> 8 & 255}.{i & 255}:6881"
                                                              for i in range(n))}))

    def do_deep(self, query, event):
        self.give(b"d5:peers" + b"l" * 500_000 + b"e" * 500_001)

    def do_silent(self, query, event):
        time.sleep(3600)

    def do_mute(self, query, event):
        Tracker.muted |= event == "stopped"
        if Tracker.muted:
            time.sleep(3600)
        self.give(reply(self.peers))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


def main():
    arguments = sys.argv[1:]
    certificate = None
    if arguments[0] == "-6":
        Server.address_family = socket.AF_INET6
        arguments.pop(0)
    if arguments[0] == "-c":
        certificate = arguments[1:3]
        arguments = arguments[3:]
    Tracker.mode, _, Tracker.argument = arguments[0].partition(":")
    Tracker.peers = arguments[1:]
    host = os.environ.get("FAKE_HOST", "::1" if Server.address_family == socket.AF_INET6 else "127.0.0.1")
    server = Server((host, 0), Tracker)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    say("port", server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
