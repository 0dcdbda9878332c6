/* SPDX-License-Identifier: ISC */
#include "core/allowed.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/hash.h"

enum { V4_AT = 12, V4_SIZE = 4, SEED_SIZE = V4_SIZE + SHA1_SIZE };

static size_t
add_new(uint32_t *out, size_t n, uint32_t piece)
{
	for (size_t i = 0; i < n; i++)
		if (out[i] == piece)
			return n;
	out[n] = piece;
	return n + 1;
}

size_t
allowed_set(const struct addr *a, const uint8_t btih[static 20], uint32_t pieces,
    uint32_t out[static ALLOWED_PIECES])
{
	uint32_t want = pieces < ALLOWED_PIECES ? pieces : ALLOWED_PIECES;
	uint8_t seed[SEED_SIZE], digest[SHA1_SIZE];
	struct bytes in = bytes_of(seed, sizeof(seed));
	size_t n = 0;

	if (!addr_is_v4(a))
		return 0;
	memcpy(seed, a->ip + V4_AT, V4_SIZE);
	seed[V4_SIZE - 1] = 0; /* the whole /24 gets one set */
	memcpy(seed + V4_SIZE, btih, SHA1_SIZE);
	while (n < want) {
		if (hash_sha1(in, digest) != RC_OK)
			return 0;
		for (size_t at = 0; at < SHA1_SIZE && n < want; at += 4)
			n = add_new(out, n, get_be32(digest + at) % pieces);
		memcpy(seed, digest, SHA1_SIZE);
		in = bytes_of(seed, SHA1_SIZE);
	}
	return n;
}
