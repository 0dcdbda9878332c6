/* SPDX-License-Identifier: ISC */
/*
 * Records in: the description until `end`, then peers, denials and news for as long as
 * the pipe is open.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/record.h"
#include "run/fetch_parts.h"

enum {
	EARLY_MAX = 16 * 1024 * 1024, /* far more peers than one is ever told */
	LOOKUPS_MAX = 64,
	HOST_MAX = 256,
	WAIT_FOR_END_MS = 5000,
	TRACKERS_MAX = 256 * 1024
};

/* A peer line with a name, being looked up. */
struct fetch_lookup {
	struct fetch *f;
	struct fetch_lookup *next;
	struct resolve_query *query;
};

static void
remove_lookup(struct fetch_lookup *l)
{
	struct fetch_lookup **at = &l->f->lookups;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->f->n_lookups--;
	free(l);
}

/*
 * Whether we listen there ourselves. Who answers would have our own id, but hangs up for
 * the same reason before it has said so.
 */
static bool
is_ourselves(const struct fetch *f, const struct addr *a)
{
	const struct net_local *l = &f->o->local;

	if (a->port != f->port)
		return false;
	return l->set && l->device[0] == '\0' ? addr_same_ip(a, &l->ip) : net_is_ours(a);
}

/* An address that a peer line named. */
static void
add_addr(struct fetch *f, const struct addr *a)
{
	char text[ADDR_TEXT];

	f->named++;
	if (is_ourselves(f, a)) {
		if (f->o->verbose) {
			addr_text_port(a, text);
			fetch_remark(f, "peer %s is ourselves", text);
		}
		return;
	}
	if (f->o->verbose && swarm_denies(f->swarm, a)) {
		addr_text_port(a, text);
		fetch_remark(f, "peer %s is denied", text);
	}
	swarm_add_peer(f->swarm, a, loop_now());
}

static void
on_resolved(void *ctx, enum rc rc, const struct addr *addrs, size_t n)
{
	struct fetch_lookup *l = ctx;
	struct fetch *f = l->f;

	remove_lookup(l);
	for (size_t i = 0; rc == RC_OK && f->swarm != NULL && i < n; i++)
		add_addr(f, &addrs[i]);
	fetch_drain(f);
}

static void
look_up(struct fetch *f, const struct rec_peer *r)
{
	struct fetch_lookup *l;
	char host[HOST_MAX];

	if (r->host.n >= sizeof(host) || f->n_lookups == LOOKUPS_MAX)
		return;
	memcpy(host, r->host.p, r->host.n);
	host[r->host.n] = '\0';
	if (f->resolve == NULL)
		f->resolve = resolve_new(f->loop, &f->o->local);
	l = calloc(1, sizeof(*l));
	if (f->resolve == NULL || l == NULL) {
		free(l);
		return;
	}
	*l = (struct fetch_lookup){ .f = f, .next = f->lookups };
	f->lookups = l;
	f->n_lookups++;
	l->query = resolve_start(f->resolve, host, r->port, on_resolved, l);
	if (l->query == NULL)
		remove_lookup(l);
}

static void
add_peer(struct fetch *f, const struct rec_peer *from)
{
	struct rec_peer r = *from;
	struct addr a;

	if (addr_parse(r.host, &a) == RC_OK) {
		a.port = r.port;
		add_addr(f, &a);
	} else {
		look_up(f, &r);
	}
}

/* Peers wait for the swarm, as text. */
static void
keep_early(struct fetch *f, struct bytes text)
{
	if (buf_room(&f->early, text.n + 1) != RC_OK) {
		fetch_fail(f, CODE_DATA,
		    "line %llu: too many `peer` lines before loading begins",
		    (unsigned long long)f->lines);
		return;
	}
	if (buf_add(&f->early, text.p, text.n) != RC_OK ||
	    buf_add(&f->early, "\n", 1) != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
}

static void
on_peer(struct fetch *f, const struct line *l, struct bytes text)
{
	struct rec_peer r;

	if (rec_get_peer(l, f->scratch, &r) != RC_OK)
		fetch_fail(f, CODE_DATA, "line %llu: a malformed `peer` line",
		    (unsigned long long)f->lines);
	else if (f->swarm == NULL)
		keep_early(f, text);
	else
		add_peer(f, &r);
}

static void
on_deny(struct fetch *f, const struct line *l)
{
	struct rec_deny r;
	enum rc rc;

	if (rec_get_deny(l, &r) != RC_OK) {
		fetch_fail(f, CODE_DATA, "line %llu: a malformed `deny!` line",
		    (unsigned long long)f->lines);
		return;
	}
	rc = f->swarm == NULL ? deny_add(&f->deny, &r.base, r.bits)
	                      : swarm_deny(f->swarm, &r.base, r.bits, loop_now());
	if (rc != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
}

static void
on_fail(struct fetch *f, const struct line *l, struct bytes text)
{
	struct rec_fail r;

	if (rec_get_fail(l, f->scratch, &r) != RC_OK) {
		fetch_fail(f, CODE_DATA, "line %llu: a malformed `fail!` line",
		    (unsigned long long)f->lines);
		return;
	}
	/* The stage that failed has spoken; ours is only to hand its code on. */
	if (f->end->code == CODE_OK) {
		f->end->code = (int)r.code;
		f->end->passed = true;
		(void)text_printable(r.words, f->end->words, sizeof(f->end->words));
		if (buf_add(&f->passed, text.p, text.n) != RC_OK ||
		    buf_add(&f->passed, "\n", 1) != RC_OK)
			buf_clear(&f->passed);
	}
	fetch_finish(f);
}

static void
on_announced(struct fetch *f, const struct line *l)
{
	struct rec_announced r;
	size_t n;

	f->asked = true;
	if (rec_get_announced(l, f->scratch, &r) != RC_OK)
		return;
	for (size_t at = 0; at < f->trackers.n; at += n + 1) {
		n = strlen((const char *)f->trackers.p + at);
		if (bytes_eq(bytes_of(f->trackers.p + at, n), r.url))
			return;
	}
	if (buf_add(&f->trackers, r.url.p, r.url.n) == RC_OK &&
	    buf_add(&f->trackers, "", 1) == RC_OK)
		f->trackers_ok++;
}

static void
on_end(struct fetch *f)
{
	if (torrent_finish(&f->torrent) != RC_OK)
		fetch_fail(f, CODE_DATA, "%s", f->torrent.why);
	else
		fetch_begin(f);
}

/*
 * Lines that say something for the download itself; all others describe the torrent.
 * false: it is one of those.
 */
static bool
on_news(struct fetch *f, const struct line *l, struct bytes text)
{
	switch (rec_kind(l)) {
	case REC_UNANSWERED:
	case REC_SELF: f->asked = true; return false;
	case REC_FAIL: on_fail(f, l, text); return true;
	case REC_ANNOUNCED: on_announced(f, l); return true;
	case REC_PEER: on_peer(f, l, text); return true;
	case REC_DENY: on_deny(f, l); return true;
	default: return false;
	}
}

static void
on_description(struct fetch *f, const struct line *l)
{
	enum rc rc = torrent_add(&f->torrent, l, f->scratch);

	if (rc != RC_OK)
		fetch_fail(f, rc == RC_MEM ? CODE_BUG : CODE_DATA, "line %llu: %s",
		    (unsigned long long)f->lines, f->torrent.why);
	else if (rec_kind(l) == REC_END)
		on_end(f);
}

static void
on_line(struct fetch *f, struct bytes text)
{
	struct line l = { .n = 0 };
	enum rc rc = line_get(text, &l);

	f->lines++;
	if (f->header_ms == 0)
		f->header_ms = loop_now();
	if (rc == RC_NONE)
		return;
	if (rc == RC_OK)
		rc = rec_check(&l);
	if (rc != RC_OK) {
		fetch_fail(f, CODE_DATA, "line %llu: %s", (unsigned long long)f->lines,
		    rc == RC_BIG && rec_kind(&l) == REC_UGAT
		        ? "a newer format: a newer ugat is needed"
		        : "not a line of ugat-records(5) that this version understands");
		return;
	}
	line_scratch_reset(f->scratch);
	if (on_news(f, &l, text))
		return;
	if (f->phase == FETCH_READING)
		on_description(f, &l);
	else if (rec_kind(&l) == REC_TORRENT)
		fetch_fail(f, CODE_DATA,
		    "line %llu: a second torrent: one torrent a pipeline",
		    (unsigned long long)f->lines);
}

void
fetch_input_early(struct fetch *f)
{
	struct bytes all = buf_bytes(&f->early);
	const uint8_t *lf;

	while (fetch_is_up(f) && all.n > 0 && (lf = memchr(all.p, '\n', all.n)) != NULL) {
		size_t n = (size_t)(lf - all.p);

		on_line(f, bytes_of(all.p, n));
		f->lines--; /* it was counted when it came */
		all = bytes_from(all, n + 1);
	}
	buf_clear(&f->early);
}

static void
on_input_end(struct fetch *f)
{
	f->in_ended = true;
	loop_watch_free(f->in_watch);
	f->in_watch = NULL;
	if (f->phase != FETCH_READING)
		return;
	if (f->lines == 0)
		fetch_fail(f, CODE_DATA,
		    "no input: give it the output of ugat-parse or ugat-announce");
	else
		fetch_fail(f, CODE_DATA,
		    "the input ended without `end`: the command before this one was cut "
		    "off");
}

static void
on_input(void *ctx, int what)
{
	struct fetch *f = ctx;
	struct bytes text;
	enum rc rc = recin_fill(&f->in);

	(void)what;
	if (rc == RC_SYS || rc == RC_MEM) {
		fetch_fail(f, rc == RC_SYS ? CODE_NOINPUT : CODE_BUG,
		    "standard input: %s", strerror(errno));
		return;
	}
	while (f->phase != FETCH_ENDING && (rc = recin_line(&f->in, &text)) == RC_OK)
		on_line(f, text);
	if (f->phase == FETCH_ENDING)
		return;
	if (rc == RC_BIG)
		fetch_fail(f, CODE_DATA, "line %llu: over 64 KiB",
		    (unsigned long long)f->lines + 1);
	else if (rc == RC_END)
		on_input_end(f);
	fetch_drain(f);
}

enum rc
fetch_input_start(struct fetch *f)
{
	recin_init(&f->in, f->o->in);
	buf_init(&f->early, EARLY_MAX);
	buf_init(&f->trackers, TRACKERS_MAX);
	f->scratch = calloc(1, sizeof(*f->scratch));
	f->in_watch = loop_watch_new(f->loop, f->o->in, on_input, f);
	if (f->scratch == NULL || f->in_watch == NULL)
		return RC_MEM;
	return loop_watch_set(f->in_watch, LOOP_READ);
}

void
fetch_input_tick(struct fetch *f, int64_t now_ms)
{
	if (f->phase != FETCH_READING || f->said_waiting || f->header_ms == 0 ||
	    now_ms - f->header_ms < WAIT_FOR_END_MS)
		return;
	f->said_waiting = true;
	fetch_remark(f,
	    "waiting for \"end\": is a filter buffering? (grep --line-buffered, sed -u)");
}

void
fetch_input_stop(struct fetch *f)
{
	loop_watch_free(f->in_watch);
	f->in_watch = NULL;
	for (struct fetch_lookup *l = f->lookups, *next; l != NULL; l = next) {
		next = l->next;
		resolve_cancel(l->query);
		free(l);
	}
	f->lookups = NULL;
	recin_clear(&f->in);
	buf_clear(&f->early);
	deny_clear(&f->deny);
	buf_clear(&f->trackers);
	free(f->scratch);
	f->scratch = NULL;
}
