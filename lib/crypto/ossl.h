/* SPDX-License-Identifier: ISC */
/*
 * What the modules of this directory share around libcrypto: its errors, its times, what
 * it has encoded. Nobody else includes this.
 */
#ifndef CRYPTO_OSSL_H
#define CRYPTO_OSSL_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"

/*
 * Many calls that only read take an object that is not const, because libcrypto keeps
 * what it has computed inside, under a lock of its own.
 */
static inline void *
ossl_mutable(const void *p)
{
	return (void *)(uintptr_t)p;
}

/* Whatever stands is of an earlier call: forget it. ENOMEM in errno, too. */
void ossl_begin(void);

/*
 * The end of a call: forget libcrypto's errors, so that TLS above never takes them for
 * its own. RC_OK when ok; else RC_MEM when libcrypto lacked memory, by its own words or
 * by malloc's, else otherwise.
 */
enum rc ossl_end(bool ok, enum rc otherwise) MUST_USE;

/* The same without a result. That memory was lacking is for the next ossl_end to know. */
void ossl_forget(void);

/* Unix seconds as X.509 writes them; the caller's. NULL: no such year, or no memory. */
ASN1_TIME *ossl_time_new(int64_t s);

/* RC_BAD: not a time. */
enum rc ossl_time_get(const ASN1_TIME *t, int64_t *s) MUST_USE;

/* What a key signs with: SHA-256, or NULL where the algorithm brings its own. */
const EVP_MD *ossl_digest_for(const EVP_PKEY *key);

/*
 * Add what an i2d function made and free it; n: what it returned. RC_BIG, RC_MEM.
 */
enum rc ossl_give(unsigned char *der, int n, struct buf *out) MUST_USE;

/* Add all that was written into a memory BIO. RC_BIG, RC_MEM. */
enum rc ossl_give_bio(BIO *bio, struct buf *out) MUST_USE;

#endif
