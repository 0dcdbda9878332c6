/* SPDX-License-Identifier: ISC */
/* The requests of crypto/cert.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "crypto/cert.h"
#include "crypto/key.h"

#include "vectors.h"

static void
of_a_request_by_openssl_the_key_comes_out(void **state)
{
	static const char *const pairs[][2] = { { "csr-user.der", "user.key" },
		{ "csr-greedy.der", "user.key" }, { "csr-p384.der", "key-p384.pem" },
		{ "csr-p521.der", "key-p521.pem" },
		{ "csr-ed25519.der", "key-ed25519.pem" },
		{ "csr-rsa2048.der", "key-rsa2048.pem" },
		{ "csr-rsa4096.der", "key-rsa4096.pem" } };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		EVP_PKEY *key = vector_key(pairs[i][1]), *got = NULL;

		assert_int_equal(csr_get(vector(pairs[i][0]), &got), RC_OK);
		assert_int_equal(EVP_PKEY_eq(key, got), 1);
		EVP_PKEY_free(key);
		EVP_PKEY_free(got);
	}
}

static void
a_request_by_an_unsound_key_is_refused(void **state)
{
	static const char *const bad[] = { "csr-rsa1024.der", "csr-rsa16384.der",
		"csr-rsapss.der", "csr-explicit.der", "csr-secp256k1.der",
		"csr-ed448.der" };
	EVP_PKEY *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(csr_get(vector(bad[i]), &key), RC_BIG);
	assert_null(key);
}

/* id-ecPublicKey is 1.2.840.10045.2.1; nobody knows 1.2.840.10045.2.127. */
static void
a_key_of_an_unknown_kind_is_refused_as_such(void **state)
{
	static const uint8_t kind[] = { 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1 };
	struct bytes der = vector("csr-user.der");
	uint8_t *copy = malloc(der.n), *at;
	EVP_PKEY *key = NULL;

	(void)state;
	memcpy(copy, der.p, der.n);
	at = memmem(copy, der.n, kind, sizeof(kind));
	assert_non_null(at);
	at[sizeof(kind) - 1] = 127;
	assert_int_equal(csr_get(bytes_of(copy, der.n), &key), RC_BIG);
	assert_null(key);
	free(copy);
}

/*
 * Its signature alone takes more than a millisecond to verify: openssl speed, from 4096
 * bits on four times as long for each doubling.
 */
static void
a_very_long_key_costs_less_than_its_signature_would(void **state)
{
	enum { TIMES = 200 };
	struct bytes der = vector("csr-rsa16384.der");
	clock_t begin, refused, verified;
	const unsigned char *at = der.p;
	X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)der.n);
	EVP_PKEY *key = NULL;

	(void)state;
	begin = clock();
	for (int i = 0; i < TIMES; i++)
		assert_int_equal(csr_get(der, &key), RC_BIG);
	refused = clock() - begin;
	begin = clock();
	for (int i = 0; i < TIMES; i++)
		assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
	verified = clock() - begin;
	assert_true(refused < verified);
	X509_REQ_free(req);
	ERR_clear_error();
}

static void
a_damaged_request_is_refused(void **state)
{
	struct bytes der = vector("csr-user.der");
	uint8_t *copy = malloc(der.n + 1);
	EVP_PKEY *key = NULL;

	(void)state;
	for (size_t n = 0; n < der.n; n++)
		assert_int_equal(csr_get(bytes_of(der.p, n), &key), RC_BAD);
	memcpy(copy, der.p, der.n);
	copy[der.n] = 0;
	assert_int_equal(csr_get(bytes_of(copy, der.n + 1), &key), RC_BAD);
	for (size_t i = 0; i < der.n; i++) {
		copy[i] ^= 1;
		assert_int_not_equal(csr_get(bytes_of(copy, der.n), &key), RC_OK);
		copy[i] ^= 1;
	}
	copy[der.n - 1] ^= 0x10; /* within the signature */
	assert_int_equal(csr_get(bytes_of(copy, der.n), &key), RC_BAD);
	assert_null(key);
	free(copy);
}

static void
only_the_key_of_a_greedy_request_counts(void **state)
{
	struct cert_order order = { .user = "ops",
		.serial = { 0x42 },
		.now_s = DAY_0600,
		.life_s = CERT_USER_S };
	EVP_PKEY *ca_key = vector_key("ca.key"), *key = NULL;
	X509 *ca = vector_cert("ca.pem"), *cert;
	char user[USER_TEXT], subject[64], path[128], command[512];
	struct buf out;

	(void)state;
	assert_int_equal(csr_get(vector("csr-greedy.der"), &key), RC_OK);
	cert = cert_issue(&order, key, ca, ca_key);
	assert_non_null(cert);
	assert_false(cert_is_ca(cert));
	assert_int_equal(cert_user(cert, user), RC_OK);
	assert_string_equal(user, "ops");
	(void)X509_NAME_oneline(X509_get_subject_name(cert), subject, sizeof(subject));
	assert_string_equal(subject, "/CN=user:ops");
	buf_init(&out, 8192);
	assert_int_equal(cert_put_pem(cert, &out), RC_OK);
	scratch_file(buf_bytes(&out), path);
	(void)snprintf(command, sizeof(command),
	    "openssl x509 -in %s -noout -text | grep -qE "
	    "'wheel|root|example|192|CA:TRUE|Certificate Sign|Code Signing'",
	    path);
	assert_int_not_equal(system(command), 0);
	assert_int_equal(remove(path), 0);
	buf_clear(&out);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	X509_free(ca);
	X509_free(cert);
}

static void
openssl_reads_a_request_of_ours(void **state)
{
	static const char *const keys[] = { "user.key", "key-ed25519.pem",
		"key-rsa2048.pem" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		EVP_PKEY *key = vector_key(keys[i]), *got = NULL;
		char path[128], command[512];
		struct buf out;

		buf_init(&out, 4096);
		assert_int_equal(csr_put(key, "ops", &out), RC_OK);
		assert_int_equal(csr_get(buf_bytes(&out), &got), RC_OK);
		assert_int_equal(EVP_PKEY_eq(key, got), 1);
		scratch_file(buf_bytes(&out), path);
		(void)snprintf(command, sizeof(command),
		    "openssl req -inform DER -in %s -verify -noout -text 2>&1 | "
		    "tr -s ' \\n' ' ' | grep -q 'verify OK.*Subject: CN = user:ops "
		    ".*Alternative Name: URI:ugat:user:ops '",
		    path);
		assert_int_equal(system(command), 0);
		assert_int_equal(remove(path), 0);
		buf_clear(&out);
		EVP_PKEY_free(key);
		EVP_PKEY_free(got);
	}
}

static void
a_request_without_a_name_or_without_room_is_not_made(void **state)
{
	EVP_PKEY *key = vector_key("user.key");
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(csr_put(key, "", &out), RC_BAD);
	assert_int_equal(csr_put(key, "ops,CN=root", &out), RC_BAD);
	assert_int_equal(csr_put(key, "ops", &out), RC_BIG);
	assert_int_equal(out.n, 0);
	buf_clear(&out);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    of_a_request_by_openssl_the_key_comes_out, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_request_by_an_unsound_key_is_refused, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_key_of_an_unknown_kind_is_refused_as_such, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_very_long_key_costs_less_than_its_signature_would,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_damaged_request_is_refused, no_errors_are_left),
		cmocka_unit_test_teardown(
		    only_the_key_of_a_greedy_request_counts, no_errors_are_left),
		cmocka_unit_test_teardown(
		    openssl_reads_a_request_of_ours, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_request_without_a_name_or_without_room_is_not_made,
		    no_errors_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
