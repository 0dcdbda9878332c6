/* SPDX-License-Identifier: ISC */
#include "run/audience_here.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "codec/record.h"
#include "io/recio.h"
#include "io/tty.h"
#include "run/audience_ask.h"

enum {
	STATUS_MS = 1000,
	AHEAD = 256 * 1024, /* bytes that wait for a reader before we do, too */
	NAME_ROOM = 512,
};

struct audience_here {
	struct loop *loop;
	const struct audience_rules *rules;
	struct audience face;
	struct recout out;
	struct loop_watch *out_watch;
	struct loop_timer *timer; /* for -w */
	struct tty tty;
	struct question *question;
	audience_answer_fn *answer;
	void *answer_ctx;
	int err;            /* errno of a write that failed; 0: none did */
	uint64_t unwritten; /* done records that may be in out still, or lost */
	bool claimed, opened;
	uint64_t start_s;
	unsigned sessions;
	/* The last that was heard, for -w. */
	struct progress progress;
	char name[NAME_ROOM];
};

/* Records. */

static void
put(struct audience_here *h, struct bytes text)
{
	if (!h->rules->records || h->err != 0)
		return;
	/* Who receives in this process waits for a slow reader, too. */
	if (h->out.buf.n >= RECOUT_MAX / 2 && recout_flush(&h->out) != RC_OK)
		h->err = errno;
	else if (recout_add(&h->out, text) != RC_OK)
		h->err = ENOMEM;
	else if (loop_watch_set(h->out_watch, LOOP_WRITE) != RC_OK)
		h->err = ENOMEM;
}

static void
on_writable(void *ctx, int what)
{
	struct audience_here *h = ctx;
	enum rc rc;

	(void)what;
	if (tty_is(h->rules->out))
		tty_clear(&h->tty);
	rc = recout_some(&h->out);
	if (rc == RC_SYS)
		h->err = errno;
	if (h->out.buf.n == 0)
		h->unwritten = 0;
	if ((rc == RC_SYS || h->out.buf.n == 0) &&
	    loop_watch_set(h->out_watch, 0) != RC_OK)
		h->err = ENOMEM;
}

static void
here_done(void *ctx, const struct audience_done *file)
{
	struct audience_here *h = ctx;
	struct rec_done done = { .path = file->path,
		.has_size = true,
		.size = file->size,
		.from = bytes_str(file->from),
		.authority = bytes_str(file->authority),
		.has_sha256 = file->has_sha256 };
	uint8_t text[LINE_MAX_SIZE];
	struct bytes line;
	struct linew w;

	h->unwritten++;
	if (h->rules->nul) {
		put(h, file->path);
		put(h, bytes_of("", 1));
		return;
	}
	memcpy(done.sha256, file->sha256, sizeof(done.sha256));
	rec_put_done(&w, text, sizeof(text), &done);
	if (linew_end(&w, &line) == RC_OK)
		put(h, line);
}

static void
put_status(struct audience_here *h, const struct outcome *end)
{
	const struct progress *p = &h->progress;
	struct rec_status r = { .state = bytes_str(p->state),
		.pid = (uint64_t)getpid(),
		.start_s = h->start_s,
		.wanted = p->total,
		.had = p->have,
		.downloaded = p->have,
		.left = p->total > p->have ? p->total - p->have : 0,
		.down_rate = p->rate,
		.peers = h->sessions,
		.has_eta = p->has_eta,
		.eta_s = p->eta_s,
		.name = bytes_str(h->name) };
	uint8_t text[LINE_MAX_SIZE];
	struct bytes line;
	struct linew w;

	if (!h->rules->watch || (end == NULL && h->out.buf.n >= AHEAD))
		return;
	if (end != NULL) {
		r.state = bytes_str(
		    end->code == CODE_OK && end->signal == 0 ? "done" : "failed");
		r.ended = true;
		r.code = (uint64_t)end->code;
		r.why = bytes_str(end->words);
		r.down_rate = 0;
		r.has_eta = false;
	}
	rec_put_status(&w, text, sizeof(text), &r);
	if (linew_end(&w, &line) == RC_OK)
		put(h, line);
}

static void
on_second(void *ctx)
{
	struct audience_here *h = ctx;

	put_status(h, NULL);
	loop_timer_set(h->timer, loop_now() + STATUS_MS);
}

static enum rc
write_out(struct audience_here *h, bool patient)
{
	struct pollfd p = { .fd = h->rules->out, .events = POLLOUT };
	enum rc rc = RC_MORE;

	if (patient)
		return recout_flush(&h->out);
	while (rc == RC_MORE && poll(&p, 1, 0) == 1)
		rc = recout_some(&h->out);
	return rc == RC_SYS ? RC_SYS : RC_OK;
}

static bool
here_flush(void *ctx)
{
	struct audience_here *h = ctx;

	if (h->err == 0 && h->rules->records && write_out(h, false) != RC_OK)
		h->err = errno;
	if (h->err == 0 && h->out.buf.n == 0)
		h->unwritten = 0;
	return h->err == 0;
}

static int
here_broken(void *ctx)
{
	const struct audience_here *h = ctx;

	return h->err;
}

/* Words. */

static void
here_say(void *ctx, const char *words)
{
	struct audience_here *h = ctx;

	tty_clear(&h->tty);
	tty_say(h->rules->err, h->rules->command, words);
}

static void
here_summary(void *ctx, const char *words)
{
	struct audience_here *h = ctx;

	audience_here_hint(h, words);
}

void
audience_here_remark(struct audience_here *h, const char *words)
{
	if (h->rules->verbose)
		here_say(h, words);
}

void
audience_here_hint(struct audience_here *h, const char *words)
{
	if (!h->rules->quiet && (h->rules->verbose || tty_is(h->rules->err)))
		here_say(h, words);
}

static void
here_progress(void *ctx, struct bytes name, const struct progress *p)
{
	struct audience_here *h = ctx;

	h->progress = *p;
	(void)text_printable(name, h->name, sizeof(h->name));
	if (h->question == NULL)
		tty_line(&h->tty, name, p);
}

static bool
here_meet(void *ctx, const char *who)
{
	(void)ctx;
	(void)who;
	return true;
}

static bool
here_claim(void *ctx)
{
	struct audience_here *h = ctx;
	bool first = !h->claimed;

	h->claimed = true;
	return first;
}

/* Questions. */

static void
on_answer(void *ctx, bool yes)
{
	struct audience_here *h = ctx;

	h->question = NULL;
	h->answer(h->answer_ctx, yes);
}

static void
here_ask(void *ctx, const char *words, audience_answer_fn *answer, void *actx)
{
	struct audience_here *h = ctx;

	tty_clear(&h->tty);
	h->answer = answer;
	h->answer_ctx = actx;
	h->question = question_new(h->loop, words, on_answer, h);
	if (h->question == NULL)
		h->err = ENOMEM;
}

static void
here_hush(void *ctx)
{
	struct audience_here *h = ctx;

	question_free(h->question);
	h->question = NULL;
}

/* Life. */

static void
set_face(struct audience_here *h)
{
	h->face = (struct audience){ .ctx = h,
		.say = here_say,
		.summary = here_summary,
		.done = here_done,
		.progress = here_progress,
		.meet = here_meet,
		.claim = here_claim,
		.ask = here_ask,
		.hush = here_hush,
		.flush = here_flush,
		.broken = here_broken };
}

struct audience_here *
audience_here_new(struct loop *l, const struct audience_rules *rules)
{
	struct audience_here *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->loop = l;
	h->rules = rules;
	h->start_s = loop_wall_s();
	h->progress.state = audience_word(AUDIENCE_WAITING);
	set_face(h);
	recout_init(&h->out, rules->out);
	tty_init(&h->tty, rules->err);
	if (rules->quiet)
		h->tty.on = false;
	h->timer = loop_timer_new(l, on_second, h);
	if (rules->records)
		h->out_watch = loop_watch_new(l, rules->out, on_writable, h);
	if (h->timer == NULL || (rules->records && h->out_watch == NULL)) {
		audience_here_free(h);
		return NULL;
	}
	return h;
}

const struct audience *
audience_here_face(struct audience_here *h)
{
	return &h->face;
}

void
audience_here_open(struct audience_here *h)
{
	uint8_t text[64];
	struct bytes line;
	struct linew w;

	h->opened = true;
	if (h->rules->nul)
		return;
	rec_put_ugat(&w, text, sizeof(text));
	if (linew_end(&w, &line) == RC_OK)
		put(h, line);
	if (h->rules->watch)
		on_second(h);
}

void
audience_here_set_sessions(struct audience_here *h, unsigned n)
{
	h->sessions = n;
}

void
audience_here_wait(struct audience_here *h)
{
	h->progress = (struct progress){ .state = audience_word(AUDIENCE_WAITING) };
	h->name[0] = '\0';
	if (h->question == NULL)
		tty_clear(&h->tty);
}

bool
audience_here_is_full(const struct audience_here *h)
{
	return h->out.buf.n >= AHEAD;
}

/* What has its name here and no record gets one when it comes again. */
static void
fail_output(struct audience_here *h, struct outcome *end)
{
	char lost[128] = "";

	if (h->unwritten > 0)
		(void)snprintf(lost, sizeof(lost),
		    ": %llu file%s that came may have no record: have %s sent again",
		    (unsigned long long)h->unwritten, h->unwritten == 1 ? "" : "s",
		    h->unwritten == 1 ? "it" : "them");
	(void)outcome_fail(end, CODE_IO, "standard output: %s%s", strerror(h->err), lost);
}

void
audience_here_close(struct audience_here *h, struct outcome *end)
{
	here_hush(h);
	tty_clear(&h->tty);
	if (h->opened)
		put_status(h, end);
	if (h->err == 0 && h->rules->records && write_out(h, end->signal == 0) != RC_OK)
		h->err = errno;
	if (h->err == EPIPE && end->code == CODE_OK && end->signal == 0)
		end->signal = SIGPIPE;
	else if (h->err != 0 && end->signal == 0)
		fail_output(h, end);
}

void
audience_here_free(struct audience_here *h)
{
	if (h == NULL)
		return;
	question_free(h->question);
	loop_watch_free(h->out_watch);
	loop_timer_free(h->timer);
	recout_clear(&h->out);
	free(h);
}
