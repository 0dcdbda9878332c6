/* SPDX-License-Identifier: ISC */
#include "run/login_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/prompt.h"
#include "run/identity.h"
#include "run/login_place.h"

enum { KNOWN_MAX = 1024 * 1024, QUESTION = 1024 };

static const char site_name[] = "authd", known_name[] = "authd";

/* Identities. */

/* What -F or the second field of a line says. */
static enum rc
take_identity(struct login *l, struct login_trust *t, const char *said)
{
	char whole[PATH_MAX];

	if (identity_read(said, t->whence, t->pin, &t->ca, l->end) != RC_OK)
		return RC_BAD;
	if (t->ca == NULL) {
		t->how = HTTPS_PIN;
		pin_text(t->pin, t->identity);
		return RC_OK;
	}
	t->how = HTTPS_CA;
	if (realpath(said, whole) != NULL && strpbrk(whole, " \t\r\n") == NULL)
		(void)snprintf(t->identity, sizeof(t->identity), "%s", whole);
	return RC_OK;
}

/* Files of servers and their identities. */

/* Look for want (NULL: anybody) in text, which is of the file path. */
static enum rc
look_in(struct login *l, struct bytes text, const char *path, const struct server *want,
    struct server_line *line)
{
	enum rc rc = server_find(text, want, line);

	if (rc == RC_BAD)
		(void)outcome_fail(l->end, CODE_DATA,
		    "%s:%u: HOST[:PORT] and perhaps sha256:... or a PEM file expected",
		    path, line->number);
	return rc;
}

/* RC_NONE: no such line, or nothing behind the name. */
static enum rc
take_from(struct login *l, struct login_trust *t, struct bytes text, const char *path)
{
	struct server_line line;
	char said[PATH_MAX];
	enum rc rc = look_in(l, text, path, &l->server, &line);

	if (rc != RC_OK)
		return rc;
	if (line.identity.n == 0 || line.identity.n >= sizeof(said))
		return RC_NONE;
	(void)snprintf(said, sizeof(said), "%.*s", (int)line.identity.n,
	    (const char *)line.identity.p);
	(void)snprintf(t->whence, sizeof(t->whence), "%s", path);
	return take_identity(l, t, said);
}

static enum rc
take_from_site(struct login *l, struct login_trust *t)
{
	struct buf text;
	enum rc rc;

	buf_init(&text, KNOWN_MAX);
	rc = tokfile_read_site(site_name, &text, l->end);
	if (rc == RC_OK)
		rc = take_from(l, t, buf_bytes(&text), "/etc/ugat/authd");
	buf_clear(&text);
	return rc;
}

/* The directory of the session file. RC_NONE: it comes from a descriptor. */
static enum rc
known_dir(const struct login *l, char out[static PATH_MAX])
{
	const char *slash = strrchr(l->file.path, '/');

	if (l->file.fd != -1)
		return RC_NONE;
	if (slash == NULL)
		(void)snprintf(out, PATH_MAX, ".");
	else
		(void)snprintf(out, PATH_MAX, "%.*s",
		    slash == l->file.path ? 1 : (int)(slash - l->file.path),
		    l->file.path);
	return RC_OK;
}

/* RC_NONE: there is no such file. */
static enum rc
read_known(struct login *l, char path[static PATH_MAX + 16], struct buf *text)
{
	char where[PATH_MAX];
	enum rc rc = known_dir(l, where);

	if (rc != RC_OK)
		return rc;
	(void)snprintf(path, PATH_MAX + 16, "%s/%s", where, known_name);
	rc = login_read_at(AT_FDCWD, path, 022, text);
	if (rc == RC_OK || rc == RC_NONE)
		return rc;
	(void)outcome_fail(l->end, CODE_NOSESSION,
	    "%s: %s: it says whom to believe: mend it or remove it", path,
	    rc == RC_SYS ? strerror(errno)
	                 : "not a file of yours that nobody else can write");
	return RC_BAD;
}

static enum rc
take_from_known(struct login *l, struct login_trust *t)
{
	char path[PATH_MAX + 16];
	struct buf text;
	enum rc rc;

	buf_init(&text, KNOWN_MAX);
	rc = read_known(l, path, &text);
	if (rc == RC_OK)
		rc = take_from(l, t, buf_bytes(&text), path);
	buf_clear(&text);
	return rc;
}

static enum rc
take_from_session(struct login *l, struct login_trust *t)
{
	struct server s;

	if (!login_has_token(l) || !l->view.token.has_pin ||
	    server_get(bytes_str(l->view.token.server), &s) != RC_OK ||
	    !server_eq(&s, &l->server))
		return RC_NONE;
	memcpy(t->pin, l->view.token.pin, PIN_SIZE);
	t->how = HTTPS_PIN;
	pin_text(t->pin, t->identity);
	(void)snprintf(t->whence, sizeof(t->whence), "%s", l->file.path);
	return RC_OK;
}

enum rc
login_find_trust(struct login *l, struct login_trust *t)
{
	enum rc rc;

	*t = (struct login_trust){ .how = HTTPS_NOBODY };
	if (l->o->pin != NULL) {
		(void)snprintf(t->whence, sizeof(t->whence), "-F");
		t->fresh = true;
		return take_identity(l, t, l->o->pin);
	}
	rc = take_from_site(l, t);
	if (rc == RC_NONE)
		rc = take_from_session(l, t);
	if (rc == RC_NONE)
		rc = take_from_known(l, t);
	return rc == RC_NONE || rc == RC_OK ? RC_OK : RC_BAD;
}

void
login_trust_clear(struct login_trust *t)
{
	X509_free(t->ca);
	t->ca = NULL;
}

enum rc
login_find_server(struct login *l)
{
	struct server_line line;
	struct buf text;
	enum rc rc;

	if (l->server.host[0] != '\0')
		return RC_OK;
	buf_init(&text, KNOWN_MAX);
	rc = tokfile_read_site(site_name, &text, l->end);
	if (rc == RC_OK)
		rc = look_in(l, buf_bytes(&text), "/etc/ugat/authd", NULL, &line);
	buf_clear(&text);
	if (rc == RC_OK)
		l->server = line.server;
	if (rc == RC_NONE && login_has_token(l) && !login_is_local(l))
		rc = server_get(bytes_str(l->view.token.server), &l->server);
	if (rc == RC_NONE && l->state == RC_BAD && l->why.words[0] != '\0')
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "%s; a new login needs the server's name, HOST[:PORT]", l->why.words);
	else if (rc == RC_NONE && l->o->passwd)
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "no server that has a password of yours: name it as HOST[:PORT]%s",
		    login_is_local(l) ? " (what ugat-login -L made has none)" : "");
	else if (rc == RC_NONE)
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "no server to log in at: name it as HOST[:PORT], or, for this "
		    "machine "
		    "alone, run ugat-login -L");
	else if (rc == RC_BAD)
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "%s names no server%s%s: name it as HOST[:PORT]", l->file.path,
		    l->view.token.server[0] == '\0' ? "" : " that can be: ",
		    l->view.token.server);
	return rc == RC_OK ? RC_OK : RC_BAD;
}

enum rc
login_ask_trust(
    struct login *l, struct login_trust *t, const uint8_t pin[static PIN_SIZE])
{
	char question[QUESTION], name[TOKEN_SERVER], shown[PIN_TEXT], typed[QUESTION];
	uint8_t other[PIN_SIZE];
	enum rc rc;

	server_text(&l->server, name);
	pin_text(pin, shown);
	(void)snprintf(question, sizeof(question),
	    "The identity of %s is not known here. It shows the fingerprint\n"
	    "    %s\n"
	    "`authctl fingerprint` on that machine must print the same.\n"
	    "Is it the same? [yes/no, or paste that one] ",
	    name, shown);
	rc = prompt_ask(question, true, typed, sizeof(typed));
	if (rc == RC_NONE) {
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "the identity of %s is not known here; it shows %s: if `authctl "
		    "fingerprint` there prints the same, run %s -F %s %s",
		    name, shown, l->o->command, shown, name);
		return RC_BAD;
	}
	if (rc == RC_OK &&
	    (strcasecmp(typed, "yes") == 0 || strcasecmp(typed, "y") == 0 ||
	        (pin_get(bytes_str(typed), other) == RC_OK &&
	            memcmp(other, pin, PIN_SIZE) == 0))) {
		memcpy(t->pin, pin, PIN_SIZE);
		t->how = HTTPS_PIN;
		t->fresh = true;
		pin_text(pin, t->identity);
		(void)snprintf(t->whence, sizeof(t->whence), "you");
		return RC_OK;
	}
	(void)outcome_fail(l->end, CODE_NO, "%s: its identity was not accepted", name);
	return RC_BAD;
}

void
login_is_stranger(
    struct login *l, const struct login_trust *t, const uint8_t pin[static PIN_SIZE])
{
	char name[TOKEN_SERVER], shown[PIN_TEXT], known[PIN_TEXT];
	bool by_site = strcmp(t->whence, "/etc/ugat/authd") == 0;

	server_text(&l->server, name);
	pin_text(pin, shown);
	pin_text(t->pin, known);
	if (by_site)
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "%s has another identity: it shows %s, but %s says %s. Somebody may "
		    "stand between; if `authctl fingerprint` there prints the new one, "
		    "have %s changed",
		    name, shown, t->whence, known, t->whence);
	else
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "%s has another identity: it shows %s, but %s says %s. Somebody may "
		    "stand between; only if `authctl fingerprint` there prints the new "
		    "one, run %s -F %s %s",
		    name, shown, t->whence, known, l->o->command, shown, name);
}

void
login_keep_trust(struct login *l, const struct login_trust *t)
{
	char where[PATH_MAX], path[PATH_MAX + 16];
	struct outcome ignored = { .code = CODE_OK }, *end = l->end;
	struct buf old, text;
	enum rc rc = RC_NONE;
	int dir = -1;

	if (!t->fresh || t->identity[0] == '\0' || known_dir(l, where) != RC_OK)
		return;
	buf_init(&old, KNOWN_MAX);
	buf_init(&text, KNOWN_MAX);
	l->end = &ignored;
	rc = read_known(l, path, &old);
	l->end = end;
	if (rc == RC_OK || rc == RC_NONE)
		rc = server_put(buf_bytes(&old), &l->server, t->identity, &text);
	if (rc == RC_OK && (dir = login_open_dir(where, true)) != -1)
		rc = login_write_at(dir, known_name, 0600, buf_bytes(&text), true);
	if (rc != RC_OK || dir == -1)
		login_remark(l,
		    "%s/%s: the identity of the server could not be kept there", where,
		    known_name);
	if (dir != -1)
		(void)close(dir);
	buf_clear(&old);
	buf_clear(&text);
}
