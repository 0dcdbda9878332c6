/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/password.h"

/* Cheap enough for tests. */
enum { LN = 5 };

/*
 * RFC 7914, section 12, its first three in the PHC form; the last is python's
 * hashlib.scrypt(b"correct horse", salt=bytes(range(16)), n=32768, r=8, p=3, dklen=32).
 */
static const struct {
	const char *password, *hash;
} vectors[] = {
	{ "",
	    "$scrypt$ln=4,r=1,p=1$$d9ZXYjhleyA7GcpCwYoEl/FrSETjB0ro39/6P+3iFEL80Aad7QlI+"
	    "DJqdToPyB8X6NPg+y4NNijPNeIMONGJBg" },
	{ "password",
	    "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/"
	    "nxq18vII3gw53N2Y0s3MWIurzD"
	    "ZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA" },
	{ "pleaseletmein",
	    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/"
	    "2o+7qQT44+qbV"
	    "D9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw" },
	{ "correct horse",
	    "$scrypt$ln=15,r=8,p=3$AAECAwQFBgcICQoLDA0ODw$ANYWwrwG9exM4wRn3uD"
	    "hnkTuLMG27uj4k9dz5KrBPkg" },
};

static void
hashes_made_by_others_are_met(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_int_equal(
		    password_check(bytes_str(vectors[i].password), vectors[i].hash),
		    RC_OK);
		assert_int_equal(
		    password_check(bytes_str("passworD"), vectors[i].hash), RC_NONE);
	}
}

static void
a_hash_knows_its_password_and_no_other(void **state)
{
	static const char *const others[] = { "", "correct hors", "correct horse ",
		"Correct horse", "correct horsf" };
	struct bytes password = bytes_str("correct horse");
	char hash[PASSWORD_HASH];

	(void)state;
	assert_int_equal(password_hash(password, LN, hash), RC_OK);
	assert_true(bytes_starts(bytes_str(hash), "$scrypt$ln=5,r=8,p=3$"));
	/* 22 characters of salt, 43 of hash. */
	assert_int_equal(strlen(hash), strlen("$scrypt$ln=5,r=8,p=3$") + 22 + 1 + 43);
	assert_int_equal(password_check(password, hash), RC_OK);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(password_check(bytes_str(others[i]), hash), RC_NONE);
}

static void
the_same_password_has_another_hash_each_time(void **state)
{
	char a[PASSWORD_HASH], b[PASSWORD_HASH];

	(void)state;
	assert_int_equal(password_hash(bytes_str("x"), LN, a), RC_OK);
	assert_int_equal(password_hash(bytes_str("x"), LN, b), RC_OK);
	assert_string_not_equal(a, b);
}

static void
passwords_are_bytes(void **state)
{
	struct bytes password = bytes_of("\0\xff\n", 3);
	char hash[PASSWORD_HASH];

	(void)state;
	assert_int_equal(password_hash(password, LN, hash), RC_OK);
	assert_int_equal(password_check(password, hash), RC_OK);
	assert_int_equal(password_check(bytes_of("\0\xff", 2), hash), RC_NONE);
	assert_int_equal(password_hash(bytes_of(NULL, 0), LN, hash), RC_OK);
	assert_int_equal(password_check(bytes_of(NULL, 0), hash), RC_OK);
}

#define SALT "AAECAwQFBgcICQoLDA0ODw"
#define HASH "ANYWwrwG9exM4wRn3uDhnkTuLMG27uj4k9dz5KrBPkg"

static void
what_is_no_hash_of_ours_is_refused(void **state)
{
	static const char *const bad[] = { "", "$", "scrypt$ln=5,r=8,p=3$" SALT "$" HASH,
		"$scrypt$", "$scrypt$ln=5,r=8,p=3", "$scrypt$ln=5,r=8,p=3$" SALT,
		"$scrypt$ln=5,r=8,p=3$" SALT "$", "$scrypt$ln=5,r=8,p=3$$",
		"$argon2id$ln=5,r=8,p=3$" SALT "$" HASH,
		"$scrypt$ln=21,r=8,p=3$" SALT "$" HASH, /* 2 GiB */
		"$scrypt$ln=0,r=8,p=3$" SALT "$" HASH,
		"$scrypt$ln=5,r=9,p=3$" SALT "$" HASH,
		"$scrypt$ln=5,r=8,p=17$" SALT "$" HASH,
		"$scrypt$ln=5,r=8,p=0$" SALT "$" HASH,
		"$scrypt$ln=,r=8,p=3$" SALT "$" HASH,
		"$scrypt$r=8,ln=5,p=3$" SALT "$" HASH, "$scrypt$ln=5,r=8$" SALT "$" HASH,
		"$scrypt$ln=5,r=8,p=3,q=1$" SALT "$" HASH,
		"$scrypt$ln=+5,r=8,p=3$" SALT "$" HASH,
		"$scrypt$ln=99999999999999999999,r=8,p=3$" SALT "$" HASH,
		"$scrypt$ln=5,r=8,p=3$" SALT "==$" HASH,
		"$scrypt$ln=5,r=8,p=3$" SALT "$" HASH "=",
		"$scrypt$ln=5,r=8,p=3$" SALT "$" HASH "$",
		"$scrypt$ln=5,r=8,p=3$" SALT "$" HASH "\n",
		"$scrypt$ln=5,r=8,p=3$A$" HASH, "$scrypt$ln=5,r=8,p=3$" SALT "$AAAA",
		"$scrypt$ln=5,r=8,p=3$" HASH HASH HASH "$" HASH,
		"$scrypt$ln=5,r=8,p=3$" SALT "$" HASH HASH HASH };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(password_check(bytes_str("x"), bad[i]), RC_BAD);
		assert_true(password_is_weaker(bad[i], 1));
	}
}

static void
every_truncation_of_a_hash_is_refused_or_another(void **state)
{
	char hash[] = "$scrypt$ln=5,r=8,p=3$" SALT "$" HASH;

	(void)state;
	for (size_t n = sizeof(hash) - 1; n-- > 0;) {
		hash[n] = '\0';
		assert_int_not_equal(
		    password_check(bytes_str("correct horse"), hash), RC_OK);
	}
}

static void
a_cost_out_of_bounds_is_not_hashed_with(void **state)
{
	char hash[PASSWORD_HASH];

	(void)state;
	assert_int_equal(password_hash(bytes_str("x"), 0, hash), RC_BAD);
	assert_int_equal(
	    password_hash(bytes_str("x"), PASSWORD_LN_MAX + 1, hash), RC_BAD);
}

static void
a_hash_of_a_lower_cost_is_weaker(void **state)
{
	static const char hash[] = "$scrypt$ln=15,r=8,p=3$" SALT "$" HASH;

	(void)state;
	assert_false(password_is_weaker(hash, 14));
	assert_false(password_is_weaker(hash, 15));
	assert_true(password_is_weaker(hash, 16));
	assert_true(password_is_weaker("$scrypt$ln=15,r=8,p=1$" SALT "$" HASH, 15));
	assert_true(password_is_weaker("$scrypt$ln=15,r=1,p=3$" SALT "$" HASH, 15));
}

/* HTTP Basic forbids them: RFC 7617, section 2; CTL is %x00-1F and %x7F, RFC 5234. */
static void
a_new_password_has_10_to_256_bytes_and_no_control_character(void **state)
{
	char text[PASSWORD_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n <= sizeof(text); n++)
		assert_int_equal(
		    password_is_sound(bytes_of(text, n)), n >= 10 && n <= 256);
	for (int c = 0; c < 256; c++) {
		text[5] = (char)c;
		assert_int_equal(
		    password_is_sound(bytes_of(text, 20)), !(c <= 0x1f || c == 0x7f));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_new_password_has_10_to_256_bytes_and_no_control_character),
		cmocka_unit_test(hashes_made_by_others_are_met),
		cmocka_unit_test(a_hash_knows_its_password_and_no_other),
		cmocka_unit_test(the_same_password_has_another_hash_each_time),
		cmocka_unit_test(passwords_are_bytes),
		cmocka_unit_test(what_is_no_hash_of_ours_is_refused),
		cmocka_unit_test(every_truncation_of_a_hash_is_refused_or_another),
		cmocka_unit_test(a_cost_out_of_bounds_is_not_hashed_with),
		cmocka_unit_test(a_hash_of_a_lower_cost_is_weaker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
