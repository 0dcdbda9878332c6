#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A login server that does as it is told, for what no real one does.

    fake_est.py DIR [KEY=VALUE...]

Its keys and the log lie in DIR; it prints `port N` and `pin sha256:...` and serves until it is
ended. The account is ops, with the password `correct horse`. The log has a line for each event:

    connection          somebody connected
    handshake           TLS was agreed on
    request METHOD PATH USER
    bytes N             how much came through TLS on a connection that ended

    identity=user       a user's certificate as its own
    identity=ca         signed by DIR/site.pem, for localhost and 127.0.0.1; it is at 127.0.0.2, too
    tls=1.2             nothing newer
    user=NAME           every certificate is for NAME
    key=other           certificates are for another key
    ca=other            cacerts names another authority
    shift=SECONDS       the server's clock; certificates follow it
    date=no             no Date header
    busy=N              503 to the first N requests, with Retry-After: 1
    full=N              503 to the first N of /passwd, with Retry-After: 1, and the connection ends
    hangup=N            the first N connections are closed at once
    alert=N             the first N handshakes end with the alert of a server that lacks memory (internal_error)
    lose=N              the first N POSTs to /register or /passwd are done but not answered
    status=N            this status to every POST
    only=NAME           but only where the path ends so
    words=TEXT          the line of that answer
    answer=KIND         huge, slow, cut, empty, html or redirect, in place of every answer
    list=no             no /crl;  list=foreign: signed by another
    talk=KIND           plain (HTTP without TLS) or banner, instead of TLS
"""
import base64
import email.utils
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time

DIR = sys.argv[1]
OPTIONS = dict(word.split("=", 1) for word in sys.argv[2:])
LOCK = threading.Lock()
ACCOUNTS = {"ops": "correct horse"}
LEFT = {key: int(OPTIONS.get(key, 0)) for key in ("busy", "full", "hangup", "alert", "lose")}

CONFIG = """
[ca]
default_ca = d
[d]
dir = .
database = %(name)s.index
new_certs_dir = .
certificate = %(name)s.pem
private_key = %(name)s.key
crlnumber = %(name)s.crlnumber
default_md = sha256
default_days = 1
default_crl_days = 1
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = none
prompt = no
[none]
"""
USER = """
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth, serverAuth
subjectAltName = URI:ugat:user:%s, DNS:*
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
SITE = """
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
"""


def log(words):
    with LOCK, open(os.path.join(DIR, "log"), "a", encoding="utf-8") as out:
        out.write(words + "\n")


def take(key):
    """Whether one of so many is left, and take it."""
    with LOCK:
        LEFT[key] -= 1
        return LEFT[key] >= 0


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, cwd=DIR, check=True, capture_output=True).stdout


def write(name, text):
    with open(os.path.join(DIR, name), "w", encoding="utf-8") as out:
        out.write(text)


def read(name):
    with open(os.path.join(DIR, name), "rb") as file:
        return file.read()


def make_ca(name):
    write(name + ".cnf", CONFIG % {"name": name})
    write(name + ".index", "")
    write(name + ".crlnumber", "01\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
            "-out", name + ".pem", "-subj", "/CN=fake " + name, "-days", "3650",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def now():
    return time.time() + int(OPTIONS.get("shift", 0))


def utc(at):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at))


def sign(name, request, extensions, subject, life=12 * 3600):
    """A certificate in PEM by the authority `name` for a request in PEM."""
    with LOCK:
        write("request.pem", request)
        write("extensions", extensions)
        openssl("ca", "-batch", "-config", name + ".cnf", "-in", "request.pem", "-out", "signed.pem", "-notext",
                "-extfile", "extensions", "-subj", "/CN=" + subject, "-startdate", utc(now() - 300),
                "-enddate", utc(now() + life))
        return read("signed.pem").decode()


def new_request(name):
    return openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                   name + ".key", "-subj", "/CN=request").decode()


def make_identity():
    kind = OPTIONS.get("identity")
    if kind == "user":
        write("identity.pem", sign("ca", new_request("identity"), USER % "mallory", "user:mallory"))
    elif kind == "ca":
        make_ca("site")
        write("identity.pem", sign("site", new_request("identity"), SITE, "localhost"))
    elif not os.path.exists(os.path.join(DIR, "identity.pem")):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "identity.key", "-out", "identity.pem", "-subj", "/CN=fake", "-days", "3650",
                "-addext", "basicConstraints=critical,CA:FALSE")
    public = openssl("x509", "-in", "identity.pem", "-noout", "-pubkey")
    der = openssl("pkey", "-pubin", "-outform", "DER", data=public)
    return base64.b64encode(openssl("dgst", "-sha256", "-binary", data=der)).decode()


def certs_only(name):
    der = openssl("crl2pkcs7", "-nocrl", "-certfile", name, "-outform", "DER")
    return base64.encodebytes(der)


def enroll(user, body):
    request = "-----BEGIN CERTIFICATE REQUEST-----\n%s\n-----END CERTIFICATE REQUEST-----\n" % body.decode()
    if OPTIONS.get("key") == "other":
        request = new_request("another")
    name = OPTIONS.get("user", user)
    write("issued.pem", sign("ca", request, USER % name, "user:" + name))
    return certs_only("issued.pem")


def answer(method, path, auth, body, tls):
    """Status, type and body."""
    user, _, password = base64.b64decode(auth).decode("latin-1").partition(":") if auth else ("", "", "")
    log("request %s %s %s" % (method, path, user))
    right = user in ACCOUNTS and ACCOUNTS[user] == password
    if path == "/passwd" and take("full"):
        return 503, "text/plain", b"nothing was done: the disk is full\n"
    if take("busy"):
        return 503, "text/plain", b"too many logins at once\n"
    if method == "POST" and "status" in OPTIONS and path.endswith(OPTIONS.get("only", "")):
        return int(OPTIONS["status"]), "text/plain", os.fsencode(OPTIONS.get("words", "")) + b"\n"
    if path == "/.well-known/est/cacerts":
        return 200, "application/pkcs7-mime", certs_only(OPTIONS.get("ca", "ca") + ".pem")
    if path == "/crl" and OPTIONS.get("list") != "no":
        name = "other" if OPTIONS.get("list") == "foreign" else "ca"
        openssl("ca", "-config", name + ".cnf", "-gencrl", "-out", "list.pem")
        return 200, "application/pkix-crl", openssl("crl", "-in", "list.pem", "-outform", "DER")
    if path == "/.well-known/est/simplereenroll":
        name = re.search(r"user:(\w+)", str((tls.getpeercert() or {}).get("subject")))
        return (200, "application/pkcs7-mime", enroll(name.group(1), body)) if name else (403, "text/plain", b"no\n")
    if path == "/register" and user in ACCOUNTS:
        return 409, "text/plain", b"the name is taken\n"
    if path == "/register":
        ACCOUNTS[user] = password
        return 204, "text/plain", b""
    if not right and path in ("/.well-known/est/simpleenroll", "/passwd"):
        return 401, "text/plain", b"wrong user or password\n"
    if path == "/passwd":
        ACCOUNTS[user] = body.decode("latin-1")
        return 204, "text/plain", b""
    if path == "/.well-known/est/simpleenroll":
        return 200, "application/pkcs7-mime", enroll(user, body)
    return 404, "text/plain", b"no such thing\n"


def odd_answer(kind):
    """An answer that nobody should give, and whether the connection is left open behind it."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkcs7-mime\r\n"
    if kind == "huge":
        return head + b"Content-Length: 80000\r\n\r\n" + b"M" * 80000, True
    if kind == "cut":
        return head + b"Content-Length: 1000\r\n\r\nMII", False
    if kind == "html":
        return b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n<html>hello</html>\n", True
    if kind == "redirect":
        return b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n", True
    return b"", kind == "slow"


def serve_one(reader, tls):
    """One request; how many bytes it had, 0 when there is none any more, and whether to go on."""
    line = reader.readline()
    if not line:
        return 0, False
    size, head = len(line), {}
    method, path, _ = line.decode("latin-1").split(" ", 2)
    while True:
        more = reader.readline()
        size += len(more)
        if more in (b"\r\n", b""):
            break
        key, _, value = more.decode("latin-1").partition(":")
        head[key.lower()] = value.strip()
    body = reader.read(int(head.get("content-length", 0)))
    size += len(body)
    if "answer" in OPTIONS:
        log("request %s %s" % (method, path))
        odd, stay = odd_answer(OPTIONS["answer"])
        tls.sendall(odd)
        if OPTIONS["answer"] == "slow":
            reader.read(1)
        return size, stay
    status, kind, text = answer(method, path, head.get("authorization", "").replace("Basic ", ""), body, tls)
    if path in ("/register", "/passwd") and take("lose"):
        return size, False
    lines = ["HTTP/1.1 %d x" % status, "Content-Type: " + kind, "Content-Length: %d" % len(text)]
    if OPTIONS.get("date") != "no":
        lines.append("Date: " + email.utils.formatdate(now(), usegmt=True))
    if status == 503:
        lines.append("Retry-After: 1")
    stay = status != 503 or "full" not in OPTIONS
    if not stay:
        lines.append("Connection: close")
    tls.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + text)
    return size, stay


def serve(connection, context):
    log("connection")
    if take("hangup"):
        connection.close()
        return
    if take("alert"):
        connection.recv(16384)
        connection.sendall(bytes.fromhex("15030300020250"))  # RFC 8446, 6: fatal, 80
        connection.close()
        return
    if OPTIONS.get("talk") == "banner":
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    if "talk" in OPTIONS:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()
        return
    size = 0
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            log("handshake")
            reader, stay = tls.makefile("rb"), True
            while stay:
                more, stay = serve_one(reader, tls)
                size += more
    except (OSError, ValueError) as error:
        log("error %s" % error)
    log("bytes %d" % size)


def listen(listener, context):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


def main():
    os.makedirs(DIR, exist_ok=True)
    for name in ("ca", "other"):
        if not os.path.exists(os.path.join(DIR, name + ".pem")):
            make_ca(name)
    pin = make_identity()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if OPTIONS.get("tls") == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(os.path.join(DIR, "identity.pem"), os.path.join(DIR, "identity.key"))
    context.load_verify_locations(os.path.join(DIR, "ca.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    listener = socket.create_server(("127.0.0.1", int(OPTIONS.get("port", 0))))
    port = listener.getsockname()[1]
    if OPTIONS.get("identity") == "ca":
        more = socket.create_server(("127.0.0.2", port))
        threading.Thread(target=listen, args=(more, context), daemon=True).start()
    print("pin sha256:" + pin)
    print("port %d" % port, flush=True)
    listen(listener, context)


if __name__ == "__main__":
    main()
