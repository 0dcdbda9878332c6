/* SPDX-License-Identifier: ISC */
/* Whom to believe, as -F or a line of a file says it: a fingerprint, or a file in PEM. */
#ifndef RUN_IDENTITY_H
#define RUN_IDENTITY_H

#include <openssl/x509.h>

#include "base/outcome.h"
#include "crypto/key.h"

/*
 * Read said: "sha256:...", or the path of a certificate or a public key in PEM, whose pin
 * is meant. whence is who says so, "-F" or the path of a file. ca, unless NULL: where an
 * authority's certificate goes, the caller's to X509_free; pin is then left alone. For
 * anything else, and any certificate when ca is NULL, pin is filled.
 * RC_BAD: *end says why not.
 */
enum rc identity_read(const char *said, const char *whence, uint8_t pin[static PIN_SIZE],
    X509 **ca, struct outcome *end) MUST_USE;

#endif
