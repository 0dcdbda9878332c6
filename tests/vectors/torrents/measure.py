#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""measure.py DIR <table: ugat-parse on every file that hostile.py listed. Prints what is not as it should be:
exit status and words, under a second of the processor's time, under three times the file and 16 MiB of memory."""
import os
import sys

directory = sys.argv[1]
sanitized = bool(os.environ.get('UGAT_SAN'))
failed = False
for line in sys.stdin:
    name, code, words = line.rstrip('\n').split('\t')[:3]
    path = os.path.join(directory, name.replace('/', '_'))
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(path + '.words', os.O_WRONLY | os.O_CREAT, 0o600), 2)
        os.execvp('ugat-parse', ['ugat-parse', path])
    _, status, usage = os.wait4(pid, 0)
    with open(path + '.words', errors='replace') as f:
        said = f.read().replace(path, '')  # its name has words of its own
    seconds = usage.ru_utime + usage.ru_stime
    limit = 3 * os.path.getsize(path) // 1024 + 16 * 1024
    trouble = []
    if not os.WIFEXITED(status) or os.WEXITSTATUS(status) != int(code):
        trouble.append('status %#x instead of exit %s' % (status, code))
    if words not in said or (code == '0') != (said == ''):
        trouble.append('words: ' + said.strip())
    if not sanitized and seconds > 1:
        trouble.append('%.2f s' % seconds)
    if not sanitized and usage.ru_maxrss > limit:
        trouble.append('%d KiB, limit %d' % (usage.ru_maxrss, limit))
    if trouble:
        failed = True
        print('%s: %s' % (name, '; '.join(trouble)))
sys.exit(failed)
