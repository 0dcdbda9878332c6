/* SPDX-License-Identifier: ISC */
/*
 * The URLs of trackers (RFC 3986): scheme, host, port, and the rest as one stretch of
 * bytes. Nothing is decoded or normalised; other schemes than udp, http and https are
 * only recognised as such.
 */
#ifndef CODEC_URI_H
#define CODEC_URI_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum uri_scheme { URI_UDP, URI_HTTP, URI_HTTPS };

enum { URI_HOST_SIZE = 256 }; /* a host name's bytes (RFC 1035) and its NUL */

struct uri {
	enum uri_scheme scheme;
	char host[URI_HOST_SIZE]; /* a name, or an address without brackets */
	uint16_t port; /* 80 or 443 when none is given; 0 for udp, which has no default */
	struct bytes user; /* what stands before '@', often empty; points into the text */
	struct bytes target; /* path and query, "" or "/announce?k=v", without a fragment;
	                        points into the text */
};

/*
 * Take a URL apart. RC_NONE: another scheme. RC_BAD: no URL, an empty, overlong or odd
 * host, port 0 or over 65535, or a byte that no URL has (blanks, controls, beyond ASCII).
 */
enum rc uri_get(struct bytes text, struct uri *out) MUST_USE;

/*
 * A URL as it may be shown to people: what looks like a passkey (the user, the values of
 * the query, long components of the path) becomes "***". Works on any text and is
 * printable. Always ends with a NUL; cut when out (of size bytes, at least 1) is too
 * small. Returns the bytes written without the NUL.
 */
size_t uri_masked(struct bytes text, char *out, size_t size);

#endif
