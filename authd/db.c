/* SPDX-License-Identifier: ISC */
/*
 * Statements are text from db_sql.c with bound parameters, prepared once. In WAL mode a
 * reader never waits; writers wait for each other at BEGIN IMMEDIATE, at most for the
 * busy timeout.
 */
#include "authd/db_parts.h"

#include <string.h>

enum rc
db_failed(struct db *db, int code)
{
	db->trouble = code;
	return RC_SYS;
}

const char *
db_why(const struct db *db)
{
	switch (db->trouble & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return "it is locked by another program";
	case SQLITE_FULL: return "the disk is full";
	case SQLITE_IOERR: return "the disk fails";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return "it is damaged: restore a backup, see authctl(8)";
	/* Our statements are right: it is the table or the column that is missing. */
	case SQLITE_ERROR:
		return "a part of it is missing: restore a backup, see authctl(8)";
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN: return "it cannot be written";
	case SQLITE_NOMEM: return "out of memory";
	default: return sqlite3_errstr(db->trouble);
	}
}

void
db_explain(const struct db *db, struct outcome *end)
{
	int code = CODE_BUG;

	switch (db->trouble & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: code = CODE_TEMPFAIL; break;
	case SQLITE_FULL:
	case SQLITE_IOERR: code = CODE_IO; break;
	case SQLITE_ERROR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: code = CODE_DATA; break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN: code = CODE_CANTCREAT; break;
	}
	(void)outcome_fail(end, code, "%s: %s", db->path, db_why(db));
}

struct db_query
db_ask(struct db *db, enum db_sql which)
{
	struct db_query q = { .db = db, .code = SQLITE_OK };

	if (db->ready[which] == NULL)
		q.code = sqlite3_prepare_v3(db->sql, db_statements[which], -1,
		    SQLITE_PREPARE_PERSISTENT, &db->ready[which], NULL);
	q.s = db->ready[which];
	return q;
}

void
db_bind_number(struct db_query *q, int64_t v)
{
	if (q->code == SQLITE_OK)
		q->code = sqlite3_bind_int64(q->s, ++q->bound, v);
}

void
db_bind_text(struct db_query *q, struct bytes text)
{
	if (q->code == SQLITE_OK)
		q->code = sqlite3_bind_text64(q->s, ++q->bound,
		    text.n == 0 ? "" : (const char *)text.p, text.n, SQLITE_TRANSIENT,
		    SQLITE_UTF8);
}

void
db_bind_blob(struct db_query *q, struct bytes blob)
{
	if (q->code == SQLITE_OK)
		q->code = sqlite3_bind_blob64(
		    q->s, ++q->bound, blob.p, blob.n, SQLITE_TRANSIENT);
}

enum rc
db_row(struct db_query *q)
{
	int code;

	if (q->code != SQLITE_OK)
		return RC_NONE;
	code = sqlite3_step(q->s);
	if (code == SQLITE_ROW)
		return RC_OK;
	if (code != SQLITE_DONE)
		q->code = code;
	return RC_NONE;
}

int64_t
db_number(const struct db_query *q, int column)
{
	return sqlite3_column_int64(q->s, column);
}

void
db_text(struct db_query *q, int column, char *out, size_t size)
{
	const void *text = sqlite3_column_text(q->s, column);
	size_t n = (size_t)sqlite3_column_bytes(q->s, column);

	out[0] = '\0';
	if (text == NULL || n >= size || memchr(text, '\0', n) != NULL) {
		q->code = SQLITE_CORRUPT;
		return;
	}
	memcpy(out, text, n);
	out[n] = '\0';
}

/* The bound values go too: a hash of a password, say, is not kept in the statement. */
enum rc
db_end(struct db_query *q)
{
	if (q->s != NULL) {
		(void)sqlite3_reset(q->s);
		(void)sqlite3_clear_bindings(q->s);
	}
	return q->code == SQLITE_OK ? RC_OK : db_failed(q->db, q->code);
}

enum rc
db_do(struct db_query *q, int64_t *changes)
{
	enum rc rc;

	while (db_row(q) == RC_OK)
		continue;
	rc = db_end(q);
	if (rc == RC_OK && changes != NULL)
		*changes = sqlite3_changes64(q->db->sql);
	return rc;
}

enum rc
db_begin(struct db *db)
{
	struct db_query q = db_ask(db, SQL_BEGIN);

	return db_do(&q, NULL);
}

enum rc
db_commit(struct db *db)
{
	struct db_query q = db_ask(db, SQL_COMMIT);

	return db_do(&q, NULL);
}

/* Some failures have rolled back by themselves. Costs nothing when there is nothing. */
void
db_rollback(struct db *db)
{
	if (sqlite3_get_autocommit(db->sql) == 0)
		(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}

enum rc
db_version(struct db *db, int64_t *version)
{
	struct db_query q = db_ask(db, SQL_VERSION);

	if (db_row(&q) == RC_OK)
		*version = db_number(&q, 0);
	return db_end(&q);
}

enum rc
db_backup(struct db *db, const char *path)
{
	struct db_query q = db_ask(db, SQL_BACKUP);

	db_bind_text(&q, bytes_str(path));
	return db_do(&q, NULL);
}
