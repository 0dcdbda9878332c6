/* SPDX-License-Identifier: ISC */
/*
 * The rules:
 *
 * - Before we say something there is room for it, then the book (core/xbook) allows it;
 *   so what is said and what is written there are the same.
 * - Of what is heard, BUSY and ERROR may come at any time, HELLO once and first, all else
 *   only when state and book expect it.
 * - The receiver owes us something whenever a file waits for its TAKE or its STORED.
 * While it owes nothing it may say BUSY for ever: our stream may be slow.
 * - Once over, what still comes is read and left.
 */
#include "core/sender.h"

static void
settle_debts(struct sender *s)
{
	const struct xbook *b = &s->book;
	bool owes = s->state == SENDER_GREETING || s->state == SENDER_LEAVING ||
	    (s->state == SENDER_OFFERING && b->offered) || b->answered < b->told ||
	    b->stored < b->begun;

	xlink_set_owes(&s->link, owes);
}

enum rc
sender_init(struct sender *s, bool no_hash, int64_t silent_ms, int64_t now_ms)
{
	const struct xfer_message hello = { .kind = XFER_HELLO,
		.role = XFER_SENDER,
		.flags = no_hash ? XFER_HELLO_NO_HASH : 0 };
	enum rc rc = xbook_init(&s->book);

	if (rc != RC_OK)
		return rc;
	s->state = SENDER_GREETING;
	s->book.no_hash = no_hash;
	xlink_init(&s->link, silent_ms, now_ms);
	xlink_set_limit(&s->link, now_ms + xlink_patience(&s->link));
	rc = xlink_say(&s->link, &hello);
	if (rc != RC_OK)
		sender_clear(s);
	return rc;
}

void
sender_clear(struct sender *s)
{
	xlink_clear(&s->link);
	xbook_clear(&s->book);
}

static const char *
on_hello(struct sender *s, const struct xfer_message *m, struct sender_event *e)
{
	if (s->state != SENDER_GREETING)
		return "says hello twice";
	if (m->role != XFER_RECEIVER)
		return "wants to send, too: one of you must run ugat-recv";
	s->state = SENDER_OFFERING;
	xlink_set_limit(&s->link, XLINK_NEVER);
	e->kind = SENDER_READY;
	return NULL;
}

static const char *
on_answer(struct sender *s, const struct xfer_message *m, struct sender_event *e)
{
	if (s->state != SENDER_OFFERING || !s->book.offered)
		return "answers what was not asked";
	e->answer = (enum xfer_answer)m->code;
	e->words = m->text;
	e->kind = m->code == XFER_YES ? SENDER_YES : SENDER_NO;
	s->state = m->code == XFER_YES ? SENDER_SENDING : SENDER_OVER;
	return NULL;
}

static const char *
on_take(struct sender *s, const struct xfer_message *m, struct sender_event *e)
{
	e->file = s->book.answered;
	e->answer = (enum xfer_answer)m->code;
	if (m->code != XFER_YES) {
		e->kind = SENDER_SKIP;
		e->words = m->text;
		return xbook_skip(&s->book);
	}
	e->kind = SENDER_TAKE;
	e->offset = m->offset;
	e->only = (m->flags & XFER_TAKE_ONLY) != 0;
	memcpy(e->hash, m->hash, sizeof(e->hash));
	return xbook_take(&s->book, e->offset, e->only);
}

static const char *
on_stored(struct sender *s, const struct xfer_message *m, struct sender_event *e)
{
	e->kind = SENDER_STORED;
	e->answer = (enum xfer_answer)m->code;
	e->words = m->text;
	return xbook_store(&s->book, &e->file);
}

static const char *
on_bye(struct sender *s, const struct xfer_message *m, struct sender_event *e)
{
	if (s->state != SENDER_LEAVING || !xbook_is_idle(&s->book))
		return "leaves before the end";
	if (m->files != s->book.told)
		return "has counted other files";
	s->state = SENDER_OVER;
	e->kind = SENDER_DONE;
	return NULL;
}

static const char *
on_error(struct sender *s, const struct xfer_message *m, struct sender_event *e)
{
	s->state = SENDER_OVER;
	e->kind = SENDER_ERROR;
	e->code = m->code;
	e->words = m->text;
	return NULL;
}

/* Returns NULL, or why it is against the rules. */
static const char *
on_message(struct sender *s, const struct xfer_message *m, struct sender_event *e)
{
	if (s->state == SENDER_GREETING && m->kind != XFER_HELLO && m->kind != XFER_ERROR)
		return "does not say hello first";
	switch (m->kind) {
	case XFER_HELLO: return on_hello(s, m, e);
	case XFER_ANSWER: return on_answer(s, m, e);
	case XFER_TAKE: return on_take(s, m, e);
	case XFER_STORED: return on_stored(s, m, e);
	case XFER_BYE: return on_bye(s, m, e);
	case XFER_ERROR: return on_error(s, m, e);
	case XFER_BUSY:
		e->kind = SENDER_BUSY;
		e->done = m->done;
		e->total = m->total;
		return NULL;
	default: return "says what only a sender says";
	}
}

void
sender_commit(struct sender *s, size_t n, int64_t now_ms, struct sender_event *event)
{
	struct sender_event e = { .kind = SENDER_MORE };
	struct xfer_message m;
	enum rc rc = xlink_commit(&s->link, n, now_ms, &m);
	const char *why = NULL;

	if (rc == RC_BAD || rc == RC_BIG)
		why = "does not speak " XFER_ALPN;
	else if (s->state != SENDER_OVER && xlink_data_left(&s->link) > 0)
		why = "says what only a sender says";
	else if (s->state != SENDER_OVER && rc == RC_OK)
		why = on_message(s, &m, &e);
	if (why != NULL) {
		s->may_protest = s->state != SENDER_OVER;
		s->state = SENDER_OVER;
		e = (struct sender_event){ .kind = SENDER_BAD, .why = why };
	}
	settle_debts(s);
	*event = e;
}

/* Say what the book has let pass (why: it has not). There is room for it. */
static enum rc
say(struct sender *s, const struct xfer_message *m, const char *why)
{
	settle_debts(s);
	return why != NULL ? RC_BAD : xlink_say(&s->link, m);
}

/* Whether we are in that state and something may be said. */
static enum rc
may_say(struct sender *s, enum sender_state state)
{
	return s->state == state ? xlink_may_say(&s->link) : RC_BAD;
}

enum rc
sender_offer(struct sender *s, uint32_t items, uint64_t files, uint64_t bytes)
{
	const struct xfer_message m = {
		.kind = XFER_OFFER, .items = items, .files = files, .bytes = bytes
	};
	enum rc rc = may_say(s, SENDER_OFFERING);

	return rc != RC_OK ? rc : say(s, &m, xbook_offer(&s->book, items, files, bytes));
}

enum rc
sender_item(struct sender *s, bool is_directory, uint64_t files, uint64_t bytes,
    struct bytes name)
{
	const struct xfer_message m = { .kind = XFER_ITEM,
		.code = is_directory ? XFER_ITEM_DIRECTORY : XFER_ITEM_FILE,
		.files = files,
		.bytes = bytes,
		.text = name };
	const struct xbook_item item = { is_directory, files, bytes, name };
	enum rc rc = may_say(s, SENDER_OFFERING);

	if (rc != RC_OK)
		return rc;
	if (xfer_check_path(name, NULL) != RC_OK || memchr(name.p, '/', name.n) != NULL)
		return RC_BAD;
	if (!xbook_has_names(&s->book, name.n))
		return RC_BIG;
	return say(s, &m, xbook_item(&s->book, &item));
}

bool
sender_may_file(const struct sender *s, size_t path_bytes)
{
	return s->state == SENDER_SENDING && xbook_has_room(&s->book, path_bytes);
}

enum rc
sender_file(struct sender *s, const struct sender_told *f, const char **why)
{
	const struct xfer_message m = { .kind = XFER_FILE,
		.bytes = f->size,
		.mode = f->mode,
		.mtime_s = f->mtime_s,
		.mtime_ns = f->mtime_ns,
		.text = f->path };
	enum rc rc = may_say(s, SENDER_SENDING);

	if (rc != RC_OK)
		return rc;
	rc = xfer_check_path(f->path, why);
	if (rc != RC_OK)
		return rc;
	if (f->mode > 0777 || f->mtime_ns >= 1000 * 1000 * 1000)
		return RC_BAD;
	if (!sender_may_file(s, f->path.n))
		return RC_BUSY;
	rc = say(s, &m, xbook_tell(&s->book, f->path, f->size));
	if (rc == RC_BAD && why != NULL)
		*why = "is new or has grown since it was counted";
	return rc;
}

enum rc
sender_begin(struct sender *s, uint64_t offset)
{
	const struct xfer_message m = { .kind = XFER_BEGIN, .offset = offset };
	enum rc rc = may_say(s, SENDER_SENDING);

	return rc != RC_OK ? rc : say(s, &m, xbook_begin(&s->book, offset));
}

enum rc
sender_data(struct sender *s, struct bytes data)
{
	enum rc rc = may_say(s, SENDER_SENDING);

	if (rc != RC_OK)
		return rc;
	if (xlink_has_payload(&s->link))
		return RC_BUSY;
	if (data.n == 0 || data.n > XFER_DATA_MAX || xbook_data(&s->book, data.n) != NULL)
		return RC_BAD;
	return xlink_say_data(&s->link, data);
}

enum rc
sender_end(struct sender *s, const uint8_t *hash)
{
	struct xfer_message m = { .kind = XFER_END, .bytes = s->book.at };
	enum rc rc = may_say(s, SENDER_SENDING);

	if (rc != RC_OK)
		return rc;
	if ((hash == NULL) != s->book.no_hash)
		return RC_BAD;
	if (hash != NULL)
		memcpy(m.hash, hash, sizeof(m.hash));
	return say(s, &m, xbook_end(&s->book, m.bytes));
}

enum rc
sender_fail(struct sender *s, enum xfer_reason reason, struct bytes words)
{
	const struct xfer_message m = {
		.kind = XFER_FAIL, .code = (uint8_t)reason, .text = words
	};
	enum rc rc = may_say(s, SENDER_SENDING);

	return rc != RC_OK ? rc : say(s, &m, xbook_fail(&s->book, reason));
}

enum rc
sender_bye(struct sender *s, uint64_t left)
{
	const struct xfer_message m = {
		.kind = XFER_BYE, .files = s->book.told, .left = left
	};
	enum rc rc = may_say(s, SENDER_SENDING);

	if (rc != RC_OK)
		return rc;
	if (xbook_bye(&s->book, m.files) != NULL)
		return RC_BAD;
	s->state = SENDER_LEAVING;
	return say(s, &m, NULL);
}

enum rc
sender_error(struct sender *s, int code, struct bytes words)
{
	const struct xfer_message m = {
		.kind = XFER_ERROR, .code = (uint8_t)code, .text = words
	};

	if ((s->state == SENDER_OVER && !s->may_protest) || code < 1 || code > UINT8_MAX)
		return RC_BAD;
	s->may_protest = false;
	s->state = SENDER_OVER;
	return say(s, &m, NULL);
}
