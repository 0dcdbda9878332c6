/* SPDX-License-Identifier: ISC */
/* What the parts of authctl share; authctl.c has the commands. */
#ifndef AUTHD_AUTHCTL_H
#define AUTHD_AUTHCTL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authd/db.h"
#include "authd/log.h"
#include "base/outcome.h"
#include "base/rc.h"
#include "crypto/password.h"

/* ---- who we are: root is DIR's owner while it works in DIR ---- */

struct identity {
	bool both; /* we are root, and the owner is somebody else */
	uid_t uid;
	gid_t gid;
};

/* Look at dir. RC_SYS: *end says why. Nothing changes yet. */
enum rc identity_of(const char *dir, struct identity *id, struct outcome *end) MUST_USE;

/* Become DIR's owner, so that no file there is ever root's; and the caller again. */
enum rc identity_owner(const struct identity *id, struct outcome *end) MUST_USE;
enum rc identity_caller(const struct identity *id, struct outcome *end) MUST_USE;

/* ---- a new password ---- */

struct secret {
	uint8_t p[PASSWORD_MAX + 2]; /* wipe it */
	size_t n;
};

/*
 * From: the first line of a file, "-" (standard input) or "fd:N"; NULL: asked twice on
 * the terminal. RC_BAD, RC_SYS, RC_NONE (there is no terminal): *end says why.
 */
enum rc secret_read(
    const char *from, const char *user, struct secret *out, struct outcome *end) MUST_USE;

/* ---- tables ---- */

enum { TABLE_COLUMNS = 6, TABLE_CELL = 64 };

struct table;

/*
 * Headings: NULL behind the last. On a terminal a table with aligned columns, else lines
 * with TABs and no heading. NULL: out of memory.
 */
struct table *table_new(const char *const *headings, bool terminal);
void table_free(struct table *t);

/* Cells of the next row, from the left. An empty text becomes "-". */
void table_text(struct table *t, const char *text);
void table_number(struct table *t, uint64_t v);

/* Unix seconds, or on a terminal a date; 0: "-". */
void table_date(struct table *t, int64_t s);

/* Write it to standard output. RC_MEM: it did not fit into memory. */
enum rc table_end(struct table *t) MUST_USE;

/* ---- a copy ---- */

/*
 * A whole copy of the database as file, which must not be there; written beside it, with
 * mode 0600, synced and renamed. RC_SYS: *end says why.
 */
enum rc backup_make(struct db *db, const char *file, struct outcome *end) MUST_USE;

#endif
