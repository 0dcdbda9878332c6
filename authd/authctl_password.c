/* SPDX-License-Identifier: ISC */
#include "authd/authctl.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/readpassphrase.h>

#include "base/text.h"

enum { TYPED_MAX = 1024 };

static enum rc
check(const struct secret *s, struct outcome *end)
{
	if (password_is_sound(bytes_of(s->p, s->n)))
		return RC_OK;
	(void)outcome_fail(end, CODE_DATA, PASSWORD_RULE);
	return RC_BAD;
}

static enum rc
ask(const char *prompt, char typed[static TYPED_MAX], struct outcome *end)
{
	const char *got = readpassphrase(prompt, typed, TYPED_MAX, RPP_REQUIRE_TTY);
	int why = got == NULL ? errno : EINTR;

	if (got != NULL && typed[0] != '\0')
		return RC_OK;
	/* An empty line, or the end of what is typed: ^D. */
	if (why == EINTR)
		(void)outcome_fail(end, CODE_NO, "no password was given");
	else
		(void)outcome_fail(end, CODE_NOSESSION,
		    "no terminal to ask for the password on: name a file with -P");
	return why == EINTR ? RC_BAD : RC_NONE;
}

static enum rc
ask_twice(const char *user, struct secret *out, struct outcome *end)
{
	char first[TYPED_MAX] = "", again[TYPED_MAX] = "", prompt[96];
	enum rc rc;

	(void)snprintf(prompt, sizeof(prompt), "New password for %s: ", user);
	rc = ask(prompt, first, end);
	if (rc == RC_OK && strlen(first) <= PASSWORD_MAX) {
		(void)snprintf(prompt, sizeof(prompt), "The same again: ");
		rc = ask(prompt, again, end);
	}
	out->n = strnlen(first, PASSWORD_MAX + 1);
	memcpy(out->p, first, out->n);
	if (rc == RC_OK)
		rc = check(out, end);
	if (rc == RC_OK && strcmp(first, again) != 0) {
		(void)outcome_fail(end, CODE_DATA, "the two passwords are not the same");
		rc = RC_BAD;
	}
	explicit_bzero(first, sizeof(first));
	explicit_bzero(again, sizeof(again));
	return rc;
}

static void
warn(int fd, struct bytes from)
{
	char shown[PATH_MAX];
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) == 0)
		return;
	(void)text_printable(from, shown, sizeof(shown));
	fprintf(stderr, "authctl: %s is open to others (mode %04o): chmod 600 it\n",
	    shown, (unsigned)(st.st_mode & 07777));
}

/* The descriptor behind from; *ours: to be closed. -1: *end says why. */
static int
open_source(const char *from, bool *ours, struct outcome *end)
{
	struct bytes text = bytes_str(from);
	uint64_t n = STDIN_FILENO;
	int fd;

	*ours = false;
	if (strcmp(from, "-") == 0)
		return STDIN_FILENO;
	if (bytes_starts(text, "fd:")) {
		if (text_u64(bytes_from(text, 3), INT_MAX, &n) == RC_OK &&
		    fcntl((int)n, F_GETFD) != -1)
			return (int)n;
		(void)outcome_fail(
		    end, CODE_USAGE, "-P %s: no such open descriptor", from);
		return -1;
	}
	fd = open(from, O_RDONLY | O_CLOEXEC);
	*ours = true;
	if (fd < 0)
		(void)outcome_fail(end, CODE_NOINPUT, "%s: %s", from, strerror(errno));
	else
		warn(fd, text);
	return fd;
}

/*
 * A byte at a time: what stands behind the line is for others who share the descriptor.
 */
static enum rc
read_line(int fd, const char *from, struct secret *out, struct outcome *end)
{
	for (out->n = 0; out->n < sizeof(out->p);) {
		ssize_t got = read(fd, out->p + out->n, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			(void)outcome_fail(
			    end, CODE_NOINPUT, "%s: %s", from, strerror(errno));
			return RC_SYS;
		}
		if (got == 0)
			break;
		if (out->p[out->n] == '\n') {
			/* Of a file that was written elsewhere, CR LF. */
			out->n -= out->n > 0 && out->p[out->n - 1] == '\r';
			break;
		}
		out->n++;
	}
	return check(out, end);
}

enum rc
secret_read(const char *from, const char *user, struct secret *out, struct outcome *end)
{
	bool ours;
	enum rc rc;
	int fd;

	if (from == NULL)
		return ask_twice(user, out, end);
	fd = open_source(from, &ours, end);
	if (fd < 0)
		return RC_SYS;
	rc = read_line(fd, from, out, end);
	if (ours)
		(void)close(fd);
	return rc;
}
