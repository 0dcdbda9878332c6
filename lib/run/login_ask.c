/* SPDX-License-Identifier: ISC */
/*
 * A file is read one byte at a time: what lies behind the line belongs to whoever reads
 * the same descriptor next.
 */
#include "run/login_ask.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "io/prompt.h"
#include "run/login_place.h"

enum { TRIES = 3, QUESTION = 512 };

static const char *
name_of(const char *source)
{
	return strcmp(source, "-") == 0 ? "standard input" : source;
}

/* about: words. */
static enum rc
fail(struct login *l, int code, const char *about, const char *words)
{
	(void)outcome_fail(l->end, code, "%s: %s", about, words);
	return RC_BAD;
}

static enum rc
no_terminal(struct login *l, const char *what, const char *how)
{
	(void)outcome_fail(l->end, CODE_NOSESSION,
	    "no terminal to ask for %s on: give it with %s", what, how);
	return RC_BAD;
}

/* What a file holds is malformed, what a person has typed is refused. */
static enum rc
check_length(struct login *l, const char *password)
{
	const char *from = l->o->password;
	size_t n = strlen(password);

	if (n >= PASSWORD_MIN && n <= PASSWORD_MAX)
		return RC_OK;
	(void)outcome_fail(l->end, from == NULL ? CODE_NOSESSION : CODE_DATA,
	    "%s%sa password has %d to %d bytes", from == NULL ? "" : name_of(from),
	    from == NULL ? "" : ": ", PASSWORD_MIN, PASSWORD_MAX);
	return RC_BAD;
}

/* A new one, as authd takes it. */
static enum rc
check_new(struct login *l, const char *password)
{
	if (check_length(l, password) != RC_OK)
		return RC_BAD;
	return password_is_sound(bytes_str(password))
	    ? RC_OK
	    : fail(l, l->o->password == NULL ? CODE_NOSESSION : CODE_DATA,
	          l->o->password == NULL ? l->user : name_of(l->o->password),
	          PASSWORD_RULE);
}

/* Files, standard input, descriptors. */

/* A descriptor for "-", "fd:N" or a path; *ours: it is to be closed. */
static enum rc
open_source(struct login *l, const char *from, int *fd, bool *ours)
{
	struct stat st;
	uint64_t n;

	*ours = false;
	*fd = STDIN_FILENO;
	if (strcmp(from, "-") == 0)
		return RC_OK;
	if (strncmp(from, "fd:", strlen("fd:")) == 0) {
		if (text_u64(bytes_str(from + strlen("fd:")), INT_MAX, &n) != RC_OK)
			return fail(l, CODE_USAGE, from, "fd:N expected");
		*fd = (int)n;
		return RC_OK;
	}
	*fd = open(from, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (*fd == -1 || fstat(*fd, &st) != 0) {
		(void)outcome_fail(l->end, CODE_NOINPUT, "%s: %s", from, strerror(errno));
		return RC_BAD;
	}
	*ours = true;
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0 && from == l->o->password)
		login_say(l, "%s is open to others (mode %04o): chmod 600 %s", from,
		    (unsigned)(st.st_mode & 07777), from);
	return RC_OK;
}

/*
 * One line without its LF; the end of the input ends it, too. missing: what is said of an
 * empty one.
 */
static enum rc
read_line(struct login *l, int fd, const char *from, const char *missing,
    char out[static LOGIN_SECRET])
{
	size_t n = 0;
	ssize_t got;
	char c;

	for (;;) {
		got = read(fd, &c, 1);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (c == '\n') {
			/* Of a file that was written elsewhere, CR LF. */
			n -= n > 0 && out[n - 1] == '\r';
			break;
		}
		if (c == '\0')
			return fail(l, CODE_DATA, from, "a NUL byte in the line");
		if (n == LOGIN_SECRET - 1)
			return fail(l, CODE_DATA, from, "the line is too long");
		out[n++] = c;
	}
	out[n] = '\0';
	if (got == -1) {
		(void)outcome_fail(l->end, CODE_NOINPUT, "%s: %s", from, strerror(errno));
		return RC_BAD;
	}
	return n > 0 ? RC_OK : fail(l, CODE_DATA, from, missing);
}

/* The first line of a source, and the second one into second unless that is NULL. */
static enum rc
read_lines(struct login *l, const char *from, char *first, char *second)
{
	const char *name = name_of(from);
	bool ours;
	int fd;
	enum rc rc = open_source(l, from, &fd, &ours);

	if (rc == RC_OK)
		rc = read_line(l, fd, name, "its first line is empty", first);
	if (rc == RC_OK && second != NULL)
		rc = read_line(l, fd, name,
		    "no second line: the old password is the first, the new one the "
		    "second",
		    second);
	if (ours)
		(void)close(fd);
	return rc;
}

/* The terminal. */

static enum rc
ask_secret(struct login *l, const char *question, char out[static LOGIN_SECRET])
{
	switch (prompt_ask(question, false, out, LOGIN_SECRET)) {
	case RC_OK: return RC_OK;
	case RC_NONE: return no_terminal(l, "the password", "-P FILE, -P - or -P fd:N");
	case RC_BIG: return check_length(l, "");
	default: return fail(l, CODE_IO, "the terminal", strerror(errno));
	}
}

/* Twice the same, of good length; a slip of the finger gets another try. */
static enum rc
ask_twice(struct login *l, char out[static LOGIN_SECRET])
{
	char question[QUESTION], again[LOGIN_SECRET];
	bool same = false;

	for (int i = 0; i < TRIES && !same; i++) {
		size_t n;

		(void)snprintf(
		    question, sizeof(question), "New password for %s: ", l->user);
		if (ask_secret(l, question, out) != RC_OK)
			return RC_BAD;
		n = strlen(out);
		if (n < PASSWORD_MIN) {
			(void)snprintf(question, sizeof(question),
			    "A password has %d to %d bytes.\n", PASSWORD_MIN,
			    PASSWORD_MAX);
			prompt_show(question);
			continue;
		}
		if (ask_secret(l, "The same again: ", again) != RC_OK)
			return RC_BAD;
		same = strcmp(out, again) == 0;
		explicit_bzero(again, sizeof(again));
		if (!same)
			prompt_show("These were two different ones.\n");
	}
	if (same)
		return check_new(l, out);
	explicit_bzero(out, LOGIN_SECRET);
	return fail(l, CODE_NO, l->user, "no new password");
}

enum rc
login_ask_password(struct login *l, char password[static LOGIN_SECRET])
{
	char question[QUESTION], name[TOKEN_SERVER];
	enum rc rc;

	if (l->o->password != NULL) {
		rc = read_lines(l, l->o->password, password, NULL);
	} else {
		server_text(&l->server, name);
		(void)snprintf(
		    question, sizeof(question), "Password of %s at %s: ", l->user, name);
		rc = ask_secret(l, question, password);
	}
	return rc == RC_OK ? check_length(l, password) : rc;
}

enum rc
login_ask_new(struct login *l, char password[static LOGIN_SECRET])
{
	if (l->o->password == NULL)
		return ask_twice(l, password);
	if (read_lines(l, l->o->password, password, NULL) != RC_OK)
		return RC_BAD;
	return check_new(l, password);
}

enum rc
login_ask_both(
    struct login *l, char old[static LOGIN_SECRET], char fresh[static LOGIN_SECRET])
{
	if (l->o->password == NULL)
		return login_ask_password(l, old) == RC_OK ? ask_twice(l, fresh) : RC_BAD;
	if (read_lines(l, l->o->password, old, fresh) != RC_OK ||
	    check_length(l, old) != RC_OK)
		return RC_BAD;
	return check_new(l, fresh);
}

enum rc
login_ask_invite(struct login *l, char invite[static LOGIN_SECRET])
{
	invite[0] = '\0';
	return l->o->invite == NULL ? RC_OK : read_lines(l, l->o->invite, invite, NULL);
}

enum rc
login_ask_user(struct login *l)
{
	char question[QUESTION], own[USER_TEXT], typed[QUESTION];
	enum rc rc;

	if (l->user[0] == '\0' && login_has_token(l) && !login_is_local(l))
		(void)snprintf(l->user, sizeof(l->user), "%s", l->view.facts.user);
	if (l->user[0] != '\0')
		return RC_OK;
	if (login_is_local(l))
		(void)snprintf(own, sizeof(own), "%s", l->view.facts.user);
	else
		login_own_name(own);
	(void)snprintf(question, sizeof(question), "User [%s]: ", own);
	rc = prompt_ask(question, true, typed, sizeof(typed));
	if (rc == RC_NONE)
		return no_terminal(l, "the user's name", "-u USER");
	if (rc != RC_OK)
		return fail(l, CODE_IO, "the terminal", strerror(errno));
	if (typed[0] == '\0')
		(void)snprintf(typed, sizeof(typed), "%s", own);
	if (!user_is_name(bytes_str(typed)))
		return fail(l, CODE_NOSESSION, typed,
		    "a user's name is 1 to 32 of a-z 0-9 _ -, a letter first");
	(void)snprintf(l->user, sizeof(l->user), "%.*s", USER_MAX, typed);
	return RC_OK;
}
