/* SPDX-License-Identifier: ISC */
/*
 * SHA-1 and SHA-256 through libcrypto's EVP, so that the processor's own instructions are
 * used.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum { SHA1_SIZE = 20, SHA256_SIZE = 32 };
enum hash_kind { HASH_SHA1, HASH_SHA256 };

struct hash;

/*
 * A running hash, ready for hash_add; free it with hash_free. NULL: out of memory. One
 * thread at a time may use it.
 */
struct hash *hash_new(enum hash_kind kind);
void hash_free(struct hash *h);

/* Start over, whatever was added. RC_MEM: libcrypto refused. */
enum rc hash_reset(struct hash *h) MUST_USE;
enum rc hash_add(struct hash *h, struct bytes more) MUST_USE;

/*
 * Write the digest (SHA1_SIZE or SHA256_SIZE bytes); then hash_reset before the next
 * hash_add.
 */
enum rc hash_end(struct hash *h, uint8_t *digest) MUST_USE;

/* As hash_end, but h goes on as if nothing had been asked. */
enum rc hash_peek(const struct hash *h, uint8_t *digest) MUST_USE;

/* The digest of one stretch of bytes. RC_MEM: libcrypto refused. */
enum rc hash_sha1(struct bytes in, uint8_t digest[static SHA1_SIZE]) MUST_USE;
enum rc hash_sha256(struct bytes in, uint8_t digest[static SHA256_SIZE]) MUST_USE;

#endif
