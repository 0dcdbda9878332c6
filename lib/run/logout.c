/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/token.h"
#include "crypto/wake.h"
#include "io/tokfile.h"
#include "run/login.h"

/*
 * What ugat has written, whole or cut short; what anybody has made that works as a
 * session; and what is left of one that was wiped.
 */
static bool
is_session(struct bytes text)
{
	struct token t = { .key = NULL };
	char user[USER_TEXT];
	const char *why;
	size_t zeros = 0;
	bool is;

	while (zeros < text.n && text.p[zeros] == 0)
		zeros++;
	if (zeros == text.n || bytes_starts(text, "server: "))
		return true;
	if (token_get(text, &t, &why) != RC_OK)
		return false;
	is = cert_user(t.cert, user) == RC_OK;
	token_clear(&t);
	return is;
}

/* A slip in UGAT_SESSION must not cost somebody else's file. */
static bool
is_strange(const struct tokfile *f)
{
	uint8_t text[TOKEN_MAX];
	struct stat st;
	ssize_t n = -1;
	bool strange;
	int fd;

	if (f->fd != -1)
		return false;
	fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, sizeof(text));
	if (fd != -1)
		(void)close(fd);
	strange = n >= 0 && !is_session(bytes_of(text, (size_t)n));
	explicit_bzero(text, sizeof(text));
	return strange;
}

static void
remark(const struct login_options *o, const char *words, const struct tokfile *f)
{
	char path[sizeof(f->path)];

	(void)text_printable(bytes_str(f->path), path, sizeof(path));
	if (o->verbose)
		(void)dprintf(o->err, "%s: %s %s\n", o->command, words, path);
}

void
logout_run(const struct login_options *o, struct outcome *end)
{
	struct tokfile f;
	enum rc rc;

	if (crypto_wake() != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return;
	}
	if (tokfile_locate(&f, end) != RC_OK)
		return;
	if (is_strange(&f)) {
		(void)outcome_fail(end, CODE_CANTCREAT,
		    "%s holds no session of ugat's: it is left alone; remove it yourself "
		    "if it "
		    "is to go",
		    f.path);
		return;
	}
	rc = tokfile_remove(&f, end);
	if (rc == RC_BAD)
		(void)outcome_fail(end, CODE_CANTCREAT,
		    "UGAT_SESSION=%s: a descriptor cannot be logged out: remove the file "
		    "that it comes from",
		    f.path);
	else if (rc == RC_NONE)
		remark(o, "there was no session in", &f);
	else if (rc == RC_OK)
		remark(o, "removed", &f);
}
