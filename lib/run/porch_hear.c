/* SPDX-License-Identifier: ISC */
/* What the children of a porch say, and how they end. */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "run/porch_parts.h"

enum { NOTES = 256 }; /* of one child, before others get their turn */

/* Questions: one at a time. */

static void ask_next(struct porch *p);

static void
on_answer(void *ctx, bool yes)
{
	struct porch *p = ctx;
	struct caller *c = p->asking;
	const struct note note = { .kind = yes ? NOTE_YES : NOTE_NO };

	p->asking = NULL;
	c->asks = false;
	/* A child that is gone is noticed elsewhere. */
	if (c->pid != 0 && note_send(c->fd, &note, bytes_str(""), false) != RC_OK)
		(void)kill(c->pid, SIGTERM);
	ask_next(p);
}

static void
ask_next(struct porch *p)
{
	struct caller *first = NULL;

	if (p->asking != NULL || p->ending)
		return;
	for (size_t i = 0; i < PORCH_CALLERS; i++) {
		struct caller *c = &p->callers[i];

		if (c->pid != 0 && c->asks &&
		    (first == NULL || c->number < first->number))
			first = c;
	}
	p->asking = first;
	if (first != NULL)
		p->audience->ask(p->audience->ctx, first->question, on_answer, p);
}

static void
hush(struct porch *p, struct caller *c)
{
	c->asks = false;
	if (p->asking != c)
		return;
	p->audience->hush(p->audience->ctx);
	p->asking = NULL;
	ask_next(p);
}

/* What children say. */

static void
answer(struct caller *c, bool yes)
{
	const struct note note = { .kind = yes ? NOTE_YES : NOTE_NO };

	if (note_send(c->fd, &note, bytes_str(""), false) != RC_OK)
		(void)kill(c->pid, SIGKILL);
}

static void
hear_claim(struct porch *p, struct caller *c)
{
	bool keeps = p->rules->job->keep;
	bool first = keeps || !p->claimed;

	if (first)
		p->claimed = c->claimed = true;
	answer(c, first);
}

static void
hear_flush(struct porch *p, struct caller *c)
{
	bool flushed = p->audience->flush(p->audience->ctx);

	answer(c, flushed);
	if (!flushed)
		porch_finish(p);
}

static void
hear_done(struct porch *p, const struct note_room *r)
{
	struct audience_done done = { .path = bytes_of(r->text, r->n),
		.size = r->note.size,
		.from = r->note.from,
		.authority = r->note.authority,
		.has_sha256 = r->note.has_sha256 };

	memcpy(done.sha256, r->note.sha256, sizeof(done.sha256));
	p->audience->done(p->audience->ctx, &done);
}

/* Of several sessions the oldest one is shown. */
static void
hear_progress(struct porch *p, const struct caller *c, struct note_room *r)
{
	for (size_t i = 0; i < PORCH_CALLERS; i++)
		if (p->callers[i].pid != 0 && p->callers[i].claimed &&
		    p->callers[i].number < c->number)
			return;
	r->note.progress.state = audience_word((enum audience_state)r->note.state);
	p->audience->progress(
	    p->audience->ctx, bytes_of(r->text, r->n), &r->note.progress);
}

static void
hear_end(struct caller *c, const struct note_room *r)
{
	c->ended = true;
	if (r->note.code != CODE_OK)
		(void)outcome_fail(&c->end, r->note.code, "%s", r->text);
	c->end.signal = r->note.signal;
}

/* Who comes behind the one that was waited for is told so, and no more. */
static void
hear_meet(struct porch *p, struct caller *c, const struct note_room *r)
{
	bool known = c->met || c->dropped;

	(void)text_printable(bytes_of(r->text, r->n), c->who, sizeof(c->who));
	c->met = !known && (!p->claimed || p->rules->job->keep) && porch_seat(p, c);
	c->met_ms = loop_now();
	answer(c, c->met);
	audience_here_set_sessions(p->rules->here, porch_count_met(p));
}

static void
keep_question(struct caller *c, const struct note_room *r)
{
	size_t n = strnlen(r->text, sizeof(c->question) - 1);

	memcpy(c->question, r->text, n);
	c->question[n] = '\0';
	c->asks = true;
}

static void
hear(struct porch *p, struct caller *c, struct note_room *r)
{
	const struct audience *a = p->audience;
	char words[NOTE_TEXT];

	switch (r->note.kind) {
	case NOTE_SAY:
	case NOTE_SUMMARY:
		(void)text_printable(bytes_of(r->text, r->n), words, sizeof(words));
		if (r->note.kind == NOTE_SAY)
			a->say(a->ctx, words);
		else
			a->summary(a->ctx, words);
		break;
	case NOTE_DONE: hear_done(p, r); break;
	case NOTE_PROGRESS: hear_progress(p, c, r); break;
	case NOTE_MEET: hear_meet(p, c, r); break;
	case NOTE_CLAIM: hear_claim(p, c); break;
	case NOTE_ASK:
		keep_question(c, r);
		ask_next(p);
		break;
	case NOTE_HUSH: hush(p, c); break;
	case NOTE_FLUSH: hear_flush(p, c); break;
	case NOTE_END: hear_end(c, r); break;
	default: (void)kill(c->pid, SIGKILL); break;
	}
}

/* A child is gone. */

static void
settle(struct porch *p, struct caller *c, int status)
{
	const struct audience *a = p->audience;
	char words[OUTCOME_WORDS];

	if (!c->ended && !p->ending) {
		c->end = (struct outcome){ .code = CODE_OK };
		(void)outcome_fail(&c->end, CODE_BUG, "%s: its session has crashed (%s)",
		    c->place, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit");
	}
	if (p->ending || c->dropped)
		return;
	p->idle_ms = c->claimed ? loop_now() : p->idle_ms;
	if (c->claimed && !p->rules->job->keep) {
		*p->end = c->end;
		porch_finish(p);
	} else if (c->end.code != CODE_OK) {
		(void)snprintf(words, sizeof(words), "%s", c->end.words);
		a->say(a->ctx, words);
	}
}

void
porch_bury(struct caller *c)
{
	struct porch *p = c->porch;
	int status = 0;

	hush(p, c);
	loop_watch_free(c->watch);
	net_close(&c->fd);
	while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR)
		;
	settle(p, c, status);
	*c = (struct caller){ .porch = p, .fd = -1 };
	audience_here_set_sessions(p->rules->here, porch_count_met(p));
	if (!p->ending && porch_count_met(p) == 0)
		audience_here_wait(p->rules->here);
}

void
porch_hear(struct caller *c)
{
	struct porch *p = c->porch;
	enum rc rc = RC_OK;

	for (int i = 0; i < NOTES && rc == RC_OK; i++) {
		rc = note_receive(c->fd, p->room, false);
		if (rc == RC_OK)
			hear(p, c, p->room);
		/* A reader who is slow makes the session slow, not us big. */
		if (audience_here_is_full(p->rules->here)) {
			if (loop_watch_set(c->watch, 0) != RC_OK)
				rc = RC_SYS;
			break;
		}
	}
	if (rc == RC_OK || rc == RC_MORE)
		return;
	if (rc != RC_END)
		(void)kill(c->pid, SIGKILL);
	porch_bury(c);
}
