/* SPDX-License-Identifier: ISC */
#include "authd/ask.h"

#include <string.h>

enum {
	SIZE_LENGTH = 4,
	SIZE_ID = 8,
	SIZE_IP = 16,
	SIZE_PORT = 2,
	SIZE_STATUS = 2,
	SIZE_RETRY = 4,
	ASK_FIXED = SIZE_ID + 1 + SIZE_IP + SIZE_PORT,
	ANSWER_FIXED = SIZE_ID + SIZE_STATUS + SIZE_RETRY + 1,
};

/* What n texts need; RC_BIG: with what stands before them it is more than max. */
static enum rc
measure(const struct bytes *texts, size_t n, size_t fixed, size_t max, size_t *out)
{
	size_t sum = fixed;

	for (size_t i = 0; i < n; i++) {
		if (texts[i].n > max)
			return RC_BIG;
		sum += SIZE_LENGTH + texts[i].n;
	}
	*out = sum;
	return sum > max ? RC_BIG : RC_OK;
}

static uint8_t *
put_text(uint8_t *at, struct bytes text)
{
	at = put_be(at, SIZE_LENGTH, text.n);
	if (text.n > 0)
		memcpy(at, text.p, text.n);
	return at + text.n;
}

static struct bytes
take_text(struct cur *c)
{
	size_t n = (size_t)cur_be(c, SIZE_LENGTH);
	const uint8_t *p = cur_take(c, n);

	return bytes_of(p, p == NULL ? 0 : n);
}

/* The body of the frame that in begins with. */
static enum rc
take_frame(struct bytes in, size_t max, struct cur *body)
{
	struct cur c = cur_over(in);
	size_t n = (size_t)cur_be(&c, ASK_FRAME);

	if (c.bad)
		return RC_MORE;
	if (n > max)
		return RC_BAD;
	if (n > c.n)
		return RC_MORE;
	*body = cur_over(bytes_of(c.p, n));
	return RC_OK;
}

enum rc
ask_put(const struct ask *a, struct buf *out)
{
	const struct bytes texts[] = { a->user, a->password, a->cert, a->body };
	const size_t n = sizeof(texts) / sizeof(texts[0]);
	size_t size;
	uint8_t *at;
	enum rc rc = measure(texts, n, ASK_FIXED, ASK_MAX, &size);

	if (rc == RC_OK)
		rc = buf_room(out, ASK_FRAME + size);
	if (rc != RC_OK)
		return rc;
	at = put_be(out->p + out->n, ASK_FRAME, size);
	at = put_be(at, SIZE_ID, a->id);
	at = put_be(at, 1, (uint64_t)a->kind);
	memcpy(at, a->source.ip, SIZE_IP);
	at = put_be(at + SIZE_IP, SIZE_PORT, a->source.port);
	for (size_t i = 0; i < n; i++)
		at = put_text(at, texts[i]);
	out->n += ASK_FRAME + size;
	return RC_OK;
}

enum rc
answer_put(const struct answer *a, struct buf *out)
{
	size_t size;
	uint8_t *at;
	enum rc rc = measure(&a->body, 1, ANSWER_FIXED, ANSWER_MAX, &size);

	if (rc == RC_OK)
		rc = buf_room(out, ASK_FRAME + size);
	if (rc != RC_OK)
		return rc;
	at = put_be(out->p + out->n, ASK_FRAME, size);
	at = put_be(at, SIZE_ID, a->id);
	at = put_be(at, SIZE_STATUS, a->status);
	at = put_be(at, SIZE_RETRY, a->retry_s);
	at = put_be(at, 1, (uint64_t)a->type);
	(void)put_text(at, a->body);
	out->n += ASK_FRAME + size;
	return RC_OK;
}

enum rc
ask_get(struct bytes in, struct ask *out, size_t *used)
{
	struct ask a = { .id = 0 };
	struct cur c;
	const uint8_t *ip;
	uint64_t kind;
	enum rc rc = take_frame(in, ASK_MAX, &c);

	if (rc != RC_OK)
		return rc;
	a.id = cur_be(&c, SIZE_ID);
	kind = cur_be(&c, 1);
	ip = cur_take(&c, SIZE_IP);
	if (ip != NULL)
		memcpy(a.source.ip, ip, SIZE_IP);
	a.source.port = (uint16_t)cur_be(&c, SIZE_PORT);
	a.user = take_text(&c);
	a.password = take_text(&c);
	a.cert = take_text(&c);
	a.body = take_text(&c);
	if (c.bad || c.n > 0 || kind >= ASK_KINDS)
		return RC_BAD;
	a.kind = (enum ask_kind)kind;
	*out = a;
	*used = (size_t)(c.p - in.p);
	return RC_OK;
}

enum rc
answer_get(struct bytes in, struct answer *out, size_t *used)
{
	struct answer a = { .id = 0 };
	struct cur c;
	uint64_t type;
	enum rc rc = take_frame(in, ANSWER_MAX, &c);

	if (rc != RC_OK)
		return rc;
	a.id = cur_be(&c, SIZE_ID);
	a.status = (uint16_t)cur_be(&c, SIZE_STATUS);
	a.retry_s = (uint32_t)cur_be(&c, SIZE_RETRY);
	type = cur_be(&c, 1);
	a.body = take_text(&c);
	if (c.bad || c.n > 0 || type >= ANSWER_TYPES)
		return RC_BAD;
	a.type = (enum answer_type)type;
	*out = a;
	*used = (size_t)(c.p - in.p);
	return RC_OK;
}
