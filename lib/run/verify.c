/* SPDX-License-Identifier: ISC */
/*
 * A filter of two halves: until `end` it passes lines on and keeps the description, then
 * it hashes, adds what it found, and passes the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "codec/record.h"
#include "crypto/hash.h"
#include "io/cage.h"
#include "run/describe.h"
#include "run/hashing.h"
#include "run/verify_parts.h"

bool
verify_holds(const struct verifying *g, uint32_t piece)
{
	size_t at = (size_t)piece * SHA1_SIZE;

	return g->words[piece] == HASHER_HASHED &&
	    memcmp(g->sha1 + at, g->t.sha1 + at, SHA1_SIZE) == 0;
}

static enum rc
out_failed(struct verifying *g)
{
	outcome_fail(g->o, CODE_IO, "standard output: %s", strerror(errno));
	return RC_SYS;
}

/* Write what waits; whatever goes wrong with it is said. */
static enum rc
flush(struct verifying *g)
{
	return recout_flush(&g->out) == RC_OK ? RC_OK : out_failed(g);
}

/* What could not be opened, or changed meanwhile, is not said to be checked. */
static enum rc
put_checked(struct verifying *g)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < g->t.n_files && rc == RC_OK; i++) {
		const struct torrent_file *f = &g->t.files[i];
		const struct content_file *now = &g->files[i];
		const struct rec_checked r = {
			.index = f->index, .size = now->size, .mtime_ns = now->mtime_ns
		};

		if (torrent_file_is_real(f) && f->length > 0 &&
		    (now->state == CONTENT_FILE || now->state == CONTENT_BROKEN))
			rc = describe_checked(&g->out, &r);
	}
	return rc;
}

static enum rc
put_have(struct verifying *g)
{
	enum rc rc = RC_OK;

	for (uint32_t p = 0; p < g->t.pieces && rc == RC_OK; p++) {
		uint32_t first = p;

		if (!verify_holds(g, p))
			continue;
		while (p + 1 < g->t.pieces && verify_holds(g, p + 1))
			p++;
		rc = describe_have(&g->out, first, p);
	}
	return rc;
}

/* The directory, and in it what ugat-fetch kept of files that are not listed. */
static enum rc
open_root(struct verifying *g)
{
	char hex[2 * sizeof(g->t.btih) + 1], part[sizeof(hex) + 16];
	struct stat st;
	int dir = open(g->v->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	g->root.dir = dir;
	if (dir < 0 && errno == ENOENT)
		return RC_OK; /* then every file is missing */
	if (dir < 0) {
		outcome_fail(g->o, CODE_NOINPUT, "%s: %s", g->v->dir, strerror(errno));
		return RC_SYS;
	}
	beneath_init(&g->root, dir);
	text_hex(g->t.btih, sizeof(g->t.btih), hex);
	(void)snprintf(part, sizeof(part), ".ugat/%s.part", hex);
	if (beneath_open(&g->root, part, O_RDONLY | O_NONBLOCK, 0, &g->gaps) != RC_OK)
		g->gaps = -1;
	else if (fstat(g->gaps, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(g->gaps);
		g->gaps = -1;
	}
	return RC_OK;
}

static enum rc
hash_all(struct verifying *g)
{
	struct hashing line;
	struct hasher h = { .t = &g->t,
		.root = &g->root,
		.files = g->files,
		.gaps = g->gaps,
		.threads = g->v->threads,
		.ctx = &line };
	int signal;
	enum rc rc;

	hashing_start(&line, g->v->err, g->v->quiet, g->t.name, "checking");
	h.tick = line.tty.on ? hashing_tick : NULL;
	rc = hasher_run(&h, g->sha1, g->words, &signal);
	tty_clear(&line.tty);
	if (rc == RC_END)
		g->o->signal = signal;
	else if (rc == RC_SYS)
		outcome_fail(g->o, CODE_BUG, "no thread: %s", strerror(errno));
	else if (rc == RC_MEM)
		outcome_fail(g->o, CODE_BUG, "out of memory");
	return rc;
}

static enum rc
look(struct verifying *g)
{
	enum rc rc = open_root(g);

	if (rc != RC_OK)
		return rc;
	g->files = calloc(g->t.n_files + 1, sizeof(*g->files));
	g->words = calloc((size_t)g->t.pieces + 1, 1);
	g->sha1 = calloc((size_t)g->t.pieces + 1, SHA1_SIZE);
	if (g->files == NULL || g->words == NULL || g->sha1 == NULL)
		return RC_MEM;
	if (g->root.dir < 0) {
		for (size_t i = 0; i < g->t.n_files; i++)
			g->files[i].state = CONTENT_MISSING;
		return RC_OK;
	}
	content_look_all(&g->t, &g->root, g->files);
	if (g->v->sizes)
		return RC_OK;
	rc = hash_all(g);
	if (rc == RC_OK)
		content_look_again(&g->t, &g->root, g->files);
	return rc;
}

/* -v: what a person would ask, on err. */
static enum rc
explain(struct verifying *g)
{
	struct recout err;
	int code;
	enum rc rc;

	recout_init(&err, g->v->err);
	rc = verify_tell(g, &err, false, &code);
	if (rc == RC_OK && recout_flush(&err) != RC_OK)
		rc = RC_OK; /* nobody listens */
	recout_clear(&err);
	return rc;
}

/* `end` was read. After anything but RC_OK o or t.why has the words. */
static enum rc
verify_now(struct verifying *g)
{
	enum rc rc = torrent_finish(&g->t);
	int code;

	if (rc != RC_OK)
		return rc;
	if (!g->t.has_v1) {
		outcome_fail(g->o, CODE_DATA,
		    "this torrent is v2 only, which is not supported: get a v1 or hybrid "
		    "one");
		return RC_BAD;
	}
	rc = flush(g);
	if (rc == RC_OK)
		rc = look(g);
	if (rc != RC_OK)
		return rc;
	if (g->v->say) {
		rc = verify_tell(g, &g->out, true, &code);
		if (rc == RC_OK && code == CODE_IO)
			outcome_fail(g->o, code, "not all files could be read");
		if (rc == RC_SYS)
			return out_failed(g);
		g->o->code = code;
		return rc;
	}
	if (!g->v->quiet && !g->v->verbose)
		verify_remark(g);
	rc = g->v->verbose ? explain(g) : RC_OK;
	if (rc == RC_OK)
		rc = put_checked(g);
	if (rc == RC_OK)
		rc = put_have(g);
	return rc == RC_SYS ? out_failed(g) : rc;
}

static enum rc
take_fail(struct verifying *g, const struct line *l)
{
	struct rec_fail fail;

	if (rec_get_fail(l, &g->scratch, &fail) != RC_OK)
		return RC_BAD;
	g->o->passed = true;
	g->o->code = (int)fail.code;
	return RC_OK;
}

/* One line. *pass: whether it goes on as it is. */
static enum rc
take(struct verifying *g, struct bytes text, bool *pass)
{
	struct line l;
	enum rc rc = line_get(text, &l);

	*pass = true;
	if (rc == RC_NONE)
		return RC_OK;
	if (rc == RC_OK && rec_kind(&l) == REC_UGAT)
		g->begun = true;
	if (rc != RC_OK || (rc = rec_check(&l)) != RC_OK)
		return rc;
	line_scratch_reset(&g->scratch);
	switch (rec_kind(&l)) {
	case REC_FAIL: return take_fail(g, &l);
	case REC_CHECKED:
	case REC_HAVE: *pass = g->ended; return RC_OK;
	case REC_PEER:
	case REC_DENY: return RC_OK; /* at any time, even before `ugat` */
	default: break;
	}
	if (g->ended)
		return RC_OK;
	rc = torrent_add(&g->t, &l, &g->scratch);
	if (rc != RC_OK || rec_kind(&l) != REC_END)
		return rc;
	g->ended = true;
	return g->o->passed ? RC_OK : verify_now(g);
}

static enum rc
take_lines(struct verifying *g)
{
	struct bytes text;
	enum rc rc;

	while ((rc = recin_line(&g->in, &text)) == RC_OK) {
		bool pass;

		g->line++;
		rc = take(g, text, &pass);
		if (rc == RC_OK && pass && !g->v->say)
			rc = recout_line(&g->out, text);
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_MORE || rc == RC_END ? RC_OK : rc;
}

static void
refuse(struct verifying *g, enum rc rc)
{
	unsigned long long n = g->line;

	if (g->o->signal != 0 || g->o->code != CODE_OK)
		return;
	if (rc == RC_SYS)
		outcome_fail(g->o, CODE_IO, "standard input: %s", strerror(errno));
	else if (rc == RC_MEM || rc == RC_NONE)
		outcome_fail(g->o, CODE_BUG, "out of memory");
	else if (g->t.why != NULL)
		outcome_fail(g->o, CODE_DATA, "line %llu: %s", n, g->t.why);
	else if (!g->begun)
		outcome_fail(g->o, CODE_DATA,
		    "no `ugat` line at the start: is this the output of ugat-parse?");
	else
		outcome_fail(g->o, CODE_DATA,
		    "line %llu: malformed, of a newer format, or must be understood and "
		    "is not",
		    n);
}

static enum rc
pass_all(struct verifying *g)
{
	for (;;) {
		struct pollfd wait = { .fd = g->v->in, .events = POLLIN };
		enum rc filled = recin_fill(&g->in), rc;

		if (filled == RC_MORE) {
			(void)poll(&wait, 1, -1);
			continue;
		}
		if (filled != RC_OK && filled != RC_END)
			return filled;
		rc = take_lines(g);
		if (rc != RC_OK)
			refuse(g, rc);
		if (g->o->signal != 0)
			return rc;
		if (flush(g) != RC_OK || rc != RC_OK)
			return RC_BAD;
		if (filled == RC_END || (g->v->say && g->ended))
			return RC_OK;
	}
}

static void
shut(const struct verify_options *v)
{
	const struct cage cage = { .keeps = CAGE_FILES | CAGE_READING | CAGE_THREADS,
		.dies = true };

	cage_close(&cage, v->command, v->verbose ? v->err : -1);
}

void
verify_run(const struct verify_options *v, struct outcome *o)
{
	struct verifying *g = calloc(1, sizeof(*g));
	enum rc rc;

	if (g == NULL) {
		outcome_fail(o, CODE_BUG, "out of memory");
		return;
	}
	g->v = v;
	g->o = o;
	g->root.dir = g->gaps = -1;
	shut(v);
	torrent_init(&g->t);
	recin_init(&g->in, v->in);
	recout_init(&g->out, v->out);
	rc = pass_all(g);
	if (rc != RC_OK)
		refuse(g, rc);
	else if (!g->ended && !o->passed)
		outcome_fail(
		    o, CODE_DATA, "the input ends without `end`: was it cut off?");
	if (g->gaps >= 0)
		(void)close(g->gaps);
	if (g->root.dir >= 0)
		(void)close(g->root.dir);
	torrent_clear(&g->t);
	recin_clear(&g->in);
	recout_clear(&g->out);
	free(g->files);
	free(g->words);
	free(g->sha1);
	free(g);
}
