/* SPDX-License-Identifier: ISC */
/*
 * Password hashes: scrypt (RFC 7914) in the PHC string form
 * $scrypt$ln=15,r=8,p=3$SALT$HASH.
 */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/rc.h"

enum {
	PASSWORD_MIN = 10, /* bytes */
	PASSWORD_MAX = 256,
	PASSWORD_LN = 15,     /* log2 of the cost; r is 8 and p is 3: 32 MiB */
	PASSWORD_LN_MAX = 20, /* what a hash read from elsewhere may ask for */
	PASSWORD_HASH = 128,  /* room for a hash as text, with its NUL */
};

/* What a new password has, in words. */
#define PASSWORD_RULE "a password has 10 to 256 bytes and no control characters"

/*
 * Whether it can be a new one: PASSWORD_MIN to PASSWORD_MAX bytes, no control character,
 * for HTTP Basic carries none (RFC 7617, section 2: bytes below 0x20, and 0x7f).
 */
bool password_is_sound(struct bytes password);

/*
 * A fresh salt and the hash. Any bytes are a password; NULs at its end do not count (that
 * is how HMAC takes a key). RC_BAD: ln is 0 or over PASSWORD_LN_MAX; RC_MEM; RC_SYS: no
 * random numbers.
 */
enum rc password_hash(
    struct bytes password, unsigned ln, char out[static PASSWORD_HASH]) MUST_USE;

/*
 * Compare in constant time. RC_OK: it is this password. RC_NONE: it is not. RC_BAD: hash
 * is not of the form above, or asks for more than we give. RC_MEM.
 */
enum rc password_check(struct bytes password, const char *hash) MUST_USE;

/* Whether the hash was made with less than ln, and should be made anew. */
bool password_is_weaker(const char *hash, unsigned ln);

#endif
