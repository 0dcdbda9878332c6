/* SPDX-License-Identifier: ISC */
/*
 * What others learn of a run: `done` lines and status records on stdout, the status file,
 * the progress line, remarks.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "codec/record.h"
#include "run/fetch_parts.h"

enum { STATUS_MS = 1000, PATH_ROOM = 8192 + 2, AHEAD = 64 * 1024 };

void
fetch_out_failed(struct fetch *f, const char *name)
{
	/* The reader has gone away: end as any command does, but save first. */
	bool gone = errno == EPIPE && f->end->code == CODE_OK;

	fetch_fail(f, gone ? FETCH_SIGNAL_CODE + SIGPIPE : CODE_IO, "%s: %s", name,
	    strerror(errno));
	if (gone)
		f->end->signal = SIGPIPE;
}

static void
out_failed(struct fetch *f)
{
	fetch_out_failed(f, "standard output");
}

static void
put(struct fetch *f, struct bytes text)
{
	if (fetch_owns_stdout(f))
		return;
	if (recout_add(&f->out, text) != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
}

static void
put_done(struct fetch *f, const struct torrent_file *file)
{
	char path[PATH_ROOM];
	uint8_t text[LINE_MAX_SIZE];
	struct rec_done done = { .has_size = true, .size = file->length };
	struct bytes line;
	struct linew w;

	if (f->o->pass)
		(void)snprintf(path, sizeof(path), "%s", f->o->stream);
	else if (store_path(f->store, file, path, sizeof(path)) != RC_OK)
		return;
	if (f->o->nul) {
		put(f, bytes_of(path, strlen(path) + 1));
		return;
	}
	done.path = bytes_str(path);
	rec_put_done(&w, text, sizeof(text), &done);
	if (linew_end(&w, &line) == RC_OK)
		put(f, line);
}

/* Queue lines of complete files, no more than a slow reader needs: there may be many. */
static void
tell(struct fetch *f)
{
	while (f->n_told < f->n_complete && f->out.buf.n < AHEAD)
		put_done(f, &f->torrent.files[f->told[f->n_told++]]);
}

static void
on_writable(void *ctx, int what)
{
	struct fetch *f = ctx;
	enum rc rc;

	(void)what;
	if (tty_is(f->o->out))
		tty_clear(&f->tty);
	rc = recout_some(&f->out);
	if (rc == RC_SYS)
		out_failed(f);
	else
		tell(f);
	if ((rc == RC_SYS || f->out.buf.n == 0) &&
	    loop_watch_set(f->out_watch, 0) != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
}

static void
want_to_write(struct fetch *f)
{
	if (f->out.buf.n > 0 && loop_watch_set(f->out_watch, LOOP_WRITE) != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
}

/* Better now than after hours of loading. */
static void
check_out(struct fetch *f)
{
	int flags = fcntl(f->o->out, F_GETFL);

	if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY)
		fetch_fail(f, CODE_IO,
		    "standard output is closed: give it a reader, or /dev/null");
}

enum rc
fetch_report_start(struct fetch *f)
{
	recout_init(&f->out, f->o->out);
	buf_init(&f->passed, LINE_MAX_SIZE);
	tty_init(&f->tty, f->o->err);
	if (f->o->quiet)
		f->tty.on = false;
	f->out_watch = loop_watch_new(f->loop, f->o->out, on_writable, f);
	if (f->out_watch == NULL)
		return RC_MEM;
	check_out(f);
	return RC_OK;
}

void
fetch_remark(struct fetch *f, const char *format, ...)
{
	char raw[OUTCOME_WORDS], words[OUTCOME_WORDS];
	va_list ap;

	if (f->o->quiet)
		return;
	va_start(ap, format);
	(void)vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	(void)text_printable(bytes_str(raw), words, sizeof(words));
	tty_clear(&f->tty);
	tty_say(f->o->err, f->o->command, words);
}

void
fetch_report_done(struct fetch *f, const struct torrent_file *file)
{
	f->told[f->n_complete++] = (uint32_t)(file - f->torrent.files);
	tell(f);
	want_to_write(f);
}

static const char *
state_word(const struct fetch *f)
{
	if (f->phase == FETCH_ENDING)
		return f->end->code == CODE_OK && f->end->signal == 0 ? "done" : "failed";
	return f->phase == FETCH_SERVING ? "seeding"
	    : f->phase == FETCH_LOADING  ? "loading"
	                                 : "checking";
}

static void
fill_status(struct fetch *f, struct rec_status *r, int64_t now_ms)
{
	struct swarm_stats st = { .wanted = f->wanted_bytes, .held = f->held_bytes };

	if (f->swarm != NULL)
		swarm_get_stats(f->swarm, &st, now_ms);
	*r = (struct rec_status){
		.state = bytes_str(state_word(f)),
		.ended = f->phase == FETCH_ENDING,
		.code = (uint64_t)f->end->code,
		.pid = (uint64_t)getpid(),
		.start_s = f->start_s,
		.port = f->port,
		.wanted = st.wanted,
		.had = st.held,
		.downloaded = st.downloaded,
		.uploaded = st.uploaded,
		.left = st.wanted - st.held,
		.down_rate = st.down_rate,
		.up_rate = st.up_rate,
		.peers = st.peers,
		.seeds = st.seeds,
		.name = f->torrent.name,
	};
	r->keep = f->o->keep;
	if (f->place != NULL)
		r->dir = bytes_str(f->place);
	r->has_eta = f->phase == FETCH_LOADING && st.down_rate > 0;
	r->eta_s = r->has_eta ? r->left / st.down_rate : 0;
	if (r->ended)
		r->why = bytes_str(f->end->words);
}

/* A convenience: the download goes on without it. */
static void
put_status_file(struct fetch *f, const struct rec_status *r)
{
	if (status_put(f->status, r) != RC_OK && f->o->verbose)
		fetch_remark(f, "cannot write the status file: %s", strerror(errno));
}

/* -w. Who does not read misses some. */
static void
put_status(struct fetch *f, const struct rec_status *r)
{
	uint8_t text[LINE_MAX_SIZE];
	struct bytes line;
	struct linew w;

	if (!f->o->watch || (!r->ended && f->out.buf.n >= AHEAD))
		return;
	rec_put_status(&w, text, sizeof(text), r);
	if (linew_end(&w, &line) == RC_OK)
		put(f, line);
}

void
fetch_report_status(struct fetch *f, int64_t now_ms)
{
	struct rec_status r;

	if (f->phase != FETCH_CHECKING && !fetch_is_up(f))
		return;
	f->status_ms = now_ms;
	fill_status(f, &r, now_ms);
	put_status_file(f, &r);
	put_status(f, &r);
	want_to_write(f);
}

static void
draw(struct fetch *f, int64_t now_ms)
{
	struct progress p = { .state = NULL };
	struct rec_status r;

	if (!f->tty.on || (f->phase != FETCH_CHECKING && !fetch_is_up(f)))
		return;
	fill_status(f, &r, now_ms);
	p.have = r.had;
	p.total = r.wanted;
	if (f->phase == FETCH_CHECKING) {
		p.state = "checking";
		p.have = f->checked_bytes;
		p.total = f->check_bytes;
	}
	p.down_rate = r.down_rate;
	p.up_rate = r.up_rate;
	p.peers = (unsigned)r.peers;
	p.has_eta = r.has_eta;
	p.eta_s = r.eta_s;
	tty_line(&f->tty, f->torrent.name, &p);
}

void
fetch_report_tick(struct fetch *f, int64_t now_ms)
{
	if (now_ms - f->status_ms >= STATUS_MS)
		fetch_report_status(f, now_ms);
	draw(f, now_ms);
}

/* Write what waits: all of it, or after a signal what is taken at once. */
static enum rc
flush(struct fetch *f)
{
	struct pollfd p = { .fd = f->o->out, .events = POLLOUT };
	enum rc rc = RC_MORE;

	if (f->end->signal == 0)
		return recout_flush(&f->out);
	while (rc == RC_MORE && poll(&p, 1, 0) == 1)
		rc = recout_some(&f->out);
	return rc == RC_SYS ? RC_SYS : RC_OK;
}

/* Whatever comes last on stdout: the lines still owed, the last status, fail!. */
static enum rc
end_out(struct fetch *f, const struct rec_status *r)
{
	enum rc rc;

	do {
		tell(f);
		rc = flush(f);
	} while (rc == RC_OK && f->n_told < f->n_complete && f->out.buf.n < AHEAD);
	if (rc == RC_OK && r != NULL)
		put_status(f, r);
	if (rc == RC_OK && !f->o->nul && !isatty(f->o->out))
		put(f, buf_bytes(&f->passed));
	return rc == RC_OK ? flush(f) : rc;
}

/* Who interrupts at a terminal sees how far it came, and that nothing is lost. */
static void
say_stopped(struct fetch *f, const struct rec_status *r)
{
	if (f->tty.on && f->load_ms != 0 && r->left > 0 &&
	    (f->end->signal == SIGINT || f->end->signal == SIGTERM))
		fetch_remark(f,
		    "stopped at %u %%: run the same again, it goes on from there",
		    (unsigned)((double)r->had * 100 / (double)r->wanted));
}

void
fetch_report_end(struct fetch *f)
{
	int64_t now_ms = loop_now();
	struct rec_status r;
	bool begun = f->port != 0;

	tty_clear(&f->tty);
	if (begun)
		fill_status(f, &r, now_ms);
	if (f->end->signal != SIGPIPE && end_out(f, begun ? &r : NULL) != RC_OK)
		out_failed(f);
	if (begun) {
		fill_status(f, &r, now_ms);
		put_status_file(f, &r);
		say_stopped(f, &r);
	}
	status_close(f->status);
	f->status = NULL;
	loop_watch_free(f->out_watch);
	f->out_watch = NULL;
	recout_clear(&f->out);
	buf_clear(&f->passed);
	if (f->end->code != CODE_OK || f->end->signal != 0 || f->load_ms == 0)
		return;
	tty_last(&f->tty, f->torrent.name, r.had - f->held_before,
	    (uint64_t)(now_ms - f->load_ms));
}
