/* SPDX-License-Identifier: ISC */
/*
 * What authd's two processes say to each other over their pair of sockets: net asks,
 * vault answers, in any order. A frame is its length in 4 bytes, big-endian, then so many
 * bytes; numbers in it are big-endian, texts and blobs are a 4-byte length and their
 * bytes. vault does not believe net: every field is checked again.
 */
#ifndef AUTHD_ASK_H
#define AUTHD_ASK_H

#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"

enum {
	ASK_FRAME = 4,               /* bytes of the length in front */
	ASK_MAX = 16 * 1024,         /* of what net asks, without them */
	ANSWER_MAX = 5 * 1024 * 1024 /* of an answer: a list of revoked sessions */
};

enum ask_kind {
	ASK_CACERTS,  /* GET /.well-known/est/cacerts */
	ASK_ENROLL,   /* POST /.well-known/est/simpleenroll: user, password, body: PKCS#10
	                 DER */
	ASK_REENROLL, /* POST /.well-known/est/simplereenroll: cert, body: PKCS#10 DER */
	ASK_REGISTER, /* POST /register: user, password, body: the invite, or empty */
	ASK_PASSWD,   /* POST /passwd: user, password, body: the new password */
	ASK_CRL,      /* GET /crl */
	ASK_KINDS
};

struct ask {
	uint64_t id; /* net's own; stands in the answer */
	enum ask_kind kind;
	struct addr source;          /* the client's */
	struct bytes user, password; /* as typed: any bytes */
	struct bytes cert;           /* what the client showed in TLS, DER; or empty */
	struct bytes body;
};

enum answer_type {
	ANSWER_TEXT,  /* text/plain: one line for a person, with its LF; may be empty */
	ANSWER_CERTS, /* application/pkcs7-mime; smime-type=certs-only: DER, net makes it
	                 base64 */
	ANSWER_CRL,   /* application/pkix-crl: DER */
	ANSWER_TYPES
};

struct answer {
	uint64_t id;
	uint16_t status;  /* HTTP's */
	uint32_t retry_s; /* Retry-After; 0: none */
	enum answer_type type;
	struct bytes body;
};

/* Add a whole frame to out. RC_BIG, RC_MEM: out is as it was. */
enum rc ask_put(const struct ask *a, struct buf *out) MUST_USE;
enum rc answer_put(const struct answer *a, struct buf *out) MUST_USE;

/*
 * Take the frame at the beginning of in apart. RC_OK: *used bytes are done with, the
 * fields point into in. RC_MORE: it is not whole yet. RC_BAD: against the rules, or a
 * length over the maximum: nothing behind it can be understood.
 */
enum rc ask_get(struct bytes in, struct ask *out, size_t *used) MUST_USE;
enum rc answer_get(struct bytes in, struct answer *out, size_t *used) MUST_USE;

#endif
