/* SPDX-License-Identifier: ISC */
/* What others learn of a run: `done` lines and status records on stdout, the status file,
 * the progress line, remarks. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "codec/record.h"
#include "run/fetch_int.h"

enum { STATUS_MS = 1000, PATH_ROOM = 8192 };

static void
out_failed(struct fetch *f)
{
	/* The reader has gone away: end as any command does, but save first. */
	if (errno == EPIPE && f->end->code == CODE_OK) {
		f->end->signal = SIGPIPE;
		f->end->code = CODE_IO;
	}
	fetch_fail(f, CODE_IO, "standard output: %s", strerror(errno));
	fetch_finish(f);
}

static void
on_writable(void *ctx, int what)
{
	struct fetch *f = ctx;
	enum rc rc = recout_some(&f->out);

	(void)what;
	if (rc == RC_MORE)
		return;
	if (loop_watch_set(f->out_watch, 0) != RC_OK || rc != RC_OK)
		out_failed(f);
}

enum rc
fetch_report_start(struct fetch *f)
{
	recout_init(&f->out, f->o->out);
	tty_init(&f->tty, f->o->err);
	if (f->o->quiet)
		f->tty.on = false;
	f->out_watch = loop_watch_new(f->loop, f->o->out, on_writable, f);
	return f->out_watch == NULL ? RC_MEM : RC_OK;
}

void
fetch_put(struct fetch *f, struct bytes text)
{
	if (recout_add(&f->out, text) != RC_OK)
		fetch_fail(f, CODE_IO, "standard output: nobody reads it");
	else if (f->out_watch != NULL &&
	    loop_watch_set(f->out_watch, LOOP_WRITE) != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
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
	(void)dprintf(f->o->err, "%s: %s\n", f->o->command, words);
}

void
fetch_report_done(struct fetch *f, const struct torrent_file *file)
{
	char path[PATH_ROOM];
	uint8_t text[LINE_MAX_SIZE];
	struct rec_done done = { .has_size = true, .size = file->length };
	struct bytes line;
	struct linew w;

	if (store_path(f->store, file, path, sizeof(path)) != RC_OK)
		return;
	if (f->o->nul) {
		fetch_put(f, bytes_of(path, strlen(path) + 1));
		return;
	}
	done.path = bytes_str(path);
	rec_put_done(&w, text, sizeof(text), &done);
	if (linew_end(&w, &line) == RC_OK)
		fetch_put(f, line);
}

static const char *
state_word(const struct fetch *f)
{
	if (f->phase == FETCH_ENDING)
		return f->end->code == CODE_OK && f->end->signal == 0 ? "done" : "failed";
	return f->phase == FETCH_LOADING ? "loading" : "checking";
}

static void
fill_status(struct fetch *f, struct rec_status *r, int64_t now_ms)
{
	struct swarm_stats st = { .wanted = f->check_bytes, .held = f->checked_bytes };

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
	r->has_eta = f->phase == FETCH_LOADING && st.down_rate > 0;
	r->eta_s = r->has_eta ? r->left / st.down_rate : 0;
	if (r->ended)
		r->why = bytes_str(f->end->words);
}

void
fetch_report_status(struct fetch *f, int64_t now_ms)
{
	uint8_t text[LINE_MAX_SIZE];
	struct rec_status r;
	struct bytes line;
	struct linew w;

	if (f->phase == FETCH_READING || !f->torrent.whole)
		return;
	f->status_ms = now_ms;
	fill_status(f, &r, now_ms);
	/* A convenience: the download goes on without it. */
	if (status_put(f->status, &r) != RC_OK && f->o->verbose)
		fetch_remark(f, "cannot write the status file: %s", strerror(errno));
	if (!f->o->watch)
		return;
	rec_put_status(&w, text, sizeof(text), &r);
	if (linew_end(&w, &line) == RC_OK)
		fetch_put(f, line);
}

static void
draw(struct fetch *f, int64_t now_ms)
{
	struct progress p = { .state = NULL };
	struct rec_status r;

	if (!f->tty.on || (f->phase != FETCH_CHECKING && f->phase != FETCH_LOADING))
		return;
	fill_status(f, &r, now_ms);
	if (f->phase == FETCH_CHECKING)
		p.state = "checking";
	p.have = r.had;
	p.total = r.wanted;
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

void
fetch_report_end(struct fetch *f)
{
	int64_t now_ms = loop_now();
	struct rec_status r;

	fetch_report_status(f, now_ms);
	status_close(f->status);
	f->status = NULL;
	loop_watch_free(f->out_watch);
	f->out_watch = NULL;
	if (f->end->signal != SIGPIPE && recout_flush(&f->out) != RC_OK)
		out_failed(f);
	recout_clear(&f->out);
	tty_clear(&f->tty);
	if (f->end->code != CODE_OK || f->end->signal != 0 || f->load_ms == 0)
		return;
	fill_status(f, &r, now_ms);
	tty_last(&f->tty, f->torrent.name, r.had - f->held_before,
	    (uint64_t)(now_ms - f->load_ms));
}
