#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Torrents that somebody made to do harm, or that are merely odd: hostile.py DIR writes them there, and
prints a line for each: file TAB exit status TAB words of the refusal, as ugat-parse and all behind it say them; then
TAB exit status TAB words of ugat-fetch alone, where it refuses what is a good torrent."""
import hashlib
import os
import sys

P = b'01234567890123456789'


class Raw(bytes):
    """Bencoded already."""


def ben(x):
    if isinstance(x, Raw):
        return bytes(x)
    if isinstance(x, int):
        return b'i%de' % x
    if isinstance(x, str):
        x = x.encode()
    if isinstance(x, bytes):
        return b'%d:' % len(x) + x
    if isinstance(x, list):
        return b'l' + b''.join(map(ben, x)) + b'e'
    return b'd' + b''.join(ben(k) + ben(x[k]) for k in sorted(x)) + b'e'


def info(**other):
    d = {'length': 5, 'name': 'n', 'piece length': 16384, 'pieces': P}
    d.update({k.replace('_', ' '): v for k, v in other.items()})
    return {k: v for k, v in d.items() if v is not None}


def torrent(i, **outer):
    return ben({'info': i, **{k.replace('_', ' '): v for k, v in outer.items()}})


def files(*entries):
    return torrent(info(length=None, files=list(entries)))


def file(*path, **other):
    return {'length': 1, 'path': list(path), **other}


def sha(x):
    return hashlib.sha256(x).digest()


def hybrid(size, change=lambda info, outer: None, piece_length=32768):
    """One file of zeros, as BEP 52 says."""
    zero = b'\0' * 32
    leaves = [sha(b'\0' * min(16384, size - at)) for at in range(0, size, 16384)]
    per = piece_length // 16384
    pieces = -(-size // piece_length)
    leaves += [zero] * (pieces * per - len(leaves))

    def root(row, nothing=zero):
        n = 1
        while n < len(row):
            n *= 2
        row = row + [nothing] * (n - len(row))
        while len(row) > 1:
            row = [sha(row[i] + row[i + 1]) for i in range(0, len(row), 2)]
        return row[0]

    layer = [root(leaves[i:i + per]) for i in range(0, len(leaves), per)]
    top = root(layer, root([zero] * per))
    i = {'file tree': {'n': {'': {'length': size, 'pieces root': top}}}, 'length': size, 'meta version': 2,
         'name': 'n', 'piece length': piece_length, 'pieces': P * pieces}
    outer = {'piece layers': {top: b''.join(layer)} if pieces > 1 else {}}
    change(i, outer)
    return ben({'info': i, **outer})


def cases():
    good = torrent(info())
    yield 'good', 0, '', good
    yield 'white space behind', 0, '', good + b' \r\n\t\n'
    yield 'garbage behind', 65, 'something follows', good + b'\0'
    yield 'two torrents', 65, 'something follows', good + good
    yield 'cut in half', 65, 'longer than the data', good[:len(good) // 2]
    yield 'last byte lost', 65, 'the data ends', good[:-1]
    yield 'empty', 65, 'empty', b''
    yield 'NUL bytes', 65, 'not a torrent', b'\0' * 1000
    yield 'magnet', 65, 'magnet links are not supported: get the .torrent instead', b'magnet:?xt=urn:btih:' + b'0' * 40
    yield 'html', 65, 'HTML', b'<!DOCTYPE html><html><body>Log in</body></html>'
    yield 'gzip', 65, 'gzip', b'\x1f\x8b\x08\0\0\0\0\0'
    yield 'byte order mark', 65, 'BOM', b'\xef\xbb\xbf' + good
    yield 'leading blank', 65, 'leading blank', b' ' + good
    yield 'leading line', 65, 'leading blank', b'\r\n' + good
    yield 'records', 65, 'records', b'ugat\t1\nend\n'
    for name, number in (('minus zero', b'i-0e'), ('leading zero', b'i05e'), ('plus', b'i+5e'),
                         ('blank', b'i 5e'), ('no digits', b'ie'), ('hex', b'i0x5e'), ('no end', b'i5'),
                         ('exponent', b'i5.0e')):
        yield 'integer ' + name, 65, 'integer', torrent(info(length=Raw(number)))
    yield 'length leading zero', 65, 'leading zero', torrent(info(name=Raw(b'01:n')))
    yield 'length negative', 65, 'not a value', torrent(info(name=Raw(b'-1:n')))
    yield 'length huge', 65, 'longer than the data', torrent(info(name=Raw(b'99999999999999999999999:n')))
    yield 'length past the end', 65, 'longer than the data', torrent(info(name=Raw(b'999999:n')))
    yield 'number key', 65, 'a key that is not a string', torrent(info(x=Raw(b'di1ei2ee')))
    yield 'key alone', 65, 'a key without a value', torrent(info(x=Raw(b'd1:ae')))
    yield 'big number unread', 0, '', torrent(info(x=10 ** 40), y=-10 ** 40)
    yield 'big number read', 65, '2^30', torrent(info(piece_length=10 ** 40))
    yield 'big length', 65, '2^60', torrent(info(length=10 ** 40))
    yield 'big date', 65, '64 bits', torrent(info(), creation_date=10 ** 40)
    yield 'depth 100', 0, '', torrent(info(x=Raw(b'l' * 98 + b'e' * 98)))
    yield 'depth 101', 65, 'nested deeper than 100', torrent(info(x=Raw(b'l' * 99 + b'e' * 99)))
    yield 'depth a million', 65, 'nested deeper than 100', b'd4:info' + b'l' * 1000000
    yield 'piece length 0', 65, '2^30', torrent(info(piece_length=0))
    yield 'piece length -1', 65, '2^30', torrent(info(piece_length=-1))
    yield 'piece length 2^30', 0, '', torrent(info(piece_length=2 ** 30))
    yield 'piece length 2^30+1', 65, '2^30', torrent(info(piece_length=2 ** 30 + 1))
    yield 'piece length 2^62', 65, '2^30', torrent(info(piece_length=2 ** 62))
    yield 'piece length odd', 0, '', torrent(info(piece_length=12345))
    yield 'pieces too few', 65, 'does not fit', torrent(info(length=16385))
    yield 'pieces too many', 65, 'does not fit', torrent(info(pieces=P * 2))
    yield 'pieces odd', 65, 'multiple of 20', torrent(info(pieces=P + b'x'))
    yield 'pieces a list', 65, 'not a string', torrent(info(pieces=[P]))
    yield 'length 0', 65, 'no data', torrent(info(length=0, pieces=b''))
    yield 'length -1', 65, 'negative', torrent(info(length=-1))
    yield 'length 2^60', 65, '2^60', torrent(info(length=2 ** 60))
    yield 'length 2^63-1', 65, '2^60', torrent(info(length=2 ** 63 - 1))
    yield 'sum 2^60', 65, '2^60', files(file('a', length=2 ** 59), file('b', length=2 ** 59))
    yield 'files empty', 65, 'empty', files()
    yield 'files of nothing', 65, 'no data', torrent(info(length=None, pieces=b'', files=[file('a', length=0)]))
    yield 'files and length', 65, 'both', torrent(info(files=[file('a')]))
    yield 'files and length missing', 65, 'neither', torrent(info(length=None))
    yield 'files a dictionary', 65, 'not a list', torrent(info(length=None, files={'a': 1}))
    yield 'files of strings', 65, 'not a dictionary', torrent(info(length=None, files=['a']))
    for name, bad in (('empty', ''), ('dot', '.'), ('dotdot', '..'), ('slash', '/'), ('slash in', 'a/b'),
                      ('absolute', '/etc'), ('traversal', '../../etc/passwd'), ('NUL', 'a\0b'), ('NUL only', '\0')):
        yield 'name ' + name, 65, 'name', torrent(info(name=bad))
        yield 'path ' + name, 65, 'name', files(file('a', bad, 'c'))
        yield 'symlink ' + name, 65, 'name', files(file('a'), file('b', attr='l', **{'symlink path': [bad, 'a']}))
        yield 'name.utf-8 ' + name, 65, 'name', torrent(info(**{'name.utf-8': bad}))
    yield 'name missing', 65, 'no `name`', torrent(info(name=None))
    yield 'name a number', 65, 'not a string', torrent(info(name=5))
    yield 'path missing', 65, 'without a `path`', files({'length': 1})
    yield 'path of no names', 65, 'without a name', files(file())
    yield 'path a string', 65, 'not a list', files({'length': 1, 'path': 'a'})
    yield 'path of numbers', 65, 'not a string', files(file(5))
    yield 'component 255', 0, '', files(file('x' * 255))
    yield 'component 256', 65, '255', files(file('x' * 256))
    yield 'path 4095', 0, '', files(file(*['x' * 255] * 15, 'x' * 253))
    yield 'path 4096', 65, '4,095', files(file(*['x' * 255] * 15, 'x' * 254))
    yield 'two alike', 65, 'same path', files(file('a', 'b'), file('c'), file('a', 'b'))
    yield 'file then directory', 65, 'also a directory', files(file('a'), file('b'), file('a', 'b'))
    yield 'directory then file', 65, 'also a directory', files(file('a', 'b', 'c'), file('b'), file('a', 'b'))
    yield 'pads alike', 0, '', files(file('p', attr='p'), file('a'), file('p', attr='p'))
    yield 'escapes', 0, '', torrent(info(name='\x1b]0;x\x07\x1b[31m\u202e\u200b\x9b'), comment='\x1b[2J\r\n')
    yield 'not UTF-8', 0, '', torrent(info(name=b'\xff\xfe\xc0\x80\xed\xa0\x80'))
    yield 'key twice', 65, 'a key twice', b'd4:infod6:lengthi5e6:lengthi5e4:name1:n12:piece lengthi16384e6:pieces20:' + P + b'ee'
    yield 'key twice deep', 65, 'a key twice', torrent(info(x=[{'y': Raw(b'd1:ai1e1:b0:1:ai1ee')}]))
    yield 'info twice', 65, 'a second `info`', b'd4:infodee4:infodee'.replace(b'de', ben(info()), 1).replace(b'ee4', b'e4')
    yield 'announce twice', 0, '', b'd8:announce4:u://8:announce4:v://4:info' + ben(info()) + b'e'
    yield 'info missing', 65, 'no `info`', ben({'announce': 'x'})
    yield 'info a list', 65, 'not a dictionary', torrent([info()])
    yield 'v2 hybrid', 0, '', hybrid(100000)
    yield 'v2 hybrid small', 0, '', hybrid(5)
    yield 'v2 hybrid of 5 pieces', 0, '', hybrid(5 * 65536 - 1, piece_length=65536)
    yield 'v2 version 3', 65, 'meta version', hybrid(5, lambda i, o: i.update({'meta version': 3}))
    yield 'v2 tree missing', 65, 'no `file tree`', hybrid(5, lambda i, o: i.pop('file tree'))
    yield 'v2 piece length', 65, 'power of two', hybrid(5, lambda i, o: i.update({'piece length': 16385}))
    yield 'v2 layer missing', 65, 'lacks', hybrid(100000, lambda i, o: o.pop('piece layers'))
    yield 'v2 layer unknown', 65, 'no file has', hybrid(100000, lambda i, o: o['piece layers'].update({b'x' * 32: b'y' * 32}))
    yield 'v2 layer wrong', 65, 'do not make', hybrid(100000, lambda i, o: o['piece layers'].update({k: v[32:] + v[:32] for k, v in o['piece layers'].items()}))
    yield 'v2 layer short', 65, 'does not fit', hybrid(100000, lambda i, o: o['piece layers'].update({k: v[32:] for k, v in o['piece layers'].items()}))
    yield 'v2 length differs', 65, 'another length', hybrid(5, lambda i, o: i.update({'length': 6}))
    yield 'v2 name differs', 65, 'another path', hybrid(5, lambda i, o: i.update({'name': 'm'}))
    yield 'v2 tree traversal', 65, 'name', torrent({'file tree': {'..': {'x': {'': {'length': 1, 'pieces root': b'x' * 32}}}},
                                                    'meta version': 2, 'name': 'n', 'piece length': 16384})
    yield from odd_syntax()
    yield from odd_values()
    yield from odd_names()
    yield from odd_links()
    yield from odd_trees()
    yield 'v2 tree slashes', 65, 'name', torrent({'file tree': {'../../etc/passwd': {'': {'length': 1, 'pieces root': b'x' * 32}}},
                                                  'meta version': 2, 'name': 'n', 'piece length': 16384})


# Where libtorrent 2.0.8 decides otherwise than the tables below, the line says what it does.

def odd_syntax():
    i = ben(info())
    yield 'info of keys out of order', 0, '', b'd4:infod4:name1:n6:lengthi5e12:piece lengthi16384e6:pieces20:' + P + b'ee'
    yield 'keys out of order', 0, '', b'd4:info' + i + b'8:announce5:udp:/e'
    yield 'empty key', 0, '', b'd0:i5e4:info' + i + b'e'
    yield 'info twice far apart', 65, 'a second `info`', b'd4:info' + i + b'1:z0:4:info' + i + b'e'  # the first
    yield 'info a string', 65, 'not a dictionary', ben({'info': i})
    yield 'info of nothing', 65, 'no `name`', torrent({})
    yield 'a list', 65, 'does not begin with a dictionary', ben([{'info': info()}])
    yield 'dictionary of nothing', 65, 'no `info`', b'de'
    yield 'one letter', 65, 'the data ends', b'd'
    yield 'one end too many', 65, 'something follows', b'd4:info' + i + b'ee'  # taken
    yield 'key with a leading zero', 65, 'leading zero', b'd04:info' + i + b'e'  # taken
    yield 'minus zero outside', 65, 'minus zero', torrent(info(), x=Raw(b'i-0e'))  # taken
    yield 'minus alone', 65, 'malformed integer', torrent(info(), x=Raw(b'i-e'))
    for n in (2 ** 32 + 1, 2 ** 64, 2 ** 64 + 1):
        yield 'length wraps %d' % n, 65, 'longer than the data', torrent(info(), x=Raw(b'%d:a' % n))
    yield 'as text', 65, 'does not begin with a dictionary', ben({'info': i}).decode('latin1').encode('utf-16')
    yield 'line ends changed', 65, 'a key that is not a string', torrent(info(pieces=b'\n' * 20)).replace(b'\n', b'\r\n')
    yield 'depth of dictionaries', 65, 'nested deeper than 100', b'd1:a' + b'd1:a' * 100000 + b'de' + b'e' * 100000 + b'4:info' + i + b'e'


def odd_values():
    yield 'date 2^63-1', 0, '', torrent(info(), creation_date=2 ** 63 - 1)
    yield 'date -2^63', 0, '', torrent(info(), creation_date=-2 ** 63)
    yield 'date 2^63', 65, '64 bits', torrent(info(), creation_date=2 ** 63)  # taken
    yield 'date a list', 0, '', torrent(info(), creation_date=[1])
    yield 'piece length 1', 0, '', torrent(info(piece_length=1, pieces=P * 5))
    yield 'piece length 3', 0, '', torrent(info(piece_length=3, pieces=P * 2))
    yield 'piece length 2^32+16384', 65, '2^30', torrent(info(piece_length=2 ** 32 + 16384))
    yield 'piece length a string', 65, '2^30', torrent(info(piece_length='16384'))
    yield 'pieces missing', 65, 'no `pieces`', torrent(info(pieces=None, root_hash=P))
    yield 'lengths wrap', 65, '2^60', files(file('a', length=2 ** 63 - 1), file('b', length=2 ** 63 - 1), file('c', length=3))
    yield 'length 2^63', 65, '2^60', files(file('a', length=2 ** 63), file('b'))  # 0 instead
    yield 'pad of 2^60', 65, '2^60', files(file('a'), file('p', attr='p', length=2 ** 60 - 1))
    yield 'pad negative', 65, 'negative', files(file('a'), file('p', attr='p', length=-1))
    yield 'pad of an odd length', 0, '', files(file('a'), file('p', attr='p', length=3), file('b'))
    yield 'length twice in a file', 65, 'a key twice', files(Raw(b'd6:lengthi1e6:lengthi2e4:pathl1:aee'))  # the first
    for name, value in (('2', 2), ('a string', '1'), ('a list', [1])):
        yield 'private ' + name, 0, '', torrent(info(private=value))
    yield 'private 10^30', 65, '64 bits', torrent(info(private=10 ** 30))
    yield 'attr of anything', 0, '', files(file('a', attr='zq\x1bxx'), file('b', attr=5))


def odd_names():
    own = 'its own notes'
    yield 'name .ugat', 0, '', torrent(info(name='.ugat')), 65, own
    yield 'path .ugat', 0, '', torrent(info(length=None, name='.ugat', files=[file(P.decode() * 2 + '.have', length=5)])), 65, own
    for name in ('-', '--help', '#', '\\e', '\\0057', '..\\..\\x', '~', '...', ' ', '%s%n', 'a\r', 'a\nfile\t9\t0\t1\tb', 'gpj.\u202eexe'):
        yield 'name ' + ascii(name), 0, '', torrent(info(name=name))
    yield 'name with an overlong slash', 0, '', torrent(info(name=b'..\xc0\xafetc'))
    yield 'path.utf-8 alone', 0, '', files({'length': 1, 'path.utf-8': ['a']})
    yield 'path.utf-8 a string', 0, '', files({'length': 1, 'path': ['a'], 'path.utf-8': 'b'})
    yield 'path.utf-8 traversal', 65, 'name', files({'length': 1, 'path': ['a'], 'path.utf-8': ['..', 'b']})  # b
    yield 'path.utf-8 alike', 65, 'same path', files({'length': 1, 'path': ['a'], 'path.utf-8': ['c']},  # c and c.1
                                                     {'length': 1, 'path': ['b'], 'path.utf-8': ['c']})
    yield 'path of lists', 65, 'not a string', files({'length': 1, 'path': [['a']]})
    yield 'pad traversal', 65, 'name', files(file('a'), file('..', 'x', attr='p'))  # x
    yield 'symlink to nothing', 65, 'without its `symlink path`', files(file('a'), file('b', attr='l'))  # taken
    yield 'symlink to itself', 0, '', files(file('a'), file('b', attr='l', **{'symlink path': ['b']}))
    yield 'symlink as a directory', 65, 'also a directory', files(file('l', attr='l', **{'symlink path': ['a']}), file('l', 'x'))  # l.1


def odd_links():
    yield 'announce control', 0, '', torrent(info(), announce='http://a/\x1b[2J\npeer\t1.2.3.4\t5')
    yield 'announce a file', 0, '', torrent(info(), announce='file:///etc/passwd')
    for name, odd in (('a dictionary', {'a': 'u'}), ('deep', [[[['udp://a/']]]]), ('numbers', [[1, 2], 3]), ('empty', [[], [''], []])):
        yield 'announce-list ' + name, 0, '', torrent(info(), **{'announce-list': odd}, announce='udp://127.0.0.1:9/')
        yield 'url-list ' + name, 0, '', torrent(info(), **{'url-list': odd}, httpseeds=odd, nodes=odd)
    yield 'nodes', 0, '', torrent(info(), nodes=[['h', 65536], ['h', 0], ['h\x1b\n', 1], ['h', 1, 2], [1, 'h'], {'h': 1}, 'h'])


def odd_trees():
    def leaf(length=1, root=b'x' * 32, **other):
        return {'': {'length': length, 'pieces root': root, **other}}

    def v2(tree, **other):
        return torrent({'file tree': tree, 'meta version': 2, 'name': 'n', 'piece length': 16384, **other})

    def both(*files):
        tree = {'a': leaf(5), 'b': leaf(5)}
        return v2(tree, files=list(files), pieces=P * -(-sum(f['length'] for f in files) // 16384))

    a, b, pad = file('a', length=5), file('b', length=5), file('p', attr='p', length=16379)
    yield 'v2 two files', 0, '', both(a, pad, b)
    yield 'v2 no pad', 65, 'does not begin at a piece', both(a, b)
    yield 'v2 pad too short', 65, 'differ', both(a, file('p', attr='p', length=16378), b, file('q', attr='p', length=2))
    yield 'v2 other order', 65, 'another path', both(b, pad, a)
    yield 'v2 one file more', 65, '`file tree` has fewer', both(a, pad, b, pad, file('c'))
    for name, root in (('short', b'x' * 31), ('long', b'x' * 33), ('a number', 5)):
        yield 'v2 root ' + name, 65, 'not 32 bytes', v2({'a': leaf(root=root)})
    yield 'v2 root zero', 65, 'without its `pieces root`', v2({'a': leaf(root=b'\0' * 32)})
    yield 'v2 length 2^63-1', 65, '2^60', v2({'a': leaf(2 ** 63 - 1)})
    yield 'v2 sum 2^60', 65, '2^60', v2({'a': leaf(2 ** 59), 'b': leaf(2 ** 59)})
    yield 'v2 tree empty', 65, 'is empty', v2({})
    yield 'v2 tree a list', 65, 'not a dictionary', v2(['a'])
    yield 'v2 leaf without a name', 65, 'without a name', v2(leaf())
    yield 'v2 file and directory', 65, 'also a directory', v2({'a': {**leaf(), 'b': leaf()}})
    yield 'v2 keys out of order', 65, 'order of its keys', v2(Raw(b'd1:b' + ben(leaf()) + b'1:a' + ben(leaf()) + b'e'))
    yield 'v2 key twice', 65, 'a key twice', v2(Raw(b'd1:a' + ben(leaf()) + b'1:a' + ben(leaf()) + b'e'))
    yield 'v2 depth 10^5', 65, 'nested deeper than 100', v2(Raw(b'd' + b'1:dd' * 100000 + b'e' * 100001))
    yield 'v2 path NUL', 65, 'name', v2({'a\0': leaf()})  # a
    yield 'v2 name dotdot', 65, 'name', v2({'a': leaf()}, name='..')  # taken
    yield 'v2 pad in the tree', 65, 'a pad file', v2({'a': leaf(), 'p': leaf(attr='p')})
    yield 'v2 symlink outside', 65, 'name', v2({'a': leaf(), 'l': {'': {'attr': 'l', 'length': 0, 'symlink path': ['..', 'x']}}})  # taken
    yield 'v2 version missing', 65, 'without a `meta version`', torrent({'file tree': {'a': leaf()}, 'name': 'n', 'piece length': 16384})
    yield 'v2 version a string', 65, 'meta version', v2({'a': leaf()}, **{'meta version': '2'})
    yield 'v2 piece length 8192', 65, 'power of two', v2({'a': leaf()}, **{'piece length': 8192})
    big = {'file tree': {'a': leaf(40000)}, 'meta version': 2, 'name': 'n', 'piece length': 16384}
    for name, layers, words in (('a list', [], 'not a dictionary'), ('too long', {b'x' * 32: b'y' * 128}, 'does not fit'),
                                ('a number', {b'x' * 32: 5}, '32-byte hashes'), ('short key', {b'q': b'y' * 96}, '32 bytes')):
        yield 'v2 layers ' + name, 65, words, ben({'info': big, 'piece layers': layers})  # a list: taken


def large():
    """What would be slow or large if any step were quadratic or kept a tree."""
    keys = [b'%07d' % (i * 7919 % 1000000) for i in range(1000000)]
    mess = b''.join(b'7:%bi0e' % k for k in keys)
    yield 'million keys out of order', 0, '', torrent(info(x=Raw(b'd' + mess + b'e')))
    yield 'million keys and one twice', 65, 'a key twice', torrent(info(x=Raw(b'd' + mess + b'7:0000000i0ee')))
    yield 'two million pairs', 65, '4 million', torrent(info(x=Raw(b'd' + b''.join(b'4:%bi0e' % (b'%04x' % (i % 65536)) for i in range(2100000)) + b'e')))
    yield 'empty dictionaries', 0, '', torrent(info(x=Raw(b'l' + b'de' * 4000000 + b'e')))
    yield 'too many values', 65, '4 million', torrent(info(x=Raw(b'l' + b'0:' * 4200000 + b'e')))
    yield 'small files', 0, '', torrent(info(length=None, pieces=P * 41, files=Raw(b'l' + b''.join(
        b'd6:lengthi1e4:pathl4:%04xee' % i for i in range(65536)) + b''.join(
        b'd6:lengthi1e4:pathl5:%05xee' % i for i in range(600000)) + b'e')))
    yield 'deep paths', 0, '', torrent(info(length=None, pieces=P, files=Raw(b'l' + b''.join(
        b'd6:lengthi1e4:pathl' + b'1:a' * 1000 + b'1:%c6:%06xee' % (97 + i % 3, i) for i in range(3000)) + b'e')))
    yield 'directories of all names', 0, '', torrent(info(length=None, pieces=P * 25, files=Raw(b'l' + b''.join(
        b'd6:lengthi1e4:pathl6:%06x1:a1:b1:cee' % i for i in range(400000)) + b'e')))
    yield 'trackers', 0, '', torrent(info(), announce_list=[['udp://%d.example/' % i] for i in range(500000)])
    yield 'one tracker often', 0, '', torrent(info(), announce_list=[['udp://a.example/']] * 1000000)
    yield 'long name', 65, '255', torrent(info(length=None, files=[file('x' * 60000000)]))
    yield 'digits', 0, '', torrent(info(x=Raw(b'i' + b'7' * 60000000 + b'e')))
    yield 'pieces 60 MB', 0, '', torrent(info(length=3000000 * 16384, pieces=P * 3000000))
    yield 'over 64 MiB', 65, '64 MiB', torrent(info(x=b'x' * (64 << 20)))
    tree = b''.join(b'6:%06xd0:d6:lengthi0eee' % i for i in range(600000)) + b'7:~~~~~~~d0:d6:lengthi1e11:pieces root32:' + b'x' * 32 + b'ee'
    yield 'v2 tree of small files', 0, '', torrent({'file tree': Raw(b'd' + tree + b'e'), 'meta version': 2, 'name': 'n', 'piece length': 16384})
    chain = b'd' + b''.join(b'5:%05xd' % i + b'1:ad' * 90 + b'0:d6:lengthi1e11:pieces root32:' + b'x' * 32 + b'e' + b'e' * 91 for i in range(20000)) + b'e'
    yield 'v2 deep directories', 0, '', torrent({'file tree': Raw(chain), 'meta version': 2, 'name': 'n', 'piece length': 16384})
    yield 'v2 layers 60 MB', 0, '', hybrid_of_zeros(900000)


def hybrid_of_zeros(pieces):
    """A hybrid of one file whose every piece hashes alike, so that the tree is quick to make."""
    leaf, nothing = sha(b'\0' * 16384), b'\0' * 32
    layer = leaf * pieces
    # Root of n equal leaves filled up with nothing: level by level, what is whole, what is mixed, what is nothing.
    full, mixed, n = leaf, None, pieces
    size = 1
    while size < pieces:
        half = n % 2
        if mixed is None:
            mixed = sha(full + nothing) if half else None
        else:
            mixed = sha(full + mixed) if half else sha(mixed + nothing)
        full, nothing, n, size = sha(full + full), sha(nothing + nothing), n // 2, size * 2
    top = full if mixed is None else mixed
    i = {'file tree': {'n': {'': {'length': pieces * 16384, 'pieces root': top}}}, 'length': pieces * 16384,
         'meta version': 2, 'name': 'n', 'piece length': 16384, 'pieces': P * pieces}
    return ben({'info': i, 'piece layers': {top: layer}})


if __name__ == '__main__':
    which = large if sys.argv[2:] == ['large'] else cases
    for name, code, words, data, *fetch in which():
        with open(os.path.join(sys.argv[1], name.replace('/', '_')), 'xb') as f:
            f.write(data)
        print(name, code, words, *fetch, sep='\t', flush=True)
