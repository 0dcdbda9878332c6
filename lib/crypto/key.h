/* SPDX-License-Identifier: ISC */
/*
 * Key pairs, and pins: the SHA-256 of a SubjectPublicKeyInfo (RFC 7469, 2.4), which is
 * what curl's --pinnedpubkey takes. Keys are libcrypto's own EVP_PKEY; EVP_PKEY_free
 * frees them.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"

enum {
	PIN_SIZE = 32,
	PIN_TEXT = 52, /* room for "sha256:" and 44 of base64, with the NUL */
};

/* A new key pair on P-256; the caller's. NULL: out of memory. */
EVP_PKEY *key_new(void);

/*
 * Whether a stranger's public key may go into a certificate: RSA of 2048 to 4096 bits,
 * P-256, P-384 or P-521 by name (never by explicit parameters), Ed25519.
 */
bool key_is_sound(const EVP_PKEY *key);

/*
 * The first unencrypted private key among the PEM blocks of text. RC_OK: *out is the
 * caller's. RC_NONE: there is none; RC_BAD: it is damaged, or not sound. Never asks for a
 * passphrase.
 */
enum rc key_get_pem(struct bytes text, EVP_PKEY **out) MUST_USE;

/*
 * Add the private key as one unencrypted PKCS#8 PEM block. The buffer then holds a
 * secret: wipe it. RC_BIG, RC_MEM.
 */
enum rc key_put_pem(const EVP_PKEY *key, struct buf *out) MUST_USE;

/* RC_MEM: libcrypto refused. */
enum rc key_pin(const EVP_PKEY *key, uint8_t pin[static PIN_SIZE]) MUST_USE;

/* "sha256:" and base64. */
void pin_text(const uint8_t pin[static PIN_SIZE], char out[static PIN_TEXT]);

/*
 * Read a pin: "sha256:" (any case) or "sha256//", then base64 (with or without its '='),
 * or 64 hex digits with or without colons between the bytes. RC_BAD.
 */
enum rc pin_get(struct bytes text, uint8_t pin[static PIN_SIZE]) MUST_USE;

#endif
