/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "crypto/ossl.h"

static void
what_libcrypto_names_counts_wherever_it_stands(void **state)
{
	(void)state;
	ossl_begin();
	ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
	ERR_raise(ERR_LIB_PEM, ERR_R_ASN1_LIB);
	assert_int_equal(ossl_end(false, RC_BAD), RC_MEM);
	assert_int_equal(ossl_end(false, RC_BAD), RC_BAD);
	assert_int_equal(ERR_peek_error(), 0);
}

/* As OpenSSL 3.0 does in many places: silently, or with the name of another library. */
static void
where_libcrypto_names_no_cause_malloc_does(void **state)
{
	(void)state;
	ossl_begin();
	ERR_raise(ERR_LIB_PEM, ERR_R_ASN1_LIB);
	errno = ENOMEM;
	assert_int_equal(ossl_end(false, RC_BAD), RC_MEM);
	assert_int_equal(ossl_end(false, RC_BAD), RC_BAD);
	errno = ENOMEM;
	ossl_forget();
	assert_int_equal(ossl_end(false, RC_BAD), RC_MEM);
}

static void
what_stood_before_does_not_count(void **state)
{
	(void)state;
	errno = ENOMEM;
	ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
	ossl_begin();
	assert_int_equal(ossl_end(false, RC_BAD), RC_BAD);
}

static void
the_errno_of_others_stays(void **state)
{
	(void)state;
	errno = EIO;
	ossl_begin();
	assert_int_equal(ossl_end(true, RC_BAD), RC_OK);
	assert_int_equal(errno, EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_libcrypto_names_counts_wherever_it_stands),
		cmocka_unit_test(where_libcrypto_names_no_cause_malloc_does),
		cmocka_unit_test(what_stood_before_does_not_count),
		cmocka_unit_test(the_errno_of_others_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
