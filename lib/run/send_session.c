/* SPDX-License-Identifier: ISC */
/*
 * One session of the sender: its beginning and end, and what is heard, which only changes
 * what is known.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/send_parts.h"

/* Words about a file: its path and the other side's words. */
static void
file_failed(struct send *s, const struct send_file *f, int code, struct bytes words)
{
	char name[SEND_NAME];

	(void)text_name(bytes_str(f->path), name, sizeof(name));
	xfer_report_failed(&s->report, code, "%s: %s: %.*s", s->talk.who, name,
	    (int)words.n, (const char *)words.p);
}

static struct send_file *
find(struct send *s, uint64_t number)
{
	struct send_file *f;

	TAILQ_FOREACH (f, &s->files, link)
		if (f->number == number)
			return f;
	return NULL;
}

/* The next one in the order told, which has its answer now. */
static struct send_file *
answered(struct send *s, uint64_t number)
{
	struct send_file *f = s->unanswered;

	if (f == NULL || f->number != number)
		return NULL;
	s->unanswered = TAILQ_NEXT(f, link);
	return f;
}

void
send_forget_bytes(struct send *s, const struct send_file *f, uint64_t sent)
{
	if (s->report.total_bytes != XFER_UNKNOWN && f->size != XFER_UNKNOWN)
		s->report.total_bytes -= f->size - sent;
}

/* What is heard. */

static int
code_of_answer(enum xfer_answer answer)
{
	switch (answer) {
	case XFER_EXISTS:
	case XFER_CANNOT: return CODE_CANTCREAT;
	case XFER_DAMAGED: return CODE_TEMPFAIL;
	default: return CODE_NO;
	}
}

/* What the other side says of it; not every one says something. */
static struct bytes
words_of(const struct sender_event *e)
{
	if (e->words.n > 0)
		return e->words;
	switch (e->answer) {
	case XFER_EXISTS: return bytes_str("another file has that name there");
	case XFER_CANNOT: return bytes_str("it cannot be written there");
	case XFER_DAMAGED: return bytes_str("it came damaged: send it again");
	default: return bytes_str("it is not wanted there");
	}
}

static void
hear_no(struct send *s, const struct sender_event *e)
{
	struct bytes words = words_of(e);

	(void)outcome_fail(s->end, code_of_answer(e->answer), "%s: %.*s", s->talk.who,
	    (int)words.n, (const char *)words.p);
	talk_finish(&s->talk);
}

static void
hear_take(struct send *s, const struct sender_event *e)
{
	struct send_file *f = answered(s, e->file);

	if (f == NULL)
		return;
	f->taken = true;
	s->open++;
	f->offset = e->offset;
	f->only = e->only;
	memcpy(f->hash, e->hash, sizeof(f->hash));
}

static void
hear_skip(struct send *s, const struct sender_event *e)
{
	struct send_file *f = answered(s, e->file);

	if (f == NULL)
		return;
	send_forget_bytes(s, f, 0);
	file_failed(s, f, code_of_answer(e->answer), words_of(e));
	send_file_settle(s, f);
}

static void
hear_stored(struct send *s, const struct sender_event *e)
{
	struct send_file *f = find(s, e->file);

	if (f == NULL)
		return;
	if (e->answer == XFER_YES)
		s->report.files++;
	else
		file_failed(s, f, code_of_answer(e->answer), words_of(e));
	send_file_settle(s, f);
}

static void
hear_done(struct send *s)
{
	xfer_report_tick(&s->report, loop_now());
	xfer_report_end(&s->report, "sent", s->end);
	xfer_skips_end(&s->count.skips, s->end);
	if (s->report.files > 0)
		xfer_report_summary(&s->report, "to", s->talk.who);
	talk_finish(&s->talk);
}

static void
hear_nonsense(struct send *s, const struct sender_event *e)
{
	char theirs[XFER_WORDS_MAX];

	(void)snprintf(theirs, sizeof(theirs), "the receiver %s", e->why);
	talk_refuse(
	    &s->talk, CODE_PROTOCOL, theirs, "%s: the receiver %s", s->talk.who, e->why);
}

static void
hear(struct send *s, const struct sender_event *e)
{
	if (e->kind != SENDER_MORE)
		s->report.other_total = 0;
	switch (e->kind) {
	case SENDER_MORE: break;
	case SENDER_READY: s->greeted = true; break;
	case SENDER_YES:
		s->may_tell = s->talk.begun = true;
		s->report.state = AUDIENCE_SENDING;
		break;
	case SENDER_NO: hear_no(s, e); break;
	case SENDER_TAKE: hear_take(s, e); break;
	case SENDER_SKIP: hear_skip(s, e); break;
	case SENDER_STORED: hear_stored(s, e); break;
	case SENDER_BUSY:
		s->report.other_done = e->done;
		s->report.other_total = e->total;
		break;
	case SENDER_DONE: hear_done(s); break;
	case SENDER_ERROR: talk_hear_error(&s->talk, e->code, e->words); break;
	case SENDER_BAD: hear_nonsense(s, e); break;
	}
}

static void
on_commit(void *ctx, size_t n)
{
	struct send *s = ctx;
	struct sender_event e = { .kind = SENDER_MORE };

	sender_commit(&s->machine, n, loop_now(), &e);
	hear(s, &e);
}

/* The rest of what a conversation asks of its engine. */

static int64_t
silent_ms(const struct xfer_options *x)
{
	return (int64_t)(x->limit_s == 0 ? XFER_SILENT_S : x->limit_s) * 1000;
}

static enum rc
on_start(void *ctx)
{
	struct send *s = ctx;
	enum rc rc =
	    sender_init(&s->machine, s->o->no_hash, silent_ms(&s->o->x), loop_now());

	s->initialised = rc == RC_OK;
	return rc;
}

static void
on_asked(void *ctx, bool yes)
{
	struct send *s = ctx;

	if (yes)
		send_count_start(s);
	else
		talk_refuse(&s->talk, CODE_NO, "was refused by a person", "%s: refused",
		    s->talk.who);
	talk_pump(&s->talk);
}

/* Who calls is asked about, unless it was said beforehand. */
static void
on_greet(void *ctx)
{
	struct send *s = ctx;
	const struct audience *a = s->ground->audience;
	char words[OUTCOME_WORDS], name[SEND_NAME] = "";

	if (!a->claim(a->ctx)) {
		talk_refuse(&s->talk, CODE_TEMPFAIL, "is busy with somebody else",
		    "%s: turned away: another one was first", s->talk.who);
		return;
	}
	if (s->o->x.calls || s->o->x.yes || s->o->x.n_users > 0) {
		send_count_start(s);
		return;
	}
	if (s->o->n == 1)
		(void)text_name(bytes_str(s->o->operands[0]), name, sizeof(name));
	(void)snprintf(words, sizeof(words),
	    "%s (%s) asks for what you send%s%s: send it?", s->talk.who, s->ground->place,
	    s->o->n == 1 ? ", " : "", name);
	a->ask(a->ctx, words, on_asked, s);
}

static void
on_tick(void *ctx, int64_t now_ms)
{
	struct send *s = ctx;

	if (s->hash_total > 0)
		xlink_set_work(&s->machine.link, atomic_load(&s->hashed), s->hash_total);
	else if (!s->may_tell || s->report.total_bytes == XFER_UNKNOWN)
		xlink_set_work(&s->machine.link, s->machine.link.our_done + 1, 0);
	if (s->offered > 0)
		xfer_report_tick(&s->report, now_ms);
}

static enum rc
on_error(void *ctx, int code, struct bytes words)
{
	struct send *s = ctx;

	return sender_error(&s->machine, code, words);
}

static void
on_more(void *ctx)
{
	send_say(ctx);
}

static const struct talk_engine engine = {
	.start = on_start,
	.greet = on_greet,
	.commit = on_commit,
	.more = on_more,
	.tick = on_tick,
	.error = on_error,
};

static void
run(struct send *s)
{
	const struct talk_begin begin = { .ground = s->ground,
		.o = &s->o->x,
		.engine = &engine,
		.ctx = s,
		.link = &s->machine.link };

	s->box = outbox_new(s->o->operands, s->o->n, s->o->name, s->o->in, s->end);
	if (s->box == NULL)
		return;
	if (send_jobs_start(s) != RC_OK) {
		(void)outcome_fail(s->end, CODE_BUG, "cannot start a thread");
		return;
	}
	if (talk_start(&s->talk, &begin, s->end) == RC_OK &&
	    loop_run(s->ground->loop) != RC_OK)
		(void)outcome_fail(
		    s->end, CODE_BUG, "the event loop: %s", strerror(errno));
}

void
send_session(
    const struct send_options *o, const struct talk_ground *ground, struct outcome *end)
{
	struct send *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return;
	}
	s->o = o;
	s->ground = ground;
	s->end = end;
	s->report.audience = ground->audience;
	s->report.state = AUDIENCE_COUNTING;
	TAILQ_INIT(&s->files);
	run(s);
	ground->audience->hush(ground->audience->ctx);
	send_jobs_stop(s);
	talk_clear(&s->talk);
	if (s->initialised)
		sender_clear(&s->machine);
	outbox_free(s->box);
	free(s);
}
