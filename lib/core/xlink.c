/* SPDX-License-Identifier: ISC */
/*
 * The rules:
 *
 * - Bytes of our own (a head, a body) are read exactly, never past a message, so content
 *   always begins at the beginning of a read and lands in the caller's place.
 * - What is said while a payload waits goes behind it: a message is never cut in two.
 * - BUSY is said only when nothing else waits: it says that we live, and so does the
 * rest. So the output does not grow while the other side does not read.
 * - Every byte heard counts against silence. Only what brings the transfer on counts
 *   against a stall: a whole message, a BUSY with a greater `done`, XLINK_IDLE_LEAST
 * bytes of content either way; a head that drips does not, nor does that our own BUSY is
 *   taken.
 * - A message comes in time, from its first byte on: who lets it drip holds us up for no
 *   reason. While we are deaf that clock stands.
 */
#include "core/xlink.h"

enum { MESSAGE_MAX = XFER_HEAD + XFER_BODY_MAX };

void
xlink_init(struct xlink *l, int64_t silent_ms, int64_t now_ms)
{
	*l = (struct xlink){ .heard_ms = now_ms,
		.spoke_ms = now_ms,
		.moved_ms = now_ms,
		.limit_ms = XLINK_NEVER,
		.owes = true };
	l->silent_ms = silent_ms < XLINK_SILENT_MIN_MS ? XLINK_SILENT_MIN_MS : silent_ms;
	/* One message that begins below the limit, and the last words. */
	buf_init(&l->out, XLINK_OUTPUT_MAX + 2 * MESSAGE_MAX);
}

void
xlink_clear(struct xlink *l)
{
	buf_clear(&l->out);
	l->payload = bytes_of(NULL, 0);
}

size_t
xlink_data_left(const struct xlink *l)
{
	return l->in_body && l->message.kind == XFER_DATA ? l->message.size - l->n : 0;
}

struct xlink_room
xlink_room(struct xlink *l, struct xlink_room place)
{
	size_t content = xlink_data_left(l);

	if (content > 0) {
		place.n = place.n < content ? place.n : content;
		return place;
	}
	if (l->in_body)
		return (struct xlink_room){ l->body + l->n, l->message.size - l->n };
	return (struct xlink_room){ l->head + l->n, XFER_HEAD - l->n };
}

/* A message, not content, is under way. */
static bool
is_amid(const struct xlink *l)
{
	return l->in_body ? l->message.kind != XFER_DATA : l->n > 0;
}

/* n more bytes of content, of *dripped: whether they are something. */
static bool
is_something(size_t *dripped, size_t n)
{
	*dripped += n;
	if (*dripped < XLINK_IDLE_LEAST)
		return false;
	*dripped = 0;
	return true;
}

/* n bytes of content. */
static void
commit_content(struct xlink *l, size_t n, struct xfer_message *m)
{
	l->n += n;
	if (l->n == l->message.size) {
		l->in_body = false;
		l->n = 0;
	}
	*m = (struct xfer_message){ .kind = XFER_DATA, .bytes = n };
}

static enum rc
commit_head(struct xlink *l)
{
	enum rc rc = xfer_get_head(l->head, &l->message);

	if (rc != RC_OK)
		return rc;
	l->in_body = true;
	l->n = 0;
	return RC_MORE; /* no body is empty */
}

static enum rc
commit_body(struct xlink *l, struct xfer_message *m)
{
	l->in_body = false;
	l->n = 0;
	return xfer_get(l->message, bytes_of(l->body, l->message.size), m);
}

static enum rc
commit(struct xlink *l, size_t n, struct xfer_message *m)
{
	if (xlink_data_left(l) > 0) {
		commit_content(l, n, m);
		return RC_OK;
	}
	l->n += n;
	if (!l->in_body)
		return l->n < XFER_HEAD ? RC_MORE : commit_head(l);
	return l->n < l->message.size ? RC_MORE : commit_body(l, m);
}

enum rc
xlink_commit(struct xlink *l, size_t n, int64_t now_ms, struct xfer_message *m)
{
	bool amid = is_amid(l);
	enum rc rc = commit(l, n, m);

	l->heard_ms = now_ms;
	if (!amid)
		l->began_ms = now_ms;
	if (rc != RC_OK)
		return rc;
	if (m->kind == XFER_DATA) {
		if (is_something(&l->dripped_in, n))
			l->moved_ms = now_ms;
	} else if (m->kind != XFER_BUSY || m->done > l->busy_done) {
		l->moved_ms = now_ms;
		/* After anything else its work is another, and begins anew. */
		l->busy_done = m->done;
	}
	return RC_OK;
}

enum rc
xlink_may_say(struct xlink *l)
{
	return l->out.n > XLINK_OUTPUT_MAX ? RC_BIG : buf_room(&l->out, MESSAGE_MAX);
}

enum rc
xlink_say(struct xlink *l, const struct xfer_message *m)
{
	uint8_t bytes[MESSAGE_MAX];
	bool last = m->kind == XFER_ERROR || m->kind == XFER_BYE;
	enum rc rc = last ? RC_OK : xlink_may_say(l);

	if (rc == RC_OK)
		rc = buf_add(&l->out, bytes, xfer_put(m, bytes));
	if (rc == RC_OK && l->payload.n == 0)
		l->before = l->out.n;
	return rc;
}

enum rc
xlink_say_data(struct xlink *l, struct bytes data)
{
	const struct xfer_message m = { .kind = XFER_DATA, .bytes = data.n };
	enum rc rc;

	if (l->payload.n > 0)
		return RC_BUSY;
	rc = xlink_say(l, &m);
	if (rc == RC_OK)
		l->payload = data;
	return rc;
}

bool
xlink_has_payload(const struct xlink *l)
{
	return l->payload.n > 0;
}

struct bytes
xlink_output(const struct xlink *l)
{
	if (l->before > 0)
		return bytes_of(l->out.p, l->before);
	return l->payload.n > 0 ? l->payload : buf_bytes(&l->out);
}

void
xlink_sent(struct xlink *l, size_t n, int64_t now_ms)
{
	if (n == 0)
		return;
	l->spoke_ms = now_ms;
	if (l->before == 0 && l->payload.n > 0) {
		if (is_something(&l->dripped_out, n))
			l->moved_ms = now_ms;
		l->payload = bytes_from(l->payload, n);
	} else {
		buf_drop(&l->out, n);
		l->before -= l->before < n ? l->before : n;
	}
	if (l->payload.n == 0)
		l->before = l->out.n;
}

void
xlink_set_work(struct xlink *l, uint64_t done, uint64_t total)
{
	l->our_total = total <= XFER_NUMBER_MAX ? total : 0;
	l->our_done = done < XFER_NUMBER_MAX ? done : XFER_NUMBER_MAX;
	if (l->our_total != 0 && l->our_done > l->our_total)
		l->our_done = l->our_total;
}

void
xlink_set_deaf(struct xlink *l, bool deaf, int64_t now_ms)
{
	if (l->deaf && !deaf)
		l->heard_ms = l->moved_ms = l->began_ms = now_ms;
	l->deaf = deaf;
}

void
xlink_set_owes(struct xlink *l, bool owes)
{
	l->owes = owes;
}

int64_t
xlink_patience(const struct xlink *l)
{
	return l->silent_ms > XLINK_SLOW_MS ? l->silent_ms : XLINK_SLOW_MS;
}

void
xlink_set_limit(struct xlink *l, int64_t limit_ms)
{
	l->limit_ms = limit_ms;
}

static bool
is_waiting(const struct xlink *l)
{
	return l->out.n > 0 || l->payload.n > 0;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * When it is stalled, if nothing happens. Who is spoken to once a second has taken the
 * last words a second ago, at most: what waits now waits since then.
 */
static int64_t
stalls_ms(const struct xlink *l)
{
	int64_t since = XLINK_NEVER - XLINK_IDLE_MS;

	if (l->owes && !l->deaf)
		since = l->moved_ms;
	if (is_waiting(l))
		since = earlier(since, l->spoke_ms);
	return since + XLINK_IDLE_MS;
}

/* When it has spoken too slowly. */
static int64_t
late_ms(const struct xlink *l)
{
	int64_t message = XLINK_NEVER;

	if (is_amid(l) && !l->deaf)
		message = l->began_ms + xlink_patience(l);
	return earlier(message, l->limit_ms);
}

enum rc
xlink_tick(struct xlink *l, int64_t now_ms)
{
	const struct xfer_message busy = {
		.kind = XFER_BUSY, .done = l->our_done, .total = l->our_total
	};

	if (!l->owes)
		l->moved_ms = now_ms; /* it will begin to owe, and nobody says when */
	if (!l->deaf && now_ms - l->heard_ms >= l->silent_ms)
		return RC_NONE;
	if (now_ms >= stalls_ms(l))
		return RC_BUSY;
	if (now_ms >= late_ms(l))
		return RC_BAD;
	if (!is_waiting(l) && now_ms - l->spoke_ms >= XLINK_SPEAK_MS) {
		/* Without memory it is said a second later. */
		(void)!xlink_say(l, &busy);
		l->spoke_ms = now_ms;
	}
	return RC_OK;
}

int64_t
xlink_deadline(const struct xlink *l)
{
	int64_t when = earlier(stalls_ms(l), late_ms(l));

	if (!l->deaf)
		when = earlier(when, l->heard_ms + l->silent_ms);
	if (!is_waiting(l))
		when = earlier(when, l->spoke_ms + XLINK_SPEAK_MS);
	return when;
}
