/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/key.h"

#include "vectors.h"

static void
keys_of_known_kinds_and_lengths_are_sound(void **state)
{
	static const struct {
		const char *name;
		bool sound;
	} cases[] = {
		{ "user.key", true },
		{ "key-p384.pem", true },
		{ "key-p521.pem", true },
		{ "key-ed25519.pem", true },
		{ "key-rsa2048.pem", true },
		{ "key-rsa4096.pem", true },
		{ "key-rsa1024.pem", false },
		{ "key-rsapss.pem", false },
		{ "key-explicit.pem", false },
		{ "key-secp256k1.pem", false },
		{ "key-ed448.pem", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EVP_PKEY *key = vector_key(cases[i].name), *read = NULL;

		assert_int_equal(key_is_sound(key), cases[i].sound);
		assert_int_equal(key_get_pem(vector(cases[i].name), &read),
		    cases[i].sound ? RC_OK : RC_BAD);
		if (cases[i].sound)
			assert_int_equal(EVP_PKEY_eq(key, read), 1);
		EVP_PKEY_free(key);
		EVP_PKEY_free(read);
	}
}

static void
a_new_key_is_another_one_each_time_and_comes_back_from_its_text(void **state)
{
	EVP_PKEY *a = key_new(), *b = key_new(), *back = NULL;
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	assert_true(key_is_sound(a) && key_is_sound(b));
	assert_int_equal(EVP_PKEY_get_bits(a), 256);
	assert_int_equal(EVP_PKEY_eq(a, b), 0);
	assert_int_equal(key_put_pem(a, &text), RC_OK);
	assert_true(bytes_starts(buf_bytes(&text), "-----BEGIN PRIVATE KEY-----\n"));
	assert_int_equal(key_get_pem(buf_bytes(&text), &back), RC_OK);
	assert_int_equal(EVP_PKEY_eq(a, back), 1);
	buf_clear(&text);
	buf_init(&text, 100);
	assert_int_equal(key_put_pem(a, &text), RC_BIG);
	buf_clear(&text);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	EVP_PKEY_free(back);
}

static void
the_older_forms_of_a_key_are_read(void **state)
{
	static const char *const pairs[][2] = { { "key-sec1.pem", "user.key" },
		{ "key-pkcs1.pem", "key-rsa2048.pem" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY *a = NULL, *b = NULL;

		assert_int_equal(key_get_pem(vector(pairs[i][0]), &a), RC_OK);
		assert_int_equal(key_get_pem(vector(pairs[i][1]), &b), RC_OK);
		assert_int_equal(EVP_PKEY_eq(a, b), 1);
		EVP_PKEY_free(a);
		EVP_PKEY_free(b);
	}
}

static void
a_key_with_a_passphrase_is_none(void **state)
{
	EVP_PKEY *key = NULL;

	(void)state;
	assert_int_equal(key_get_pem(vector("key-locked.pem"), &key), RC_NONE);
	assert_int_equal(key_get_pem(vector("key-locked-sec1.pem"), &key), RC_NONE);
	assert_int_equal(key_get_pem(vector("ca.pem"), &key), RC_NONE);
	assert_int_equal(key_get_pem(bytes_of(NULL, 0), &key), RC_NONE);
	assert_null(key);
}

/* Put the DER of a key between PEM's lines. */
static void
wrap(const uint8_t *der, long n, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long size;

	assert_true(PEM_write_bio(bio, "PRIVATE KEY", "", der, n) > 0);
	size = BIO_get_mem_data(bio, &p);
	out->n = 0;
	assert_int_equal(buf_add(out, p, (size_t)size), RC_OK);
	BIO_free(bio);
}

/*
 * Behind the 7 bytes of outer head, version and the algorithm's 21 stand 9 more, then
 * the 32 of the secret: openssl asn1parse -in user.key.
 */
static void
a_secret_that_does_not_fit_its_public_half_is_damaged(void **state)
{
	struct bytes text = vector("user.key");
	BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
	char *name, *header;
	uint8_t *der;
	long n;
	EVP_PKEY *key = NULL;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(PEM_read_bio(in, &name, &header, &der, &n), 1);
	wrap(der, n, &out);
	assert_int_equal(key_get_pem(buf_bytes(&out), &key), RC_OK);
	EVP_PKEY_free(key);
	for (size_t i = 36; i < 68; i++) {
		der[i] ^= 1;
		wrap(der, n, &out);
		assert_int_equal(key_get_pem(buf_bytes(&out), &key), RC_BAD);
		der[i] ^= 1;
	}
	wrap(der, n - 1, &out);
	assert_int_equal(key_get_pem(buf_bytes(&out), &key), RC_BAD);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(in);
	buf_clear(&out);
}

/* other.pin: openssl pkey -pubout -outform DER | openssl dgst -sha256 */
static void
a_pin_is_what_openssl_counts(void **state)
{
	EVP_PKEY *key = vector_key("other.key");
	uint8_t pin[PIN_SIZE], want[PIN_SIZE];

	(void)state;
	assert_int_equal(
	    text_unhex(bytes_of(vector("other.pin").p, 64), want, 32), RC_OK);
	assert_int_equal(key_pin(key, pin), RC_OK);
	assert_memory_equal(pin, want, PIN_SIZE);
	EVP_PKEY_free(key);
}

/* RFC 7469, 2.9: the pin of its examples; in hexadecimal by base64 -d | od -tx1. */
static void
every_way_to_write_a_pin_is_read(void **state)
{
	static const char *const good[] = {
		"sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=",
		"sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM",
		"SHA256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=",
		"sha256//d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=",
		"77aab346ef7338409bf7451ecf6ef15a5b4db23d1ed4c77b1a4618915a195a63",
		"77AAB346EF7338409BF7451ECF6EF15A5B4DB23D1ED4C77B1A4618915A195A63",
		"sha256:"
		"77aab346ef7338409bf7451ecf6ef15a5b4db23d1ed4c77b1a4618915a195a63",
		"77:aa:b3:46:ef:73:38:40:9b:f7:45:1e:cf:6e:f1:5a:"
		"5b:4d:b2:3d:1e:d4:c7:7b:1a:46:18:91:5a:19:5a:63",
		"SHA256:77:AA:B3:46:EF:73:38:40:9B:F7:45:1E:CF:6E:F1:5A:"
		"5B:4D:B2:3D:1E:D4:C7:7B:1A:46:18:91:5A:19:5A:63",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint8_t pin[PIN_SIZE];
		char text[PIN_TEXT];

		assert_int_equal(pin_get(bytes_str(good[i]), pin), RC_OK);
		pin_text(pin, text);
		assert_string_equal(text, good[0]);
	}
}

static void
what_is_no_pin_is_refused(void **state)
{
	static const char *const bad[] = { "", "sha256:", "sha256//", "sha256",
		"d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=",
		"sha1:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=",
		"sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWm=",
		"sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmMA",
		"sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM==",
		"sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWm-=",
		"sha256: d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=",
		"sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=\n",
		"77aab346ef7338409bf7451ecf6ef15a5b4db23d1ed4c77b1a4618915a195a6",
		"77aab346ef7338409bf7451ecf6ef15a5b4db23d1ed4c77b1a4618915a195a630",
		"77aab346ef7338409bf7451ecf6ef15a5b4db23d1ed4c77b1a4618915a195a6g",
		"77-aa:b3:46:ef:73:38:40:9b:f7:45:1e:cf:6e:f1:5a:"
		"5b:4d:b2:3d:1e:d4:c7:7b:1a:46:18:91:5a:19:5a:63",
		"77:aa:b3:46:ef:73:38:40:9b:f7:45:1e:cf:6e:f1:5a:"
		"5b:4d:b2:3d:1e:d4:c7:7b:1a:46:18:91:5a:19:5a:6:" };
	uint8_t pin[PIN_SIZE] = { 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pin_get(bytes_str(bad[i]), pin), RC_BAD);
	assert_int_equal(pin_get(bytes_of(NULL, 0), pin), RC_BAD);
	assert_int_equal(pin[0], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    keys_of_known_kinds_and_lengths_are_sound, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_new_key_is_another_one_each_time_and_comes_back_from_its_text,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    the_older_forms_of_a_key_are_read, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_key_with_a_passphrase_is_none, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_secret_that_does_not_fit_its_public_half_is_damaged,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_pin_is_what_openssl_counts, no_errors_are_left),
		cmocka_unit_test(every_way_to_write_a_pin_is_read),
		cmocka_unit_test(what_is_no_pin_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
