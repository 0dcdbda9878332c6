/* SPDX-License-Identifier: ISC */
/* The certificates that crypto/cert makes; openssl is asked what stands in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/cert.h"
#include "crypto/key.h"

#include "vectors.h"

static const struct cert_order order = { .user = "ops",
	.serial = { 0x41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.now_s = DAY_0600,
	.life_s = CERT_USER_S };

static void
scratch_cert(const X509 *cert, char path[static 128])
{
	struct buf pem;

	buf_init(&pem, 8192);
	assert_int_equal(cert_put_pem(cert, &pem), RC_OK);
	scratch_file(buf_bytes(&pem), path);
	buf_clear(&pem);
}

/* Whether openssl's text of cert, every run of blanks made one, has a pattern in it. */
static bool
text_has(const X509 *cert, const char *pattern)
{
	char path[128], command[1024];
	int status;

	scratch_cert(cert, path);
	(void)snprintf(command, sizeof(command),
	    "openssl x509 -in %s -noout -text | tr -s ' \\n' ' ' | grep -qE '%s'", path,
	    pattern);
	status = system(command);
	assert_int_equal(remove(path), 0);
	return status == 0;
}

/* Whether openssl verify takes cert as signed by ca at a time, for a purpose. */
static bool
verifies(const X509 *cert, const X509 *ca, int64_t when_s, const char *purpose)
{
	char cert_path[128], ca_path[128], command[1024];
	int status;

	scratch_cert(cert, cert_path);
	scratch_cert(ca, ca_path);
	(void)snprintf(command, sizeof(command),
	    "openssl verify -x509_strict -purpose %s -attime %lld -CAfile %s %s "
	    ">/dev/null 2>&1",
	    purpose, (long long)when_s, ca_path, cert_path);
	status = system(command);
	assert_int_equal(remove(cert_path), 0);
	assert_int_equal(remove(ca_path), 0);
	return status == 0;
}

static void
openssl_verifies_a_users_certificate(void **state)
{
	static const char *const keys[] = { "user.key", "key-p384.pem", "key-p521.pem",
		"key-ed25519.pem", "key-rsa2048.pem" };
	EVP_PKEY *ca_key = key_new();
	X509 *ca = cert_new_ca(ca_key, "users of test", DAY_0600);

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		EVP_PKEY *key = vector_key(keys[i]);
		X509 *cert = cert_issue(&order, key, ca, ca_key);

		assert_non_null(cert);
		assert_true(cert_is_signed_by(cert, ca));
		assert_true(cert_is_for_peers(cert));
		assert_true(verifies(cert, ca, DAY_0600, "sslclient"));
		assert_true(verifies(cert, ca, DAY_0600, "sslserver"));
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	X509_free(ca);
	EVP_PKEY_free(ca_key);
}

static void
a_users_certificate_says_what_was_ordered(void **state)
{
	EVP_PKEY *key = vector_key("user.key"), *ca_key = vector_key("ca.key");
	X509 *ca = vector_cert("ca.pem"), *cert = cert_issue(&order, key, ca, ca_key);
	char user[USER_TEXT], serial[CERT_SERIAL_TEXT];
	int64_t from, to;

	(void)state;
	assert_non_null(cert);
	assert_true(text_has(cert,
	    "Version: 3 .*Serial Number: 41:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10 "
	    ".*Issuer: CN = test authority .*Not Before: Jun 1 05:55:00 2026 GMT "
	    ".*Not After : Jun 1 18:00:00 2026 GMT .*Subject: CN = user:ops Subject "
	    "Pub"));
	assert_true(text_has(cert,
	    "Basic Constraints: critical CA:FALSE X509v3 Key Usage: critical "
	    "Digital Signature X509v3 Extended Key Usage: TLS Web Client Authentication, "
	    "TLS Web Server Authentication X509v3 Subject Alternative Name: "
	    "URI:ugat:user:ops, DNS:\\* X509v3 Subject Key Identifier: "
	    "[0-9A-F:]{59} X509v3 Authority Key Identifier: [0-9A-F:]{59} Signature"));
	assert_int_equal(cert_user(cert, user), RC_OK);
	assert_string_equal(user, "ops");
	assert_int_equal(cert_serial(cert, serial), RC_OK);
	assert_string_equal(serial, "4102030405060708090a0b0c0d0e0f10");
	assert_int_equal(cert_dates(cert, &from, &to), RC_OK);
	assert_true(from == DAY_0600 - CERT_SLACK_S && to == DAY_0600 + CERT_USER_S);
	assert_int_equal(X509_check_private_key(cert, key), 1);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

static void
no_certificate_outlives_its_authority(void **state)
{
	struct cert_order late = order;
	EVP_PKEY *key = vector_key("user.key"), *ca_key = vector_key("ca.key");
	X509 *ca = vector_cert("ca.pem"), *cert;
	int64_t from, to;

	(void)state;
	late.now_s = CA_TO - 60;
	cert = cert_issue(&late, key, ca, ca_key);
	assert_int_equal(cert_dates(cert, &from, &to), RC_OK);
	assert_true(to == CA_TO);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

static void
what_may_not_be_signed_is_not(void **state)
{
	static const char *const keys[] = { "key-rsa1024.pem", "key-explicit.pem",
		"key-secp256k1.pem" };
	struct cert_order o[4] = { order, order, order, order };
	EVP_PKEY *key = vector_key("user.key"), *ca_key = vector_key("ca.key");
	X509 *ca = vector_cert("ca.pem");

	(void)state;
	memset(o[0].serial, 0, sizeof(o[0].serial));
	o[1].serial[0] = 0x80;
	memcpy(o[2].user, "", 1);
	memcpy(o[3].user, "a,b", 4);
	for (size_t i = 0; i < 4; i++)
		assert_null(cert_issue(&o[i], key, ca, ca_key));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		EVP_PKEY *bad = vector_key(keys[i]);

		assert_null(cert_issue(&order, bad, ca, ca_key));
		EVP_PKEY_free(bad);
	}
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

static void
an_authority_signs_users_and_lists_and_nothing_else(void **state)
{
	EVP_PKEY *key = key_new();
	X509 *ca = cert_new_ca(key, "users of test", DAY_0600);
	int64_t from, to;

	(void)state;
	assert_true(cert_is_ca(ca));
	assert_true(text_has(ca,
	    "Issuer: CN = users of test .*Subject: CN = users of test "
	    ".*Basic Constraints: critical CA:TRUE, pathlen:0 X509v3 Key Usage: critical "
	    "Certificate Sign, CRL Sign X509v3 Subject Key Identifier: "
	    "[0-9A-F:]{59} Signature"));
	assert_int_equal(cert_dates(ca, &from, &to), RC_OK);
	assert_true(from == DAY_0600 - CERT_SLACK_S && to == DAY_0600 + CERT_CA_S);
	assert_true(verifies(ca, ca, DAY_0600, "any"));
	assert_null(cert_new_ca(key, "", DAY_0600));
	X509_free(ca);
	EVP_PKEY_free(key);
}

/* RFC 5280, 4.1.2.5: years from 2050 on have four digits. */
static void
dates_behind_2049_are_written_and_read(void **state)
{
	const int64_t now_s = 2524607900; /* 2049-12-31 23:58:20 */
	EVP_PKEY *key = key_new();
	X509 *ca = cert_new_ca(key, "later", now_s);
	int64_t from, to;

	(void)state;
	assert_true(text_has(ca,
	    "Not Before: Dec 31 23:53:20 2049 GMT Not After : Dec 29 23:58:20 2059 GMT"));
	assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(ca)), V_ASN1_UTCTIME);
	assert_int_equal(
	    ASN1_STRING_type(X509_get0_notAfter(ca)), V_ASN1_GENERALIZEDTIME);
	assert_int_equal(cert_dates(ca, &from, &to), RC_OK);
	assert_true(from == now_s - CERT_SLACK_S && to == now_s + CERT_CA_S);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void
an_identity_is_for_servers_and_names_its_host(void **state)
{
	static const char host[] = "a-host-with-a-rather-long-name.in-a-department.of-a-"
	                           "university.example.org";
	EVP_PKEY *key = key_new();
	X509 *id = cert_new_identity(key, host, DAY_0600);

	(void)state;
	assert_false(cert_is_ca(id));
	assert_false(cert_is_for_peers(id));
	assert_true(text_has(id,
	    "Subject: CN = "
	    "a-host-with-a-rather-long-name.in-a-department.of-a-university.e "
	    ".*Basic Constraints: critical CA:FALSE X509v3 Key Usage: critical "
	    "Digital Signature X509v3 Extended Key Usage: TLS Web Server Authentication "
	    "X509v3 Subject Alternative Name: DNS:a-host-with-a-rather-long-name."
	    "in-a-department.of-a-university.example.org X509v3 Subject Key"));
	assert_true(verifies(id, id, DAY_0600, "sslserver"));
	assert_false(verifies(id, id, DAY_0600, "sslclient"));
	X509_free(id);
	id = cert_new_identity(key, "127.0.0.1", DAY_0600);
	assert_true(text_has(id, "Alternative Name: IP Address:127.0.0.1 "));
	X509_free(id);
	id = cert_new_identity(key, "2001:db8::1", DAY_0600);
	assert_true(text_has(id, "Alternative Name: IP Address:2001:DB8:0:0:0:0:0:1 "));
	X509_free(id);
	/* One name, whatever stands in it. */
	id = cert_new_identity(key, "a,IP:192.0.2.1", DAY_0600);
	assert_true(text_has(id, "Alternative Name: DNS:a,IP:192.0.2.1 "));
	X509_free(id);
	EVP_PKEY_free(key);
}

static void
drawn_serials_are_positive_and_differ(void **state)
{
	uint8_t a[CERT_SERIAL_SIZE], b[CERT_SERIAL_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(cert_draw_serial(a), RC_OK);
		assert_int_equal(cert_draw_serial(b), RC_OK);
		assert_true(a[0] >= 0x40 && a[0] < 0x80);
		assert_memory_not_equal(a, b, sizeof(a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    openssl_verifies_a_users_certificate, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_users_certificate_says_what_was_ordered, no_errors_are_left),
		cmocka_unit_test_teardown(
		    no_certificate_outlives_its_authority, no_errors_are_left),
		cmocka_unit_test_teardown(
		    what_may_not_be_signed_is_not, no_errors_are_left),
		cmocka_unit_test_teardown(
		    an_authority_signs_users_and_lists_and_nothing_else,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    dates_behind_2049_are_written_and_read, no_errors_are_left),
		cmocka_unit_test_teardown(
		    an_identity_is_for_servers_and_names_its_host, no_errors_are_left),
		cmocka_unit_test(drawn_serials_are_positive_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
