/* SPDX-License-Identifier: ISC */
#include "crypto/base64.h"

#include <limits.h>

#include <openssl/evp.h>

size_t
base64_put(struct bytes in, char *out)
{
	return (size_t)EVP_EncodeBlock((unsigned char *)out, in.p, (int)in.n);
}

enum rc
base64_get(struct bytes text, uint8_t *out, size_t *n)
{
	size_t padding = 0;
	int got;

	/* EVP_DecodeBlock skips blanks at the ends and counts padding as data: hold the
	 * shape ourselves. */
	if (text.n % 4 != 0 || text.n > INT_MAX / 2)
		return RC_BAD;
	*n = 0;
	if (text.n == 0)
		return RC_OK;
	while (padding < 2 && text.p[text.n - 1 - padding] == '=')
		padding++;
	if (text.p[0] <= ' ' || text.p[text.n - 1] <= ' ')
		return RC_BAD;
	got = EVP_DecodeBlock(out, text.p, (int)text.n);
	if (got < 0 || (size_t)got < padding)
		return RC_BAD;
	*n = (size_t)got - padding;
	return RC_OK;
}
