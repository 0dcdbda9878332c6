/* SPDX-License-Identifier: ISC */
#include "crypto/wake.h"

#include <openssl/crypto.h>

enum rc
crypto_wake(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 &&
	        OSSL_LIB_CTX_get0_global_default() != NULL
	    ? RC_OK
	    : RC_MEM;
}
