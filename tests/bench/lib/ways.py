# SPDX-License-Identifier: ISC
"""The ways to hand a file to somebody, for sides.Transfer. All encrypt with AES-128-GCM where they
let one choose, and do no compression; all else as shipped."""
import atexit
import os
import shlex
import subprocess

import bench
from bench import path
from sides import End, has_called, listens

HOST = "127.0.0.1"


def ugat(*options, out=None, to=()):
    """to: where the receiver puts it, instead of the directory."""
    def way(t):
        end = End("receiver", [bench.ugat("ugat-recv", out), "-q", "-y", "-i", HOST, "-p", str(t.port),
                               *(to or ("-d", t.to))])
        bench.until(lambda: listens(t.port), "ugat-recv")
        return end, {"words": [bench.ugat("ugat-send", out), "-q", *options, "%s:%d" % (HOST, t.port), t.source]}
    return way


def nc(t):
    end = End("receiver", ["nc.openbsd", "-l", HOST, str(t.port)], stdout=t.there)
    bench.until(lambda: listens(t.port), "nc")
    return end, {"words": ["nc.openbsd", "-N", HOST, str(t.port)], "stdin": t.source}


class Socat:
    """TLS 1.3; the suite is one of OpenSSL's settings, for socat has no word for it."""

    CONFIG = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nCiphersuites = TLS_AES_128_GCM_SHA256\n"

    def __init__(self):
        key = path("socat.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                        "-keyout", path("socat.key"), "-out", key], check=True, stderr=subprocess.DEVNULL)
        with open(path("socat.key")) as source, open(key, "a") as to:
            to.write(source.read())
        with open(path("socat.conf"), "w") as to:
            to.write(self.CONFIG)
        self.key, self.env = key, {"OPENSSL_CONF": path("socat.conf")}

    def __call__(self, t):
        end = End("receiver", ["socat", "-u", "-b65536",
                               "OPENSSL-LISTEN:%d,bind=%s,reuseaddr,cert=%s,verify=0" % (t.port, HOST, self.key),
                               "OPEN:%s,creat,wronly,trunc" % t.there], env=self.env)
        bench.until(lambda: listens(t.port), "socat")
        return end, {"words": ["socat", "-u", "-b65536", "FILE:" + t.source, "OPENSSL:%s:%d,verify=0" % (HOST, t.port)],
                     "env": self.env}


class Ssh:
    """An sshd of our own for each run, with a key of our own; there a shell's command takes what comes."""

    CONFIG = ("ListenAddress {host}\nHostKey {key}\nAuthorizedKeysFile {key}.pub\nPidFile none\nStrictModes no\n"
              "UsePAM no\nPermitRootLogin yes\nCiphers aes128-gcm@openssh.com\nPrintMotd no\n")

    def __init__(self):
        key = path("ssh.key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        with open(path("sshd.conf"), "w") as to:
            to.write(self.CONFIG.format(host=HOST, key=key))
        self.client = ["ssh", "-q", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                       "-o", "IdentitiesOnly=yes", "-i", key, "-c", "aes128-gcm@openssh.com"]
        # What starts Debian's own sshd makes this empty directory for it.
        if os.getuid() == 0 and not os.path.isdir("/run/sshd"):
            os.mkdir("/run/sshd", 0o755)
            atexit.register(os.rmdir, "/run/sshd")

    def serve(self, t):
        end = End("receiver", ["/usr/sbin/sshd", "-D", "-f", path("sshd.conf"), "-p", str(t.port)], server=True)
        bench.until(lambda: listens(t.port), "sshd")
        return end, shlex.join([*self.client, "-p", str(t.port)])

    def cat(self, t):
        end, client = self.serve(t)
        return end, {"words": [*shlex.split(client), HOST, "cat > " + shlex.quote(t.there)], "stdin": t.source}

    def tar(self, t):
        end, client = self.serve(t)
        there = shlex.quote("tar -C %s -x" % shlex.quote(t.to))
        line = "tar -C %s -c %s | %s %s %s" % (shlex.quote(bench.place), t.name, client, HOST, there)
        return end, {"words": ["sh", "-c", line]}

    def rsync(self, t):
        end, client = self.serve(t)
        return end, {"words": ["rsync", "-a", "-e", client, t.source, "%s:%s/" % (HOST, t.to)]}


class Wormhole:
    """With a mailbox and a relay of our own; the two find each other through them, then talk directly."""

    def __init__(self):
        mailbox, relay = bench.free_port(), bench.free_port()
        self.port, self.number = mailbox, 0
        for port, words in ((mailbox, ["wormhole-mailbox", "--channel-db=" + path("mailbox.sqlite")]),
                            (relay, ["transitrelay"])):
            bench.spawn(["twist3", "--log-file", path(words[0] + ".log"), *words, "--port=tcp:%d:interface=%s" % (port, HOST)],
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            bench.until(lambda: listens(port), words[0])
        self.words = ["wormhole", "--relay-url", "ws://%s:%d/v1" % (HOST, mailbox),
                      "--transit-helper", "tcp:%s:%d" % (HOST, relay)]

    def __call__(self, t):
        self.number += 1
        code = "%d-a-b" % self.number
        end = End("receiver", [*self.words, "receive", "--hide-progress", "--accept-file", "-o", t.there, code])
        bench.until(lambda: has_called(self.port), "wormhole")
        return end, {"words": [*self.words, "send", "--hide-progress", "--code", code, t.source]}
