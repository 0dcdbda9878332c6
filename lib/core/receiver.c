/* SPDX-License-Identifier: ISC */
/*
 * The rules:
 *
 * - Before we say something there is room for it, then the book (core/xbook) allows it;
 *   so what is said and what is written there are the same.
 * - Of what is heard, BUSY and ERROR may come at any time, HELLO once and first, all else
 *   only when state and book expect it. Content is refused at its head, before a byte of
 *   it is in any place.
 * - The sender owes us something unless we owe it a TAKE or a STORED, a person is
 * deciding, or it is sending a stream, which nobody can hurry.
 * - Once over, what still comes is read and left.
 */
#include "core/receiver.h"

static bool
is_owed(const struct receiver *r)
{
	const struct xbook *b = &r->book;

	switch (r->state) {
	case RECEIVER_GREETING:
	case RECEIVER_LISTENING: return true;
	case RECEIVER_RECEIVING:
		return b->answered == b->told && b->stored == b->begun &&
		    !xbook_is_streaming(b);
	default: return false;
	}
}

enum rc
receiver_init(struct receiver *r, int64_t silent_ms, int64_t now_ms)
{
	const struct xfer_message hello = { .kind = XFER_HELLO, .role = XFER_RECEIVER };
	enum rc rc = xbook_init(&r->book);

	if (rc != RC_OK)
		return rc;
	r->state = RECEIVER_GREETING;
	xlink_init(&r->link, silent_ms, now_ms);
	xlink_set_limit(&r->link, now_ms + xlink_patience(&r->link));
	rc = xlink_say(&r->link, &hello);
	if (rc != RC_OK)
		receiver_clear(r);
	return rc;
}

void
receiver_clear(struct receiver *r)
{
	xlink_clear(&r->link);
	xbook_clear(&r->book);
}

void
receiver_hurry(struct receiver *r)
{
	r->hurries = true;
}

/* The end, once the sender has said BYE and everything is dealt with. */
static enum rc
leave(struct receiver *r)
{
	const struct xfer_message bye = { .kind = XFER_BYE, .files = r->book.told };

	if (r->state != RECEIVER_LEAVING || r->holds || !xbook_is_idle(&r->book))
		return RC_OK;
	r->state = RECEIVER_OVER;
	return xlink_say(&r->link, &bye);
}

static const char *
on_hello(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	if (r->state != RECEIVER_GREETING)
		return "says hello twice";
	if (m->role != XFER_SENDER)
		return "wants to receive, too: one of you must run ugat-send";
	r->book.no_hash = (m->flags & XFER_HELLO_NO_HASH) != 0;
	r->state = RECEIVER_LISTENING;
	e->kind = RECEIVER_READY;
	e->no_hash = r->book.no_hash;
	return NULL;
}

static const char *
on_offer(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	if (r->state != RECEIVER_LISTENING)
		return "offers twice";
	e->kind = RECEIVER_OFFER;
	e->items = m->items;
	e->files = m->files;
	e->bytes = m->bytes;
	return xbook_offer(&r->book, m->items, m->files, m->bytes);
}

static const char *
on_item(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	const struct xbook_item item = { .is_directory = m->code == XFER_ITEM_DIRECTORY,
		.files = m->files,
		.bytes = m->bytes,
		.name = m->text };
	const char *why = xbook_item(&r->book, &item);

	e->is_directory = item.is_directory;
	e->files = m->files;
	e->bytes = m->bytes;
	e->text = m->text;
	e->kind = r->book.offered ? RECEIVER_DECIDE : RECEIVER_ITEM;
	if (why == NULL && r->book.offered)
		r->state = RECEIVER_DECIDING;
	return why;
}

static const char *
on_file(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	if (r->state != RECEIVER_RECEIVING)
		return r->state == RECEIVER_LEAVING ? "goes on after its end"
		                                    : "sends before it is allowed to";
	e->kind = RECEIVER_FILE;
	e->file = r->book.told;
	e->bytes = m->bytes;
	e->mode = m->mode;
	e->mtime_s = m->mtime_s;
	e->mtime_ns = m->mtime_ns;
	e->text = m->text;
	return xbook_tell(&r->book, m->text, m->bytes);
}

static const char *
on_content(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	e->file = r->book.begun;
	switch (m->kind) {
	case XFER_BEGIN:
		e->kind = RECEIVER_BEGIN;
		e->offset = m->offset;
		return xbook_begin(&r->book, m->offset);
	case XFER_DATA:
		e->kind = RECEIVER_DATA;
		e->bytes = m->bytes;
		return xbook_data(&r->book, (size_t)m->bytes);
	case XFER_END:
		e->kind = RECEIVER_END;
		e->bytes = m->bytes;
		memcpy(e->hash, m->hash, sizeof(e->hash));
		return xbook_end(&r->book, m->bytes);
	default:
		e->kind = RECEIVER_FAIL;
		e->reason = (enum xfer_reason)m->code;
		e->text = m->text;
		return xbook_fail(&r->book, e->reason);
	}
}

static const char *
on_bye(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	const char *why = xbook_bye(&r->book, m->files);

	if (r->state != RECEIVER_RECEIVING)
		return "leaves before the end";
	e->kind = RECEIVER_BYE;
	e->files = m->files;
	e->left = m->left;
	if (why == NULL) {
		r->state = RECEIVER_LEAVING;
		if (leave(r) != RC_OK)
			return "does not hear what is said to it";
	}
	return why;
}

static const char *
on_error(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	r->state = RECEIVER_OVER;
	e->kind = RECEIVER_ERROR;
	e->code = m->code;
	e->text = m->text;
	return NULL;
}

/* Returns NULL, or why it is against the rules. */
static const char *
on_message(struct receiver *r, const struct xfer_message *m, struct receiver_event *e)
{
	if (r->state == RECEIVER_GREETING && m->kind != XFER_HELLO &&
	    m->kind != XFER_ERROR)
		return "does not say hello first";
	switch (m->kind) {
	case XFER_HELLO: return on_hello(r, m, e);
	case XFER_OFFER: return on_offer(r, m, e);
	case XFER_ITEM: return on_item(r, m, e);
	case XFER_FILE: return on_file(r, m, e);
	case XFER_BEGIN:
	case XFER_DATA:
	case XFER_END:
	case XFER_FAIL: return on_content(r, m, e);
	case XFER_BYE: return on_bye(r, m, e);
	case XFER_ERROR: return on_error(r, m, e);
	case XFER_BUSY:
		e->kind = RECEIVER_BUSY;
		e->done = m->done;
		e->total = m->total;
		return NULL;
	default: return "says what only a receiver says";
	}
}

/* How long the sender may take for what is next. */
static void
set_limit(struct receiver *r, const struct receiver_event *e, int64_t now_ms)
{
	if (e->kind == RECEIVER_READY && r->hurries)
		xlink_set_limit(&r->link, now_ms + RECEIVER_COUNT_MS);
	else if (e->kind == RECEIVER_READY || e->kind == RECEIVER_DECIDE)
		xlink_set_limit(&r->link, XLINK_NEVER);
	else if (e->kind == RECEIVER_OFFER)
		xlink_set_limit(&r->link,
		    now_ms + xlink_patience(&r->link) +
		        (int64_t)e->items * RECEIVER_ITEM_MS);
}

void
receiver_commit(
    struct receiver *r, size_t n, int64_t now_ms, struct receiver_event *event)
{
	struct receiver_event e = { .kind = RECEIVER_MORE };
	struct xfer_message m = { .path_why = NULL };
	enum rc rc = xlink_commit(&r->link, n, now_ms, &m);
	const char *why = NULL;

	if (rc == RC_BAD || rc == RC_BIG)
		why = m.path_why != NULL ? "offers a path that"
		                         : "does not speak " XFER_ALPN;
	else if (r->state != RECEIVER_OVER && rc == RC_OK)
		why = on_message(r, &m, &e);
	if (why == NULL)
		set_limit(r, &e, now_ms);
	if (why == NULL && r->state != RECEIVER_OVER)
		why = xbook_why_not_data(&r->book, xlink_data_left(&r->link));
	if (why != NULL) {
		r->may_protest = r->state != RECEIVER_OVER;
		r->state = RECEIVER_OVER;
		e = (struct receiver_event){ .kind = RECEIVER_BAD,
			.why = why,
			.path_why = rc == RC_BAD ? m.path_why : NULL };
	}
	xlink_set_owes(&r->link, is_owed(r));
	*event = e;
}

/* Say what the book has let pass (why: it has not). There is room for it. */
static enum rc
say(struct receiver *r, const struct xfer_message *m, const char *why)
{
	enum rc rc = why != NULL ? RC_BAD : xlink_say(&r->link, m);

	if (rc == RC_OK)
		rc = leave(r);
	xlink_set_owes(&r->link, is_owed(r));
	return rc;
}

/* Whether the session has come so far, and something may be said. */
static enum rc
may_say(struct receiver *r)
{
	if (r->state != RECEIVER_RECEIVING && r->state != RECEIVER_LEAVING)
		return RC_BAD;
	return xlink_may_say(&r->link);
}

enum rc
receiver_answer(struct receiver *r, enum xfer_answer answer, struct bytes words)
{
	const struct xfer_message m = {
		.kind = XFER_ANSWER, .code = (uint8_t)answer, .text = words
	};
	enum rc rc = xlink_may_say(&r->link);

	if (r->state != RECEIVER_DECIDING || answer > XFER_CANNOT)
		return RC_BAD;
	if (rc != RC_OK)
		return rc;
	r->state = answer == XFER_YES ? RECEIVER_RECEIVING : RECEIVER_OVER;
	return say(r, &m, NULL);
}

enum rc
receiver_take(struct receiver *r, const struct receiver_take *take)
{
	struct xfer_message m = { .kind = XFER_TAKE,
		.flags = take->only ? XFER_TAKE_ONLY : 0,
		.offset = take->offset };
	enum rc rc = may_say(r);

	if (rc != RC_OK)
		return rc;
	if (take->offset > 0) {
		if (take->hash == NULL)
			return RC_BAD;
		memcpy(m.hash, take->hash, sizeof(m.hash));
	}
	return say(r, &m, xbook_take(&r->book, take->offset, take->only));
}

enum rc
receiver_skip(struct receiver *r, enum xfer_answer answer, struct bytes words)
{
	const struct xfer_message m = {
		.kind = XFER_TAKE, .code = (uint8_t)answer, .text = words
	};
	enum rc rc = may_say(r);

	if (rc != RC_OK)
		return rc;
	if (answer == XFER_YES || answer > XFER_CANNOT)
		return RC_BAD;
	return say(r, &m, xbook_skip(&r->book));
}

enum rc
receiver_stored(struct receiver *r, enum xfer_answer answer, struct bytes words)
{
	const struct xfer_message m = {
		.kind = XFER_STORED, .code = (uint8_t)answer, .text = words
	};
	enum rc rc = may_say(r);
	uint64_t file;

	if (rc != RC_OK)
		return rc;
	if (answer > XFER_DAMAGED)
		return RC_BAD;
	return say(r, &m, xbook_store(&r->book, &file));
}

void
receiver_hold(struct receiver *r)
{
	r->holds = true;
}

enum rc
receiver_release(struct receiver *r)
{
	r->holds = false;
	return leave(r);
}

enum rc
receiver_error(struct receiver *r, int code, struct bytes words)
{
	const struct xfer_message m = {
		.kind = XFER_ERROR, .code = (uint8_t)code, .text = words
	};

	if ((r->state == RECEIVER_OVER && !r->may_protest) || code < 1 ||
	    code > UINT8_MAX)
		return RC_BAD;
	r->may_protest = false;
	r->state = RECEIVER_OVER;
	return say(r, &m, NULL);
}
