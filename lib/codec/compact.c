/* SPDX-License-Identifier: ISC */
#include "codec/compact.h"

bool
compact_take(struct bytes *in, enum compact_size size, struct addr *out)
{
	struct cur c = cur_over(*in);
	const uint8_t *ip = cur_take(&c, (size_t)size - 2);
	uint16_t port = (uint16_t)cur_be(&c, 2);

	if (c.bad)
		return false;
	if (size == COMPACT_V4)
		*out = addr_v4(ip, port);
	else {
		memcpy(out->ip, ip, sizeof(out->ip));
		out->port = port;
	}
	*in = bytes_of(c.p, c.n);
	return true;
}

uint8_t *
compact_put(uint8_t *at, const struct addr *a)
{
	size_t skip = addr_is_v4(a) ? 12 : 0;

	memcpy(at, a->ip + skip, sizeof(a->ip) - skip);
	return put_be(at + sizeof(a->ip) - skip, 2, a->port);
}
