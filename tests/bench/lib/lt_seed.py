#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lt_seed.py TORRENT DIR PORT: serve with libtorrent until killed."""
import sys
import time
import libtorrent as lt

torrent, folder, port = sys.argv[1:]
session = lt.session({
    "listen_interfaces": "127.0.0.1:" + port, "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "in_enc_policy": 2, "out_enc_policy": 2, "connections_limit": 1000})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = folder
params.trackers = []
params.max_connections = 1000
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
handle = session.add_torrent(params)
while True:
    time.sleep(3600)
