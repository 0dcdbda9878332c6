#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Test data and torrents for the flow tests.

    torrent.py data SEED SIZE                  SIZE bytes that follow from SEED, on stdout
    torrent.py make OUT URL|- PIECE PATH       a v1 torrent of PATH by libtorrent; prints its btih
    torrent.py btih TORRENT                    prints its btih
    torrent.py bare TORRENT OUT                the same without trackers
    torrent.py cut TORRENT FROM TO K/N|A-B     copy below TO only the pieces i with i % N == K,
                                               or A to B; the others are holes. FROM and TO are
                                               the directories that the torrent's name stands in.

The files of a directory come into the torrent in byte order, the empty ones too.
"""
import os
import random
import sys


def data(seed, size):
    source = random.Random(seed)
    left = int(size)
    while left > 0:
        n = min(left, 1 << 22)
        sys.stdout.buffer.write(source.randbytes(n))
        left -= n


def files_of(path):
    """The torrent's files as (path below path's directory, size)."""
    path = os.fsencode(path.rstrip("/"))
    top = os.path.dirname(path)
    if os.path.isfile(path):
        return [(os.path.basename(path), os.path.getsize(path))]
    found = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in names:
            whole = os.path.join(folder, name)
            found.append((os.path.relpath(whole, top or b"."), os.path.getsize(whole)))
    return sorted(found)


def make(out, url, piece, path):
    import libtorrent as lt
    storage = lt.file_storage()
    for name, size in files_of(path):
        storage.add_file(os.fsdecode(name), size)
    torrent = lt.create_torrent(storage, int(piece), lt.create_torrent.v1_only)
    for i, one in enumerate(url.split(",")):
        if one != "-":
            torrent.add_tracker(one, i)
    lt.set_piece_hashes(torrent, os.path.dirname(os.path.abspath(path)))
    with open(out, "wb") as f:
        f.write(lt.bencode(torrent.generate()))
    btih(out)


def btih(torrent):
    import libtorrent as lt
    print(lt.torrent_info(torrent).info_hashes().v1)


def bare(torrent, out):
    import libtorrent as lt
    with open(torrent, "rb") as f:
        whole = lt.bdecode(f.read())
    for key in (b"announce", b"announce-list"):
        whole.pop(key, None)
    with open(out, "wb") as f:
        f.write(lt.bencode(whole))


def layout(torrent):
    """Piece length, number of pieces, and (path, size) of each file, from the raw keys."""
    import libtorrent as lt
    with open(torrent, "rb") as f:
        info = lt.bdecode(f.read())[b"info"]
    name = info[b"name"]
    files = [(name, info[b"length"])] if b"length" in info else [
        (b"/".join([name] + f[b"path"]), f[b"length"]) for f in info[b"files"]]
    return info[b"piece length"], len(info[b"pieces"]) // 20, files


def holder(which):
    if "/" in which:
        k, n = map(int, which.split("/"))
        return lambda i: i % n == k
    first, last = map(int, which.split("-"))
    return lambda i: first <= i <= last


def copy_spans(source, target, spans):
    for start, end in spans:
        source.seek(start)
        target.seek(start)
        target.write(source.read(end - start))


def cut(torrent, source, target, which):
    length, pieces, files = layout(torrent)
    held = [i for i in range(pieces) if holder(which)(i)]
    begin = 0
    for path, size in files:
        there = os.path.join(os.fsencode(target), path)
        os.makedirs(os.path.dirname(there), exist_ok=True)
        spans = [(max(i * length, begin) - begin, min((i + 1) * length, begin + size) - begin)
                 for i in held]
        with open(os.path.join(os.fsencode(source), path), "rb") as a, open(there, "wb") as b:
            copy_spans(a, b, [(s, e) for s, e in spans if s < e])
            b.truncate(size)
        begin += size


if __name__ == "__main__":
    commands = {"data": data, "make": make, "btih": btih, "bare": bare, "cut": cut}
    commands[sys.argv[1]](*sys.argv[2:])
