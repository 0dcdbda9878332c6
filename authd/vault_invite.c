/* SPDX-License-Identifier: ISC */
#include "authd/vault_invite.h"

#include <string.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { DIGITS = INVITE_TEXT - 1, DIGIT_BITS = 5 };

/* The number of 130 bits whose upper two are 0, five at a time from the top. */
void
invite_text(const uint8_t bits[static INVITE_SIZE], char out[static INVITE_TEXT])
{
	unsigned held = 0, n_held = 2;
	size_t at = 0;

	for (size_t i = 0; i < DIGITS; i++) {
		if (n_held < DIGIT_BITS) {
			held = held << 8 | bits[at++];
			n_held += 8;
		}
		n_held -= DIGIT_BITS;
		out[i] = alphabet[held >> n_held & 31];
	}
	out[DIGITS] = '\0';
}

/* The value of a character; -1: none; -2: does not count. */
static int
digit(uint8_t c)
{
	const char *at;

	if (c >= 'A' && c <= 'Z')
		c = (uint8_t)(c - 'A' + 'a');
	switch (c) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
	case '-': return -2;
	case 'o': return 0;
	case 'i':
	case 'l': return 1;
	}
	at = c == '\0' ? NULL : strchr(alphabet, c);
	return at == NULL ? -1 : (int)(at - alphabet);
}

enum rc
invite_hash(struct bytes text, uint8_t hash[static SHA256_SIZE])
{
	uint8_t bits[INVITE_SIZE + 1] = { 0 };
	unsigned held = 0, n_held = 6; /* 6 zero bits and 130 make 17 bytes */
	size_t at = 0, digits = 0;
	enum rc rc;

	for (size_t i = 0; i < text.n; i++) {
		int d = digit(text.p[i]);

		if (d == -2)
			continue;
		if (d < 0 || ++digits > DIGITS)
			return RC_BAD;
		held = held << DIGIT_BITS | (unsigned)d;
		n_held += DIGIT_BITS;
		if (n_held >= 8) {
			n_held -= 8;
			bits[at++] = (uint8_t)(held >> n_held);
		}
	}
	if (digits != DIGITS || bits[0] != 0)
		return RC_BAD;
	rc = hash_sha256(bytes_of(bits + 1, INVITE_SIZE), hash);
	explicit_bzero(bits, sizeof(bits));
	return rc;
}
