/* SPDX-License-Identifier: ISC */
/*
 * TCP and UDP sockets, IPv4 and IPv6. Every socket made here does not block and is closed
 * at exec. Addresses are struct addr, so IPv4 comes and goes in its mapped form; on the
 * wire it is plain IPv4. Names are io/resolve's, bytes on a TCP stream their reader's.
 */
#ifndef IO_NET_H
#define IO_NET_H

#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/rc.h"

/* Where our own end of a socket is bound (-i): an address, an interface, or neither. */
struct net_local {
	bool set;              /* one of the two below counts */
	struct addr ip;        /* the address, when device is empty; its port is 0 */
	char device[IFNAMSIZ]; /* the interface's name, or empty */
	unsigned index; /* and its number: one made later by that name is another */
};

enum { NET_LOCAL_WORDS = 160 };

/*
 * Read -i: an address (no brackets, no port), else the name of an interface. RC_BAD:
 * neither an address nor a name that an interface can have. RC_NONE: no such interface.
 * *out is set on RC_OK only.
 */
enum rc net_local_parse(const char *text, struct net_local *out) MUST_USE;

/* Whether an address (its port aside) is one of this machine's, as far as it tells. */
bool net_is_ours(const struct addr *ip);

/*
 * Whether the address or the interface of -i is still there to be used, so that who is
 * bound to it can end instead of waiting for ever. RC_OK: it is, or l is not set, or the
 * system does not say. RC_NONE: it is gone, or its interface is down: out then names it
 * and the remedy.
 */
enum rc net_local_check(
    const struct net_local *l, char out[static NET_LOCAL_WORDS]) MUST_USE;

/*
 * The address that datagrams of a library should come from, which binds its sockets to
 * addresses only: l's, or the first one of its interface, IPv4 before IPv6 and neither of
 * the link alone. RC_NONE: there is none; RC_SYS: errno.
 */
enum rc net_local_source(const struct net_local *l, struct addr *out) MUST_USE;

/*
 * Begin a TCP connection to to (its port counts), from from (NULL or not set: wherever
 * the system likes). RC_OK: *fd is the caller's and becomes writable when it is decided;
 * then ask net_connect_result. RC_SYS: errno, with EADDRNOTAVAIL when from is of the
 * other family; *fd is -1. TCP_NODELAY is set.
 */
enum rc net_tcp_connect(
    const struct addr *to, const struct net_local *from, int *fd) MUST_USE;

/*
 * How a connection that net_tcp_connect began went: RC_OK, or RC_SYS with errno. To be
 * asked once, when fd is writable.
 */
enum rc net_connect_result(int fd) MUST_USE;

/*
 * Listen on one port for both families: fds[0] for IPv4, fds[1] for IPv6 alone, -1 where
 * the machine does not have the family or at is an address of the other one. port 0: any
 * that is free for all. On RC_OK *bound is the port and at least one descriptor is the
 * caller's. RC_BUSY: the port is taken (in either family). RC_SYS: errno. After a failure
 * both are -1.
 */
enum rc net_tcp_listen(uint16_t port, const struct net_local *at, int fds[static 2],
    uint16_t *bound) MUST_USE;

/*
 * The next connection that waits on fd. RC_OK: *conn is the caller's (TCP_NODELAY set)
 * and *from, when not NULL, its other end. RC_MORE: none is waiting. RC_SYS: errno, such
 * as EMFILE. *conn is -1 unless RC_OK.
 */
enum rc net_accept(int fd, int *conn, struct addr *from) MUST_USE;

/* Our own end of a connected or bound socket. RC_SYS: errno. */
enum rc net_own_end(int fd, struct addr *out) MUST_USE;

/*
 * A UDP socket connected to to, so that the kernel drops datagrams from anywhere else and
 * reports ICMP errors. Arguments and results as net_tcp_connect.
 */
enum rc net_udp_connect(
    const struct addr *to, const struct net_local *from, int *fd) MUST_USE;

/*
 * Send one datagram. RC_MORE: no room now, it was not sent (as if the network had lost
 * it). RC_SYS: errno; ECONNREFUSED and its like speak of an earlier datagram, this one
 * was not sent.
 */
enum rc net_udp_send(int fd, struct bytes datagram) MUST_USE;

/*
 * Receive one datagram into p; *n is its size (0 is possible), bytes past cap are lost.
 * RC_MORE: none is waiting. RC_SYS: errno, an ICMP error to what was sent (ECONNREFUSED:
 * nobody listens there).
 */
enum rc net_udp_recv(int fd, uint8_t *p, size_t cap, size_t *n) MUST_USE;

/*
 * The addresses of our own interfaces, port 0, at most cap of them. RC_SYS: errno, *n is
 * 0.
 */
enum rc net_local_addrs(struct addr *out, size_t cap, size_t *n) MUST_USE;

enum { NET_FILES_LEAST = 32 };

/*
 * How many connections of the want that are asked for fit among the descriptors that this
 * process may open, with enough left for files and the rest. 0: NET_FILES_LEAST may not
 * be open; else at least 1. Raises the soft limit as far as that helps.
 */
unsigned net_room(unsigned want);

/* Close *fd unless it is -1, and make it -1. errno stays as it was. */
void net_close(int *fd);

#endif
