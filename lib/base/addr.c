/* SPDX-License-Identifier: ISC */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct addr
addr_v4(const uint8_t ip[static 4], uint16_t port)
{
	struct addr a = { .port = port };

	memcpy(a.ip, mapped, sizeof(mapped));
	memcpy(a.ip + sizeof(mapped), ip, 4);
	return a;
}

bool
addr_is_v4(const struct addr *a)
{
	return memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

bool
addr_same_ip(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool
addr_same_source(const struct addr *a, const struct addr *b)
{
	enum { NETWORK = 8 }; /* bytes of a /64 */

	if (addr_is_v4(a) || addr_is_v4(b))
		return addr_same_ip(a, b);
	return memcmp(a->ip, b->ip, NETWORK) == 0;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_same_ip(a, b);
}

bool
addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return addr_is_v4(a) ? a->ip[12] == 127 : memcmp(a->ip, one, sizeof(one)) == 0;
}

static enum addr_scope
v4_scope(const uint8_t ip[static 4])
{
	if (ip[0] == 127 || ip[0] == 0)
		return ADDR_LOOPBACK;
	if (ip[0] == 169 && ip[1] == 254)
		return ADDR_LINK;
	if (ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	    (ip[0] == 192 && ip[1] == 168) || (ip[0] == 100 && (ip[1] & 0xc0) == 64))
		return ADDR_PRIVATE;
	return ADDR_PUBLIC;
}

enum addr_scope
addr_scope(const struct addr *a)
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b }, none[16];

	if (addr_is_v4(a) || memcmp(a->ip, nat64, sizeof(nat64)) == 0)
		return v4_scope(a->ip + 12);
	if (addr_is_loopback(a) || memcmp(a->ip, none, sizeof(none)) == 0)
		return ADDR_LOOPBACK;
	if (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80)
		return ADDR_LINK;
	return (a->ip[0] & 0xfe) == 0xfc ? ADDR_PRIVATE : ADDR_PUBLIC;
}

bool
addr_is_dialable(const struct addr *a)
{
	static const uint8_t any[16];

	if (a->port == 0)
		return false;
	if (addr_is_v4(a))
		return a->ip[12] != 0 && a->ip[12] < 224;
	return a->ip[0] != 0xff && memcmp(a->ip, any, sizeof(any)) != 0;
}

enum rc
addr_parse(struct bytes text, struct addr *out)
{
	char s[INET6_ADDRSTRLEN];
	uint8_t v4[4];

	if (text.n == 0 || text.n >= sizeof(s) || memchr(text.p, '\0', text.n) != NULL)
		return RC_BAD;
	memcpy(s, text.p, text.n);
	s[text.n] = '\0';
	if (inet_pton(AF_INET, s, v4) == 1) {
		*out = addr_v4(v4, 0);
		return RC_OK;
	}
	*out = (struct addr){ .port = 0 };
	return inet_pton(AF_INET6, s, out->ip) == 1 ? RC_OK : RC_BAD;
}

void
addr_text(const struct addr *a, char out[static ADDR_TEXT])
{
	const char *done = addr_is_v4(a)
	    ? inet_ntop(AF_INET, a->ip + sizeof(mapped), out, ADDR_TEXT)
	    : inet_ntop(AF_INET6, a->ip, out, ADDR_TEXT);

	if (done == NULL)
		out[0] = '\0';
}

void
addr_text_port(const struct addr *a, char out[static ADDR_TEXT])
{
	char ip[ADDR_TEXT];

	addr_text(a, ip);
	(void)snprintf(out, ADDR_TEXT, addr_is_v4(a) ? "%.46s:%u" : "[%.46s]:%u", ip,
	    (unsigned)a->port);
}
