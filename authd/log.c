/* SPDX-License-Identifier: ISC */
#include "authd/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ROOM = LOG_LINE - 1, /* the LF always has its place */
	UNIT = 4,            /* \xHH */
	TIME_TEXT = 80,      /* what the compiler thinks a date could need */
	NUMBER_TEXT = 24,
};

static void
put(struct log_line *l, const char *text, size_t n)
{
	memcpy(l->text + l->n, text, n);
	l->n += n;
}

/* " key=", with room left for a value of least bytes; false, and nothing, otherwise. */
static bool
put_key(struct log_line *l, const char *key, size_t least)
{
	size_t n = strlen(key);

	if (least > ROOM - l->n || n + 2 > ROOM - l->n - least)
		return false;
	put(l, " ", 1);
	put(l, key, n);
	put(l, "=", 1);
	return true;
}

static bool
is_plain(struct bytes value)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("._:/+=-", c) == NULL))
			return false;
	}
	return value.n > 0;
}

static size_t
escape(uint8_t c, char out[static UNIT + 1])
{
	if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
		out[0] = (char)c;
		return 1;
	}
	(void)snprintf(out, UNIT + 1, "\\x%02x", (unsigned)c);
	return UNIT;
}

void
log_begin(struct log_line *l, const char *event)
{
	time_t now = time(NULL);
	char text[TIME_TEXT];
	struct tm tm;

	l->n = 0;
	if (gmtime_r(&now, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	(void)snprintf(text, sizeof(text), "time=%04d-%02d-%02dT%02d:%02d:%02dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
	put(l, text, strlen(text));
	log_text(l, "event", bytes_str(event));
}

void
log_text(struct log_line *l, const char *key, struct bytes value)
{
	char unit[UNIT + 1];

	if (is_plain(value)) {
		if (put_key(l, key, 1)) {
			size_t n = value.n < ROOM - l->n ? value.n : ROOM - l->n;

			put(l, (const char *)value.p, n);
		}
		return;
	}
	if (!put_key(l, key, 2))
		return;
	put(l, "\"", 1);
	for (size_t i = 0; i < value.n; i++) {
		size_t n = escape(value.p[i], unit);

		if (n + 1 > ROOM - l->n)
			break;
		put(l, unit, n);
	}
	put(l, "\"", 1);
}

void
log_number(struct log_line *l, const char *key, unsigned long long value)
{
	char text[NUMBER_TEXT];

	/* Half a number would be another number. */
	(void)snprintf(text, sizeof(text), "%llu", value);
	if (put_key(l, key, strlen(text)))
		put(l, text, strlen(text));
}

void
log_source(struct log_line *l, const struct addr *source)
{
	char text[ADDR_TEXT];

	addr_text(source, text);
	log_text(l, "source", bytes_str(text));
}

void
log_end(struct log_line *l)
{
	size_t at = 0;
	ssize_t r;

	l->text[l->n++] = '\n';
	do {
		r = write(STDERR_FILENO, l->text + at, l->n - at);
		at += r > 0 ? (size_t)r : 0;
	} while (at < l->n && (r > 0 || (r == -1 && errno == EINTR)));
}

void
date_text(int64_t s, char out[static DATE_TEXT])
{
	time_t t = (time_t)s;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(out, DATE_TEXT, "%Y-%m-%d %H:%M", &tm);
}
