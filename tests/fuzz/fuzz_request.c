/* SPDX-License-Identifier: ISC */
/*
 * What net makes of a stranger's request, and what both of authd's processes make of the
 * other's frames. The first byte chooses; in a request the next ones are path,
 * Authorization, Content-Type and certificate, each up to a NUL, then the body.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/ask.h"
#include "authd/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { FIELD = 2 * REQUEST_MAX };

/* The bytes up to a NUL as a text; NULL where there are none and it may be absent. */
static const char *
take_text(struct bytes *in, char room[static FIELD], char absent)
{
	const uint8_t *end = in->n == 0 ? NULL : memchr(in->p, '\0', in->n);
	size_t n = end == NULL ? in->n : (size_t)(end - in->p);
	size_t kept = n < FIELD - 1 ? n : FIELD - 1;

	if (kept > 0)
		memcpy(room, in->p, kept);
	room[kept] = '\0';
	*in = bytes_from(*in, end == NULL ? n : n + 1);
	return room[0] == absent && absent != '\0' ? NULL : room;
}

/* What is sent to vault must be what vault reads. */
static void
send(const struct ask *a)
{
	struct ask back;
	struct buf b;
	size_t used = 0;

	buf_init(&b, ASK_FRAME + ASK_MAX);
	if (ask_put(a, &b) != RC_OK)
		abort(); /* whatever net understands fits */
	if (ask_get(buf_bytes(&b), &back, &used) != RC_OK || used != b.n)
		abort();
	if (back.kind != a->kind || !bytes_eq(back.user, a->user) ||
	    !bytes_eq(back.password, a->password) || !bytes_eq(back.cert, a->cert) ||
	    !bytes_eq(back.body, a->body))
		abort();
	buf_clear(&b);
}

static void
read_request(struct bytes in, unsigned how)
{
	static char path[FIELD], authorization[FIELD], type[FIELD], cert[FIELD];
	static struct request_room room;
	struct request r = { .method = (enum request_method)(how % 3),
		.has_length = (how & 4) != 0,
		.size = in.n };
	struct refusal no = { .status = 0 };
	struct ask a;

	r.path = take_text(&in, path, '\0');
	r.authorization = take_text(&in, authorization, '-');
	r.content_type = take_text(&in, type, '-');
	r.cert = bytes_str(take_text(&in, cert, '\0'));
	r.body = in;
	if (request_get(&r, &room, &a, &no) == RC_OK)
		send(&a);
	else if (no.status < 400 || no.status > 499 || no.words == NULL ||
	    (no.status == 405) != (no.allow != NULL))
		abort();
}

static void
read_frames(struct bytes in)
{
	struct answer r;
	struct ask a;
	size_t used;

	while (ask_get(in, &a, &used) == RC_OK) {
		if (used < ASK_FRAME || used > in.n || a.body.n > used)
			abort();
		in = bytes_from(in, used);
	}
	while (answer_get(in, &r, &used) == RC_OK) {
		if (used < ASK_FRAME || used > in.n || r.body.n > used)
			abort();
		in = bytes_from(in, used);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	if ((p[0] & 0x80) != 0)
		read_frames(bytes_of(p + 1, n - 1));
	else
		read_request(bytes_of(p + 1, n - 1), p[0]);
	return 0;
}
