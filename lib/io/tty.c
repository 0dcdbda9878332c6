/* SPDX-License-Identifier: ISC */
#include "io/tty.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { USUAL_WIDTH = 80, LEAST_WIDTH = 5, USUAL_HEIGHT = 24, LEAST_HEIGHT = 3 };

bool
tty_is(int fd)
{
	return isatty(fd) == 1;
}

unsigned
tty_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return USUAL_WIDTH;
	return size.ws_col < LEAST_WIDTH ? LEAST_WIDTH : size.ws_col;
}

unsigned
tty_height(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row < LEAST_HEIGHT)
		return USUAL_HEIGHT;
	return size.ws_row;
}

/*
 * The name of the locale as setlocale(3) would find it, whose codeset stands behind the
 * dot: asking for the codeset itself would mean setting the locale, which nothing else
 * here needs.
 */
static bool
locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL, *dot;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			break;
	}
	dot = value == NULL ? NULL : strchr(value, '.');
	return dot != NULL &&
	    (strncasecmp(dot + 1, "utf-8", 5) == 0 ||
	        strncasecmp(dot + 1, "utf8", 4) == 0);
}

static bool
term_is_dumb(void)
{
	const char *term = getenv("TERM");

	return term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
}

void
tty_init(struct tty *t, int fd)
{
	*t = (struct tty){
		.fd = fd,
		.on = tty_is(fd),
		.dumb = term_is_dumb(),
		.utf8 = locale_is_utf8(),
	};
}

static struct progress_room
room_of(const struct tty *t)
{
	return (struct progress_room){ .columns = tty_width(t->fd), .utf8 = t->utf8 };
}

/* A terminal that refuses its progress line loses the line and nothing else. */
static void
say(const struct tty *t, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(t->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

static const char begin_line[] = "\r", erase_rest[] = "\033[J";
static const char no_wrap[] = "\r\033[?7l", wrap[] = "\033[?7h\r";

/*
 * In one write, so that a line is never seen half drawn; what the old line had more is
 * erased last, which flickers less than erasing first.
 */
static void
draw(const struct tty *t, const char *before, struct bytes line, const char *after)
{
	char out[PROGRESS_LINE + 32];
	size_t at = 0;
	const struct bytes parts[] = { bytes_str(t->dumb ? "" : before), line,
		bytes_str(t->dumb ? "" : erase_rest), bytes_str(after) };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].n > sizeof(out) - at)
			return;
		memcpy(out + at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	say(t, out, at);
}

/*
 * A terminal that becomes narrower breaks the line in two, and keeps the cursor where its
 * text is: it rests at the line's beginning, so that all of it is still at or below the
 * cursor. A line that is written before we learn of it is cut, not wrapped.
 */
void
tty_line(struct tty *t, struct bytes name, const struct progress *p)
{
	char line[PROGRESS_LINE];

	if (!t->on || t->dumb)
		return;
	draw(t, no_wrap, bytes_of(line, progress_line(p, name, room_of(t), line)), wrap);
	t->drawn = true;
}

void
tty_clear(struct tty *t)
{
	if (!t->drawn)
		return;
	draw(t, begin_line, bytes_str(""), "");
	t->drawn = false;
}

void
tty_last(struct tty *t, struct bytes name, uint64_t bytes, uint64_t ms)
{
	char line[PROGRESS_LINE];
	size_t n;

	if (!t->on)
		return;
	n = progress_last(name, bytes, ms, room_of(t), line);
	draw(t, begin_line, bytes_of(line, n), "\n");
	t->drawn = false;
}

void
tty_say(int fd, const char *command, const char *words)
{
	bool over = tty_is(fd) && !term_is_dumb();

	(void)dprintf(fd, "%s%s%s: %s\n", over ? begin_line : "", over ? erase_rest : "",
	    command, words);
}
