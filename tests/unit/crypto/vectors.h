/* SPDX-License-Identifier: ISC */
/*
 * For tests: the files of tests/vectors/crypto; tests run in the repository's directory.
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "crypto/cert.h"

enum {
	VECTOR_MAX = 64 * 1024,
	/* The day of the vectors, 2026-06-01 UTC: date -u -d '2026-06-01 06:00' +%s */
	DAY_0000 = 1780272000,
	DAY_0530 = 1780291800,
	DAY_0600 = 1780293600,
	DAY_0615 = 1780294500,
	DAY_1200 = 1780315200,
	CA_FROM = 1767225600, /* 2026-01-01 */
};
#define CA_TO INT64_C(2082758400) /* 2036-01-01 */

/* A whole file. The view lives until the next call. */
static inline struct bytes
vector(const char *name)
{
	static uint8_t room[VECTOR_MAX];
	char path[128];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "tests/vectors/crypto/%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(room, 1, sizeof(room), f);
	assert_true(n > 0 && n < sizeof(room));
	(void)fclose(f);
	return bytes_of(room, n);
}

static inline X509 *
vector_cert(const char *name)
{
	X509 *cert = NULL;

	assert_int_equal(cert_get_pem(vector(name), 0, &cert), RC_OK);
	return cert;
}

/* A private key as libcrypto reads it, whatever we think of it. */
static inline EVP_PKEY *
vector_key(const char *name)
{
	struct bytes text = vector(name);
	BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);

	assert_non_null(key);
	BIO_free(in);
	return key;
}

/* A new file under $TMPDIR with these bytes, for another program to read. */
static inline void
scratch_file(struct bytes content, char path[static 128])
{
	const char *folder = getenv("TMPDIR");
	FILE *f;

	(void)snprintf(
	    path, 128, "%s/ugat-test.XXXXXX", folder != NULL ? folder : "/tmp");
	f = fdopen(mkstemp(path), "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
	assert_int_equal(fclose(f), 0);
}

/* Each call leaves libcrypto's queue of errors empty. */
static inline int
no_errors_are_left(void **state)
{
	(void)state;
	return ERR_peek_error() == 0 ? 0 : -1;
}

#endif
