/* SPDX-License-Identifier: ISC */
/*
 * The key and certificate files in authd's directory DIR: tls.key and tls.pem, what net
 * shows in TLS; ca.key and ca.pem, what vault signs users' certificates with. Keys are
 * 0600 and made once; each file is written beside its place, synced and renamed. A key
 * without its certificate is what a crash leaves behind: the certificate is made anew. A
 * certificate without its key, or one that does not fit, is refused. As root, what is
 * made belongs to DIR's owner.
 */
#ifndef AUTHD_AUTHORITY_H
#define AUTHD_AUTHORITY_H

#include <sys/types.h>

#include <stdint.h>

#include <openssl/types.h>

#include "base/outcome.h"
#include "base/rc.h"
#include "crypto/key.h"

#define AUTHORITY_DIR "/var/lib/ugat" /* DIR where none is named */

/* A private key and the certificate of its public half. */
struct authority {
	EVP_PKEY *key;
	X509 *cert;
};

/*
 * Make DIR with mode 0700 unless it is there; it must be a directory of ours (of
 * anybody's when we are root), closed to group and others. *uid and *gid become its
 * owner: whom vault should be. RC_SYS: *end has a code and words.
 */
enum rc authority_make_dir(
    const char *dir, uid_t *uid, gid_t *gid, struct outcome *end) MUST_USE;

/*
 * Hold DIR/lock as long as *fd is open, in this process or one that it forks. RC_BUSY:
 * another authd works there; RC_SYS. Both set *end, with CODE_TEMPFAIL for RC_BUSY.
 */
enum rc authority_lock(const char *dir, int *fd, struct outcome *end) MUST_USE;

/*
 * Make tls.key and tls.pem unless they are there; name is the certificate's (a host
 * name). RC_BAD: damaged, open to others, or without its key; RC_SYS. Both set *end.
 */
enum rc authority_make_identity(
    const char *dir, const char *name, struct outcome *end) MUST_USE;

/*
 * Read tls.key and tls.pem. RC_OK: *out is the caller's, authority_clear. Results as
 * above.
 */
enum rc authority_load_identity(
    const char *dir, struct authority *out, struct outcome *end) MUST_USE;

/* Make ca.key and ca.pem unless they are there, and read them; as above. */
enum rc authority_open_ca(const char *dir, const char *name, struct authority *out,
    struct outcome *end) MUST_USE;

/*
 * The pin of the identity, from tls.pem alone. RC_NONE: there is none yet; RC_BAD,
 * RC_SYS. All three set *end.
 */
enum rc authority_pin(
    const char *dir, uint8_t pin[static PIN_SIZE], struct outcome *end) MUST_USE;

/* Give back what it holds; the keys are wiped. */
void authority_clear(struct authority *a);

#endif
