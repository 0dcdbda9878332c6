/* SPDX-License-Identifier: ISC */
/*
 * An IP address and a port, as peers and trackers give them. IPv4 lives in its mapped
 * form (RFC 4291, 2.5.5.2).
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum { ADDR_TEXT = 56 }; /* room for "[address]:port" and its NUL */

struct addr {
	uint8_t ip[16]; /* network order; ::ffff:a.b.c.d for IPv4 */
	uint16_t port;  /* host order */
};

/* From 4 network-order bytes. */
struct addr addr_v4(const uint8_t ip[static 4], uint16_t port);

/* Whether it is an IPv4 address. */
bool addr_is_v4(const struct addr *a);

/* Same address, whatever the port. */
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_eq(const struct addr *a, const struct addr *b);

/* Whether one customer may have both: the same IPv4 address, or the same IPv6 /64. */
bool addr_same_source(const struct addr *a, const struct addr *b);

/* 127/8 or ::1. */
bool addr_is_loopback(const struct addr *a);

/* How far an address reaches, the narrowest first. */
enum addr_scope {
	ADDR_LOOPBACK, /* this machine: 127/8, 0/8, ::1, :: */
	ADDR_LINK,     /* 169.254/16, fe80::/10 */
	ADDR_PRIVATE,  /* 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7 */
	ADDR_PUBLIC,   /* everything else */
};

/* An IPv4 address in NAT64's prefix (64:ff9b::/96) counts as itself. */
enum addr_scope addr_scope(const struct addr *a);

/*
 * Whether a peer can be there at all: not 0/8, 224/4 and above, ::, ff00::/8, nor port 0.
 */
bool addr_is_dialable(const struct addr *a);

/*
 * Read a dotted quad or IPv6 text (no brackets, no scope); the port stays 0. RC_BAD:
 * anything else, a host name too.
 */
enum rc addr_parse(struct bytes text, struct addr *out) MUST_USE;

/* The address alone: "127.0.0.1", "2001:db8::1". */
void addr_text(const struct addr *a, char out[static ADDR_TEXT]);

/* Address and port: "127.0.0.1:6881", "[2001:db8::1]:6881". */
void addr_text_port(const struct addr *a, char out[static ADDR_TEXT]);

#endif
