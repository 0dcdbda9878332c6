/* SPDX-License-Identifier: ISC */
/*
 * What a session of the sender says, whenever the line takes something: the offer, files
 * told ahead, the chunks that have been read, and the goodbye.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/send_parts.h"

/* The offer. */

static void
begin_offer(struct send *s)
{
	uint64_t files = 0, bytes = 0;
	size_t n = outbox_items(s->box);

	for (size_t i = 0; i < n; i++) {
		const struct outbox_item *item = outbox_item(s->box, i);

		files += item->files;
		bytes = item->bytes == XFER_UNKNOWN || bytes == XFER_UNKNOWN
		    ? XFER_UNKNOWN
		    : bytes + item->bytes;
	}
	s->report.total_files = files;
	s->report.total_bytes = bytes;
	(void)snprintf(
	    s->report.name, sizeof(s->report.name), "%s", outbox_item(s->box, 0)->name);
	if (files == 0)
		talk_refuse(&s->talk, CODE_NO, "has nothing to send",
		    "nothing to send: links, devices and empty directories are left out");
	else if (n > XFER_ITEMS_MAX)
		talk_refuse(&s->talk, CODE_USAGE, "has too much to send",
		    "more than %d files named: send their directory", XFER_ITEMS_MAX);
	else if (sender_offer(&s->machine, (uint32_t)n, files, bytes) != RC_OK)
		talk_fail(&s->talk, CODE_BUG, "the offer cannot be made");
}

/* Items follow as far as the line takes them. */
static void
say_offer(struct send *s)
{
	size_t n = outbox_items(s->box);

	if (s->offered == 0)
		begin_offer(s);
	while (talk_lives(&s->talk) && s->offered < n) {
		const struct outbox_item *item = outbox_item(s->box, s->offered);
		enum rc rc = sender_item(&s->machine, item->is_directory, item->files,
		    item->bytes, bytes_str(item->name));

		if (rc == RC_BIG && xlink_output(&s->machine.link).n > 0)
			return;
		if (rc != RC_OK) {
			talk_refuse(&s->talk, CODE_USAGE, "has too much to send",
			    "too many names for one offer: send their directory");
			return;
		}
		s->offered++;
	}
	if (s->offered == n)
		s->report.state = AUDIENCE_WAITING;
}

/* The first walk is over. */
static bool
check_count(struct send *s)
{
	struct send_count *c = &s->count;

	if (!c->ready)
		return false;
	if (c->rc == RC_OK && !c->told)
		xfer_skips_say(&c->skips, s->ground->audience);
	c->told = true;
	if (c->rc == RC_OK)
		return true;
	talk_fail(&s->talk, c->end.code == CODE_OK ? CODE_BUG : c->end.code, "%s",
	    c->end.words);
	return false;
}

/* Files told ahead. */

static bool
keep_file(struct send *s, const struct outbox_file *f)
{
	size_t n = strlen(f->path) + 1;
	struct send_file *kept = calloc(1, sizeof(*kept) + n);

	if (kept == NULL) {
		talk_fail(&s->talk, CODE_BUG, "out of memory");
		return false;
	}
	kept->number = s->told++;
	kept->item = f->item;
	kept->size = f->size;
	kept->mode = f->mode;
	kept->mtime_s = f->mtime_s;
	kept->mtime_ns = f->mtime_ns;
	kept->ino = f->ino;
	kept->dev = f->dev;
	memcpy(kept->path, f->path, n);
	TAILQ_INSERT_TAIL(&s->files, kept, link);
	if (s->unanswered == NULL)
		s->unanswered = kept;
	return true;
}

/* A path for words. */
static const char *
show(const char *path, char room[static SEND_NAME])
{
	(void)text_name(bytes_str(path), room, SEND_NAME);
	return room;
}

static void
say_files(struct send *s)
{
	const struct outbox_file *f;
	char name[SEND_NAME];

	while (talk_lives(&s->talk) && (f = send_walk_next(s)) != NULL) {
		struct sender_told told = { .path = bytes_str(f->path),
			.size = f->size,
			.mode = f->mode,
			.mtime_s = f->mtime_s,
			.mtime_ns = f->mtime_ns };
		const char *why = NULL;
		enum rc rc;

		if (!sender_may_file(&s->machine, told.path.n))
			return;
		rc = sender_file(&s->machine, &told, &why);
		if (rc == RC_BIG)
			return;
		if (rc == RC_OK && !keep_file(s, f))
			return;
		if (rc == RC_BAD)
			xfer_report_failed(&s->report, CODE_TEMPFAIL,
			    "%s: %s: has changed since it was counted: send again",
			    show(f->path, name), why == NULL ? "left out" : why);
		send_walk_used(s);
	}
}

/* Content. */

/* Nothing more is said of it. */
static void
end_file(struct send *s, struct send_file *f)
{
	f->ended = true;
	s->open--;
}

static void
chunk_failed(struct send *s, const struct send_chunk *c)
{
	enum xfer_reason reason = XFER_UNREADABLE;
	const char *words = strerror(c->err);
	char name[SEND_NAME];
	int code = c->err == EIO ? CODE_IO : CODE_NOINPUT;

	if (c->differs) {
		reason = XFER_DIFFERS;
		words = "exists there already and differs";
		code = CODE_CANTCREAT;
	} else if (c->rc == RC_BAD) {
		reason = XFER_CHANGED;
		words = "has changed while it was sent: send it again";
		code = CODE_TEMPFAIL;
	} else if (c->rc == RC_MEM) {
		words = "out of memory";
		code = CODE_BUG;
	}
	if (c->file->size == XFER_UNKNOWN)
		(void)snprintf(name, sizeof(name), "standard input");
	else
		(void)show(c->file->path, name);
	if (sender_fail(&s->machine, reason, bytes_str(words)) != RC_OK)
		talk_fail(&s->talk, CODE_BUG, "%s: cannot be given up", name);
	xfer_report_failed(&s->report, code, "%s%s%s: %s", c->differs ? s->talk.who : "",
	    c->differs ? ": " : "", name, words);
	send_forget_bytes(s, c->file, c->file->said);
	end_file(s, c->file);
	send_file_settle(s, c->file);
}

static enum rc
say_chunk(struct send *s, struct send_chunk *c)
{
	struct send_file *f = c->file;
	enum rc rc = RC_OK;

	if (c->first) {
		xfer_report_name(&s->report, f->path);
		s->report.bytes += c->offset;
		f->said = c->offset;
		rc = sender_begin(&s->machine, c->offset);
	}
	if (rc == RC_OK && c->n > 0) {
		rc = sender_data(&s->machine, bytes_of(c->p, c->n));
		s->speaking = rc == RC_OK ? c : NULL;
		f->said += c->n;
	}
	if (rc == RC_OK && c->last) {
		end_file(s, f);
		rc = sender_end(&s->machine, s->o->no_hash ? NULL : c->hash);
	}
	return rc;
}

/* The bytes of the last chunk are on their way. */
static void
recycle(struct send *s)
{
	struct send_chunk *c = s->speaking;

	if (c == NULL)
		return;
	s->speaking = NULL;
	xfer_report_moved(&s->report, c->n, loop_now());
	send_chunk_done(s, c);
}

static void
say_content(struct send *s)
{
	struct send_chunk *c;
	char name[SEND_NAME];

	while (talk_lives(&s->talk) && s->speaking == NULL &&
	    (c = send_chunk_next(s)) != NULL) {
		/* Of a file that is over already nothing is left but empty chunks. */
		bool idle = c->file->ended || c->stopped;

		if (!idle && (c->differs || (c->rc != RC_MORE && c->rc != RC_END)))
			chunk_failed(s, c);
		else if (!idle && say_chunk(s, c) != RC_OK)
			talk_fail(&s->talk, CODE_BUG, "%s: cannot be said",
			    show(c->file->path, name));
		if (s->speaking == NULL)
			send_chunk_done(s, c);
	}
}

static void
say_goodbye(struct send *s)
{
	if (s->said_bye || !s->walked || s->unanswered != NULL || s->open > 0)
		return;
	s->said_bye = true;
	if (sender_bye(&s->machine, s->count.skips.n) != RC_OK)
		talk_fail(&s->talk, CODE_BUG, "the goodbye cannot be said");
}

void
send_say(struct send *s)
{
	recycle(s);
	if (s->machine.link.out.n > XLINK_OUTPUT_MAX / 2)
		return;
	if (!check_count(s) || !s->greeted)
		return;
	if (s->offered < outbox_items(s->box))
		say_offer(s);
	if (!s->may_tell)
		return;
	say_files(s);
	send_read_more(s);
	say_content(s);
	send_read_more(s);
	say_goodbye(s);
}
