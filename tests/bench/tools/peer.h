/* SPDX-License-Identifier: ISC */
/*
 * What the small peers of the benchmarks share. They speak BEP 3 and nothing else, trust
 * whom they talk to, and end the process when anything is odd.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <arpa/inet.h>
#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/text.h"

enum {
	BLOCK = 16384,
	HELLO = 68,
	HEAD = 13, /* of a block: length, id, piece, begin */
	ASK = 17   /* a request */
};
enum { UNCHOKE = 1, INTERESTED = 2, HAVE = 4, BITFIELD = 5, REQUEST = 6, PIECE = 7 };
enum { CANCEL = 8 };

static inline _Noreturn void
die(const char *what)
{
	perror(what);
	exit(1);
}

static inline uint64_t
number(const char *text)
{
	uint64_t n = 0;

	if (text_u64(bytes_str(text), UINT64_MAX, &n) != RC_OK) {
		fprintf(stderr, "%s: a number is expected\n", text);
		exit(2);
	}
	return n;
}

static inline void
put32(uint8_t *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, sizeof(v));
}

static inline uint32_t
get32(const uint8_t *from)
{
	uint32_t v;

	memcpy(&v, from, sizeof(v));
	return be32toh(v);
}

/* The handshake of peer number n; btih in hexadecimal. */
static inline void
put_hello(uint8_t to[static HELLO], const char *btih, unsigned n)
{
	char id[32];

	memset(to, 0, HELLO);
	(void)snprintf((char *)to, HELLO, "%cBitTorrent protocol", 19);
	for (size_t i = 0; i < 20; i++) {
		char two[3] = { btih[2 * i], btih[2 * i + 1], '\0' };

		to[28 + i] = (uint8_t)strtoul(two, NULL, 16);
	}
	(void)snprintf(id, sizeof(id), "-BE0001-%012u", n);
	memcpy(to + 48, id, 20);
}

static inline struct sockaddr_in
address(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(port)) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
		fprintf(stderr, "%s: an address is expected\n", host);
		exit(2);
	}
	return a;
}

static inline double
cpu(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

#endif
