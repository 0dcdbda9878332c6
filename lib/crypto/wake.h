/* SPDX-License-Identifier: ISC */
#ifndef CRYPTO_WAKE_H
#define CRYPTO_WAKE_H

#include "base/rc.h"

/*
 * Before libcrypto's first use, and as often as one likes. Nothing of ours is configured,
 * and reading openssl.cnf would take as long as all the rest of a short run. RC_MEM: it
 * must not be used: what it could not make of itself it takes for made, and crashes.
 */
enum rc crypto_wake(void) MUST_USE;

#endif
