/* SPDX-License-Identifier: ISC */
/* The bytes of a conversation: in from TLS and out to it, as fast as the rate allows. */
#include "run/xfer_talk_parts.h"

enum {
	TURN = 2 << 20,     /* bytes that are read before others get their turn */
	SIP = BUCKET_LEAST, /* with a rate: not less than this at once */
};

/* How many of n bytes the rate lets through now. */
static size_t
let_through(struct talk *t, bool in, size_t n)
{
	size_t least = n < SIP ? n : SIP, left;
	int64_t now = loop_now();

	if (t->limits_in != in || t->o->rate == 0 || t->phase != TALK_TALKING)
		return n;
	left = bucket_left(&t->bucket, now);
	if (left < least) {
		t->bucket_ms = bucket_when(&t->bucket, least, now);
		return 0;
	}
	return left < n ? left : n;
}

static void
count(struct talk *t, bool in, size_t n)
{
	if (t->limits_in == in && t->phase == TALK_TALKING)
		bucket_take(&t->bucket, n);
}

/* One read. false: there is nothing more to be had now. */
static bool
pull_some(struct talk *t, size_t *got)
{
	struct xlink_room none = { .p = NULL }, room;
	struct outcome why = { .code = CODE_OK };
	size_t cap;
	enum rc rc;

	room = xlink_room(
	    t->link, t->engine->place == NULL ? none : t->engine->place(t->ctx));
	cap = room.n == 0 ? 0 : let_through(t, true, room.n);
	t->deaf = cap == 0;
	if (cap == 0)
		return false;
	rc = tls_read(t->tls, room.p, cap, got, &why);
	if (rc == RC_OK) {
		count(t, true, *got);
		t->engine->commit(t->ctx, *got);
		return true;
	}
	if (rc == RC_MORE)
		t->readable = false;
	else if (rc == RC_END)
		talk_lose(t, CODE_UNAVAILABLE, "has ended the connection without a word");
	else
		talk_lose_tls(t, &why);
	return false;
}

void
talk_pull(struct talk *t)
{
	size_t budget = TURN, n = 0;

	t->hungry = t->deaf = false;
	while (t->phase == TALK_TALKING && t->readable && pull_some(t, &n)) {
		if (n >= budget) {
			t->hungry = true;
			return;
		}
		budget -= n;
	}
	if (t->phase == TALK_TALKING && !t->deaf && t->engine->dry != NULL)
		t->engine->dry(t->ctx);
}

/*
 * What was to be written was not. A connection that the other side has broken waits for
 * us to read its last words; in the end we do not.
 */
void
talk_hold(struct talk *t, enum rc rc, const struct outcome *why)
{
	t->blocked = rc == RC_MORE;
	if (rc != RC_MORE)
		talk_lose_tls(t, why);
	else if (t->phase == TALK_ENDING && (tls_wants(t->tls) & LOOP_READ) != 0)
		talk_end(t, TALK_OVER);
}

/* Write what is to be said. false: the socket, or the rate, takes no more now. */
static bool
push_some(struct talk *t)
{
	struct outcome why = { .code = CODE_OK };
	struct bytes out;
	size_t n;
	enum rc rc;

	if (t->phase == TALK_TALKING && t->engine->more != NULL &&
	    !xlink_has_payload(t->link))
		t->engine->more(t->ctx);
	out = xlink_output(t->link);
	if (out.n == 0)
		return false;
	out.n = let_through(t, false, out.n);
	if (out.n == 0)
		return false;
	rc = tls_write(t->tls, out, &n, &why);
	if (rc == RC_OK) {
		count(t, false, n);
		xlink_sent(t->link, n, loop_now());
		return true;
	}
	talk_hold(t, rc, &why);
	return false;
}

void
talk_push(struct talk *t)
{
	struct outcome why = { .code = CODE_OK };
	enum rc rc;

	t->blocked = false;
	while (t->phase < TALK_PARTING && push_some(t))
		;
	if (t->blocked || t->phase >= TALK_PARTING)
		return;
	rc = tls_flush(t->tls, &why);
	if (rc != RC_OK)
		talk_hold(t, rc, &why);
}
