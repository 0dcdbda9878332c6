/* SPDX-License-Identifier: ISC */
#include "crypto/ossl.h"

#include <errno.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum { DAY_S = 24 * 60 * 60, TIME_TEXT = 16 }; /* YYYYMMDDHHMMSSZ and its NUL */

/*
 * Take all the errors; whether one of them was for want of memory. Where libcrypto does
 * not name that cause malloc has: of what is between ossl_begin and here nothing else
 * sets errno, but for a lock or a file of libcrypto's own.
 */
static bool
take_errors(void)
{
	bool lacked = errno == ENOMEM;
	unsigned long e;

	if (lacked)
		errno = 0;
	while ((e = ERR_get_error()) != 0)
		lacked = lacked || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return lacked;
}

void
ossl_begin(void)
{
	if (errno == ENOMEM)
		errno = 0;
	ERR_clear_error();
	/* Without memory for its queue it has no words for anything, for ever. */
	ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
	if (ERR_get_error() == 0)
		errno = ENOMEM;
}

enum rc
ossl_end(bool ok, enum rc otherwise)
{
	bool no_memory = take_errors();

	if (ok)
		return RC_OK;
	return no_memory ? RC_MEM : otherwise;
}

void
ossl_forget(void)
{
	if (take_errors())
		ERR_raise(ERR_LIB_CRYPTO, ERR_R_MALLOC_FAILURE);
}

/* The day from which libcrypto's arithmetic counts here: no zone, no table, no file. */
static struct tm
epoch(void)
{
	return (struct tm){ .tm_year = 70, .tm_mday = 1 };
}

ASN1_TIME *
ossl_time_new(int64_t s)
{
	char text[TIME_TEXT];
	struct tm tm = epoch();
	ASN1_TIME *t;
	int64_t day = s / DAY_S;

	if (day < -800000 || day > 3000000 ||
	    OPENSSL_gmtime_adj(&tm, (int)day, (long)(s % DAY_S)) != 1)
		return NULL;
	if (BIO_snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ",
	        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	        tm.tm_sec) != TIME_TEXT - 1)
		return NULL;
	t = ASN1_TIME_new();
	if (t != NULL && ASN1_TIME_set_string_X509(t, text) != 1) {
		ASN1_TIME_free(t);
		t = NULL;
	}
	return t;
}

enum rc
ossl_time_get(const ASN1_TIME *t, int64_t *s)
{
	struct tm from = epoch(), tm;
	int days, seconds;
	bool ok;

	/* Without a time libcrypto would take the clock's. */
	ok = t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 &&
	    OPENSSL_gmtime_diff(&days, &seconds, &from, &tm) == 1;
	if (ok)
		*s = (int64_t)days * DAY_S + seconds;
	return ossl_end(ok, RC_BAD);
}

const EVP_MD *
ossl_digest_for(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

enum rc
ossl_give(unsigned char *der, int n, struct buf *out)
{
	enum rc rc = n < 0 ? RC_MEM : buf_add(out, der, (size_t)n);

	OPENSSL_free(der);
	ossl_forget();
	return rc;
}

enum rc
ossl_give_bio(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	return n <= 0 ? RC_MEM : buf_add(out, p, (size_t)n);
}
