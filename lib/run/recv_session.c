/* SPDX-License-Identifier: ISC */
/*
 * One session of the receiver. What is heard becomes jobs for the worker, whose results
 * become what is said; both keep the order in which files were told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/recv_parts.h"

/* What is said. All of it may fail alike. */
void
recv_said(struct recv *r, enum rc rc)
{
	if (rc == RC_BIG)
		talk_fail(&r->talk, CODE_PROTOCOL, "%s: the sender does not listen",
		    r->talk.who);
	else if (rc != RC_OK)
		talk_fail(&r->talk, CODE_BUG, "an answer cannot be said");
}

void
recv_check_end(struct recv *r)
{
	if (!r->bye || !TAILQ_EMPTY(&r->files) || !talk_lives(&r->talk))
		return;
	/* What is stored and cannot be told is no success, and the sender shall know. */
	if (!r->ground->audience->flush(r->ground->audience->ctx)) {
		talk_mute(&r->talk);
		return;
	}
	recv_said(r, receiver_release(&r->machine));
	if (r->machine.state != RECEIVER_OVER || !talk_lives(&r->talk))
		return;
	xfer_report_tick(&r->report, loop_now());
	xfer_report_end(&r->report, "received", r->end);
	if (r->missing > 0)
		(void)outcome_fail(r->end, CODE_TEMPFAIL,
		    "%s: %llu of %llu files did not come: send them again", r->talk.who,
		    (unsigned long long)r->missing,
		    (unsigned long long)r->report.total_files);
	if (r->skipped > 0)
		(void)outcome_fail(r->end, CODE_NO,
		    "%s left %llu thing%s out (links, devices, empty directories and the "
		    "like); all else has arrived",
		    r->talk.who, (unsigned long long)r->skipped,
		    r->skipped == 1 ? "" : "s");
	if (r->left > 0)
		(void)outcome_fail(r->end, CODE_NO,
		    "%llu offered file%s not asked for: left out",
		    (unsigned long long)r->left, r->left == 1 ? " was" : "s were");
	if (r->report.files > 0)
		xfer_report_summary(&r->report, "from", r->talk.who);
	talk_finish(&r->talk);
}

/* What is heard. */

static void
hear_file(struct recv *r, const struct receiver_event *e)
{
	struct recv_file *f = calloc(1, sizeof(*f));
	const uint8_t *slash = memchr(e->text.p, '/', e->text.n);

	if (f == NULL) {
		talk_fail(&r->talk, CODE_BUG, "out of memory");
		return;
	}
	f->recv = r;
	f->number = e->file;
	(void)snprintf(f->box.path, sizeof(f->box.path), "%.*s", (int)e->text.n,
	    (const char *)e->text.p);
	f->box.size = e->bytes;
	f->box.mode = e->mode;
	f->box.mtime_s = e->mtime_s;
	f->box.mtime_ns = e->mtime_ns;
	f->box.hashed = !r->no_hash;
	f->unwanted = !recv_wants(r,
	    bytes_of(e->text.p, slash == NULL ? e->text.n : (size_t)(slash - e->text.p)));
	TAILQ_INSERT_TAIL(&r->files, f, link);
	recv_look(f);
}

/* Those before it are with the worker, or the one that it is. */
static struct recv_file *
find(struct recv *r, uint64_t number)
{
	struct recv_file *f;

	TAILQ_FOREACH (f, &r->files, link)
		if (f->number == number)
			return f;
	return NULL;
}

static void
hear_begin(struct recv *r, const struct receiver_event *e)
{
	struct recv_file *f = find(r, e->file);

	if (f == NULL)
		return;
	f->offset = e->offset;
	r->current = f;
	r->report.bytes += e->offset;
	xfer_report_name(&r->report, f->box.path);
}

static void
hear_content(struct recv *r, const struct receiver_event *e)
{
	xfer_report_moved(&r->report, (size_t)e->bytes, loop_now());
	recv_content(r, (size_t)e->bytes);
}

static void
hear_end(struct recv *r, const struct receiver_event *e)
{
	if (r->current == NULL)
		return;
	r->current->size = e->bytes;
	memcpy(r->current->want, e->hash, sizeof(r->current->want));
	recv_store(r);
}

static void
hear_fail(struct recv *r, const struct receiver_event *e)
{
	static const int codes[] = { [XFER_CHANGED] = CODE_TEMPFAIL,
		[XFER_UNREADABLE] = CODE_NOINPUT,
		[XFER_DIFFERS] = CODE_CANTCREAT };
	struct recv_file *f = r->current != NULL ? r->current : find(r, e->file);
	char words[OUTCOME_WORDS];

	if (f == NULL)
		return;
	if (e->reason == XFER_DIFFERS)
		(void)snprintf(words, sizeof(words), "%s", recv_exists);
	else
		(void)snprintf(words, sizeof(words), "%s: %.*s", r->talk.who,
		    (int)e->text.n, e->text.n == 0 ? "" : (const char *)e->text.p);
	recv_failed(r, f, codes[e->reason], words);
	r->current = f;
	recv_drop(r);
}

static void
hear_bye(struct recv *r, const struct receiver_event *e)
{
	r->bye = true;
	r->missing = r->offered - e->files;
	r->skipped = e->left;
	recv_check_end(r);
}

static void
hear_offer(struct recv *r, const struct receiver_event *e)
{
	r->offered = r->report.total_files = e->files;
	r->report.total_bytes = e->bytes;
}

static void
hear_nonsense(struct recv *r, const struct receiver_event *e)
{
	char theirs[XFER_WORDS_MAX];

	(void)snprintf(theirs, sizeof(theirs), "the sender %s%s%s", e->why,
	    e->path_why != NULL ? " " : "", e->path_why != NULL ? e->path_why : "");
	talk_refuse(&r->talk, CODE_PROTOCOL, theirs, "%s: %s", r->talk.who, theirs);
}

static void
hear(struct recv *r, const struct receiver_event *e)
{
	if (e->kind != RECEIVER_MORE)
		r->report.other_total = 0;
	switch (e->kind) {
	case RECEIVER_MORE: break;
	case RECEIVER_READY: r->no_hash = e->no_hash; break;
	case RECEIVER_OFFER: hear_offer(r, e); break;
	case RECEIVER_ITEM: recv_take_item(r, e); break;
	case RECEIVER_DECIDE:
		recv_take_item(r, e);
		recv_decide(r);
		break;
	case RECEIVER_FILE: hear_file(r, e); break;
	case RECEIVER_BEGIN: hear_begin(r, e); break;
	case RECEIVER_DATA: hear_content(r, e); break;
	case RECEIVER_END: hear_end(r, e); break;
	case RECEIVER_FAIL: hear_fail(r, e); break;
	case RECEIVER_BUSY:
		r->report.other_done = e->done;
		r->report.other_total = e->total;
		break;
	case RECEIVER_BYE: hear_bye(r, e); break;
	case RECEIVER_ERROR: talk_hear_error(&r->talk, e->code, e->text); break;
	case RECEIVER_BAD: hear_nonsense(r, e); break;
	}
}

static void
on_commit(void *ctx, size_t n)
{
	struct recv *r = ctx;
	struct receiver_event e = { .kind = RECEIVER_MORE };

	receiver_commit(&r->machine, n, loop_now(), &e);
	hear(r, &e);
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
	struct recv *r = ctx;
	enum rc rc = receiver_init(&r->machine, silent_ms(&r->o->x), loop_now());

	r->initialised = rc == RC_OK;
	if (rc == RC_OK)
		receiver_hold(&r->machine);
	if (rc == RC_OK && r->ground->called)
		receiver_hurry(&r->machine);
	return rc;
}

/* A part is its sender's: not that of a user of the same name by another authority. */
static void
on_greet(void *ctx)
{
	struct recv *r = ctx;
	const char *to = r->o->file == NULL ? r->o->dir : r->o->file;
	char who[TALK_IDENTITY];

	talk_identity(&r->talk, who);
	if (r->o->file == NULL)
		r->inbox = inbox_new(r->o->dir, who);
	else if (strcmp(r->o->file, "-") == 0)
		r->inbox = inbox_new_stream(r->o->out, &r->stop);
	else
		r->inbox = inbox_new_output(r->o->file, who, &r->stop);
	if (r->inbox != NULL && r->o->force)
		inbox_set_replace(r->inbox);
	if (r->inbox == NULL)
		talk_fail(&r->talk, CODE_CANTCREAT, "%s: %s", to, strerror(errno));
}

static struct xlink_room
on_place(void *ctx)
{
	return recv_place(ctx);
}

static void
on_dry(void *ctx)
{
	recv_flush_idle(ctx);
}

static void
on_tick(void *ctx, int64_t now_ms)
{
	struct recv *r = ctx;
	uint64_t total = atomic_load(&r->hash_total), done = atomic_load(&r->hashed);

	/* A person, or a reader of our output, takes as long as it takes. */
	if (total > 0)
		xlink_set_work(&r->machine.link, done < total ? done : total, total);
	else if (r->asking || (r->inbox != NULL && inbox_is_stream(r->inbox)))
		xlink_set_work(&r->machine.link, r->machine.link.our_done + 1, 0);
	if (r->report.state == AUDIENCE_RECEIVING)
		xfer_report_tick(&r->report, now_ms);
}

static enum rc
on_error(void *ctx, int code, struct bytes words)
{
	struct recv *r = ctx;

	return receiver_error(&r->machine, code, words);
}

static const struct talk_engine engine = {
	.start = on_start,
	.greet = on_greet,
	.place = on_place,
	.commit = on_commit,
	.dry = on_dry,
	.tick = on_tick,
	.error = on_error,
};

static void
run(struct recv *r)
{
	const struct talk_begin begin = { .ground = r->ground,
		.o = &r->o->x,
		.engine = &engine,
		.ctx = r,
		.link = &r->machine.link,
		.limits_in = true };

	if (recv_jobs_start(r) != RC_OK) {
		(void)outcome_fail(r->end, CODE_BUG, "cannot start a thread");
		return;
	}
	if (talk_start(&r->talk, &begin, r->end) == RC_OK &&
	    loop_run(r->ground->loop) != RC_OK)
		(void)outcome_fail(
		    r->end, CODE_BUG, "the event loop: %s", strerror(errno));
}

void
recv_session(
    const struct recv_options *o, const struct talk_ground *ground, struct outcome *end)
{
	struct recv *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return;
	}
	r->o = o;
	r->ground = ground;
	r->end = end;
	r->report.audience = ground->audience;
	r->report.state = AUDIENCE_WAITING;
	buf_init(&r->list, RECV_QUESTION / 2);
	TAILQ_INIT(&r->files);
	run(r);
	ground->audience->hush(ground->audience->ctx);
	recv_drain(r);
	recv_jobs_stop(r);
	talk_clear(&r->talk);
	if (r->initialised)
		receiver_clear(&r->machine);
	inbox_free(r->inbox);
	buf_clear(&r->list);
	free(r);
}
