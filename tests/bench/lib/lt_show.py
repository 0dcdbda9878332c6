#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lt_show.py TORRENT: its files, read by libtorrent."""
import sys
import libtorrent as lt

files = lt.torrent_info(sys.argv[1]).files()
for i in range(files.num_files()):
    print(i, files.file_offset(i), files.file_size(i), files.file_path(i))
