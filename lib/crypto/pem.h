/* SPDX-License-Identifier: ISC */
/*
 * PEM blocks (RFC 7468), one after the other, as openssl reads them: text between the
 * blocks is skipped. What they held is wiped when it is freed.
 */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include <stdbool.h>

#include <openssl/types.h>

#include "base/bytes.h"
#include "base/rc.h"

struct pem_block {
	char *name;         /* "CERTIFICATE" */
	char *header;       /* RFC 1421's lines; mostly empty */
	unsigned char *der; /* what was base64 */
	long n;             /* bytes of it, at least 0 */
};

/* A place to read blocks from; BIO_free frees it. text must outlive it. NULL: RC_MEM. */
BIO *pem_open(struct bytes text);

/*
 * The next block: pem_clear releases it. RC_NONE: there is none. RC_BAD: it is damaged or
 * cut short; nothing behind it is read. RC_MEM.
 */
enum rc pem_next(BIO *in, struct pem_block *out) MUST_USE;
void pem_clear(struct pem_block *b);

/* Whether it is called so; whether it holds a private key, and one with a passphrase. */
bool pem_is(const struct pem_block *b, const char *name);
bool pem_is_certificate(const struct pem_block *b);
bool pem_is_key(const struct pem_block *b);
bool pem_is_locked(const struct pem_block *b);

#endif
