/* SPDX-License-Identifier: ISC */
/* What crypto/token takes from crypto/key's inside. */
#ifndef CRYPTO_KEY_PARTS_H
#define CRYPTO_KEY_PARTS_H

#include "crypto/key.h"
#include "crypto/pem.h"

/*
 * The private key in a block that pem_is_key and not pem_is_locked. RC_OK: *out is the
 * caller's. RC_BAD: damaged, or not sound. RC_MEM.
 */
enum rc key_get_block(const struct pem_block *b, EVP_PKEY **out) MUST_USE;

#endif
