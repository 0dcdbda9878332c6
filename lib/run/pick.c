/* SPDX-License-Identifier: ISC */
#include "run/pick.h"

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/record.h"
#include "io/cage.h"
#include "io/recio.h"

struct rule {
	const char *glob; /* NULL: indices */
	uint64_t first, last;
};

struct picking {
	const struct pick_options *p;
	struct outcome *o;
	struct recin in;
	struct recout out;
	struct rule *rules;
	uint64_t line; /* number of the one at hand */
	uint64_t left; /* files that stay */
	bool begun, ended;
	char path[REC_PATH_MAX + 1];
	struct line_scratch scratch;
};

static struct rule
rule_of(const char *text)
{
	struct rule rule = { .glob = NULL };
	struct bytes first = bytes_str(text), last = first;
	const char *dash = strchr(text, '-');

	if (dash != NULL) {
		first.n = (size_t)(dash - text);
		last = bytes_str(dash + 1);
	}
	if (text_u64(first, UINT32_MAX, &rule.first) != RC_OK ||
	    text_u64(last, UINT32_MAX, &rule.last) != RC_OK)
		rule.glob = text;
	return rule;
}

static bool
glob_matches(const char *glob, const char *path)
{
	const char *inner = strchr(path, '/'), *last = strrchr(path, '/');

	if (fnmatch(glob, path, FNM_LEADING_DIR) == 0)
		return true;
	return inner != NULL &&
	    (fnmatch(glob, inner + 1, FNM_LEADING_DIR) == 0 ||
	        fnmatch(glob, last + 1, 0) == 0);
}

/* Whether a rule names the file; path: NULL when its line has none. */
static bool
is_named(const struct picking *k, uint64_t index, const char *path)
{
	for (size_t i = 0; i < k->p->n_rules; i++) {
		const struct rule *r = &k->rules[i];

		if (r->glob == NULL ? index >= r->first && index <= r->last
		                    : path != NULL && glob_matches(r->glob, path))
			return true;
	}
	return false;
}

/* For a person: the fields, printable. */
static enum rc
show(struct picking *k, const struct line *l)
{
	char text[REC_PATH_MAX + 1];
	enum rc rc = RC_OK;

	for (size_t i = 0; i < l->n && rc == RC_OK; i++) {
		(void)text_printable(l->field[i], text, sizeof(text));
		rc = buf_printf(&k->out.buf, "%s%s", i == 0 ? "file\t" : "\t", text);
	}
	return rc == RC_OK ? buf_add(&k->out.buf, "\n", 1) : rc;
}

/* A `file` line: RC_OK, *wanted set; RC_BAD. */
static enum rc
choose(struct picking *k, const struct line *l, bool *wanted)
{
	struct bytes path, attr;
	uint64_t index;
	bool has_path;

	line_scratch_reset(&k->scratch);
	if (l->n < 4 || text_u64(l->field[0], UINT32_MAX, &index) != RC_OK ||
	    line_text(l->field[3], &k->scratch, &path) == RC_BAD || path.n > REC_PATH_MAX)
		return RC_BAD;
	*wanted = !k->p->only_files;
	if (line_key(l, 4, "attr", &attr) == RC_OK && memchr(attr.p, 'p', attr.n) != NULL)
		return RC_OK;
	has_path = path.n > 0;
	if (has_path)
		memcpy(k->path, path.p, path.n);
	k->path[path.n] = '\0';
	*wanted = is_named(k, index, has_path ? k->path : NULL) != k->p->drop;
	k->left += *wanted;
	return RC_OK;
}

static int
nothing_left(const struct picking *k)
{
	char rules[OUTCOME_WORDS / 2] = "";
	size_t at = 0;

	if (k->p->drop)
		return outcome_fail(k->o, CODE_NO, "no file is left");
	for (size_t i = 0; i < k->p->n_rules && at < sizeof(rules) - 1; i++) {
		size_t n = strlen(k->p->rules[i]);

		if (n + 2 > sizeof(rules) - 1 - at)
			break;
		if (i > 0)
			rules[at++] = ' ';
		memcpy(rules + at, k->p->rules[i], n + 1);
		at += n;
	}
	return outcome_fail(k->o, CODE_NO, "no file matches: %s", rules);
}

static enum rc
take_fail(struct picking *k, const struct line *l)
{
	struct rec_fail fail;

	line_scratch_reset(&k->scratch);
	if (rec_get_fail(l, &k->scratch, &fail) != RC_OK)
		return RC_BAD;
	k->o->passed = true;
	k->o->code = (int)fail.code;
	return RC_OK;
}

/* One line. *pass: whether it goes on as it is. */
static enum rc
take(struct picking *k, struct bytes text, bool *pass)
{
	struct line l;
	enum rc rc = line_get(text, &l);

	*pass = !k->p->only_files;
	if (rc == RC_NONE)
		return RC_OK;
	if (rc == RC_OK && rec_kind(&l) == REC_UGAT)
		k->begun = true;
	if (rc != RC_OK || (rc = rec_check(&l)) != RC_OK)
		return rc;
	switch (rec_kind(&l)) {
	case REC_UGAT: return RC_OK;
	case REC_FAIL: return take_fail(k, &l);
	case REC_END:
		k->ended = true;
		*pass = *pass && k->left > 0;
		return k->left > 0 || k->o->passed ? RC_OK : RC_NONE;
	case REC_FILE:
		rc = k->begun ? choose(k, &l, pass) : RC_BAD;
		if (rc == RC_OK && *pass && k->p->only_files) {
			*pass = false;
			return show(k, &l);
		}
		return rc;
	case REC_PEER:
	case REC_DENY: return RC_OK; /* at any time, even before `ugat` */
	default: return k->begun ? RC_OK : RC_BAD;
	}
}

static void
refuse(struct picking *k, enum rc rc)
{
	unsigned long long n = k->line;

	if (rc == RC_NONE)
		nothing_left(k);
	else if (rc == RC_SYS)
		outcome_fail(k->o, CODE_IO, "standard input: %s", strerror(errno));
	else if (rc == RC_MEM)
		outcome_fail(k->o, CODE_BUG, "out of memory");
	else if (!k->begun)
		outcome_fail(k->o, CODE_DATA,
		    "no `ugat` line at the start: is this the output of ugat-parse?");
	else if (rc == RC_BIG)
		outcome_fail(
		    k->o, CODE_DATA, "line %llu: too long, or of a newer format", n);
	else
		outcome_fail(k->o, CODE_DATA,
		    "line %llu: malformed, or must be understood and is not", n);
}

/* All the lines that are there. RC_OK, or what refuse is to say. */
static enum rc
take_lines(struct picking *k)
{
	struct bytes text;
	enum rc rc;

	while ((rc = recin_line(&k->in, &text)) == RC_OK) {
		bool pass;

		k->line++;
		rc = take(k, text, &pass);
		if (rc == RC_OK && pass)
			rc = recout_line(&k->out, text);
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_MORE || rc == RC_END ? RC_OK : rc;
}

static enum rc
pass_all(struct picking *k)
{
	for (;;) {
		struct pollfd wait = { .fd = k->p->in, .events = POLLIN };
		enum rc filled = recin_fill(&k->in), rc, out;

		if (filled == RC_MORE) {
			(void)poll(&wait, 1, -1);
			continue;
		}
		if (filled != RC_OK && filled != RC_END)
			return filled;
		rc = take_lines(k);
		out = recout_flush(&k->out);
		if (out == RC_SYS)
			outcome_fail(
			    k->o, CODE_IO, "standard output: %s", strerror(errno));
		if (rc != RC_OK || out != RC_OK)
			return rc != RC_OK ? rc : out;
		if (filled == RC_END)
			return RC_OK;
	}
}

/* libc looks for a character set when it is first asked: before the door is shut. */
static void
shut(const struct pick_options *p)
{
	const struct cage cage = { .dies = true };

	(void)fnmatch("?", "\xc3\xa9", 0);
	cage_close(&cage, p->command, p->verbose ? p->err : -1);
}

void
pick_run(const struct pick_options *p, struct outcome *o)
{
	struct picking *k = calloc(1, sizeof(*k));
	enum rc rc;

	if (k != NULL)
		k->rules = calloc(p->n_rules + 1, sizeof(*k->rules));
	if (k == NULL || k->rules == NULL) {
		outcome_fail(o, CODE_BUG, "out of memory");
		free(k);
		return;
	}
	k->p = p;
	k->o = o;
	for (size_t i = 0; i < p->n_rules; i++)
		k->rules[i] = rule_of(p->rules[i]);
	shut(p);
	recin_init(&k->in, p->in);
	recout_init(&k->out, p->out);
	rc = pass_all(k);
	if (rc != RC_OK)
		refuse(k, rc);
	else if (!k->ended && !o->passed)
		outcome_fail(
		    o, CODE_DATA, "the input ends without `end`: was it cut off?");
	recin_clear(&k->in);
	recout_clear(&k->out);
	free(k->rules);
	free(k);
}
