/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "run/login_parts.h"
#include "run/login_place.h"

static enum rc
write_one(struct login *l, int dir, const char *name, mode_t mode, struct bytes text)
{
	enum rc rc = login_write_at(dir, name, mode, text, l->o->force);

	if (rc == RC_BUSY)
		(void)outcome_fail(l->end, CODE_CANTCREAT,
		    "%s/%s is there already: -f replaces it", l->o->dir, name);
	else if (rc != RC_OK)
		(void)outcome_fail(l->end, CODE_CANTCREAT, "%s/%s: %s", l->o->dir, name,
		    strerror(errno));
	return rc;
}

/* None is written where one is in the way: three that do not fit are worse than none. */
static enum rc
look_first(struct login *l, int dir, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n && !l->o->force; i++)
		if (faccessat(dir, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			(void)outcome_fail(l->end, CODE_CANTCREAT,
			    "%s/%s is there already: -f replaces it", l->o->dir,
			    names[i]);
			return RC_BUSY;
		}
	return RC_OK;
}

void
login_export(struct login *l)
{
	static const char *const names[] = { "cert.pem", "key.pem", "ca.pem" };
	const struct token *t = &l->view.token;
	struct buf cert, key, ca;
	int dir = login_open_dir(l->o->dir, false);

	if (dir == -1) {
		(void)outcome_fail(
		    l->end, CODE_CANTCREAT, "%s: %s", l->o->dir, strerror(errno));
		return;
	}
	buf_init(&cert, TOKEN_MAX);
	buf_init(&key, TOKEN_MAX);
	buf_init(&ca, TOKEN_MAX);
	if (buf_room(&key, TOKEN_MAX) != RC_OK || cert_put_pem(t->cert, &cert) != RC_OK ||
	    key_put_pem(t->key, &key) != RC_OK || cert_put_pem(t->ca, &ca) != RC_OK)
		(void)outcome_fail(l->end, CODE_BUG, "out of memory");
	else if (look_first(l, dir, names, sizeof(names) / sizeof(*names)) == RC_OK &&
	    write_one(l, dir, names[0], 0644, buf_bytes(&cert)) == RC_OK &&
	    write_one(l, dir, names[1], 0600, buf_bytes(&key)) == RC_OK)
		(void)write_one(l, dir, names[2], 0644, buf_bytes(&ca));
	if (key.p != NULL)
		explicit_bzero(key.p, key.n);
	buf_clear(&cert);
	buf_clear(&key);
	buf_clear(&ca);
	(void)close(dir);
}
