/* SPDX-License-Identifier: ISC */
/*
 * For the tests of a transfer: both machines with the simplest users they can have, which
 * write down what they are told, one line an event, in simulated time. Either may be
 * joined to the other, or to a script (xsay.h).
 */
#ifndef TESTS_CORE_XPAIR_H
#define TESTS_CORE_XPAIR_H

#include "xsay.h"

#include <stdio.h>

#include "core/receiver.h"
#include "core/sender.h"

enum {
	XPAIR_LOG = 16384,
	XPAIR_BYTES = 65536,
	XPAIR_SILENT = 60000,
	XPAIR_NOW = 1000000
};
enum { XPAIR_FILES = 16 };

/* What one side was told, as text; and its content, file by file. */
struct xlog {
	char text[XPAIR_LOG];
	size_t n;
};

static inline void xlog_add(struct xlog *l, const char *format, ...) PRINTF_LIKE(2, 3);

static inline void
xlog_add(struct xlog *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->n, sizeof(l->text) - l->n, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < sizeof(l->text) - l->n);
	l->n += (size_t)n;
}

/* What is done with a file that is told. */
enum xpair_do {
	XPAIR_TAKE,    /* from the start */
	XPAIR_SKIP,    /* EXISTS */
	XPAIR_RESUME,  /* from 2 on: the sender finds it so */
	XPAIR_REFUSE,  /* as before, but the sender begins at 0 */
	XPAIR_ONLY,    /* all of it, only; the sender finds it so */
	XPAIR_DIFFERS, /* the same, and does not */
	XPAIR_DAMAGE,  /* as XPAIR_TAKE, and the hash is wrong */
	XPAIR_CHANGE,  /* as XPAIR_TAKE, and it changes after its first bytes */
};

struct xpair_file {
	const char *path, *content;
	enum xpair_do what;
	bool stream;
};

struct xpair_item {
	bool is_directory;
	uint64_t files, bytes;
	const char *name;
};

struct xpair {
	const struct xpair_item *items;
	size_t n_items;
	const struct xpair_file *files;
	size_t n_files;
	bool no_hash, late; /* late: stores only when xpair_store is called */
	/* The sender's user does not offer by itself; neither tells nor leaves. */
	bool mute, silent;

	int64_t now_ms;
	struct sender s;
	struct receiver r;
	struct xlog said_s, said_r;
	bool bad_s, bad_r;

	/* The sender's user. */
	uint8_t hash[XFER_HASH_SIZE]; /* of everything */
	size_t told, data;            /* files; bytes of the content under way, from 0 */
	uint64_t offset[XPAIR_FILES];
	bool only[XPAIR_FILES], in_file, left;

	/* The receiver's. */
	uint8_t got[XPAIR_FILES][64], place[7];
	size_t n_got[XPAIR_FILES];
	size_t to_store, run; /* ended; bytes of content since the last line */
	enum xfer_answer answer;

	/* All that ever was said. */
	uint8_t from_s[XPAIR_BYTES], from_r[XPAIR_BYTES];
	size_t n_from_s, n_from_r, heard_s, heard_r;
};

static inline struct xpair *
xpair_new(const struct xpair_item *items, size_t n_items, const struct xpair_file *files,
    size_t n_files, bool no_hash)
{
	struct xpair *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->items = items;
	x->n_items = n_items;
	x->files = files;
	x->n_files = n_files;
	x->no_hash = no_hash;
	x->now_ms = XPAIR_NOW;
	memset(x->hash, 0xab, sizeof(x->hash));
	assert_int_equal(sender_init(&x->s, no_hash, XPAIR_SILENT, XPAIR_NOW), RC_OK);
	assert_int_equal(receiver_init(&x->r, XPAIR_SILENT, XPAIR_NOW), RC_OK);
	return x;
}

static inline void
xpair_free(struct xpair *x)
{
	sender_clear(&x->s);
	receiver_clear(&x->r);
	free(x);
}

/* ---- the sender's user */

static inline void
xpair_offer(struct xpair *x)
{
	uint64_t files = 0, bytes = 0;

	for (size_t i = 0; i < x->n_items; i++) {
		files += x->items[i].files;
		if (x->items[i].bytes == XFER_UNKNOWN || bytes == XFER_UNKNOWN)
			bytes = XFER_UNKNOWN;
		else
			bytes += x->items[i].bytes;
	}
	assert_int_equal(sender_offer(&x->s, (uint32_t)x->n_items, files, bytes), RC_OK);
	for (size_t i = 0; i < x->n_items; i++)
		assert_int_equal(
		    sender_item(&x->s, x->items[i].is_directory, x->items[i].files,
		        x->items[i].bytes, bytes_str(x->items[i].name)),
		    RC_OK);
}

static inline void
xpair_tell(struct xpair *x)
{
	for (; x->told < x->n_files; x->told++) {
		const struct xpair_file *f = &x->files[x->told];
		const struct sender_told told = { .path = bytes_str(f->path),
			.size = f->stream ? XFER_UNKNOWN : strlen(f->content),
			.mode = 0644,
			.mtime_s = XSAY_TIME,
			.mtime_ns = XSAY_NANO };

		if (!sender_may_file(&x->s, told.path.n))
			return;
		assert_int_equal(sender_file(&x->s, &told, NULL), RC_OK);
	}
}

/* The next step with the file whose content is due. Whether there was one. */
static inline bool
xpair_step(struct xpair *x)
{
	const struct xpair_file *f;
	uint64_t i = x->s.book.begun;
	size_t n;

	if (!xbook_has_next(&x->s.book) || xlink_has_payload(&x->s.link))
		return false;
	f = &x->files[i];
	n = strlen(f->content);
	if (!x->in_file && f->what == XPAIR_DIFFERS) {
		assert_int_equal(
		    sender_fail(&x->s, XFER_DIFFERS, bytes_str("differs")), RC_OK);
		return true;
	}
	if (!x->in_file) {
		x->data = f->what == XPAIR_REFUSE ? 0 : x->offset[i];
		assert_int_equal(sender_begin(&x->s, x->data), RC_OK);
		x->in_file = true;
		return true;
	}
	if (f->what == XPAIR_CHANGE && x->data > 0) {
		assert_int_equal(
		    sender_fail(&x->s, XFER_CHANGED, bytes_str("grew")), RC_OK);
		x->in_file = false;
	} else if (x->data < n) {
		size_t some = n - x->data < 3 ? n - x->data : 3;

		assert_int_equal(
		    sender_data(&x->s, bytes_of(f->content + x->data, some)), RC_OK);
		x->data += some;
	} else {
		assert_int_equal(sender_end(&x->s, x->no_hash ? NULL : x->hash), RC_OK);
		x->in_file = false;
	}
	return true;
}

/* Whatever the sender's user can do now. */
static inline void
xpair_push(struct xpair *x)
{
	if (x->s.state != SENDER_SENDING || x->silent)
		return;
	xpair_tell(x);
	while (xpair_step(x))
		;
	if (x->told == x->n_files && sender_bye(&x->s, 0) == RC_OK)
		x->left = true;
}

static inline void
xpair_on_sender(struct xpair *x, const struct sender_event *e)
{
	struct xlog *l = &x->said_s;
	int n = (int)e->words.n;
	const char *words = n > 0 ? (const char *)e->words.p : "";

	assert_false(x->bad_s);
	switch (e->kind) {
	case SENDER_MORE: return;
	case SENDER_READY:
		xlog_add(l, "ready\n");
		if (!x->mute)
			xpair_offer(x);
		return;
	case SENDER_YES: xlog_add(l, "yes\n"); return;
	case SENDER_NO: xlog_add(l, "no %d %.*s\n", e->answer, n, words); return;
	case SENDER_TAKE:
		x->offset[e->file % XPAIR_FILES] = e->offset;
		x->only[e->file % XPAIR_FILES] = e->only;
		xlog_add(l, "take %d %d%s\n", (int)e->file, (int)e->offset,
		    e->only ? " only" : "");
		return;
	case SENDER_SKIP:
		xlog_add(l, "skip %d %d %.*s\n", (int)e->file, e->answer, n, words);
		return;
	case SENDER_STORED:
		xlog_add(l, "stored %d %d %.*s\n", (int)e->file, e->answer, n, words);
		return;
	case SENDER_BUSY: xlog_add(l, "busy %d\n", (int)e->done); return;
	case SENDER_DONE: xlog_add(l, "done\n"); return;
	case SENDER_ERROR: xlog_add(l, "error %d %.*s\n", e->code, n, words); return;
	case SENDER_BAD:
		x->bad_s = true;
		xlog_add(l, "bad %s\n", e->why);
		return;
	}
}

/* ---- the receiver's user */

static inline void
xpair_take(struct xpair *x, const struct receiver_event *e)
{
	enum xpair_do what = x->files == NULL ? XPAIR_TAKE : x->files[e->file].what;
	struct receiver_take take = { .offset = 0 };

	if (what == XPAIR_SKIP) {
		assert_int_equal(
		    receiver_skip(&x->r, XFER_EXISTS, bytes_str("is there")), RC_OK);
		return;
	}
	if (what == XPAIR_RESUME || what == XPAIR_REFUSE)
		take.offset = 2;
	if (what == XPAIR_ONLY || what == XPAIR_DIFFERS)
		take = (struct receiver_take){ .offset = e->bytes, .only = true };
	if (take.offset > 0)
		take.hash = x->hash;
	assert_int_equal(receiver_take(&x->r, &take), RC_OK);
}

/* The oldest file that ended is stored. */
static inline void
xpair_store(struct xpair *x)
{
	enum xfer_answer answer = XFER_YES;

	assert_true(x->to_store > 0);
	if (x->files != NULL && x->files[x->r.book.stored].what == XPAIR_DAMAGE)
		answer = XFER_DAMAGED;
	x->to_store--;
	assert_int_equal(receiver_stored(&x->r, answer, bytes_of(NULL, 0)), RC_OK);
}

static inline void
xpair_on_content(struct xpair *x, const struct receiver_event *e)
{
	size_t i = e->file % XPAIR_FILES;

	switch (e->kind) {
	case RECEIVER_BEGIN:
		x->n_got[i] = (size_t)e->offset;
		xlog_add(&x->said_r, "begin %d %d\n", (int)e->file, (int)e->offset);
		return;
	case RECEIVER_DATA:
		assert_true(e->bytes <= sizeof(x->place));
		assert_true(x->n_got[i] + e->bytes <= sizeof(x->got[i]));
		memcpy(x->got[i] + x->n_got[i], x->place, e->bytes);
		x->n_got[i] += e->bytes;
		return;
	case RECEIVER_END:
		xlog_add(&x->said_r, "end %d %d %02x got %d\n", (int)e->file,
		    (int)e->bytes, e->hash[0], (int)x->n_got[i]);
		x->to_store++;
		if (!x->late)
			xpair_store(x);
		return;
	default:
		xlog_add(&x->said_r, "fail %d %d %.*s got %d\n", (int)e->file, e->reason,
		    (int)e->text.n, (const char *)e->text.p, (int)x->n_got[i]);
	}
}

static inline void
xpair_on_receiver(struct xpair *x, const struct receiver_event *e)
{
	struct xlog *l = &x->said_r;
	int n = (int)e->text.n;
	const char *text = n > 0 ? (const char *)e->text.p : "";

	assert_false(x->bad_r);
	switch (e->kind) {
	case RECEIVER_MORE: return;
	case RECEIVER_READY: xlog_add(l, "ready%s\n", e->no_hash ? " -C" : ""); return;
	case RECEIVER_OFFER:
		xlog_add(
		    l, "offer %d %d %d\n", (int)e->items, (int)e->files, (int)e->bytes);
		return;
	case RECEIVER_ITEM:
	case RECEIVER_DECIDE:
		xlog_add(l, "%s%s %d %d %.*s\n",
		    e->kind == RECEIVER_DECIDE ? "last " : "",
		    e->is_directory ? "directory" : "file", (int)e->files, (int)e->bytes,
		    n, text);
		if (e->kind == RECEIVER_DECIDE)
			assert_int_equal(
			    receiver_answer(&x->r, x->answer, bytes_of(NULL, 0)), RC_OK);
		return;
	case RECEIVER_FILE:
		assert_true(e->mode == 0644 && e->mtime_s == XSAY_TIME &&
		    e->mtime_ns == XSAY_NANO);
		xlog_add(l, "told %d %d %.*s\n", (int)e->file, (int)e->bytes, n, text);
		xpair_take(x, e);
		return;
	case RECEIVER_BUSY: xlog_add(l, "busy %d\n", (int)e->done); return;
	case RECEIVER_BYE: xlog_add(l, "bye %d\n", (int)e->files); return;
	case RECEIVER_ERROR: xlog_add(l, "error %d %.*s\n", e->code, n, text); return;
	case RECEIVER_BAD:
		x->bad_r = true;
		xlog_add(l, "bad %s\n", e->why);
		return;
	default: xpair_on_content(x, e);
	}
}

/* ---- bytes */

/* At most n of the bytes at p go into a machine; how many it took at once. */
static inline size_t
xpair_hear_sender(struct xpair *x, const uint8_t *p, size_t n)
{
	const struct xlink_room none = { NULL, 0 };
	struct xlink_room room = xlink_room(&x->s.link, none);
	struct sender_event e;

	n = room.n < n ? room.n : n;
	if (n == 0)
		return 0;
	memcpy(room.p, p, n);
	sender_commit(&x->s, n, x->now_ms, &e);
	xpair_on_sender(x, &e);
	if (!x->bad_s)
		xpair_push(x);
	return n;
}

static inline size_t
xpair_hear_receiver(struct xpair *x, const uint8_t *p, size_t n)
{
	const struct xlink_room place = { x->place, sizeof(x->place) };
	struct xlink_room room = xlink_room(&x->r.link, place);
	struct receiver_event e;

	n = room.n < n ? room.n : n;
	if (n == 0)
		return 0;
	memcpy(room.p, p, n);
	receiver_commit(&x->r, n, x->now_ms, &e);
	xpair_on_receiver(x, &e);
	return n;
}

/* All n bytes, at most step at once, until it says bad. */
static inline void
xpair_feed_sender(struct xpair *x, const uint8_t *p, size_t n, size_t step)
{
	for (size_t at = 0, took; at < n && !x->bad_s; at += took) {
		took = xpair_hear_sender(x, p + at, n - at < step ? n - at : step);
		assert_true(took > 0);
	}
}

static inline void
xpair_feed_receiver(struct xpair *x, const uint8_t *p, size_t n, size_t step)
{
	for (size_t at = 0, took; at < n && !x->bad_r; at += took) {
		took = xpair_hear_receiver(x, p + at, n - at < step ? n - at : step);
		assert_true(took > 0);
	}
}

/* What one side has to say goes to where all that was said is kept. */
static inline void
xpair_collect(struct xlink *l, uint8_t *to, size_t *n, size_t step, int64_t now_ms)
{
	for (struct bytes b; (b = xlink_output(l)).n > 0;) {
		size_t some = b.n < step ? b.n : step;

		assert_true(some <= XPAIR_BYTES - *n);
		memcpy(to + *n, b.p, some);
		*n += some;
		xlink_sent(l, some, now_ms);
	}
}

/* Both sides speak until neither has anything to say, step bytes at once. */
static inline void
xpair_run(struct xpair *x, size_t step)
{
	size_t before;

	do {
		before = x->n_from_s + x->n_from_r;
		xpair_push(x);
		xpair_collect(&x->s.link, x->from_s, &x->n_from_s, step, x->now_ms);
		xpair_feed_receiver(
		    x, x->from_s + x->heard_r, x->n_from_s - x->heard_r, step);
		x->heard_r = x->n_from_s;
		xpair_collect(&x->r.link, x->from_r, &x->n_from_r, step, x->now_ms);
		xpair_feed_sender(
		    x, x->from_r + x->heard_s, x->n_from_r - x->heard_s, step);
		x->heard_s = x->n_from_r;
	} while (x->n_from_s + x->n_from_r > before);
}

/* The same from a script. */
static inline void
xpair_script_receiver(struct xpair *x, const char *script)
{
	uint8_t *bytes = malloc(2 * XPAIR_BYTES);

	assert_non_null(bytes);
	xpair_feed_receiver(x, bytes, xsay(script, bytes, 2 * XPAIR_BYTES), SIZE_MAX);
	free(bytes);
}

static inline void
xpair_script_sender(struct xpair *x, const char *script)
{
	uint8_t *bytes = malloc(2 * XPAIR_BYTES);

	assert_non_null(bytes);
	xpair_feed_sender(x, bytes, xsay(script, bytes, 2 * XPAIR_BYTES), SIZE_MAX);
	free(bytes);
}

/* The last line of a log. */
static inline const char *
xlog_last(struct xlog *l)
{
	size_t at = l->n > 0 ? l->n - 1 : 0;

	while (at > 0 && l->text[at - 1] != '\n')
		at--;
	return l->text + at;
}

#endif
