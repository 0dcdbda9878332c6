/* SPDX-License-Identifier: ISC */
#include "run/xfer_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"
#include "codec/xfer.h"
#include "io/loop.h"

void
xfer_report_name(struct xfer_report *r, const char *path)
{
	size_t n = strnlen(path, sizeof(r->name) - 1);

	memcpy(r->name, path, n);
	r->name[n] = '\0';
}

void
xfer_report_moved(struct xfer_report *r, size_t n, int64_t now_ms)
{
	if (r->start_ms == 0)
		r->start_ms = now_ms;
	rate_add(&r->rate, n, now_ms);
	r->moved += n;
	r->bytes += n;
}

void
xfer_report_failed(struct xfer_report *r, int code, const char *format, ...)
{
	char raw[OUTCOME_WORDS], words[OUTCOME_WORDS];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	r->failed++;
	if (r->first.code == CODE_OK)
		(void)outcome_fail(&r->first, code, "%s", raw);
	if (r->total_files <= 1)
		return;
	(void)text_printable(bytes_str(raw), words, sizeof(words));
	r->audience->say(r->audience->ctx, words);
}

void
xfer_report_tick(struct xfer_report *r, int64_t now_ms)
{
	struct progress p = { .state = audience_word(r->state),
		.have = r->bytes,
		.total = r->total_bytes,
		.endless = r->total_bytes == XFER_UNKNOWN,
		.files = r->files,
		.total_files = r->total_files,
		.rate = rate_get(&r->rate, now_ms) };

	if (r->other_total > 0) {
		p.state = audience_word(AUDIENCE_CHECKING);
		p.have = r->other_done;
		p.total = r->other_total;
		p.endless = false;
		p.rate = 0;
	}
	if (!p.endless && p.have > p.total)
		p.have = p.total;
	p.has_eta = !p.endless && p.rate > 0 && rate_is_settled(&r->rate, now_ms);
	p.eta_s = p.has_eta ? (p.total - p.have) / p.rate : 0;
	r->audience->progress(r->audience->ctx, bytes_str(r->name), &p);
}

void
xfer_report_end(const struct xfer_report *r, const char *verb, struct outcome *end)
{
	if (r->failed == 0)
		return;
	if (r->total_files <= 1)
		(void)outcome_fail(end, r->first.code, "%s", r->first.words);
	else
		(void)outcome_fail(end, r->first.code, "%llu of %llu files were not %s",
		    (unsigned long long)r->failed, (unsigned long long)r->total_files,
		    verb);
}

void
xfer_report_summary(const struct xfer_report *r, const char *preposition, const char *who)
{
	char raw[OUTCOME_WORDS], words[OUTCOME_WORDS], size[HUMAN_SIZE], rate[HUMAN_SIZE],
	    took[HUMAN_SIZE], name[XFER_REPORT_NAME];
	int64_t ms = r->start_ms == 0 ? 0 : loop_now() - r->start_ms;

	ms = ms < 1 ? 1 : ms;
	if (r->total_files == 1)
		(void)text_name(bytes_str(r->name), name, sizeof(name));
	else
		(void)snprintf(name, sizeof(name), "%llu file%s",
		    (unsigned long long)r->files, r->files == 1 ? "" : "s");
	human_size(r->moved, size);
	human_span((uint64_t)ms, took);
	human_size((uint64_t)((double)r->moved * 1000.0 / (double)ms), rate);
	if (r->moved == 0 && r->bytes > 0)
		(void)snprintf(raw, sizeof(raw), "%s %s %s: %s there already", name,
		    preposition, who, r->files == 1 ? "was" : "were");
	else
		(void)snprintf(raw, sizeof(raw), "%s %s %s: %s in %s, %s/s", name,
		    preposition, who, size, took, rate);
	(void)text_printable(bytes_str(raw), words, sizeof(words));
	r->audience->summary(r->audience->ctx, words);
}

/* Things that are left out. */

void
xfer_skips_add(void *skips, int code, const char *words)
{
	struct xfer_skips *s = skips;
	size_t n = strlen(words) + 1;
	char *more;

	s->n++;
	if (s->code == CODE_OK || s->code == CODE_NO)
		s->code = code;
	if (s->shown == XFER_SKIPS_SHOWN)
		return;
	more = realloc(s->text, s->size + n);
	if (more == NULL)
		return;
	memcpy(more + s->size, words, n);
	s->text = more;
	s->size += n;
	s->shown++;
}

void
xfer_skips_say(const struct xfer_skips *s, const struct audience *a)
{
	char words[64];
	size_t at = 0;

	for (size_t i = 0; i < s->shown; i++) {
		a->say(a->ctx, s->text + at);
		at += strlen(s->text + at) + 1;
	}
	if (s->n == s->shown)
		return;
	(void)snprintf(words, sizeof(words), "and %llu more: skipped",
	    (unsigned long long)(s->n - s->shown));
	a->say(a->ctx, words);
}

void
xfer_skips_end(const struct xfer_skips *s, struct outcome *end)
{
	if (s->n > 0)
		(void)outcome_fail(end, s->code,
		    "%llu thing%s left out; all else has arrived",
		    (unsigned long long)s->n, s->n == 1 ? " was" : "s were");
}

void
xfer_skips_clear(struct xfer_skips *s)
{
	free(s->text);
	s->text = NULL;
}
