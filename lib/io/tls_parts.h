/* SPDX-License-Identifier: ISC */
/*
 * What the parts of io/tls share: tls.c (the connection), tls_batch.c (its socket) and
 * tls_words.c (why it ended). Nobody else includes it.
 */
#ifndef IO_TLS_PARTS_H
#define IO_TLS_PARTS_H

#include <openssl/bio.h>
#include <openssl/types.h>

#include "io/tls.h"

enum {
	TLS_PLAIN_MAX = 16 * 1024,             /* bytes in one record (RFC 8446, 5.1) */
	TLS_RECORD_MAX = TLS_PLAIN_MAX + 1024, /* and what is around them, amply */
	/*
	 * Fewer and larger calls cost less, most of all on a busy machine; on an idle one
	 * two ends keep better step with 64 KiB, at the same cost.
	 */
	TLS_BATCH = 256 * 1024,
	TLS_ALPN_MAX = 32,
};

struct tls {
	int fd;
	bool server;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	uint8_t alpn[1 + TLS_ALPN_MAX]; /* as it travels: its length, then the name */
	uint8_t our_pin[PIN_SIZE];      /* of the authority that we show */

	struct trust trust; /* with references of its own */
	struct trust_facts facts;
	enum token_fault fault;
	int64_t checked_s; /* when; 0: not yet */

	/* Ciphertext that came and was not read; that waits to be sent. */
	uint8_t *in, *out;
	size_t in_at, in_n, out_at, out_n;
	bool ended;   /* nothing more comes */
	bool gone;    /* nothing more can be sent: reading may tell why */
	int in_errno; /* 0: none */
	int out_errno;

	uint64_t sealed; /* bytes since the key is new */
	bool shaken;
	bool closed; /* we have said close_notify */
	int wants;
	struct outcome end; /* once it has failed */
};

/* tls_batch.c */

/* Give t->ssl the socket. RC_MEM. */
enum rc tls_batch_open(struct tls *t) MUST_USE;
void tls_batch_close(struct tls *t);

/*
 * Send what is in the batch. RC_OK: nothing is left. RC_MORE: t->wants says for what.
 * RC_SYS: t->out_errno. With t->gone, what was left is dropped.
 */
enum rc tls_batch_send(struct tls *t);

/* tls_words.c: set t->end for the error e of libssl, 0 for none. */
void tls_explain(struct tls *t, unsigned long e);

#endif
