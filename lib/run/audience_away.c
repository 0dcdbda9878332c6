/* SPDX-License-Identifier: ISC */
#include "run/audience_away.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/audience_note.h"

struct audience_away {
	int fd;
	struct loop_watch *watch; /* for answers */
	struct audience face;
	audience_answer_fn *answer; /* NULL: nothing is asked */
	void *answer_ctx;
	bool gone;  /* the parent */
	bool muted; /* it can write nothing any more */
	struct note_room room;
};

static void
tell(struct audience_away *w, const struct note *note, struct bytes text)
{
	/* The parent waits for a slow reader, and so do we. */
	if (!w->gone && note_send(w->fd, note, text, true) != RC_OK)
		w->gone = true;
}

static void
away_say(void *ctx, const char *words)
{
	tell(ctx, &(struct note){ .kind = NOTE_SAY }, bytes_str(words));
}

static void
away_summary(void *ctx, const char *words)
{
	tell(ctx, &(struct note){ .kind = NOTE_SUMMARY }, bytes_str(words));
}

static void
away_done(void *ctx, const struct audience_done *file)
{
	struct note n = {
		.kind = NOTE_DONE, .size = file->size, .has_sha256 = file->has_sha256
	};

	memcpy(n.sha256, file->sha256, sizeof(n.sha256));
	(void)snprintf(n.from, sizeof(n.from), "%s", file->from);
	(void)snprintf(n.authority, sizeof(n.authority), "%s", file->authority);
	tell(ctx, &n, file->path);
}

static void
away_progress(void *ctx, struct bytes name, const struct progress *p)
{
	struct audience_away *w = ctx;
	struct note n = { .kind = NOTE_PROGRESS, .progress = *p };

	while (n.state + 1 < AUDIENCE_STATES &&
	    strcmp(p->state, audience_word((enum audience_state)n.state)) != 0)
		n.state++;
	n.progress.state = NULL;
	/* The next one comes soon. */
	if (!w->gone && note_send(w->fd, &n, name, false) == RC_SYS)
		w->gone = true;
}

/* The parent answers such a question at once. */
static bool
ask_parent(struct audience_away *w, enum note_kind kind, const char *text)
{
	tell(w, &(struct note){ .kind = kind }, bytes_str(text));
	if (!w->gone && note_receive(w->fd, &w->room, true) != RC_OK)
		w->gone = true;
	return !w->gone && w->room.note.kind == NOTE_YES;
}

static bool
away_meet(void *ctx, const char *who)
{
	return ask_parent(ctx, NOTE_MEET, who);
}

static bool
away_claim(void *ctx)
{
	return ask_parent(ctx, NOTE_CLAIM, "");
}

static bool
away_flush(void *ctx)
{
	struct audience_away *w = ctx;

	w->muted = !ask_parent(w, NOTE_FLUSH, "") || w->muted;
	return !w->muted;
}

static void
on_answer(void *ctx, int what)
{
	struct audience_away *w = ctx;
	audience_answer_fn *answer = w->answer;
	enum rc rc = note_receive(w->fd, &w->room, false);

	(void)what;
	if (rc == RC_MORE)
		return;
	if (rc != RC_OK || loop_watch_set(w->watch, 0) != RC_OK)
		w->gone = true;
	w->muted = !w->gone && w->room.note.kind == NOTE_MUTE;
	if (w->gone || w->muted)
		return; /* it was not answered */
	w->answer = NULL;
	if (answer != NULL)
		answer(w->answer_ctx, w->room.note.kind == NOTE_YES);
}

static void
away_ask(void *ctx, const char *words, audience_answer_fn *answer, void *actx)
{
	struct audience_away *w = ctx;

	w->answer = answer;
	w->answer_ctx = actx;
	tell(w, &(struct note){ .kind = NOTE_ASK }, bytes_str(words));
	if (loop_watch_set(w->watch, LOOP_READ) != RC_OK)
		w->gone = true;
}

static void
away_hush(void *ctx)
{
	struct audience_away *w = ctx;

	if (w->answer == NULL)
		return;
	w->answer = NULL;
	tell(w, &(struct note){ .kind = NOTE_HUSH }, bytes_str(""));
}

static int
away_broken(void *ctx)
{
	struct audience_away *w = ctx;
	enum rc rc = RC_MORE;

	if (!w->gone && !w->muted && w->answer == NULL)
		rc = note_receive(w->fd, &w->room, false);
	w->muted = w->muted || (rc == RC_OK && w->room.note.kind == NOTE_MUTE);
	w->gone = w->gone || (rc != RC_OK && rc != RC_MORE);
	if (w->gone)
		return ESRCH;
	return w->muted ? EIO : 0;
}

struct audience_away *
audience_away_new(struct loop *l, int fd)
{
	struct audience_away *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->fd = fd;
	w->face = (struct audience){ .ctx = w,
		.say = away_say,
		.summary = away_summary,
		.done = away_done,
		.progress = away_progress,
		.meet = away_meet,
		.claim = away_claim,
		.ask = away_ask,
		.hush = away_hush,
		.flush = away_flush,
		.broken = away_broken };
	w->watch = loop_watch_new(l, fd, on_answer, w);
	if (w->watch == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

const struct audience *
audience_away_face(struct audience_away *w)
{
	return &w->face;
}

void
audience_away_end(struct audience_away *w, const struct outcome *end)
{
	const struct note n = {
		.kind = NOTE_END, .code = end->code, .signal = end->signal
	};

	tell(w, &n, bytes_str(end->words));
}
