#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Kill one download again and again.

    kills.py RECORDS LAST DIR SOURCE PIECE TIMES

Runs `ugat-fetch -w -d DIR <RECORDS`, kills it with SIGKILL after a random time, TIMES times; then it may end, with
LAST for its input. One run in twelve lives long enough to save its journal. SOURCE is the one file of the torrent
as it should be, its name the file's, PIECE the size of a piece. Held against each other, by reading the file before
a run begins and after it was killed:

    before    pieces that lie right on the disk when the run begins
    found     what its first record `loading` says that it has

Fails when a run found less than was right on the disk (it would fetch that again), or more (it would never
fetch it), when the pieces that are right become fewer, or when the last run does not exit with 0.
Says how many kills came after loading had begun, and what the last run loaded.
"""
import os
import random
import signal
import subprocess
import sys
import time


def right_pieces(path, source, size):
    """The numbers of the pieces that lie right on the disk."""
    if not os.path.exists(path):
        return set()
    with open(path, "rb") as f:
        have = f.read()
    return {i for i in range((len(source) + size - 1) // size)
            if have[i * size:(i + 1) * size] == source[i * size:(i + 1) * size]}


def run(records, folder, seconds):
    """One run, killed after so long; its exit code and its status records."""
    with open(records, "rb") as text:
        child = subprocess.Popen(["ugat-fetch", "-w", "-d", folder], stdin=text, stdout=subprocess.PIPE)
    end = time.monotonic() + seconds
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    if child.poll() is None:
        child.send_signal(signal.SIGKILL)
    out = child.stdout.read().decode()
    fields = [line.split("\t") for line in out.splitlines() if line.startswith("status\t") and line.count("\t") > 10]
    return child.wait(60), fields


def begins(records, folder):
    """How long it takes until it loads, in seconds."""
    start = time.monotonic()
    with open(records, "rb") as text, subprocess.Popen(["ugat-fetch", "-w", "-d", folder], stdin=text,
                                                       stdout=subprocess.PIPE) as child:
        for line in child.stdout:
            if line.startswith(b"status\tloading\t"):
                break
        child.kill()
    return time.monotonic() - start


def main():
    records, last, folder, path = sys.argv[1:5]
    size, times = int(sys.argv[5]), int(sys.argv[6])
    with open(path, "rb") as f:
        source = f.read()
    target = os.path.join(folder, os.path.basename(path))
    random.seed(os.environ.get("UGAT_SEED", "100"))
    checked, unseen = 0, 0
    # On a busy machine all of it takes longer.
    times_slower = min(max(begins(records, folder) / 0.15, 1), 4)
    before = right_pieces(target, source, size)
    for i in range(times):
        lives = random.uniform(*((2, 2.6) if i % 12 == 11 else (0.005, 0.4)))
        code, fields = run(records, folder, lives * times_slower)
        after = right_pieces(target, source, size)
        loading = [f for f in fields if f[1] == "loading"]
        if loading:
            checked += 1
            found = int(loading[0][7])
            if found != len(before) * size:
                sys.exit(f"kill {i}: {len(before)} pieces lay right on the disk, {found / size} were found")
        else:
            unseen += 1
        if not before <= after:
            sys.exit(f"kill {i}: pieces were lost: {sorted(before - after)}")
        if code == 0:
            sys.exit(f"kill {i}: it was over before it could be killed: the seed is too fast")
        if code != -signal.SIGKILL:
            sys.exit(f"kill {i}: exit code {code}")
        before = after
    print(f"{times} kills: {checked} after loading had begun, {unseen} before; {len(before)} pieces at the end")
    code, fields = run(last, folder, 60)
    if code != 0:
        sys.exit(f"the last run: exit code {code}")
    loaded = int(fields[-1][8])
    print(f"the last run loaded {loaded} bytes of {(len(source) // size - len(before)) * size}")
    if loaded > (len(source) // size - len(before)) * size * 1.005 + size:
        sys.exit("the last run loaded what was there")
    if checked < times // 3 or len(before) < 50:
        sys.exit("the kills came too early to tell anything")


main()
