#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lt_fetch.py shipped|tuned TORRENT DIR PORT: load with libtorrent until all is written, then end."""
import os
import sys
import libtorrent as lt

how, torrent, folder, port = sys.argv[1:]
settings = {"listen_interfaces": "127.0.0.1:" + port, "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
            "enable_natpmp": False, "in_enc_policy": 2, "out_enc_policy": 2,
            "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.storage_notification}
if how == "tuned":
    cores = os.cpu_count()
    settings.update({"aio_threads": cores, "hashing_threads": cores, "enable_outgoing_utp": False,
                     "enable_incoming_utp": False, "max_out_request_queue": 2000, "request_queue_time": 10,
                     "max_queued_disk_bytes": 64 << 20, "recv_socket_buffer_size": 4 << 20,
                     "whole_pieces_threshold": 60, "smooth_connects": False, "connection_speed": 500,
                     "allow_multiple_connections_per_ip": True, "stop_tracker_timeout": 1})
session = lt.session(settings)
params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = folder
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
params.flags |= lt.torrent_flags.disable_pex | lt.torrent_flags.disable_lsd | lt.torrent_flags.disable_dht
handle = session.add_torrent(params)
over = False
while not over:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.torrent_finished_alert):
            handle.flush_cache()
        elif isinstance(alert, lt.cache_flushed_alert):
            over = handle.status().is_seeding
