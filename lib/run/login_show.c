/* SPDX-License-Identifier: ISC */
/*
 * The session for whoever asks: a table with times of the place for people, lines of
 * `key TAB value` with Unix seconds and the escapes of ugat-records(5) for programs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "base/human.h"
#include "base/text.h"
#include "codec/line.h"
#include "io/tty.h"
#include "run/login_parts.h"

enum { SHOWN = PATH_MAX * 4, TABLE_MAX = 64 * 1024, WHEN = 96 };

struct table {
	struct buf text;
	bool people;
	enum rc rc;
};

static void
row(struct table *t, const char *key, const char *value)
{
	char shown[PATH_MAX * 2];
	uint8_t room[SHOWN];
	struct bytes line;
	struct linew w;

	if (t->rc != RC_OK)
		return;
	if (t->people) {
		(void)text_printable(bytes_str(value), shown, sizeof(shown));
		t->rc = buf_printf(&t->text, "%-9s %s\n", key, shown);
		return;
	}
	linew_begin(&w, room, sizeof(room), key);
	linew_text(&w, bytes_str(value));
	t->rc = linew_end(&w, &line);
	if (t->rc == RC_OK)
		t->rc = buf_add(&t->text, line.p, line.n);
}

/* For programs: the plain number, and behind it the same for whoever reads it. */
static void
row_number(struct table *t, const char *key, int64_t at_s)
{
	char date[WHEN] = "-";
	uint8_t room[SHOWN];
	time_t at = (time_t)at_s;
	struct bytes line;
	struct linew w;
	struct tm tm;

	if (t->rc != RC_OK)
		return;
	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	linew_begin(&w, room, sizeof(room), key);
	linew_u64(&w, at_s < 0 ? 0 : (uint64_t)at_s);
	linew_text(&w, bytes_str(date));
	t->rc = linew_end(&w, &line);
	if (t->rc == RC_OK)
		t->rc = buf_add(&t->text, line.p, line.n);
}

/* "2026-01-31 18:00 CET, in 5h12", or the plain number. */
static void
row_time(struct table *t, const char *key, int64_t at_s)
{
	int64_t left_s = at_s - login_now_s();
	char date[WHEN / 2] = "?", wait[HUMAN_SIZE], value[WHEN];
	time_t at = (time_t)at_s;
	struct tm tm;

	if (!t->people) {
		row_number(t, key, at_s);
		return;
	}
	if (localtime_r(&at, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M %Z", &tm);
	human_time((uint64_t)(left_s < 0 ? -left_s : left_s), wait);
	(void)snprintf(
	    value, sizeof(value), left_s < 0 ? "%s, %s ago" : "%s, in %s", date, wait);
	row(t, key, value);
}

static void
fill(struct table *t, const struct login *l)
{
	const struct session_view *v = &l->view;
	uint8_t raw[PIN_SIZE];
	char pin[PIN_TEXT];

	row(t, "user", v->facts.user);
	if (v->token.server[0] != '\0')
		row(t, "server", v->token.server);
	row_time(t, "until", v->facts.not_after_s);
	row_time(t, "since", v->facts.not_before_s);
	row(t, "serial", v->facts.serial);
	if (v->token.has_pin) {
		pin_text(v->token.pin, pin);
		row(t, "identity", pin);
	}
	/* Whom others who have another authority name with -F. */
	if (v->token.ca != NULL && key_pin(X509_get0_pubkey(v->token.ca), raw) == RC_OK) {
		pin_text(raw, pin);
		row(t, "authority", pin);
	}
	row(t, "file", l->file.path);
	if (v->by_site)
		row(t, "rule", "/etc/ugat/ca.pem");
	if (v->has_crl)
		row_time(t, "list", v->crl_next_s);
	if (v->facts.revoked_s != 0)
		row_time(t, "revoked", v->facts.revoked_s);
}

static void
print(struct login *l)
{
	struct table t = { .people = tty_is(l->o->out), .rc = RC_OK };
	struct bytes rest;

	buf_init(&t.text, TABLE_MAX);
	fill(&t, l);
	if (t.rc != RC_OK)
		(void)outcome_fail(l->end, CODE_BUG, "out of memory");
	for (rest = buf_bytes(&t.text); t.rc == RC_OK && rest.n > 0;) {
		ssize_t n = write(l->o->out, rest.p, rest.n);

		if (n >= 0)
			rest = bytes_from(rest, (size_t)n);
		else if (errno != EINTR) {
			(void)outcome_fail(
			    l->end, CODE_IO, "standard output: %s", strerror(errno));
			break;
		}
	}
	buf_clear(&t.text);
}

void
login_show(struct login *l)
{
	struct outcome asked = { .code = CODE_OK }, *end = l->end;

	if (l->o->force && login_has_token(l) && !login_is_local(l)) {
		l->end = &asked;
		login_fetch_list(l);
		l->end = end;
		login_read(l);
	}
	if (!l->o->quiet && login_has_token(l))
		print(l);
	if (end->code == CODE_OK && l->state != RC_OK)
		*end = l->why;
	else if (end->code == CODE_OK)
		*end = asked;
}
