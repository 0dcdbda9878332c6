/* SPDX-License-Identifier: ISC */
/*
 * An authority of one's own, for one machine: ca.key and ca.pem in
 * ${XDG_DATA_HOME:-~/.local/share}/ugat. It is made when it is first needed; the
 * directory is locked meanwhile, so that two runs make one.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "run/login_parts.h"
#include "run/login_place.h"

enum { YEAR_S = 365 * 24 * 60 * 60, HOST_ROOM = 256 };

static const char key_name[] = "ca.key", cert_name[] = "ca.pem";

struct authority {
	int dir;
	char path[PATH_MAX];
	EVP_PKEY *key;
	X509 *cert;
};

/* The directory, made if need be, ours alone to write in, and locked. */
static enum rc
open_dir(struct login *l, struct authority *a)
{
	struct stat st;

	if (login_data_path(a->path) != RC_OK) {
		(void)outcome_fail(l->end, CODE_CANTCREAT,
		    "no home directory for an authority: set HOME or XDG_DATA_HOME");
		return RC_BAD;
	}
	a->dir = login_open_dir(a->path, true);
	if (a->dir == -1 || fstat(a->dir, &st) != 0 || flock(a->dir, LOCK_EX) != 0) {
		(void)outcome_fail(l->end, CODE_CANTCREAT,
		    "%s: %s: set XDG_DATA_HOME to a place that you can write", a->path,
		    strerror(errno));
		return RC_BAD;
	}
	if (st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return RC_OK;
	(void)outcome_fail(l->end, CODE_NOSESSION,
	    "%s: others can write there: chown it to yourself and chmod 700 it", a->path);
	return RC_BAD;
}

/* A name for the authority, to tell it from those of other machines. */
static void
describe(char out[static HOST_ROOM])
{
	char host[HOST_ROOM / 2];

	if (gethostname(host, sizeof(host)) != 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	/* A common name has at most 64 characters (RFC 5280, ub-common-name). */
	(void)snprintf(
	    out, HOST_ROOM, "ugat on %.48s", host[0] == '\0' ? "localhost" : host);
}

static enum rc
damaged(struct login *l, const struct authority *a, const char *name, const char *what)
{
	(void)outcome_fail(l->end, CODE_NOSESSION,
	    "%s/%s: %s: remove it and run ugat-login -L again", a->path, name, what);
	return RC_BAD;
}

/* RC_NONE: there is none yet. */
static enum rc
read_key(struct login *l, struct authority *a)
{
	struct buf text;
	enum rc rc;

	buf_init(&text, TOKEN_MAX);
	rc = login_read_at(a->dir, key_name, 077, &text);
	if (rc == RC_OK && key_get_pem(buf_bytes(&text), &a->key) != RC_OK)
		rc = damaged(l, a, key_name, "no private key in PEM");
	else if (rc == RC_BAD)
		rc = damaged(l, a, key_name, "not a file of yours with mode 0600");
	else if (rc == RC_SYS)
		rc = damaged(l, a, key_name, strerror(errno));
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_clear(&text);
	return rc;
}

static enum rc
not_written(struct login *l, const struct authority *a, const char *name)
{
	(void)outcome_fail(
	    l->end, CODE_CANTCREAT, "%s/%s: %s", a->path, name, strerror(errno));
	return RC_BAD;
}

static enum rc
make_key(struct login *l, struct authority *a)
{
	struct buf text;
	enum rc rc;

	buf_init(&text, TOKEN_MAX);
	a->key = key_new();
	rc = a->key == NULL ? RC_MEM : buf_room(&text, TOKEN_MAX);
	if (rc == RC_OK)
		rc = key_put_pem(a->key, &text);
	if (rc != RC_OK)
		(void)outcome_fail(l->end, CODE_BUG, "out of memory");
	else if (login_write_at(a->dir, key_name, 0600, buf_bytes(&text), true) != RC_OK)
		rc = not_written(l, a, key_name);
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_clear(&text);
	return rc;
}

/* Whether the certificate there is of our key and outlives what it shall sign. */
static bool
is_good(const struct authority *a)
{
	int64_t from_s, to_s;

	return cert_fits(a->cert, a->key) == RC_OK && cert_is_ca(a->cert) &&
	    cert_dates(a->cert, &from_s, &to_s) == RC_OK && from_s <= login_now_s() &&
	    to_s > login_now_s() + YEAR_S;
}

static void
read_cert(struct authority *a)
{
	struct buf text;

	buf_init(&text, TOKEN_MAX);
	if (login_read_at(a->dir, cert_name, 022, &text) != RC_OK ||
	    cert_get_pem(buf_bytes(&text), 0, &a->cert) != RC_OK)
		a->cert = NULL;
	buf_clear(&text);
	if (a->cert != NULL && is_good(a))
		return;
	X509_free(a->cert);
	a->cert = NULL;
}

/* The certificate follows from the key, so it is made anew whenever it is of no use. */
static enum rc
make_cert(struct login *l, struct authority *a)
{
	char name[HOST_ROOM];
	struct buf text;
	enum rc rc = RC_MEM;

	describe(name);
	buf_init(&text, TOKEN_MAX);
	a->cert = cert_new_ca(a->key, name, login_now_s());
	if (a->cert != NULL)
		rc = cert_put_pem(a->cert, &text);
	if (rc != RC_OK)
		(void)outcome_fail(l->end, CODE_BUG, "out of memory");
	else if (login_write_at(a->dir, cert_name, 0644, buf_bytes(&text), true) != RC_OK)
		rc = not_written(l, a, cert_name);
	buf_clear(&text);
	return rc;
}

static enum rc
open_authority(struct login *l, struct authority *a)
{
	enum rc rc = open_dir(l, a);

	if (rc == RC_OK)
		rc = read_key(l, a);
	if (rc == RC_NONE)
		rc = make_key(l, a);
	if (rc == RC_OK)
		read_cert(a);
	return rc == RC_OK && a->cert == NULL ? make_cert(l, a) : rc;
}

static void
close_authority(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
	if (a->dir != -1)
		(void)close(a->dir);
}

static enum rc
issue(struct login *l, const struct authority *a, struct token *t)
{
	struct cert_order order = { .now_s = login_now_s(), .life_s = YEAR_S };

	(void)snprintf(order.user, sizeof(order.user), "%s", l->user);
	if (cert_draw_serial(order.serial) != RC_OK) {
		(void)outcome_fail(l->end, CODE_BUG, "no random numbers");
		return RC_BAD;
	}
	(void)snprintf(t->server, sizeof(t->server), "%s", LOGIN_LOCAL_NAME);
	t->key = key_new();
	if (t->key != NULL)
		t->cert = cert_issue(&order, t->key, a->cert, a->key);
	if (t->cert == NULL || X509_up_ref(a->cert) != 1) {
		(void)outcome_fail(l->end, CODE_BUG, "out of memory");
		return RC_BAD;
	}
	t->ca = a->cert;
	return RC_OK;
}

void
login_local(struct login *l)
{
	struct authority a = { .dir = -1 };
	struct token t = { .key = NULL };

	if (l->user[0] == '\0' && login_is_local(l))
		(void)snprintf(l->user, sizeof(l->user), "%s", l->view.facts.user);
	if (l->user[0] == '\0')
		login_own_name(l->user);
	if (open_authority(l, &a) == RC_OK && issue(l, &a, &t) == RC_OK)
		(void)login_keep(l, &t);
	token_clear(&t);
	close_authority(&a);
}
