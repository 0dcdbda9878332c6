/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <endian.h>
#include <string.h>

/* The digits of four bytes at once, the first one lowest. */
static uint64_t
eight_digits(const uint8_t p[static 4])
{
	const uint64_t low = UINT64_C(0x000f000f000f000f);
	uint64_t x =
	    p[0] | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 32 | (uint64_t)p[3] << 48;
	uint64_t digit = (x >> 4 & low) | (x & low) << 8;
	uint64_t over_nine = (digit + 6 * BYTES_ONES) >> 4 & BYTES_ONES;

	return digit + '0' * BYTES_ONES + over_nine * ('a' - '9' - 1);
}

void
text_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[16] = "0123456789abcdef";

	for (; n >= 4; n -= 4, p += 4) {
		uint64_t text = htole64(eight_digits(p));

		memcpy(out, &text, sizeof(text));
		out += sizeof(text);
	}
	for (; n > 0; n--, p++) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p & 15];
	}
	*out = '\0';
}

/* Without a branch on whether it is a digit or a letter, which nobody can foresee. */
static unsigned
hex_value(uint8_t c, unsigned *bad)
{
	unsigned digit = c - (unsigned)'0', letter = (c | 0x20) - (unsigned)'a';
	unsigned is_letter = letter < 6;

	*bad |= (digit > 9) & !is_letter;
	return digit + is_letter * (letter + 10 - digit);
}

enum rc
text_unhex(struct bytes in, uint8_t *out, size_t n)
{
	unsigned bad = in.n != 2 * n;

	for (size_t i = 0; bad == 0 && i < n; i++) {
		unsigned high = hex_value(in.p[2 * i], &bad);

		out[i] = (uint8_t)(high << 4 | hex_value(in.p[2 * i + 1], &bad));
	}
	return bad == 0 ? RC_OK : RC_BAD;
}

enum rc
text_u64(struct bytes in, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (in.n == 0)
		return RC_BAD;
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] < '0' || in.p[i] > '9')
			return RC_BAD;
	for (size_t i = 0; i < in.n; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(in.p[i] - '0'), &v) || v > max)
			return RC_BIG;
	*out = v;
	return RC_OK;
}

size_t
text_utf8(struct bytes in, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n;

	if (in.n == 0)
		return 0;
	c = in.p[0];
	if (c < 0x80) {
		*code = c;
		return 1;
	}
	n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4 || in.n < n)
		return 0;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((in.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (in.p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

struct range {
	uint32_t first, last;
};

static bool
in_ranges(const struct range *r, size_t n, uint32_t code)
{
	while (n > 0) {
		const struct range *mid = r + n / 2;

		if (code < mid->first) {
			n /= 2;
		} else if (code > mid->last) {
			r = mid + 1;
			n -= n / 2 + 1;
		} else {
			return true;
		}
	}
	return false;
}

bool
text_is_control(uint32_t code)
{
	static const struct range hiding[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0xad, 0xad },
		{ 0x61c, 0x61c },
		{ 0x180e, 0x180e },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb },
		{ 0xe0000, 0xe007f },
	};

	if (code >= 0x20 && code < 0x7f)
		return false;
	return in_ranges(hiding, sizeof(hiding) / sizeof(hiding[0]), code);
}

size_t
text_printable(struct bytes in, char *out, size_t size)
{
	size_t at = 0;

	while (in.n > 0) {
		uint32_t code;
		size_t n = text_utf8(in, &code);

		if (n == 0 || text_is_control(code)) {
			if (at + 1 >= size)
				break;
			out[at++] = '?';
			n = n == 0 ? 1 : n;
		} else {
			if (at + n >= size)
				break;
			memcpy(out + at, in.p, n);
			at += n;
		}
		in = bytes_from(in, n);
	}
	out[at] = '\0';
	return at;
}

static bool
is_blank(uint32_t code)
{
	static const struct range blanks[] = {
		{ 0x20, 0x20 },
		{ 0xa0, 0xa0 },
		{ 0x115f, 0x1160 },
		{ 0x1680, 0x1680 },
		{ 0x2000, 0x200a },
		{ 0x202f, 0x202f },
		{ 0x205f, 0x205f },
		{ 0x2800, 0x2800 },
		{ 0x3000, 0x3000 },
		{ 0x3164, 0x3164 },
		{ 0xffa0, 0xffa0 },
	};

	return in_ranges(blanks, sizeof(blanks) / sizeof(blanks[0]), code);
}

/* Whether a name misleads the eye. */
static bool
misleads(struct bytes name)
{
	/* A blank counts at the beginning, and behind a slash or another blank. */
	bool edge = true, blank = false;

	if (name.n == 0 || name.p[0] == '"')
		return true;
	for (size_t n; name.n > 0; name = bytes_from(name, n)) {
		uint32_t code = 0;

		n = text_utf8(name, &code);
		if (n == 0) {
			n = 1;
			code = '?';
		}
		if (blank && code == '/')
			return true;
		blank = is_blank(code);
		if (blank && (edge || code != ' '))
			return true;
		edge = blank || code == '/';
	}
	return blank;
}

size_t
text_name(struct bytes in, char *out, size_t size)
{
	size_t n;

	if (!misleads(in))
		return text_printable(in, out, size);
	out[0] = '"';
	n = 1 + text_printable(in, out + 1, size - 2);
	out[n++] = '"';
	out[n] = '\0';
	return n;
}

/*
 * The blocks that terminals agree on; rare scripts may be a column off, which costs a cut
 * name and nothing else.
 */
static size_t
columns_of(uint32_t code)
{
	static const struct range wide[] = {
		{ 0x1100, 0x115f },
		{ 0x2e80, 0x303e },
		{ 0x3041, 0x33ff },
		{ 0x3400, 0x4dbf },
		{ 0x4e00, 0x9fff },
		{ 0xa000, 0xa4cf },
		{ 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },
		{ 0x1f300, 0x1f64f },
		{ 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1f9ff },
		{ 0x1fa70, 0x1faff },
		{ 0x20000, 0x3fffd },
	};
	static const struct range combining[] = {
		{ 0x300, 0x36f },
		{ 0x483, 0x489 },
		{ 0x591, 0x5bd },
		{ 0x610, 0x61a },
		{ 0x64b, 0x65f },
		{ 0x1ab0, 0x1aff },
		{ 0x1dc0, 0x1dff },
		{ 0x20d0, 0x20ff },
		{ 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f },
	};

	if (code < 0x300)
		return 1;
	if (in_ranges(combining, sizeof(combining) / sizeof(combining[0]), code))
		return 0;
	return in_ranges(wide, sizeof(wide) / sizeof(wide[0]), code) ? 2 : 1;
}

size_t
text_fit(struct bytes printable, size_t columns)
{
	size_t at = 0, used = 0;

	while (at < printable.n) {
		uint32_t code;
		size_t n = text_utf8(bytes_from(printable, at), &code);

		if (n == 0)
			break;
		used += columns_of(code);
		if (used > columns)
			break;
		at += n;
	}
	return at;
}

size_t
text_columns(struct bytes printable)
{
	size_t used = 0;

	for (size_t at = 0; at < printable.n;) {
		uint32_t code;
		size_t n = text_utf8(bytes_from(printable, at), &code);

		if (n == 0)
			break;
		used += columns_of(code);
		at += n;
	}
	return used;
}
