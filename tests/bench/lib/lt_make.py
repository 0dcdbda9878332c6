#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lt_make.py PATH PIECE THREADS OUT: a v1 torrent by libtorrent, with so many hashing threads."""
import os
import sys
import libtorrent as lt

storage = lt.file_storage()
lt.add_files(storage, sys.argv[1])
torrent = lt.create_torrent(storage, int(sys.argv[2]), lt.create_torrent.v1_only)
settings = {"hashing_threads": int(sys.argv[3]), "aio_threads": int(sys.argv[3])}
try:
    lt.set_piece_hashes(torrent, os.path.dirname(sys.argv[1]), settings)
except Exception:  # older bindings take no settings
    lt.set_piece_hashes(torrent, os.path.dirname(sys.argv[1]))
with open(sys.argv[4], "wb") as out:
    out.write(lt.bencode(torrent.generate()))
