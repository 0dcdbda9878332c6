/* SPDX-License-Identifier: ISC */
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "crypto/wake.h"

struct hash {
	EVP_MD_CTX *ctx;
	EVP_MD *md; /* fetched once: a lookup at every piece would cost more than hashing
	               a block */
};

struct hash *
hash_new(enum hash_kind kind)
{
	struct hash *h = crypto_wake() == RC_OK ? calloc(1, sizeof(*h)) : NULL;

	if (h == NULL)
		return NULL;
	h->ctx = EVP_MD_CTX_new();
	h->md = EVP_MD_fetch(NULL, kind == HASH_SHA1 ? "SHA1" : "SHA256", NULL);
	if (h->ctx == NULL || h->md == NULL || hash_reset(h) != RC_OK) {
		hash_free(h);
		return NULL;
	}
	return h;
}

void
hash_free(struct hash *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
}

enum rc
hash_reset(struct hash *h)
{
	return EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 ? RC_OK : RC_MEM;
}

enum rc
hash_add(struct hash *h, struct bytes more)
{
	return EVP_DigestUpdate(h->ctx, more.p, more.n) == 1 ? RC_OK : RC_MEM;
}

enum rc
hash_end(struct hash *h, uint8_t *digest)
{
	return EVP_DigestFinal_ex(h->ctx, digest, NULL) == 1 ? RC_OK : RC_MEM;
}

enum rc
hash_peek(const struct hash *h, uint8_t *digest)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool ok = copy != NULL && EVP_MD_CTX_copy_ex(copy, h->ctx) == 1 &&
	    EVP_DigestFinal_ex(copy, digest, NULL) == 1;

	EVP_MD_CTX_free(copy);
	return ok ? RC_OK : RC_MEM;
}

static enum rc
digest_once(struct bytes in, uint8_t *digest, const EVP_MD *md)
{
	enum rc rc = crypto_wake();

	if (rc != RC_OK)
		return rc;
	return EVP_Digest(in.p, in.n, digest, NULL, md, NULL) == 1 ? RC_OK : RC_MEM;
}

enum rc
hash_sha1(struct bytes in, uint8_t digest[static SHA1_SIZE])
{
	return digest_once(in, digest, EVP_sha1());
}

enum rc
hash_sha256(struct bytes in, uint8_t digest[static SHA256_SIZE])
{
	return digest_once(in, digest, EVP_sha256());
}
