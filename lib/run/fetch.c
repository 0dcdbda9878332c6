/* SPDX-License-Identifier: ISC */
/*
 * The phases: READING until `end`; CHECKING what is on disk; LOADING; with -k SERVING;
 * ENDING, where work under way is finished, synced and saved. Whatever goes wrong
 * anywhere sets the outcome and moves on to ENDING, which begins from the loop and not
 * from inside a callback.
 */
#include "run/fetch.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "run/fetch_parts.h"

enum {
	SAVE_MS = 2000,
	SYNC_MS = 60000,
	LONELY_MS = 30000,
	ENDING_MS = 10,
	ASLEEP_MS = 2000
};

void
fetch_finish(struct fetch *f)
{
	if (f->phase == FETCH_ENDING)
		return;
	if (f->damaged && f->end->signal == 0)
		(void)outcome_fail(f->end, CODE_IO,
		    "files below %s were changed by somebody else meanwhile: run it "
		    "again "
		    "to mend them",
		    f->o->dir);
	f->phase = FETCH_ENDING;
	loop_timer_set(f->timer, 0);
}

void
fetch_fail(struct fetch *f, int code, const char *format, ...)
{
	char words[OUTCOME_WORDS];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	if (f->end->signal == 0)
		(void)outcome_fail(f->end, code, "%s", words);
	fetch_finish(f);
}

static const char *
why_not_written(int err)
{
	switch (err) {
	case 0: return "was cut short by somebody else";
	case ESTALE:
		return "was taken away or replaced while it was loaded: run it again";
	case ENOSPC:
		return "No space left on device: make room and run the same again, it "
		       "goes "
		       "on from there";
	default: return strerror(err);
	}
}

void
fetch_disk_failed(struct fetch *f, const struct store_error *e)
{
	bool cannot_create = e->err == EACCES || e->err == EPERM || e->err == EROFS ||
	    e->err == EEXIST || e->err == ENOTDIR || e->err == EISDIR || e->err == ELOOP;

	fetch_fail(f, cannot_create ? CODE_CANTCREAT : CODE_IO, "%s: %s", e->path,
	    why_not_written(e->err));
}

void
fetch_drain(struct fetch *f)
{
	if (!fetch_is_up(f))
		return;
	fetch_net_todo(f);
	/* Blocks that were at hand are sent now, else the next tick would. */
	while (fetch_jobs_todo(f))
		fetch_net_todo(f);
	if (swarm_is_broken(f->swarm))
		fetch_fail(f, CODE_BUG, "out of memory");
	else if (f->phase == FETCH_LOADING && swarm_is_complete(f->swarm) &&
	    (f->o->keep || fetch_stream_done(f)))
		fetch_serve(f);
}

/* Time. */

static const char *
advice(const struct fetch *f)
{
	if (!f->asked)
		return "put ugat-announce before it, or";
	return f->torrent.n_trackers > 0 ? "try later, or"
	                                 : "there is no tracker to ask:";
}

static void
fail_lonely(struct fetch *f, const struct swarm_stats *st)
{
	if (f->named == 0)
		fetch_fail(f, CODE_UNAVAILABLE,
		    "no peer to load from: %u/%u pieces; the input has ended and named "
		    "none: %s add `peer` lines",
		    st->pieces_held, st->pieces_wanted, advice(f));
	else
		fetch_fail(f, CODE_UNAVAILABLE,
		    "no peer left to try: %u/%u pieces; the input has ended and none of "
		    "the peers in it answers (%llu): try later, or add `peer` lines",
		    st->pieces_held, st->pieces_wanted, (unsigned long long)f->named);
}

static void
fail_stalled(struct fetch *f, const struct swarm_stats *st, uint64_t stalled_s)
{
	/* To try again later helps only where somebody has been asked. */
	bool unasked = f->in_ended && f->named == 0 && !f->asked && st->peers == 0;
	char time[HUMAN_SIZE];

	human_time(stalled_s, time);
	fetch_fail(f, CODE_TEMPFAIL,
	    "stalled %s: %u/%u pieces; %u have no source; %u peer%s; %u tracker%s ok: %s",
	    time, st->pieces_held, st->pieces_wanted, st->unsourced, st->peers,
	    st->peers == 1 ? "" : "s", f->trackers_ok, f->trackers_ok == 1 ? "" : "s",
	    unasked ? "put ugat-announce before it, or add `peer` lines"
	        : st->peers == 0 && f->unheard
	        ? "who was called hung up, perhaps for want of encryption"
	        : "try again later, it goes on from there");
}

/*
 * When the session has expired those who are connected are heard out, as long as they
 * bring something or want something; then that is what has ended the run.
 */
static void
check_session(struct fetch *f, int64_t now_ms)
{
	bool lives = session_lives(f->session), stalled;
	struct swarm_stats st;

	swarm_hush(f->swarm, !lives);
	if (lives)
		return;
	if (swarm_is_complete(f->swarm) && !fetch_stream_done(f))
		return;
	swarm_get_stats(f->swarm, &st, now_ms);
	stalled = f->phase == FETCH_LOADING &&
	    now_ms - f->verified_ms >= (int64_t)f->o->stall_s * 1000;
	if (!session_is_refused(f->session) &&
	    (session_may_return(f->session) || (st.peers + st.dialling > 0 && !stalled)))
		return;
	session_explain(f->session, f->end);
	fetch_finish(f);
}

static void
check_stall(struct fetch *f, int64_t now_ms)
{
	int64_t stalled_s = (now_ms - f->verified_ms) / 1000;
	struct swarm_stats st;

	swarm_get_stats(f->swarm, &st, now_ms);
	if (st.peers > 0 || !f->in_ended || swarm_is_trying(f->swarm))
		f->lonely_ms = now_ms;
	if (now_ms - f->lonely_ms >= LONELY_MS)
		fail_lonely(f, &st);
	else if ((uint64_t)stalled_s >= f->o->stall_s)
		fail_stalled(f, &st, (uint64_t)stalled_s);
}

static void
save(struct fetch *f, int64_t now_ms)
{
	struct store_error e;

	if (store_unsaved(f->store) && now_ms - f->save_ms >= SAVE_MS) {
		f->save_ms = now_ms;
		if (store_save(f->store, &e) != RC_OK && f->o->verbose)
			fetch_remark(f, "%s: %s", e.path, strerror(e.err));
	}
	if (store_misses(f->store, &e))
		fetch_disk_failed(f, &e);
	if (now_ms - f->sync_ms >= SYNC_MS && !f->o->pass) {
		f->sync_ms = now_ms;
		fetch_sync(f);
	}
}

/*
 * Nothing new is begun; what is under way ends by itself. Then all goes to the disk,
 * once.
 */
static void
ending(struct fetch *f)
{
	fetch_input_stop(f);
	fetch_net_stop(f);
	if (f->work != NULL && work_pending(f->work) > 0) {
		loop_timer_set(f->timer, loop_now() + ENDING_MS);
	} else if (f->load_ms != 0 && !f->o->pass) {
		f->last_sync = true;
		fetch_sync(f);
	} else {
		loop_stop(f->loop);
	}
}

/* From here on a signal ends the process as it would any other. */
static void
drop_signals(struct fetch *f)
{
	for (int i = 0; i < FETCH_SIGNALS; i++) {
		loop_signal_free(f->signals[i]);
		f->signals[i] = NULL;
	}
}

/* A piece may have come since we went on, and before we look at the clock. */
static int64_t
later(int64_t at_ms, int64_t by_ms, int64_t now_ms)
{
	return at_ms + by_ms < now_ms ? at_ms + by_ms : now_ms;
}

static void
on_timer(void *ctx)
{
	struct fetch *f = ctx;
	int64_t now_ms = loop_now();

	/* Stopped meanwhile (^Z, a machine asleep): that time was nobody's fault. */
	if (now_ms - f->tick_ms >= ASLEEP_MS) {
		f->verified_ms = later(f->verified_ms, now_ms - f->tick_ms, now_ms);
		f->lonely_ms = later(f->lonely_ms, now_ms - f->tick_ms, now_ms);
	}
	f->tick_ms = now_ms;
	if (fetch_is_up(f)) {
		swarm_tick(f->swarm, now_ms);
		fetch_drain(f);
	}
	fetch_stream_tick(f);
	if (fetch_stream_waits(f))
		f->verified_ms = f->lonely_ms = now_ms;
	if (fetch_is_up(f))
		check_session(f, now_ms);
	if (f->phase == FETCH_LOADING)
		check_stall(f, now_ms);
	if (f->phase == FETCH_SERVING)
		fetch_serve_tick(f, now_ms);
	if (fetch_is_up(f))
		save(f, now_ms);
	fetch_input_tick(f, now_ms);
	fetch_net_tick(f);
	if (f->phase == FETCH_ENDING) {
		ending(f);
		return;
	}
	fetch_report_tick(f, now_ms);
	loop_timer_set(f->timer, now_ms + SWARM_TICK_MS);
}

static void
on_signal(void *ctx, int signo)
{
	struct fetch *f = ctx;

	drop_signals(f); /* a second one ends the process at once */
	if (f->end->code == CODE_OK) {
		(void)outcome_fail(f->end, FETCH_SIGNAL_CODE + signo, "stopped by %s",
		    signo == SIGINT        ? "INT"
		        : signo == SIGTERM ? "TERM"
		                           : "HUP");
		f->end->signal = signo;
	}
	fetch_finish(f);
}

/* Whether enough files may be open at once: better said now than at the first lack. */
static bool
has_room(struct fetch *f)
{
	f->most_conns = net_room(f->o->most_conns);
	if (f->most_conns == 0)
		(void)outcome_fail(f->end, CODE_CANTCREAT,
		    "too few files may be open at once: allow %d at least (ulimit -n)",
		    NET_FILES_LEAST);
	return f->most_conns > 0;
}

static enum rc
start(struct fetch *f)
{
	static const int signals[FETCH_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };

	f->loop = loop_new();
	if (f->loop == NULL)
		return RC_MEM;
	f->timer = loop_timer_new(f->loop, on_timer, f);
	if (f->timer == NULL)
		return RC_MEM;
	for (int i = 0; i < FETCH_SIGNALS; i++) {
		f->signals[i] = loop_signal_new(f->loop, signals[i], on_signal, f);
		if (f->signals[i] == NULL)
			return RC_MEM;
	}
	if (fetch_report_start(f) != RC_OK || fetch_net_start(f) != RC_OK)
		return RC_MEM;
	loop_timer_set(f->timer, 0);
	return fetch_input_start(f);
}

static void
stop(struct fetch *f)
{
	struct store_error e;

	f->phase = FETCH_ENDING;
	fetch_input_stop(f);
	fetch_net_stop(f);
	work_free(f->work);
	if (f->store != NULL && store_save(f->store, &e) != RC_OK && f->o->verbose)
		fetch_remark(f, "%s: %s", e.path, strerror(e.err));
	drop_signals(f);
	fetch_stream_end(f);
	fetch_report_end(f);
	store_map_free(f->map);
	store_close(f->store);
	swarm_free(f->swarm);
	torrent_clear(&f->torrent);
	session_free(f->session);
	loop_timer_free(f->timer);
	resolve_free(f->resolve); /* it may turn the loop: nothing else is left there */
	loop_free(f->loop);
	free(f->read_scratch);
	free(f->left);
	free(f->told);
	free(f->place);
}

void
fetch_run(const struct fetch_options *o, struct outcome *end)
{
	struct fetch f = {
		.o = o, .end = end, .listeners = { -1, -1 }, .start_s = loop_wall_s()
	};

	torrent_init(&f.torrent);
	/* EPIPE and EFBIG say the same, and let us save. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	f.sync_ms = f.save_ms = f.tick_ms = loop_now();
	if (has_room(&f) && start(&f) != RC_OK)
		(void)outcome_fail(end, CODE_BUG, "out of memory");
	else if (f.loop != NULL && loop_run(f.loop) != RC_OK)
		(void)outcome_fail(end, CODE_BUG, "the event loop: %s", strerror(errno));
	stop(&f);
}
