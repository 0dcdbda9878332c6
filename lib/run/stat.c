/* SPDX-License-Identifier: ISC */
/*
 * A round: all status files are read, names are matched, what is chosen is shown. A name
 * that has met one torrent stands for its whole info-hash from then on, so that another
 * one that begins alike does not end a watch.
 */
#include "run/stat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "io/loop.h"
#include "io/recio.h"
#include "io/status.h"
#include "io/stop.h"
#include "io/tty.h"
#include "run/stat_table.h"

enum { HEX = 40, ROUND_MS = 1000, FIRST_ROWS = 16, PENDING = 64 * 1024 };
enum { TABLE_MAX = 64 << 20 };

struct name {
	char text[HEX + 1]; /* lower case */
	size_t n;
	bool met, met_over; /* somebody bears it; somebody who is over */
};

struct stat_engine {
	const struct stat_options *o;
	struct outcome *end;
	struct name *names;

	/* One round. */
	struct stat_row *rows;
	size_t n, cap;
	struct arena *texts;
	enum rc rc; /* the first that was not RC_OK */

	struct recout out;
	struct tty tty;
	bool last; /* round: the cursor goes below the table */
};

/* Names. */

static bool
take_name(struct stat_engine *s, const char *text, struct name *out)
{
	out->n = strlen(text);
	for (size_t i = 0; i < out->n && out->n <= HEX; i++) {
		char c = text[i];

		c = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
		out->text[i] = c;
	}
	if (out->n > 0 && out->n <= HEX &&
	    strspn(out->text, "0123456789abcdef") == out->n)
		return true;
	(void)outcome_fail(s->end, CODE_USAGE,
	    "%s: no info-hash: up to 40 hexadecimal digits expected", text);
	return false;
}

static bool
bears(const uint8_t btih[static 20], const struct name *name)
{
	char hex[HEX + 1];

	text_hex(btih, 20, hex);
	return memcmp(hex, name->text, name->n) == 0;
}

static bool
is_chosen(const struct stat_engine *s, const uint8_t btih[static 20])
{
	for (size_t i = 0; i < s->o->n_names; i++)
		if (bears(btih, &s->names[i]))
			return true;
	return s->o->n_names == 0;
}

/* false: two torrents begin so. */
static bool
match(struct stat_engine *s, struct name *name)
{
	const uint8_t *found = NULL;

	name->met = name->met_over = false;
	for (size_t i = 0; i < s->n; i++) {
		const struct stat_row *row = &s->rows[i];
		char a[HEX + 1], b[HEX + 1];

		if (!bears(row->btih, name))
			continue;
		if (found != NULL && memcmp(found, row->btih, sizeof(row->btih)) != 0) {
			text_hex(found, 20, a);
			text_hex(row->btih, 20, b);
			(void)outcome_fail(s->end, CODE_USAGE,
			    "%s: several torrents begin so (%s, %s): write more of it",
			    name->text, a, b);
			return false;
		}
		found = row->btih;
		name->met = name->met || s->o->forget || !row->bad;
		name->met_over = name->met_over || stat_row_is_over(row);
	}
	if (found != NULL) {
		text_hex(found, 20, name->text);
		name->n = HEX;
	}
	return true;
}

/* Reading. */

static enum rc
keep_texts(struct stat_engine *s, struct rec_status *r)
{
	struct bytes *const texts[] = { &r->state, &r->name, &r->why, &r->dir };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && rc == RC_OK; i++)
		rc = arena_keep(&s->texts, *texts[i], texts[i]);
	return rc;
}

static enum rc
add_row(struct stat_engine *s, const struct status_entry *e)
{
	struct stat_row *row;

	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? FIRST_ROWS : s->cap * 2;
		void *more = reallocarray(s->rows, cap, sizeof(*s->rows));

		if (more == NULL)
			return RC_MEM;
		s->rows = more;
		s->cap = cap;
	}
	row = &s->rows[s->n++];
	*row = (struct stat_row){
		.alive = e->alive, .bad = e->bad, .written_s = e->written_s
	};
	memcpy(row->btih, e->btih, sizeof(row->btih));
	if (e->bad)
		return RC_OK;
	row->r = e->r;
	row->r.has_btih = true;
	memcpy(row->r.btih, e->btih, sizeof(row->r.btih));
	if (!row->alive && !row->r.ended) {
		row->r.state = bytes_str("killed");
		row->r.why = bytes_str(
		    "killed, or the machine went down: start it again, it goes on "
		    "where it was");
		row->r.has_eta = false;
	}
	if (stat_row_is_over(row))
		row->r.down_rate = row->r.up_rate = row->r.peers = row->r.seeds = 0;
	return keep_texts(s, &row->r);
}

static void
show(void *ctx, const struct status_entry *e)
{
	struct stat_engine *s = ctx;

	if (s->rc == RC_OK)
		s->rc = add_row(s, e);
}

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By time, the newest last: the ended ones, then the live ones. */
static int
by_order(const void *left, const void *right)
{
	const struct stat_row *a = left, *b = right;
	bool over = stat_row_is_over(a);
	int order = compare(stat_row_is_over(b), over);

	if (order == 0 && over)
		order = compare((uint64_t)a->written_s, (uint64_t)b->written_s);
	if (order == 0)
		order = compare(a->r.start_s, b->r.start_s);
	if (order == 0)
		order = memcmp(a->btih, b->btih, sizeof(a->btih));
	return order != 0 ? order : compare(a->r.pid, b->r.pid);
}

/* false: the outcome says why. */
static bool
see_all(struct stat_engine *s, void (*see)(void *ctx, const struct status_entry *e))
{
	enum rc rc = status_each(see, s);

	if (rc == RC_SYS)
		(void)outcome_fail(s->end, CODE_IO, "the status files cannot be read: %s",
		    strerror(errno));
	else if (rc != RC_OK)
		(void)outcome_fail(s->end, CODE_BUG, "out of memory");
	return rc == RC_OK;
}

/* false: the outcome says why. */
static bool
read_all(struct stat_engine *s)
{
	arena_free(s->texts);
	s->texts = NULL;
	s->n = 0;
	if (!see_all(s, show))
		return false;
	if (s->rc != RC_OK) {
		(void)outcome_fail(s->end, CODE_BUG, "out of memory");
		return false;
	}
	for (size_t i = 0; i < s->o->n_names; i++)
		if (!match(s, &s->names[i]))
			return false;
	if (s->n > 0)
		qsort(s->rows, s->n, sizeof(*s->rows), by_order);
	for (size_t i = 0; i < s->n; i++)
		s->rows[i].chosen = !s->rows[i].bad && is_chosen(s, s->rows[i].btih);
	return true;
}

/* Forgetting. */

static void
forget(void *ctx, const struct status_entry *e)
{
	struct stat_engine *s = ctx;
	char hex[HEX + 1];

	if (e->alive || !is_chosen(s, e->btih) || status_forget(e) != RC_SYS)
		return;
	text_hex(e->btih, 20, hex);
	(void)outcome_fail(
	    s->end, CODE_IO, "%s: cannot be forgotten: %s", hex, strerror(errno));
}

static void
forget_all(struct stat_engine *s)
{
	if (!read_all(s))
		return;
	for (size_t i = 0; i < s->o->n_names; i++) {
		const struct name *name = &s->names[i];

		if (!name->met_over)
			(void)outcome_fail(s->end, CODE_NO,
			    name->met ? "%s: it still runs" : "%s: no such run",
			    name->text);
	}
	(void)see_all(s, forget);
}

/* Showing. */

static bool
flush(struct stat_engine *s)
{
	if (recout_flush(&s->out) == RC_OK)
		return true;
	(void)outcome_fail(s->end, CODE_IO, "standard output: %s", strerror(errno));
	return false;
}

static bool
put(struct stat_engine *s, struct bytes text)
{
	if (recout_add(&s->out, text) != RC_OK) {
		(void)outcome_fail(s->end, CODE_BUG, "out of memory");
		return false;
	}
	return s->out.buf.n < PENDING || flush(s);
}

static bool
put_str(struct stat_engine *s, const char *text)
{
	return put(s, bytes_str(text));
}

static bool
put_records(struct stat_engine *s)
{
	uint8_t text[LINE_MAX_SIZE];
	struct bytes line;
	struct linew w;

	for (size_t i = 0; i < s->n; i++) {
		if (!s->rows[i].chosen)
			continue;
		rec_put_status(&w, text, sizeof(text), &s->rows[i].r);
		if (linew_end(&w, &line) == RC_OK && !put(s, line))
			return false;
	}
	return !s->o->watch || put_str(s, "\n");
}

static size_t
count_lines(struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

/* Take a line off the table, without its LF. */
static struct bytes
take_line(struct bytes *table)
{
	const uint8_t *lf = memchr(table->p, '\n', table->n);
	struct bytes line = bytes_of(table->p, (size_t)(lf - table->p));

	*table = bytes_from(*table, line.n + 1);
	return line;
}

/*
 * The table in the place of the last one, no more of it than the terminal has lines: the
 * headings, and of the rest the newest. The cursor waits on its first line, for that is
 * the one place that a terminal finds again by itself when it is resized and breaks its
 * lines anew; the last one goes below.
 */
static bool
redraw(struct stat_engine *s, struct bytes table)
{
	unsigned height = tty_height(s->tty.fd), drawn = 0;
	size_t lines = count_lines(table), left_out = 0;
	bool ok = put_str(s, "\r\033[?7l");
	char up[32] = "", more[64];

	if (lines >= height && height > 3)
		left_out = lines - (height - 2);
	while (ok && table.n > 0) {
		ok = put(s, take_line(&table)) && put_str(s, "\033[K\n");
		drawn++;
		if (!ok || drawn != 1 || left_out == 0)
			continue;
		for (size_t i = 0; i < left_out; i++)
			(void)take_line(&table);
		(void)snprintf(more, sizeof(more), "(%zu older lines)\033[K\n", left_out);
		ok = put_str(s, more);
		drawn++;
	}
	if (!s->last && drawn > 0)
		(void)snprintf(up, sizeof(up), "\033[%uA\r", drawn);
	return ok && put_str(s, "\033[J\033[?7h") && put_str(s, up);
}

/* By torrent and directory, and within them in the order of the rows. */
static int
by_place(const void *left, const void *right)
{
	const struct stat_row *a = *(struct stat_row *const *)left;
	const struct stat_row *b = *(struct stat_row *const *)right;
	int order = memcmp(a->btih, b->btih, sizeof(a->btih));

	if (order == 0)
		order = bytes_cmp(a->r.dir, b->r.dir);
	return order != 0 ? order : a < b ? -1 : a > b;
}

static bool
has_all(const struct stat_row *row)
{
	return !row->bad && row->r.dir.n > 0 &&
	    (bytes_is(row->r.state, "done") || bytes_is(row->r.state, "seeding"));
}

/*
 * People see what is true now; programs, all that is remembered: a failure is left out
 * when a later run of the torrent, in the same place, has all of it. false: out of
 * memory.
 */
static bool
leave_mended(struct stat_engine *s)
{
	struct stat_row **rows = calloc(s->n + 1, sizeof(*rows));
	bool mended = false;

	if (rows == NULL)
		return false;
	for (size_t i = 0; i < s->n; i++)
		rows[i] = &s->rows[i];
	qsort(rows, s->n, sizeof(*rows), by_place);
	for (size_t i = s->n; i-- > 0;) {
		struct stat_row *row = rows[i];

		if (i + 1 < s->n &&
		    (memcmp(row->btih, rows[i + 1]->btih, sizeof(row->btih)) != 0 ||
		        !bytes_eq(row->r.dir, rows[i + 1]->r.dir)))
			mended = false;
		if (mended && stat_row_is_over(row) && !bytes_is(row->r.state, "done"))
			row->chosen = false;
		mended = mended || has_all(row);
	}
	free(rows);
	return true;
}

static bool
put_table(struct stat_engine *s)
{
	struct progress_room room = { .columns = tty_width(s->tty.fd),
		.utf8 = s->tty.utf8 };
	struct buf table;
	bool ok;

	buf_init(&table, TABLE_MAX);
	ok = leave_mended(s) && stat_table(s->rows, s->n, room, &table) == RC_OK;
	if (!ok)
		(void)outcome_fail(s->end, CODE_BUG, "out of memory");
	else if (s->o->watch && !s->tty.dumb)
		ok = redraw(s, buf_bytes(&table));
	else
		ok = put(s, buf_bytes(&table)) && (!s->o->watch || put_str(s, "\n"));
	buf_clear(&table);
	return ok;
}

static bool
show_round(struct stat_engine *s)
{
	if (!read_all(s))
		return false;
	return (s->tty.on ? put_table(s) : put_records(s)) && flush(s);
}

/* With -v: what else lies there. */
static void
tell_bad(const struct stat_engine *s)
{
	char hex[HEX + 1];

	for (size_t i = 0; i < s->n && s->o->verbose; i++) {
		if (!s->rows[i].bad || !is_chosen(s, s->rows[i].btih))
			continue;
		text_hex(s->rows[i].btih, 20, hex);
		(void)dprintf(s->o->err,
		    "%s: %s: its file holds no status record: -f removes it\n",
		    s->o->command, hex);
	}
}

static void
show_once(struct stat_engine *s)
{
	bool any = false;

	if (!read_all(s))
		return;
	for (size_t i = 0; i < s->n; i++)
		any = any || s->rows[i].chosen;
	tell_bad(s);
	if (any && !((s->tty.on ? put_table(s) : put_records(s)) && flush(s)))
		return;
	for (size_t i = 0; i < s->o->n_names; i++)
		if (!s->names[i].met)
			(void)outcome_fail(
			    s->end, CODE_NO, "%s: no such run", s->names[i].text);
	if (!any)
		(void)outcome_fail(s->end, CODE_NO,
		    "nothing runs, and nothing has ended within 24 hours");
	/* In a script the code is the answer. */
	if (s->end->code == CODE_NO && (!s->tty.on || s->o->quiet))
		s->end->words[0] = '\0';
}

/* Until a signal: a table that is drawn in its place is drawn once more for it. */
static void
watch_in_place(struct stat_engine *s)
{
	int64_t next_ms = loop_now();
	struct stop stop;
	bool ready;

	stop_begin(&stop);
	while (show_round(s) && !s->last) {
		int64_t now_ms = loop_now();

		next_ms += ROUND_MS;
		if (next_ms < now_ms)
			next_ms = now_ms; /* stopped meanwhile, or a slow terminal */
		s->end->signal = stop_wait(&stop, -1, (int)(next_ms - now_ms), &ready);
		s->last = s->end->signal != 0;
	}
	stop_end(&stop);
}

static void
watch(struct stat_engine *s)
{
	int64_t next_ms = loop_now();

	while (show_round(s)) {
		int64_t now_ms = loop_now();
		struct timespec wait;

		next_ms += ROUND_MS;
		if (next_ms < now_ms)
			next_ms = now_ms; /* stopped meanwhile, or a slow reader */
		wait.tv_sec = (next_ms - now_ms) / 1000;
		wait.tv_nsec = (next_ms - now_ms) % 1000 * 1000000;
		while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
			continue;
	}
}

void
stat_run(const struct stat_options *o, struct outcome *end)
{
	struct stat_engine s = { .o = o, .end = end };
	bool good = true;

	s.names = calloc(o->n_names + 1, sizeof(*s.names));
	if (s.names == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return;
	}
	recout_init(&s.out, o->out);
	tty_init(&s.tty, o->out);
	for (size_t i = 0; i < o->n_names && good; i++)
		good = take_name(&s, o->names[i], &s.names[i]);
	if (good && o->forget)
		forget_all(&s);
	else if (good && o->watch && s.tty.on && !s.tty.dumb)
		watch_in_place(&s);
	else if (good && o->watch)
		watch(&s);
	else if (good)
		show_once(&s);
	recout_clear(&s.out);
	arena_free(s.texts);
	free(s.rows);
	free(s.names);
}
