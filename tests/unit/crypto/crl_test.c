/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crl.h"
#include "crypto/key.h"

#include "vectors.h"

/* What openssl's lists say: tests/vectors/crypto/make.sh. */
static void
a_list_by_openssl_is_read(void **state)
{
	X509 *ca = vector_cert("ca.pem"), *user = vector_cert("user.pem"),
	     *other = vector_cert("user-long.pem");
	X509_CRL *crl = NULL;
	int64_t from, to, when = 0;

	(void)state;
	assert_int_equal(crl_get(vector("crl.der"), ca, &crl), RC_OK);
	assert_int_equal(crl_dates(crl, &from, &to), RC_OK);
	assert_true(from == DAY_0600 && to == DAY_0615);
	assert_true(crl_has(crl, user, &when));
	assert_true(when == DAY_0530);
	assert_false(crl_has(crl, other, &when));
	X509_CRL_free(crl);
	assert_int_equal(crl_get(vector("crl-empty.der"), ca, &crl), RC_OK);
	assert_false(crl_has(crl, user, &when));
	X509_CRL_free(crl);
	X509_free(ca);
	X509_free(user);
	X509_free(other);
}

static void
a_list_by_another_or_of_a_part_is_refused(void **state)
{
	static const char *const pairs[][2] = { { "crl-other.der", "ca.pem" },
		{ "crl.der", "other.pem" }, { "crl.der", "user.pem" },
		{ "crl.der", "ca-nocrl.pem" }, { "crl-part.der", "ca.pem" } };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		X509 *ca = vector_cert(pairs[i][1]);
		X509_CRL *crl = NULL;

		assert_int_equal(crl_get(vector(pairs[i][0]), ca, &crl), RC_BAD);
		assert_null(crl);
		X509_free(ca);
	}
}

static void
a_damaged_list_is_refused(void **state)
{
	X509 *ca = vector_cert("ca.pem");
	struct bytes der = vector("crl.der");
	uint8_t *copy = malloc(der.n + 1);
	X509_CRL *crl = NULL;

	(void)state;
	for (size_t n = 0; n < der.n; n++)
		assert_int_equal(crl_get(bytes_of(der.p, n), ca, &crl), RC_BAD);
	memcpy(copy, der.p, der.n);
	copy[der.n] = 0;
	assert_int_equal(crl_get(bytes_of(copy, der.n + 1), ca, &crl), RC_BAD);
	for (size_t i = 0; i < der.n; i++) {
		copy[i] ^= 1;
		assert_int_equal(crl_get(bytes_of(copy, der.n), ca, &crl), RC_BAD);
		copy[i] ^= 1;
	}
	free(copy);
	X509_free(ca);
}

static void
a_list_that_we_signed_tells_who_is_revoked_and_since_when(void **state)
{
	static const uint8_t serial[] = { 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		1 };
	const struct crl_entry list[] = {
		{ bytes_of("\x7f\xff", 2), DAY_0000 },
		{ bytes_of(serial, sizeof(serial)), DAY_0530 },
		{ bytes_of("\x42", 1), DAY_0600 },
	};
	X509 *ca = vector_cert("ca.pem"), *user = vector_cert("user.pem"),
	     *second = vector_cert("user-nouri.pem"),
	     *free_one = vector_cert("user-long.pem");
	EVP_PKEY *key = vector_key("ca.key");
	X509_CRL *crl = NULL;
	int64_t from, to, when;
	struct buf out;

	(void)state;
	buf_init(&out, CRL_MAX);
	assert_int_equal(crl_put(list, 3, 7, DAY_0600, ca, key, &out), RC_OK);
	assert_int_equal(crl_get(buf_bytes(&out), ca, &crl), RC_OK);
	assert_int_equal(crl_dates(crl, &from, &to), RC_OK);
	assert_true(from == DAY_0600 && to == DAY_0600 + CRL_LIFE_S);
	assert_true(crl_has(crl, user, &when) && when == DAY_0530);
	assert_true(crl_has(crl, second, &when) && when == DAY_0600);
	assert_false(crl_has(crl, free_one, &when));
	X509_CRL_free(crl);
	out.n = 0;
	assert_int_equal(crl_put(NULL, 0, 1, DAY_0600, ca, key, &out), RC_OK);
	assert_int_equal(crl_get(buf_bytes(&out), ca, &crl), RC_OK);
	assert_false(crl_has(crl, user, &when));
	X509_CRL_free(crl);
	buf_clear(&out);
	EVP_PKEY_free(key);
	X509_free(ca);
	X509_free(user);
	X509_free(second);
	X509_free(free_one);
}

static void
openssl_reads_a_list_that_we_signed(void **state)
{
	char path[128], command[512];
	const struct crl_entry entry = { bytes_of("\x01\xab", 2), DAY_0530 };
	X509 *ca = vector_cert("ca.pem");
	EVP_PKEY *key = vector_key("ca.key");
	struct buf out;

	(void)state;
	buf_init(&out, CRL_MAX);
	assert_int_equal(crl_put(&entry, 1, 0x1234, DAY_0600, ca, key, &out), RC_OK);
	scratch_file(buf_bytes(&out), path);
	(void)snprintf(command, sizeof(command),
	    "openssl crl -inform DER -in %s -CAfile tests/vectors/crypto/ca.pem -noout "
	    "-text 2>&1 | tr -s ' \\n' ' ' | grep -q 'verify OK.*Version 2.*Last Update: "
	    "Jun 1 06:00:00 2026.*Next Update: Jun 1 06:15:00 2026.*CRL Number: "
	    "4660.*Serial Number: 01AB Revocation Date: Jun 1 05:30:00 2026'",
	    path);
	assert_int_equal(system(command), 0);
	assert_int_equal(remove(path), 0);
	buf_clear(&out);
	EVP_PKEY_free(key);
	X509_free(ca);
}

static void
a_list_over_its_limit_is_not_made(void **state)
{
	enum { MANY = 130 * 1000 }; /* at least 32 bytes each */
	struct crl_entry *list = calloc(MANY, sizeof(*list));
	X509 *ca = vector_cert("ca.pem");
	EVP_PKEY *key = vector_key("ca.key");
	struct buf out;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		list[i] = (struct crl_entry){ bytes_of("\x40 sixteen bytes", 16), 0 };
	buf_init(&out, SIZE_MAX / 2);
	assert_int_equal(crl_put(list, MANY, 1, DAY_0600, ca, key, &out), RC_BIG);
	assert_int_equal(out.n, 0);
	buf_init(&out, 100);
	assert_int_equal(crl_put(list, 1, 1, DAY_0600, ca, key, &out), RC_BIG);
	buf_clear(&out);
	free(list);
	EVP_PKEY_free(key);
	X509_free(ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_list_by_openssl_is_read, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_list_by_another_or_of_a_part_is_refused, no_errors_are_left),
		cmocka_unit_test_teardown(a_damaged_list_is_refused, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_list_that_we_signed_tells_who_is_revoked_and_since_when,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    openssl_reads_a_list_that_we_signed, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_list_over_its_limit_is_not_made, no_errors_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
