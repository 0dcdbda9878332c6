#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lt_verify.py TORRENT DIR THREADS: let libtorrent check the files with so many hashing threads."""
import sys
import libtorrent as lt

session = lt.session({
    "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "alert_mask": lt.alert.category_t.all_categories,
    "hashing_threads": int(sys.argv[3]), "aio_threads": int(sys.argv[3])})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(sys.argv[1])
params.save_path = sys.argv[2]
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
handle = session.add_torrent(params)
while True:
    session.wait_for_alert(100)
    if any(isinstance(alert, lt.torrent_checked_alert) for alert in session.pop_alerts()):
        break
sys.exit(0 if handle.status().is_seeding else 1)
