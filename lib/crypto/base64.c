/* SPDX-License-Identifier: ISC */
#include "crypto/base64.h"

#include <limits.h>
#include <stdbool.h>

#include <openssl/evp.h>

size_t
base64_put(struct bytes in, char *out)
{
	return (size_t)EVP_EncodeBlock((unsigned char *)out, in.p, (int)in.n);
}

static bool
in_alphabet(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/';
}

enum rc
base64_get(struct bytes text, uint8_t *out, size_t *n)
{
	size_t padding = 0;
	int got;

	if (text.n % 4 != 0 || text.n > INT_MAX / 2)
		return RC_BAD;
	*n = 0;
	if (text.n == 0)
		return RC_OK;
	while (padding < 2 && text.p[text.n - 1 - padding] == '=')
		padding++;
	/*
	 * EVP_DecodeBlock skips blanks and '-' at the ends, takes '=' anywhere and counts
	 * padding as data: hold the shape ourselves.
	 */
	for (size_t i = 0; i < text.n - padding; i++)
		if (!in_alphabet(text.p[i]))
			return RC_BAD;
	got = EVP_DecodeBlock(out, text.p, (int)text.n);
	if (got < 0 || (size_t)got < padding)
		return RC_BAD;
	*n = (size_t)got - padding;
	return RC_OK;
}
