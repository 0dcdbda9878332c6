/* SPDX-License-Identifier: ISC */
#include "run/audience_ask.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ANSWER = 256 };

struct question {
	int fd; /* -1: there is no terminal */
	struct loop_watch *watch;
	struct loop_timer *timer;
	audience_answer_fn *answer;
	void *ctx;
};

static void
settle(struct question *q, bool yes)
{
	struct question copy = *q;

	q->answer = NULL;
	question_free(q);
	copy.answer(copy.ctx, yes);
}

static void
on_terminal(void *ctx, int what)
{
	struct question *q = ctx;
	char line[ANSWER];
	ssize_t n = read(q->fd, line, sizeof(line) - 1);

	(void)what;
	if (n > 0 && line[n - 1] == '\n')
		n--;
	line[n > 0 ? n : 0] = '\0';
	settle(q,
	    strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 ||
	        strcmp(line, "yes") == 0 || strcmp(line, "YES") == 0);
}

static void
on_nobody(void *ctx)
{
	settle(ctx, false);
}

static bool
show(struct question *q, const char *words)
{
	q->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (q->fd == -1)
		return false;
	/* What was typed before the question was there is no answer to it. */
	(void)tcflush(q->fd, TCIFLUSH);
	return dprintf(q->fd, "%s [y/N] ", words) > 0;
}

struct question *
question_new(struct loop *l, const char *words, audience_answer_fn *answer, void *ctx)
{
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	*q = (struct question){ .fd = -1, .ctx = ctx };
	q->timer = loop_timer_new(l, on_nobody, q);
	if (q->timer != NULL && !show(q, words))
		loop_timer_set(q->timer, 0);
	else if (q->timer != NULL)
		q->watch = loop_watch_new(l, q->fd, on_terminal, q);
	if (q->timer == NULL || (q->watch == NULL && q->fd != -1) ||
	    (q->watch != NULL && loop_watch_set(q->watch, LOOP_READ) != RC_OK)) {
		question_free(q);
		return NULL;
	}
	q->answer = answer;
	return q;
}

void
question_free(struct question *q)
{
	if (q == NULL)
		return;
	/* Nobody waits for the answer any more: leave the line. */
	if (q->answer != NULL && q->fd != -1)
		(void)dprintf(q->fd, "\n");
	loop_watch_free(q->watch);
	loop_timer_free(q->timer);
	if (q->fd != -1)
		(void)close(q->fd);
	free(q);
}
