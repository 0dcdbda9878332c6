/* SPDX-License-Identifier: ISC */
/*
 * The phases: READING until `end`; CHECKING what is on disk; LOADING; with -k SERVING;
 * ENDING, where work under way is finished, synced and saved. Whatever goes wrong
 * anywhere sets the outcome and moves on to ENDING, which begins from the loop and not
 * from inside a callback.
 */
#include "run/fetch.h"

#include <sys/random.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "core/layout.h"
#include "run/fetch_parts.h"

enum {
	SAVE_MS = 2000,
	SYNC_MS = 60000,
	LONELY_MS = 30000,
	ENDING_MS = 10,
	ASLEEP_MS = 2000,
	ID_TRIES = 8
};

static const char id_prefix[] = "-UG0100-";

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

void
fetch_disk_failed(struct fetch *f, const struct store_error *e)
{
	bool cannot_create = e->err == EACCES || e->err == EPERM || e->err == EROFS ||
	    e->err == EEXIST || e->err == ENOTDIR || e->err == EISDIR || e->err == ELOOP;

	fetch_fail(f, cannot_create ? CODE_CANTCREAT : CODE_IO, "%s: %s", e->path,
	    e->err == 0 ? "was cut short by somebody else" : strerror(e->err));
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

/* The description is whole. */

static enum rc
draw_id(struct fetch *f)
{
	enum rc rc = RC_BUSY;

	if (f->torrent.has_self) {
		memcpy(f->id, f->torrent.self, sizeof(f->id));
		rc = status_open(f->torrent.btih, f->id, &f->status);
	}
	/* None was given, or a live run has it. */
	for (int i = 0; rc == RC_BUSY && i < ID_TRIES; i++) {
		memcpy(f->id, id_prefix, sizeof(id_prefix) - 1);
		if (getrandom(f->id + sizeof(id_prefix) - 1,
		        sizeof(f->id) - sizeof(id_prefix) + 1, 0) < 0)
			return RC_SYS;
		rc = status_open(f->torrent.btih, f->id, &f->status);
	}
	return rc == RC_NONE ? RC_OK : rc;
}

static bool
count_files(struct fetch *f)
{
	bool any = false;

	f->left = calloc(f->torrent.n_files + 1, sizeof(*f->left));
	f->told = calloc(f->torrent.n_files + 1, sizeof(*f->told));
	if (f->left == NULL || f->told == NULL) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	for (size_t i = 0; i < f->torrent.n_files; i++) {
		const struct torrent_file *file = &f->torrent.files[i];
		uint32_t first, last;

		if (!torrent_file_is_real(file))
			continue;
		any = true;
		if (layout_pieces(&f->torrent, file, &first, &last))
			f->left[i] = last - first + 1;
	}
	for (uint32_t i = 0; i < f->torrent.pieces; i++)
		if (layout_wanted(&f->torrent, i))
			f->wanted_bytes += torrent_piece_size(&f->torrent, i);
	if (!any)
		fetch_fail(f, CODE_DATA, "no file is wanted: every `file` line is gone");
	return any;
}

static enum rc
listen_for_peers(struct fetch *f)
{
	enum rc rc = fetch_listen(f);

	if (rc == RC_BUSY)
		fetch_fail(f, CODE_TEMPFAIL,
		    "port %u is taken by another program: give another with -p",
		    (unsigned)f->o->port);
	else if (rc != RC_OK && f->o->fixed_port)
		fetch_fail(f, CODE_UNAVAILABLE,
		    "cannot listen on port %u: %s: give another with -p, or another "
		    "address with -i",
		    (unsigned)f->o->port, strerror(errno));
	else if (rc != RC_OK)
		fetch_fail(f, CODE_UNAVAILABLE,
		    "cannot listen for peers: %s: give another address with -i",
		    strerror(errno));
	return rc;
}

static void
on_session(void *ctx, const char *words)
{
	fetch_remark(ctx, "%s", words);
}

/* Nothing is asked of the network before this. */
static bool
log_in(struct fetch *f)
{
	f->session = session_open(f->o->command, f->o->err, f->o->verbose, f->end);
	if (f->session == NULL)
		return false;
	if (session_keep(f->session, f->loop, on_session, f) != RC_OK) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	return true;
}

static bool
open_all(struct fetch *f)
{
	if (!log_in(f))
		return false;
	if (!f->torrent.has_v1) {
		fetch_fail(f, CODE_DATA,
		    "this torrent is v2 only: such downloads are not supported yet");
		return false;
	}
	if (!count_files(f) || !fetch_stream_start(f))
		return false;
	if (draw_id(f) != RC_OK) {
		fetch_fail(f, CODE_BUG, "cannot draw a peer id: %s", strerror(errno));
		return false;
	}
	if (listen_for_peers(f) != RC_OK)
		return false;
	/* ugat-announce waits for it, and looking at many files takes its time. */
	f->phase = FETCH_CHECKING;
	fetch_report_status(f, loop_now());
	if (fetch_stream_open(f) != RC_OK)
		return false;
	fetch_cage(f);
	return true;
}

/* Files of length 0 need nobody. */
static bool
make_empty(struct fetch *f)
{
	struct store_error e;

	if (store_make_empty(f->store, &e) != RC_OK) {
		fetch_disk_failed(f, &e);
		return false;
	}
	for (size_t i = 0; i < f->torrent.n_files; i++)
		if (torrent_file_is_real(&f->torrent.files[i]) &&
		    f->torrent.files[i].length == 0 &&
		    (!f->o->pass || fetch_stream_done(f)))
			fetch_report_done(f, &f->torrent.files[i]);
	return true;
}

/*
 * Whether what is still to be fetched fits on the disk, as far as one can know: better
 * said now than after hours. Data that is not checked yet counts as good.
 */
static bool
fits(struct fetch *f)
{
	char needed[HUMAN_SIZE], room[HUMAN_SIZE];
	uint64_t needs, has;

	if (store_space(f->store, &needs, &has) != RC_OK)
		return true;
	if (f->o->pass && needs > fetch_stream_room(f))
		needs = fetch_stream_room(f);
	if (needs <= has)
		return true;
	human_size(needs, needed);
	human_size(has, room);
	fetch_fail(f, CODE_IO,
	    "%s: needs %s, %s free: make room, or choose another directory with %s",
	    f->o->dir, needed, room, f->o->pass ? "TMPDIR" : "-d");
	return false;
}

void
fetch_begin(struct fetch *f)
{
	if (!open_all(f)) {
		fetch_finish(f);
		return;
	}
	f->work = work_new(f->loop, work_threads());
	if (f->work == NULL) {
		fetch_fail(f, CODE_BUG, "cannot start threads");
		return;
	}
	if (!fetch_found(f) || !fits(f) || !make_empty(f))
		return;
	for (uint32_t i = 0; i < f->torrent.pieces; i++) {
		enum store_state state = store_piece_state(f->store, i);

		if (state == STORE_HELD)
			fetch_held(f, i);
		else if (state == STORE_CHECK)
			f->check_bytes += torrent_piece_size(&f->torrent, i);
	}
	fetch_check_more(f);
}

static bool
new_swarm(struct fetch *f)
{
	struct swarm_config config = { .torrent = &f->torrent,
		.id = f->id,
		.port = f->port,
		.memory = f->o->memory,
		.most_conns = net_room(f->o->most_conns),
		.keep = f->o->keep };

	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0) {
		fetch_fail(f, CODE_BUG, "no random numbers: %s", strerror(errno));
		return false;
	}
	f->swarm = swarm_new(&config);
	f->map = store_map_new(f->store);
	f->read_scratch = malloc(PEER_SCRATCH);
	if (f->swarm == NULL || f->map == NULL || f->read_scratch == NULL) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	swarm_take_deny(f->swarm, &f->deny);
	for (uint32_t i = 0; i < f->torrent.pieces; i++) {
		if (store_piece_state(f->store, i) == STORE_HELD)
			swarm_hold(f->swarm, i, store_piece_whole(f->store, i));
		else if (layout_wanted(&f->torrent, i))
			swarm_want(f->swarm, i);
	}
	return true;
}

void
fetch_load(struct fetch *f)
{
	struct swarm_stats st;

	if (!fits(f) || !new_swarm(f))
		return;
	f->phase = FETCH_LOADING;
	f->verified_ms = f->lonely_ms = loop_now();
	if (!swarm_is_complete(f->swarm) || f->o->keep) {
		f->load_ms = f->verified_ms;
		swarm_get_stats(f->swarm, &st, f->load_ms);
		f->held_before = st.held;
		fetch_accept_start(f);
		fetch_input_early(f);
	}
	fetch_report_status(f, loop_now());
	fetch_stream_more(f);
	fetch_drain(f);
}

void
fetch_held(struct fetch *f, uint32_t piece)
{
	size_t first, end;

	f->held_bytes += torrent_piece_size(&f->torrent, piece);
	layout_files(&f->torrent, piece, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct torrent_file *file = &f->torrent.files[i];

		if (torrent_file_is_real(file) && file->length > 0 && --f->left[i] == 0 &&
		    !f->o->pass)
			fetch_report_done(f, file);
	}
	fetch_stream_more(f);
}

/* Time. */

static void
fail_lonely(struct fetch *f, const struct swarm_stats *st)
{
	if (f->named == 0)
		fetch_fail(f, CODE_UNAVAILABLE,
		    "no peer to load from: %u/%u pieces; the input has ended and named "
		    "none: put ugat-announce before it, or add `peer` lines",
		    st->pieces_held, st->pieces_wanted);
	else
		fetch_fail(f, CODE_UNAVAILABLE,
		    "no peer left to try: %u/%u pieces; the input has ended and none of "
		    "the peers in it answers (%llu): try later, or add `peer` lines",
		    st->pieces_held, st->pieces_wanted, (unsigned long long)f->named);
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
	char time[HUMAN_SIZE];
	struct swarm_stats st;

	swarm_get_stats(f->swarm, &st, now_ms);
	if (st.peers > 0 || !f->in_ended || swarm_is_trying(f->swarm))
		f->lonely_ms = now_ms;
	if (now_ms - f->lonely_ms >= LONELY_MS) {
		fail_lonely(f, &st);
	} else if ((uint64_t)stalled_s >= f->o->stall_s) {
		human_time((uint64_t)stalled_s, time);
		fetch_fail(f, CODE_TEMPFAIL,
		    "stalled %s: %u/%u pieces; %u have no source; %u peer%s; %u "
		    "tracker%s ok",
		    time, st.pieces_held, st.pieces_wanted, st.unsourced, st.peers,
		    st.peers == 1 ? "" : "s", f->trackers_ok,
		    f->trackers_ok == 1 ? "" : "s");
	}
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
}

void
run_fetch(const struct fetch_options *o, struct outcome *end)
{
	struct fetch f = {
		.o = o, .end = end, .listeners = { -1, -1 }, .start_s = loop_wall_s()
	};

	torrent_init(&f.torrent);
	/* EPIPE and EFBIG say the same, and let us save. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	f.sync_ms = f.save_ms = f.tick_ms = loop_now();
	if (start(&f) != RC_OK)
		(void)outcome_fail(end, CODE_BUG, "out of memory");
	else if (loop_run(f.loop) != RC_OK)
		(void)outcome_fail(
		    end, CODE_BUG, "the event loop failed: %s", strerror(errno));
	stop(&f);
}
