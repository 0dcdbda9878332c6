/* SPDX-License-Identifier: ISC */
#include "base/user.h"

static bool
is_letter(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool
may_follow(uint8_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool
user_is_name(struct bytes text)
{
	if (text.n == 0 || text.n > USER_MAX || !is_letter(text.p[0]))
		return false;
	for (size_t i = 1; i < text.n; i++)
		if (!may_follow(text.p[i]))
			return false;
	return true;
}

void
user_from(struct bytes text, char out[static USER_TEXT])
{
	size_t n = 0;

	if (text.n == 0)
		text = bytes_str("user");
	for (size_t i = 0; i < text.n && n < USER_MAX; i++) {
		uint8_t c = text.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (!may_follow(c))
			c = '_';
		if (i == 0 && !is_letter(c))
			out[n++] = 'u';
		out[n++] = (char)c;
	}
	out[n] = '\0';
}
