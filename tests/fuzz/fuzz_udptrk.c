/* SPDX-License-Identifier: ISC */
/* codec/udptrk and codec/compact: any datagram, as an answer to any request. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/compact.h"
#include "codec/udptrk.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What is read must lie in the datagram and come apart without a rest. */
static void
read_reply(struct bytes in, enum udptrk_action asked, uint32_t txn, bool v6)
{
	struct udptrk_reply r;
	struct udptrk_counts counts;
	struct addr a;
	size_t taken = 0;

	if (udptrk_get(in, asked, txn, v6, &r) != RC_OK)
		return;
	if (r.action != asked && r.action != UDPTRK_ERROR)
		abort();
	if (r.message.n > in.n || r.peers.n > in.n || r.counts.n > in.n)
		abort();
	while (compact_take(&r.peers, v6 ? COMPACT_V6 : COMPACT_V4, &a))
		taken += a.port != 0;
	while (udptrk_take_counts(&r.counts, &counts))
		taken++;
	if (r.peers.n != 0 || r.counts.n != 0 || taken > in.n)
		abort();
}

/*
 * The first byte chooses what was asked; the transaction is the datagram's own when its
 * upper bit is set.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in;
	uint32_t txn = 0;

	if (n == 0)
		return 0;
	in = bytes_of(p + 1, n - 1);
	if ((p[0] & 0x80) != 0 && in.n >= 8)
		txn = get_be32(in.p + 4);
	read_reply(in, (enum udptrk_action)((p[0] & 3) % 3), txn, (p[0] & 4) != 0);
	return 0;
}
