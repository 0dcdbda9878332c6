/* SPDX-License-Identifier: ISC */
/*
 * Lines are passed on as they come, whatever else goes on; our own follow behind them,
 * whole. Behind `end` comes first the wait for the status file of the run that bears our
 * peer id, because it knows the port; then the trackers, until that run is over, until
 * nobody reads our output any more, or until a signal.
 */
#include "run/announce.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "codec/line.h"
#include "codec/record.h"
#include "io/tty.h"
#include "run/announce_parts.h"

enum {
	LEAVE_MS = 2000,          /* a signal waits no longer for a reader */
	OUT_ENOUGH = 1024 * 1024, /* waits for the reader: nothing more is read */
	WRITES = 16,              /* in a row */
	EARLIER_MS = 10000, /* in which the first record comes that may be a failure */
};

static const char id_prefix[] = "-UG0100-";

/* The end. */

static void
leave_when_written(struct asking *r)
{
	if (r->phase == ASKING_LEAVING && (r->out_gone || r->out.buf.n == 0))
		loop_stop(r->loop);
}

void
asking_leave(struct asking *r)
{
	r->phase = ASKING_LEAVING;
	if (loop_watch_set(r->in_watch, 0) != RC_OK)
		loop_stop(r->loop);
	loop_timer_set(
	    r->poll_timer, r->end->signal != 0 ? loop_now() + LEAVE_MS : INT64_MAX);
	leave_when_written(r);
}

/* Take leave of the trackers, if there are any to take leave of, and end. */
void
asking_finish(struct asking *r)
{
	if (r->phase == ASKING_STOPPING || r->phase == ASKING_LEAVING)
		return;
	if (r->phase != ASKING_ANNOUNCING || r->o->once || !session_lives(r->session)) {
		asking_leave(r);
		return;
	}
	/* The run may have ended since: the trackers are told what it did last. */
	asking_look_again(r);
	r->phase = ASKING_STOPPING;
	announce_stop(r->announce, loop_now());
	/* Not asking_pump: this may be inside of it. */
	loop_timer_set(r->timer, 0);
}

void
asking_fail(struct asking *r, int code, const char *format, ...)
{
	char words[OUTCOME_WORDS];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	if (r->end->signal == 0)
		(void)outcome_fail(r->end, code, "%s", words);
	asking_finish(r);
}

void
asking_remark(struct asking *r, const char *format, ...)
{
	char raw[OUTCOME_WORDS], words[OUTCOME_WORDS];
	va_list ap;

	if (r->o->quiet)
		return;
	va_start(ap, format);
	(void)vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	(void)text_printable(bytes_str(raw), words, sizeof(words));
	tty_say(r->o->err, r->o->command, words);
}

/* Output. */

void
asking_watch_ends(struct asking *r)
{
	int out = (r->out.buf.n > 0 ? LOOP_WRITE : 0) | (r->out_polled ? LOOP_READ : 0);
	bool read =
	    !r->in_ended && r->phase != ASKING_LEAVING && r->out.buf.n < OUT_ENOUGH;

	if (loop_watch_set(r->out_watch, r->out_gone ? 0 : out) == RC_OK &&
	    loop_watch_set(r->in_watch, read ? LOOP_READ : 0) == RC_OK)
		return;
	/* It would wait for what it does not hear of. */
	(void)outcome_fail(r->end, CODE_BUG, "the event loop: %s", strerror(errno));
	r->phase = ASKING_LEAVING;
	loop_stop(r->loop);
}

static void
reader_gone(struct asking *r)
{
	r->out_gone = true;
	recout_clear(&r->out);
	asking_watch_ends(r);
	asking_finish(r);
	leave_when_written(r);
}

void
asking_put(struct asking *r, struct bytes lines)
{
	/*
	 * What nobody reads for so long is not missed: peers are named again to the next
	 * run.
	 */
	if (!r->out_gone && recout_add(&r->out, lines) == RC_OK)
		asking_watch_ends(r);
}

static bool
can_write(const struct asking *r)
{
	struct pollfd p = { .fd = r->o->out, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

/* Reported readable, which a pipe's writing end only is when its reader is gone. */
static bool
has_no_reader(const struct asking *r)
{
	struct pollfd p = { .fd = r->o->out };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

static void
on_output(void *ctx, int what)
{
	struct asking *r = ctx;
	enum rc rc = RC_MORE;

	if ((what & LOOP_READ) != 0) {
		if (has_no_reader(r)) {
			reader_gone(r);
			return;
		}
		/* It can be read as well: its end of life shows at the next write. */
		r->out_polled = false;
	}
	for (int i = 0; i < WRITES && rc == RC_MORE && (i == 0 || can_write(r)); i++)
		rc = (what & LOOP_WRITE) != 0 ? recout_some(&r->out) : RC_OK;
	if (rc == RC_SYS && errno == EPIPE) {
		reader_gone(r);
		return;
	}
	if (rc == RC_SYS) {
		asking_fail(r, CODE_IO, "standard output: %s", strerror(errno));
		reader_gone(r);
		return;
	}
	asking_watch_ends(r);
	leave_when_written(r);
}

/* How it stands. */

static void
round_failed(struct asking *r)
{
	char reason[64];

	(void)snprintf(reason, sizeof(reason), "no answer in %llu s",
	    (unsigned long long)r->o->round_s);
	announce_give_up(r->announce, reason);
	asking_drain(r);
	if (r->refused)
		asking_fail(r, CODE_UNAVAILABLE,
		    "%s: have it registered there, or add `peer` lines",
		    r->first_failure);
	else
		asking_fail(r, CODE_UNAVAILABLE,
		    "no tracker answered (%s%s): try again, or add `peer` lines",
		    r->first_failure, r->told > 1 ? ", and others" : "");
}

static void
round_over(struct asking *r)
{
	r->phase = ASKING_PASSING;
	loop_timer_set(r->timer, INT64_MAX);
	if (r->in_ended)
		asking_finish(r);
}

void
asking_check(struct asking *r)
{
	int64_t now = loop_now();
	enum announce_round round;

	if (r->phase == ASKING_STOPPING && announce_is_over(r->announce, now))
		asking_leave(r);
	if (r->phase != ASKING_ANNOUNCING || !r->o->once)
		return;
	round = announce_round(r->announce, now);
	if (round == ANNOUNCE_HEARD) {
		if (r->o->scrape) /* who is silent is told, too */
			announce_give_up(r->announce, "no answer");
		asking_drain(r);
		round_over(r);
	} else if (round == ANNOUNCE_REFUSED || now >= r->waited_ms)
		round_failed(r);
}

/* Input. */

static void
introduce(struct asking *r)
{
	uint8_t text[REC_LATE_MAX];
	struct bytes line;
	struct linew w;

	r->introduced = true;
	rec_put_self(&w, text, sizeof(text), r->id);
	/* Whoever only counts is no peer. */
	if (!r->own_lines && !r->o->scrape && linew_end(&w, &line) == RC_OK)
		asking_put(r, line);
}

static void
begin(struct asking *r)
{
	if (r->torrent.piece_length == 0) {
		asking_fail(r, CODE_DATA, "line %llu: `end` without a `torrent` line",
		    (unsigned long long)r->lines);
		return;
	}
	r->phase = ASKING_PASSING;
	if (!r->torrent.has_v1) {
		asking_remark(
		    r, "a v2-only torrent is not announced: get a v1 or hybrid one");
	} else if (r->torrent.n_trackers == 0) {
		asking_remark(r, "the torrent names no tracker%s: add `peer` lines",
		    r->webseeds ? ", and web seeds are not used" : "");
	} else if (!asking_trackers_start(r)) {
		asking_fail(r, CODE_BUG, "out of memory");
	} else {
		asking_shut(r);
		/* Behind a file or a terminal there is no run to wait for. */
		r->phase = ASKING_WAITING;
		r->waited_ms = loop_now() +
		    (r->out_polled && !r->o->scrape ? ASKING_STATUS_WAIT_MS : 0);
		loop_timer_set(r->poll_timer, 0);
	}
}

static void
take_fail(struct asking *r, const struct line *l)
{
	struct rec_fail fail;

	if (rec_get_fail(l, &r->scratch, &fail) != RC_OK) {
		asking_fail(r, CODE_DATA, "line %llu: a malformed `fail!` line",
		    (unsigned long long)r->lines);
		return;
	}
	if (r->end->code == CODE_OK) {
		r->end->code = (int)fail.code;
		r->end->passed = true;
	}
	asking_finish(r);
}

static bool
take_described(struct asking *r, const struct line *l)
{
	enum rc rc = torrent_add(&r->torrent, l, &r->scratch);

	if (rc != RC_OK)
		asking_fail(r, rc == RC_MEM ? CODE_BUG : CODE_DATA, "line %llu: %s",
		    (unsigned long long)r->lines, r->torrent.why);
	return rc == RC_OK;
}

/* News may come at any time, even before the first line. */
static bool
is_news(enum rec_kind kind)
{
	switch (kind) {
	case REC_PEER:
	case REC_DENY:
	case REC_ANNOUNCED:
	case REC_UNANSWERED:
	case REC_SCRAPE: return true;
	default: return false;
	}
}

/*
 * Whether these are no records at all, but a .torrent, say: a line of it would only do
 * harm to a terminal behind us. rc is what line_get said of it.
 */
static bool
is_foreign(const struct asking *r, enum rc rc, const struct line *l)
{
	if (r->introduced || r->phase != ASKING_READING || rc == RC_NONE)
		return false;
	return rc != RC_OK ||
	    (rec_kind(l) != REC_UGAT && rec_kind(l) != REC_FAIL && !is_news(rec_kind(l)));
}

/*
 * Only what the trackers need is understood here: the pieces are for later stages.
 */
static void
take_record(struct asking *r, const struct line *l)
{
	enum rec_kind kind = rec_kind(l);
	struct rec_file file;

	line_scratch_reset(&r->scratch);
	r->peers |= kind == REC_PEER;
	r->webseeds |= kind == REC_WEBSEED;
	if (kind == REC_FAIL)
		take_fail(r, l);
	if (kind == REC_FAIL || is_news(kind))
		return;
	if (rec_check(l) != RC_OK || (r->phase == ASKING_READING && !r->introduced)) {
		if (take_described(r, l))
			introduce(r);
		return;
	}
	if (r->phase != ASKING_READING)
		return;
	if (kind == REC_END)
		begin(r);
	else if (kind == REC_TORRENT || kind == REC_TRACKER)
		(void)take_described(r, l);
	else if (kind == REC_FILE && rec_get_file(l, &r->scratch, &file) == RC_OK &&
	    !file.pad)
		r->wanted += file.length;
}

static void
take_line(struct asking *r, struct bytes text)
{
	struct line l = { .n = 0 };
	enum rc rc = line_get(text, &l);

	r->lines++;
	if (!r->own_lines && !is_foreign(r, rc, &l) &&
	    recout_line(&r->out, text) != RC_OK) {
		asking_fail(r, CODE_BUG, "out of memory");
		return;
	}
	if (rc == RC_OK)
		take_record(r, &l);
	else if (rc != RC_NONE)
		asking_fail(r, CODE_DATA, "line %llu: not a record",
		    (unsigned long long)r->lines);
}

static void
input_ended(struct asking *r)
{
	r->in_ended = true;
	if (r->phase == ASKING_READING)
		asking_fail(r, CODE_DATA,
		    r->lines == 0
		        ? "no input: give it the output of ugat-parse"
		        : "the input ended without `end`: was it cut, or did a filter "
		          "eat it?");
	else if (r->phase == ASKING_PASSING)
		asking_finish(r);
}

static void
on_input(void *ctx, int what)
{
	struct asking *r = ctx;
	enum rc rc = recin_fill(&r->in);
	struct bytes line;

	(void)what;
	if (rc == RC_SYS || rc == RC_MEM) {
		asking_fail(r, rc == RC_MEM ? CODE_BUG : CODE_IO, "standard input: %s",
		    strerror(errno));
		return;
	}
	while (r->phase != ASKING_LEAVING && (rc = recin_line(&r->in, &line)) == RC_OK)
		take_line(r, line);
	if (rc == RC_BIG)
		asking_fail(r, CODE_DATA, "line %llu: longer than 64 KiB",
		    (unsigned long long)r->lines + 1);
	else if (rc == RC_END)
		input_ended(r);
	asking_watch_ends(r);
	leave_when_written(r);
}

/* Setting up and clearing away. */

static void
on_signal(void *ctx, int signo)
{
	struct asking *r = ctx;

	if (r->end->signal != 0) { /* for the second time: whatever waits, now */
		loop_stop(r->loop);
		return;
	}
	r->end->signal = signo;
	if (r->phase == ASKING_LEAVING)
		asking_leave(r);
	else
		asking_finish(r);
}

static bool
set_up(struct asking *r)
{
	static const int caught[3] = { SIGINT, SIGTERM, SIGHUP };
	struct stat st;

	r->loop = loop_new();
	if (r->loop == NULL)
		return false;
	if (!asking_stay_logged_in(r))
		return false;
	r->in_watch = loop_watch_new(r->loop, r->o->in, on_input, r);
	r->out_watch = loop_watch_new(r->loop, r->o->out, on_output, r);
	r->poll_timer = loop_timer_new(r->loop, asking_on_poll, r);
	if (r->in_watch == NULL || r->out_watch == NULL || r->poll_timer == NULL)
		return false;
	for (size_t i = 0; i < 3; i++) {
		struct sigaction old;

		/* nohup(1) means it. */
		if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		r->signals[i] = loop_signal_new(r->loop, caught[i], on_signal, r);
		if (r->signals[i] == NULL)
			return false;
	}
	r->out_polled =
	    fstat(r->o->out, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
	r->own_lines = isatty(r->o->out) == 1;
	memcpy(r->id, id_prefix, sizeof(id_prefix) - 1);
	return getrandom(r->id + sizeof(id_prefix) - 1,
	           sizeof(r->id) - sizeof(id_prefix) + 1, 0) >= 0;
}

static void
clear_away(struct asking *r)
{
	asking_trackers_clear(r);
	for (size_t i = 0; i < 3; i++)
		loop_signal_free(r->signals[i]);
	loop_timer_free(r->poll_timer);
	loop_watch_free(r->in_watch);
	loop_watch_free(r->out_watch);
	resolve_free(r->resolve);
	session_free(r->session);
	loop_free(r->loop);
	torrent_clear(&r->torrent);
	recin_clear(&r->in);
	recout_clear(&r->out);
}

/* The first record that says anything, if there is one in time. */
static bool
first_record(struct asking *r, struct bytes *text, struct line *l)
{
	struct pollfd p = { .fd = r->o->in, .events = POLLIN };

	for (;;) {
		enum rc rc = recin_line(&r->in, text);

		if (rc == RC_OK && line_get(*text, l) == RC_OK && rec_kind(l) != REC_UGAT)
			return true;
		if (rc == RC_MORE && poll(&p, 1, EARLIER_MS) == 1) {
			rc = recin_fill(&r->in);
			rc = rc == RC_END ? RC_OK : rc; /* a line without LF may wait */
		}
		if (rc != RC_OK)
			return false;
	}
}

/*
 * Who is not logged in says so, unless the stage before has failed first, and has spoken.
 */
static void
yield_to_earlier(struct asking *r)
{
	struct rec_fail fail;
	struct bytes text;
	struct line l;

	if (!first_record(r, &text, &l) || rec_kind(&l) != REC_FAIL ||
	    rec_get_fail(&l, &r->scratch, &fail) != RC_OK)
		return;
	r->end->code = (int)fail.code;
	r->end->passed = true;
	if (isatty(r->o->out) != 1 && recout_line(&r->out, text) == RC_OK)
		(void)!recout_flush(&r->out);
}

void
announce_run(const struct announce_options *o, struct outcome *end)
{
	struct asking *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return;
	}
	r->o = o;
	r->end = end;
	recin_init(&r->in, o->in);
	recout_init(&r->out, o->out);
	torrent_init(&r->torrent);
	/* Nothing else is passed on and nothing asked of the network before this. */
	r->session = session_open(o->command, o->err, o->verbose, end);
	if (r->session == NULL)
		yield_to_earlier(r);
	if (r->session != NULL && set_up(r)) {
		asking_watch_ends(r);
		if (r->phase != ASKING_LEAVING && loop_run(r->loop) != RC_OK)
			(void)outcome_fail(
			    end, CODE_BUG, "the event loop: %s", strerror(errno));
	} else if (r->session != NULL) {
		(void)outcome_fail(end, CODE_BUG, "cannot begin: %s", strerror(errno));
	}
	clear_away(r);
	free(r);
}
