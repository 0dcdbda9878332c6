/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include <cmocka.h>

#include "crypto/cert.h"
#include "crypto/key.h"

#include "vectors.h"

static void
the_name_is_read_from_the_one_uri_and_from_nowhere_else(void **state)
{
	static const struct {
		const char *name;
		enum rc rc;
	} cases[] = {
		{ "user.pem", RC_OK },
		{ "user-alsouri.pem", RC_OK },
		{ "user-nouri.pem", RC_NONE },
		{ "user-nosan.pem", RC_NONE },
		{ "user-dnsname.pem", RC_NONE },
		{ "ca.pem", RC_NONE },
		{ "user-twouri.pem", RC_BAD },
		{ "user-sameuri.pem", RC_BAD },
		{ "user-badname.pem", RC_BAD },
		{ "user-nulname.pem", RC_BAD },
		{ "user-noname.pem", RC_BAD },
		{ "user-badsan.pem", RC_BAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *cert = vector_cert(cases[i].name);
		char user[USER_TEXT] = "";

		assert_int_equal(cert_user(cert, user), cases[i].rc);
		if (cases[i].rc == RC_OK)
			assert_string_equal(user, "ops");
		X509_free(cert);
	}
}

static void
two_lists_of_names_are_none(void **state)
{
	X509 *cert = vector_cert("user-nouri.pem"), *user = vector_cert("user.pem");
	GENERAL_NAMES *names = X509_get_ext_d2i(user, NID_subject_alt_name, NULL, NULL);
	char name[USER_TEXT];

	(void)state;
	assert_int_equal(
	    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND),
	    1);
	assert_int_equal(cert_user(cert, name), RC_BAD);
	GENERAL_NAMES_free(names);
	X509_free(cert);
	X509_free(user);
}

/* The dates of make.sh; seconds by date -u -d. */
static void
dates_and_serials_are_what_openssl_wrote(void **state)
{
	static const struct {
		const char *name, *serial;
		int64_t from, to;
	} cases[] = {
		{ "user.pem", "40000000000000000000000000000001", DAY_0000, DAY_1200 },
		{ "user-nouri.pem", "42", DAY_0000, DAY_1200 },
		{ "user-long.pem", "0102030405060708090a0b0c0d0e0f1011121314", DAY_0000,
		    2208988800 },
		{ "ca.pem", "0a", CA_FROM, CA_TO },
	};
	char serial[CERT_SERIAL_TEXT];
	int64_t from, to;
	X509 *cert;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cert = vector_cert(cases[i].name);
		assert_int_equal(cert_serial(cert, serial), RC_OK);
		assert_string_equal(serial, cases[i].serial);
		assert_int_equal(cert_dates(cert, &from, &to), RC_OK);
		assert_true(from == cases[i].from && to == cases[i].to);
		X509_free(cert);
	}
	cert = vector_cert("user-longer.pem");
	assert_int_equal(cert_serial(cert, serial), RC_BIG);
	X509_free(cert);
}

static void
a_negative_serial_counts_for_nothing(void **state)
{
	X509 *cert = vector_cert("user.pem");
	char serial[CERT_SERIAL_TEXT];

	(void)state;
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), -5), 1);
	assert_int_equal(cert_serial(cert, serial), RC_BIG);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 0), 1);
	assert_int_equal(cert_serial(cert, serial), RC_OK);
	assert_string_equal(serial, "00");
	X509_free(cert);
}

static void
an_authority_is_what_may_sign(void **state)
{
	static const struct {
		const char *name;
		bool ca;
	} cases[] = {
		{ "ca.pem", true },
		{ "ca-anyuse.pem", true },
		{ "ca-nocrl.pem", true },
		{ "user-isca.pem", true },
		{ "ca-nosign.pem", false },
		{ "ca-isnone.pem", false },
		{ "user.pem", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *cert = vector_cert(cases[i].name);

		assert_int_equal(cert_is_ca(cert), cases[i].ca);
		X509_free(cert);
	}
}

static void
who_signed_is_told_by_all_that_both_certificates_say(void **state)
{
	static const struct {
		const char *cert, *ca;
		bool signed_by;
	} cases[] = {
		{ "user.pem", "ca.pem", true },
		{ "user-noid.pem", "ca.pem", true },
		{ "user-nouri.pem", "ca.pem", true }, /* names are not its matter */
		{ "user.pem", "ca-anyuse.pem", true },
		{ "user-other.pem", "other.pem", true },
		{ "user-other.pem", "ca.pem", false }, /* another key of the same name */
		{ "user.pem", "other.pem", false },
		{ "user.pem", "user.pem", false },
		{ "ca.pem", "ca.pem", false }, /* an authority is no user */
		{ "user-isca.pem", "ca.pem", false },
		{ "user-sha1.pem", "ca.pem", false },
		{ "user-unknown.pem", "ca.pem", false },
		/* The right key and name, which may not. */
		{ "user.pem", "ca-nosign.pem", false },
		{ "user.pem", "ca-isnone.pem", false },
		{ "user.pem", "ca-limited.pem", false },
		{ "user.pem", "ca-unknown.pem", false },
		{ "user.pem", "ca-renamed.pem", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *cert = vector_cert(cases[i].cert), *ca = vector_cert(cases[i].ca);

		if (cert_is_signed_by(cert, ca) != cases[i].signed_by)
			fail_msg("%s by %s", cases[i].cert, cases[i].ca);
		X509_free(cert);
		X509_free(ca);
	}
}

static void
no_byte_of_a_signed_certificate_may_change(void **state)
{
	X509 *user = vector_cert("user.pem"), *ca = vector_cert("ca.pem");
	struct buf der;

	(void)state;
	buf_init(&der, 4096);
	assert_int_equal(cert_put_der(user, &der), RC_OK);
	for (size_t i = 0; i < der.n; i++) {
		X509 *cert = NULL;

		der.p[i] ^= 1;
		if (cert_get_der(buf_bytes(&der), &cert) == RC_OK)
			assert_false(cert_is_signed_by(cert, ca));
		der.p[i] ^= 1;
		X509_free(cert);
	}
	buf_clear(&der);
	X509_free(user);
	X509_free(ca);
}

static void
peers_need_both_sides_of_tls(void **state)
{
	static const struct {
		const char *name;
		bool fit;
	} cases[] = {
		{ "user.pem", true },
		{ "user-anyuse.pem", true },
		{ "user-client.pem", false },
		{ "user-server.pem", false },
		{ "user-mail.pem", false },
		{ "user-nosign.pem", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *cert = vector_cert(cases[i].name);

		assert_int_equal(cert_is_for_peers(cert), cases[i].fit);
		X509_free(cert);
	}
}

static void
the_nth_certificate_among_blocks_is_found(void **state)
{
	X509 *user = vector_cert("user.pem"), *ca = vector_cert("ca.pem"), *got = NULL;
	struct bytes text = vector("session.pem");

	(void)state;
	assert_int_equal(cert_get_pem(text, 0, &got), RC_OK);
	assert_int_equal(X509_cmp(got, user), 0);
	X509_free(got);
	assert_int_equal(cert_get_pem(text, 1, &got), RC_OK);
	assert_int_equal(X509_cmp(got, ca), 0);
	X509_free(got);
	assert_int_equal(cert_get_pem(text, 2, &got), RC_NONE);
	assert_int_equal(cert_get_pem(bytes_str(""), 0, &got), RC_NONE);
	assert_int_equal(cert_get_pem(vector("user.key"), 0, &got), RC_NONE);
	assert_int_equal(cert_get_pem(bytes_str("-----BEGIN CERTIFICATE-----\nMAA=\n"
	                                        "-----END CERTIFICATE-----\n"),
	                     0, &got),
	    RC_BAD);
	X509_free(user);
	X509_free(ca);
}

static void
a_certificate_is_whole_and_alone(void **state)
{
	X509 *user = vector_cert("user.pem"), *got = NULL;
	struct buf der, pem;

	(void)state;
	buf_init(&der, 4096);
	buf_init(&pem, 4096);
	assert_int_equal(cert_put_der(user, &der), RC_OK);
	for (size_t n = 0; n < der.n; n++)
		assert_int_equal(cert_get_der(bytes_of(der.p, n), &got), RC_BAD);
	assert_int_equal(cert_get_der(buf_bytes(&der), &got), RC_OK);
	assert_int_equal(X509_cmp(got, user), 0);
	X509_free(got);
	assert_int_equal(buf_add(&der, "", 1), RC_OK);
	assert_int_equal(cert_get_der(buf_bytes(&der), &got), RC_BAD);
	assert_int_equal(cert_get_der(bytes_of(NULL, 0), &got), RC_BAD);
	/* openssl wrote the file. */
	assert_int_equal(cert_put_pem(user, &pem), RC_OK);
	assert_true(bytes_eq(buf_bytes(&pem), vector("user.pem")));
	buf_clear(&pem);
	buf_init(&pem, 100);
	assert_int_equal(cert_put_pem(user, &pem), RC_BIG);
	buf_clear(&der);
	buf_init(&der, 100);
	assert_int_equal(cert_put_der(user, &der), RC_BIG);
	buf_clear(&der);
	buf_clear(&pem);
	X509_free(user);
}

static void
certificates_in_a_message_by_openssl_are_read(void **state)
{
	struct bytes der = vector("certs.p7");
	X509 *user, *ca, *got[3] = { NULL };
	uint8_t *copy = malloc(der.n + 1);
	unsigned n = 9;

	(void)state;
	for (size_t cut = 0; cut < der.n; cut++)
		assert_int_equal(certs_get(bytes_of(der.p, cut), got, 3, &n), RC_BAD);
	assert_int_equal(n, 0);
	memcpy(copy, der.p, der.n);
	copy[der.n] = 0;
	assert_int_equal(certs_get(bytes_of(copy, der.n + 1), got, 3, &n), RC_BAD);
	assert_int_equal(certs_get(bytes_of(copy, der.n), got, 1, &n), RC_BIG);
	assert_int_equal(n, 0);
	assert_int_equal(certs_get(bytes_of(copy, der.n), got, 3, &n), RC_OK);
	assert_int_equal(n, 2);
	user = vector_cert("user.pem");
	ca = vector_cert("ca.pem");
	/* A SET: DER sorts it. */
	if (X509_cmp(got[0], user) != 0) {
		assert_int_equal(X509_cmp(got[0], ca), 0);
		assert_int_equal(X509_cmp(got[1], user), 0);
	} else {
		assert_int_equal(X509_cmp(got[1], ca), 0);
	}
	assert_int_equal(certs_get(vector("certs-none.p7"), got + 2, 1, &n), RC_BAD);
	X509_free(user);
	X509_free(ca);
	X509_free(got[0]);
	X509_free(got[1]);
	free(copy);
}

static void
openssl_reads_our_message_of_certificates(void **state)
{
	X509 *list[2] = { vector_cert("user.pem"), vector_cert("ca.pem") }, *got[2];
	char path[128], command[512];
	struct buf out;
	unsigned n;

	(void)state;
	buf_init(&out, 8192);
	assert_int_equal(certs_put(list, 2, &out), RC_OK);
	assert_int_equal(certs_get(buf_bytes(&out), got, 2, &n), RC_OK);
	assert_int_equal(n, 2);
	scratch_file(buf_bytes(&out), path);
	(void)snprintf(command, sizeof(command),
	    "openssl cms -inform DER -in %s -cmsout -print | tr -s ' \\n' ' ' | grep -q "
	    "'version: 1 digestAlgorithms: <EMPTY> encapContentInfo: eContentType: "
	    "pkcs7-data .* eContent: <ABSENT> certificates: .*signerInfos: <EMPTY>'",
	    path);
	assert_int_equal(system(command), 0);
	(void)snprintf(command, sizeof(command),
	    "openssl pkcs7 -inform DER -in %s -print_certs | grep -c '^subject=CN = "
	    "\\(user:ops\\|test authority\\)$' | grep -qx 2",
	    path);
	assert_int_equal(system(command), 0);
	assert_int_equal(remove(path), 0);
	buf_clear(&out);
	for (size_t i = 0; i < 2; i++) {
		X509_free(list[i]);
		X509_free(got[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    the_name_is_read_from_the_one_uri_and_from_nowhere_else,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    two_lists_of_names_are_none, no_errors_are_left),
		cmocka_unit_test_teardown(
		    dates_and_serials_are_what_openssl_wrote, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_negative_serial_counts_for_nothing, no_errors_are_left),
		cmocka_unit_test_teardown(
		    an_authority_is_what_may_sign, no_errors_are_left),
		cmocka_unit_test_teardown(
		    who_signed_is_told_by_all_that_both_certificates_say,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    no_byte_of_a_signed_certificate_may_change, no_errors_are_left),
		cmocka_unit_test_teardown(
		    peers_need_both_sides_of_tls, no_errors_are_left),
		cmocka_unit_test_teardown(
		    the_nth_certificate_among_blocks_is_found, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_certificate_is_whole_and_alone, no_errors_are_left),
		cmocka_unit_test_teardown(
		    certificates_in_a_message_by_openssl_are_read, no_errors_are_left),
		cmocka_unit_test_teardown(
		    openssl_reads_our_message_of_certificates, no_errors_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
