/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "authd/vault_invite.h"
#include "base/text.h"

/*
 * The digits by hand: 0x0102...10 in base 32, 5 bits at a time from the right. Python:
 * n = int.from_bytes(bytes(range(1, 17)), "big");
 * "".join(A[n >> 5 * i & 31] for i in range(25, -1, -1)); and hashlib.sha256.
 */
static const char counted[] = "01081g81860w40j2gb1g6gw3rg";
static const char counted_hash[] =
    "5dfbabeedf318bf33c0927c43d7630f51b82f351740301354fa3d7fc51f0132e";

static void
bits_become_26_digits(void **state)
{
	uint8_t bits[INVITE_SIZE];
	char text[INVITE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(bits); i++)
		bits[i] = (uint8_t)(i + 1);
	invite_text(bits, text);
	assert_string_equal(text, counted);
	memset(bits, 0xff, sizeof(bits));
	invite_text(bits, text);
	assert_string_equal(text, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
	memset(bits, 0, sizeof(bits));
	invite_text(bits, text);
	assert_string_equal(text, "00000000000000000000000000");
}

static void
check_hash(const char *text)
{
	uint8_t hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	assert_int_equal(invite_hash(bytes_str(text), hash), RC_OK);
	text_hex(hash, sizeof(hash), hex);
	assert_string_equal(hex, counted_hash);
}

static void
an_invite_is_hashed_by_its_bits_however_it_is_typed(void **state)
{
	char text[4 * INVITE_TEXT] = "";
	size_t n = 0;

	(void)state;
	check_hash(counted);
	for (size_t i = 0; counted[i] != '\0'; i++) {
		char c = counted[i];

		if (i % 5 == 0)
			text[n++] = '-';
		if (c == '0')
			c = i % 2 == 0 ? 'o' : 'O';
		else if (c == '1')
			c = i % 2 == 0 ? 'l' : 'I';
		else if (c >= 'a')
			c = (char)(c - 'a' + 'A');
		text[n++] = c;
	}
	text[n++] = '\r';
	text[n++] = '\n';
	text[n] = '\0';
	check_hash(text);
}

static void
what_is_no_invite_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"0000000000000000000000000",   /* 25 */
		"000000000000000000000000000", /* 27 */
		"80000000000000000000000000",  /* 129 bits */
		"0000000000000000000000000u",
		"0000000000000000000000000!",
		"0000000000000000000000000\xc3\xa9",
	};
	uint8_t hash[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(invite_hash(bytes_str(bad[i]), hash), RC_BAD);
	assert_int_equal(
	    invite_hash(bytes_of("0000000000000\0000000000000", 26), hash), RC_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_become_26_digits),
		cmocka_unit_test(an_invite_is_hashed_by_its_bits_however_it_is_typed),
		cmocka_unit_test(what_is_no_invite_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
