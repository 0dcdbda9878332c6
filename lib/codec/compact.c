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
