/* SPDX-License-Identifier: ISC */
/* Base64 (RFC 4648, section 4) through libcrypto: one line, padded. */
#ifndef CRYPTO_BASE64_H
#define CRYPTO_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

/* The bytes that base64_put needs for n, with the NUL it ends with. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/*
 * Encode in, at most INT_MAX / 2 bytes, into out, which has room for BASE64_SIZE(in.n).
 * Returns the text's length without its NUL.
 */
size_t base64_put(struct bytes in, char *out);

/*
 * Decode text into out, which has room for text.n / 4 * 3 bytes; *n is how many came out.
 * RC_BAD: not whole padded base64.
 */
enum rc base64_get(struct bytes text, uint8_t *out, size_t *n) MUST_USE;

#endif
