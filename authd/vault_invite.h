/* SPDX-License-Identifier: ISC */
/*
 * An invite: 128 random bits as 26 letters and digits (Crockford's base 32, lower case).
 * Whoever reads one aloud may be heard wrong: o counts as 0, i and l as 1; case, blanks
 * and hyphens do not count.
 */
#ifndef AUTHD_VAULT_INVITE_H
#define AUTHD_VAULT_INVITE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypto/hash.h"

enum { INVITE_SIZE = 16, INVITE_TEXT = 27 };

/* Always 26 characters and a NUL. */
void invite_text(const uint8_t bits[static INVITE_SIZE], char out[static INVITE_TEXT]);

/* What the database knows of it: the SHA-256 of its bits. RC_BAD: not an invite. */
enum rc invite_hash(struct bytes text, uint8_t hash[static SHA256_SIZE]) MUST_USE;

#endif
