/* SPDX-License-Identifier: ISC */
/*
 * Mutual TLS 1.3 between two users, over a connected socket that does not block: both
 * show the certificates of their sessions, both must speak the same ALPN name. Nothing is
 * resumed, nothing is sent early. Ciphertext moves in large batches: one system call for
 * many records, both ways.
 *
 * Nothing here waits: RC_MORE means "when the socket is ready for tls_wants, again".
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/rc.h"
#include "crypto/trust.h"

/* tls_new copies or references all of it: nothing need outlive that call. */
struct tls_rules {
	EVP_PKEY *key; /* ours */
	X509 *cert;
	X509 *ca; /* shown behind it, so that the other side can name it */
	const struct trust *trust;
	const char *alpn; /* at most 32 bytes */
};

struct tls;

/*
 * Begin on fd, a connected stream socket that stays the caller's; on TCP it gets
 * TCP_NODELAY. server: we were called. NULL: *end says why (out of memory, or the rules
 * cannot be used).
 */
struct tls *tls_new(
    const struct tls_rules *rules, int fd, bool server, struct outcome *end);
void tls_free(struct tls *t); /* NULL is allowed */

/*
 * Go on with the handshake. RC_OK: both sides' certificates are checked by us (the other
 * side's view of ours may still follow: its refusal comes out of tls_read). RC_MORE.
 * RC_BAD: *end says why, ready to stand behind "HOST: ": with CODE_NOSESSION when a
 * certificate is to blame (ours or its; "signed by another authority (sha256:...): to
 * accept that one too, use -F sha256:..."), CODE_PROTOCOL when it does not speak ugat/1
 * or its data came damaged, CODE_UNAVAILABLE when the connection went. The alert that
 * tells the other side why is sent; every later call says the same.
 */
enum rc tls_shake(struct tls *t, struct outcome *end) MUST_USE;

/* After tls_shake said RC_OK; before, and when it failed, as far as it came. */
const struct trust_facts *tls_peer(const struct tls *t);

/*
 * Read at most cap bytes. RC_OK: *n > 0 came. RC_MORE: none now. RC_END: the other side
 * has closed in order. RC_BAD: as tls_shake, also for a connection that ends without
 * close_notify or was tampered with.
 */
enum rc tls_read(
    struct tls *t, uint8_t *p, size_t cap, size_t *n, struct outcome *end) MUST_USE;

/*
 * Whether tls_read may have bytes although the socket has none: read until RC_MORE before
 * the socket is watched again, or come back by yourself.
 */
bool tls_has_more(const struct tls *t);

/*
 * Take *n of the bytes, from the first on, encrypted into the batch; the batch is sent
 * when it is full and more comes. RC_OK: *n > 0 (b is not empty). RC_MORE: the socket is
 * full; what comes next need not be the same bytes. RC_BAD: as tls_read.
 *
 * A connection that the other side has broken may still hold its last words: then RC_MORE
 * comes with LOOP_READ in tls_wants, and it is tls_read that comes upon them and the end.
 */
enum rc tls_write(struct tls *t, struct bytes b, size_t *n, struct outcome *end) MUST_USE;

/*
 * Send what is in the batch. RC_OK: all is with the kernel. RC_MORE, RC_BAD as tls_write.
 */
enum rc tls_flush(struct tls *t, struct outcome *end) MUST_USE;

/* Say close_notify and send it; as tls_flush. Reading may go on. */
enum rc tls_close(struct tls *t, struct outcome *end) MUST_USE;

/* What the last RC_MORE waits for: LOOP_READ, LOOP_WRITE (io/loop). */
int tls_wants(const struct tls *t);

#endif
