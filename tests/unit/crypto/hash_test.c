/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/hash.h"

/* The digests are those of RFC 6234, section 8.5, and of the empty text. */
static const char long_text[] =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

static void
expect(const uint8_t *digest, size_t n, const char *hex)
{
	char text[2 * SHA256_SIZE + 1];

	text_hex(digest, n, text);
	assert_string_equal(text, hex);
}

static void
digests_of_one_stretch_are_the_standards(void **state)
{
	uint8_t d[SHA256_SIZE];

	(void)state;
	assert_int_equal(hash_sha1(bytes_str("abc"), d), RC_OK);
	expect(d, SHA1_SIZE, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(hash_sha1(bytes_of(NULL, 0), d), RC_OK);
	expect(d, SHA1_SIZE, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert_int_equal(hash_sha256(bytes_str("abc"), d), RC_OK);
	expect(d, SHA256_SIZE,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(hash_sha256(bytes_str(long_text), d), RC_OK);
	expect(d, SHA256_SIZE,
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void
a_running_hash_does_not_mind_how_it_is_fed(void **state)
{
	struct hash *h = hash_new(HASH_SHA1);
	uint8_t d[SHA1_SIZE], some[1000];

	(void)state;
	assert_non_null(h);
	for (size_t cut = 0; cut <= strlen(long_text); cut++) {
		struct bytes all = bytes_str(long_text);

		assert_int_equal(hash_reset(h), RC_OK);
		assert_int_equal(hash_add(h, bytes_of(all.p, cut)), RC_OK);
		assert_int_equal(hash_add(h, bytes_from(all, cut)), RC_OK);
		assert_int_equal(hash_end(h, d), RC_OK);
		expect(d, SHA1_SIZE, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	}
	memset(some, 'a', sizeof(some));
	assert_int_equal(hash_reset(h), RC_OK);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(hash_add(h, bytes_of(some, sizeof(some))), RC_OK);
	assert_int_equal(hash_end(h, d), RC_OK);
	expect(d, SHA1_SIZE, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	hash_free(h);
}

static void
a_reset_forgets_what_was_added(void **state)
{
	struct hash *h = hash_new(HASH_SHA256);
	uint8_t d[SHA256_SIZE];

	(void)state;
	assert_non_null(h);
	assert_int_equal(hash_add(h, bytes_str("rubbish")), RC_OK);
	assert_int_equal(hash_reset(h), RC_OK);
	assert_int_equal(hash_add(h, bytes_str("abc")), RC_OK);
	assert_int_equal(hash_end(h, d), RC_OK);
	expect(d, SHA256_SIZE,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_free(h);
	hash_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_of_one_stretch_are_the_standards),
		cmocka_unit_test(a_running_hash_does_not_mind_how_it_is_fed),
		cmocka_unit_test(a_reset_forgets_what_was_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
