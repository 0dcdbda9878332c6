#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A libtorrent peer for the tests: TCP only, no DHT, no PEX, no LSD, quick on loopback.

    ltpeer.py [-p PORT] [-i ADDR] [-U BYTES_A_SECOND] [-c HOST:PORT]... [-e] [-l] TORRENT DIR

Serves what of TORRENT it finds below DIR and never downloads; with -l it downloads too. -c dials
a peer by hand: libtorrent does not dial the loopback addresses that a tracker names. With -e it speaks
encrypted or not at all.
Says on stdout, one line each:
    port N          it listens (PORT 0, the default, takes a free one)
    have N          it found N pieces and serves them
    got N           it has N pieces now (with -l)
    done            all is there (with -l)
Its alerts go to stderr. Runs until a signal ends it.
"""
import argparse
import sys
import time

import libtorrent as lt

CATEGORY = lt.alert.category_t
SETTINGS = {
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_incoming_utp": False, "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True, "close_redundant_connections": False,
    "ssrf_mitigation": False, "unchoke_slots_limit": 50, "unchoke_interval": 1,
    "min_reconnect_time": 1, "peer_connect_timeout": 5, "connection_speed": 50,
    "out_enc_policy": int(lt.enc_policy.pe_disabled),
    "in_enc_policy": int(lt.enc_policy.pe_disabled),
    "alert_mask": int(CATEGORY.status_notification | CATEGORY.error_notification),
}


def say(*words):
    print(*words, flush=True)


def options():
    p = argparse.ArgumentParser()
    p.add_argument("-p", type=int, default=0)
    p.add_argument("-i", default="127.0.0.1")
    p.add_argument("-U", type=int, default=0)
    p.add_argument("-c", action="append", default=[])
    p.add_argument("-e", action="store_true")
    p.add_argument("-l", action="store_true")
    p.add_argument("torrent")
    p.add_argument("dir")
    return p.parse_args()


def poll(what, seconds):
    """Wait until what() holds; whether it did in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def add(session, opt):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(opt.torrent)
    params.save_path = opt.dir
    flags = lt.torrent_flags
    params.flags &= ~(flags.auto_managed | flags.paused)
    if not opt.l:
        params.flags |= flags.upload_mode
    return session.add_torrent(params)


def main():
    opt = options()
    settings = dict(SETTINGS, listen_interfaces=f"{opt.i}:{opt.p}")
    if opt.e:
        settings["in_enc_policy"] = settings["out_enc_policy"] = int(lt.enc_policy.pe_forced)
    session = lt.session(settings)
    if not poll(lambda: session.is_listening() and session.listen_port() != 0, 10):
        sys.exit("ltpeer: cannot listen")
    say("port", session.listen_port())
    torrent = add(session, opt)
    torrent.set_upload_limit(opt.U)  # the session's limits leave local peers out
    checking = (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data)
    if not poll(lambda: torrent.status().state not in checking, 60):
        sys.exit("ltpeer: the check does not end")
    say("have", torrent.status().num_pieces)
    for one in opt.c:
        host, port = one.rsplit(":", 1)
        torrent.connect_peer((host, int(port)))
    got = -1
    while True:
        for alert in session.pop_alerts():
            print(alert, file=sys.stderr, flush=True)
        status = torrent.status()
        if opt.l and status.num_pieces != got:
            got = status.num_pieces
            say("got", got)
            if status.is_seeding:
                torrent.flush_cache()
                say("done")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
