/* SPDX-License-Identifier: ISC */
/* What the parts of authd/db share: its statements, and how they are run. */
#ifndef AUTHD_DB_PARTS_H
#define AUTHD_DB_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "authd/db.h"

enum db_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_VERSION,
	SQL_BACKUP,
	SQL_FIND_ACCOUNT,
	SQL_ADD_ACCOUNT,
	SQL_SET_HASH,
	SQL_NOTE_LOGIN,
	SQL_REMOVE_ACCOUNT,
	SQL_REMOVE_UNUSED,
	SQL_EACH_ACCOUNT,
	SQL_NOTE_SESSION,
	SQL_EACH_SESSION,
	SQL_COUNT_ACCOUNT,
	SQL_COUNT_LIVE,
	SQL_REVOKE_ACCOUNT,
	SQL_FIND_SESSION,
	SQL_REVOKE_SESSION,
	SQL_FIND_REVOKED,
	SQL_EACH_REVOKED,
	SQL_CRL_NUMBER,
	SQL_ADD_INVITE,
	SQL_FIND_INVITE,
	SQL_USE_INVITE,
	SQL_SAVE_NOTE,
	SQL_DROP_NOTE,
	SQL_EACH_NOTE,
	SQL_PURGE_ISSUED,
	SQL_PURGE_REVOKED,
	SQL_PURGE_INVITES,
	SQL_PURGE_NOTES,
	SQL_COUNT
};

struct db {
	sqlite3 *sql;
	sqlite3_stmt *ready[SQL_COUNT]; /* prepared when first needed */
	int trouble;                    /* SQLite's code of the last RC_SYS */
	char path[PATH_MAX];
};

/* The texts of the statements above, and what brings a database from each format on. */
extern const char *const db_statements[SQL_COUNT];
extern const char *const db_steps[DB_FORMAT];

/* A statement being run: remembers that something went wrong. */
struct db_query {
	struct db *db;
	sqlite3_stmt *s;
	int bound;
	int code; /* SQLite's */
};

/* Begin to run a statement; then bind its parameters, in order. */
struct db_query db_ask(struct db *db, enum db_sql which);
void db_bind_number(struct db_query *q, int64_t v);
void db_bind_text(struct db_query *q, struct bytes text);
void db_bind_blob(struct db_query *q, struct bytes blob);

/* RC_OK: a row; RC_NONE: no more of them. Without a row db_end is still due. */
enum rc db_row(struct db_query *q) MUST_USE;
int64_t db_number(const struct db_query *q, int column);

/* Into out with its NUL; too long, or not a text: the row counts as damaged. */
void db_text(struct db_query *q, int column, char *out, size_t size);

/* Done with it: RC_OK, or RC_SYS when anything went wrong since db_ask. */
enum rc db_end(struct db_query *q) MUST_USE;

/* Run to the end. changes: rows written; NULL: nobody asks. */
enum rc db_do(struct db_query *q, int64_t *changes) MUST_USE;

/* Remember a failure of SQLite's: RC_SYS. */
enum rc db_failed(struct db *db, int code);

#endif
