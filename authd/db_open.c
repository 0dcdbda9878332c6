/* SPDX-License-Identifier: ISC */
/* Opening the database: its file, its settings, its format. */
#include "authd/db_parts.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { APPLICATION = 0x75676174 }; /* "ugat", in the file's header */

/* What stands in the header; -1: it cannot be read, db->trouble says why. */
static int64_t
header(struct db *db, const char *pragma)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db->sql, pragma, -1, &s, NULL);
	int64_t v = -1;

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		v = sqlite3_column_int64(s, 0);
	else
		(void)db_failed(db, code);
	(void)sqlite3_finalize(s);
	return v;
}

static enum rc
take_step(struct db *db, unsigned from)
{
	char after[96];
	int code;

	(void)snprintf(after, sizeof(after),
	    "PRAGMA application_id = %d; PRAGMA user_version = %u", APPLICATION,
	    from + 1);
	code = sqlite3_exec(db->sql, db_steps[from], NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db->sql, after, NULL, NULL, NULL);
	return code == SQLITE_OK ? RC_OK : db_failed(db, code);
}

/* All steps in one transaction: a crash leaves the old format or the new one. */
static enum rc
take_steps(struct db *db, struct outcome *end)
{
	enum rc rc = db_begin(db);
	int64_t at = rc == RC_OK ? header(db, "PRAGMA user_version") : -1;

	if (at < 0 || at > DB_FORMAT)
		rc = RC_SYS;
	for (; rc == RC_OK && at < DB_FORMAT; at++)
		rc = take_step(db, (unsigned)at);
	if (rc == RC_OK)
		rc = db_commit(db);
	if (rc != RC_OK) {
		db_explain(db, end);
		db_rollback(db);
	}
	return rc;
}

static bool
is_empty(struct db *db)
{
	return header(db, "SELECT count(*) FROM sqlite_schema") == 0;
}

static enum rc
migrate(struct db *db, enum db_mode mode, struct outcome *end)
{
	int64_t format = header(db, "PRAGMA user_version");
	int64_t whose = format < 0 ? -1 : header(db, "PRAGMA application_id");

	if (whose < 0) {
		db_explain(db, end);
		return RC_SYS;
	}
	if (whose != APPLICATION && (whose != 0 || !is_empty(db))) {
		(void)outcome_fail(
		    end, CODE_DATA, "%s: not a database of authd's", db->path);
		return RC_BAD;
	}
	if (format > DB_FORMAT) {
		(void)outcome_fail(end, CODE_DATA,
		    "%s: made by a newer authd (format %lld, this one knows %d): update",
		    db->path, (long long)format, DB_FORMAT);
		return RC_BAD;
	}
	if (format == DB_FORMAT)
		return RC_OK;
	if (mode == DB_MAKE)
		return take_steps(db, end);
	(void)outcome_fail(end, CODE_DATA,
	    "%s: made by an older authd (format %lld of %d): start the new authd once",
	    db->path, (long long)format, DB_FORMAT);
	return RC_BAD;
}

/* The file itself is made here, so that nobody else can ever read it. */
static enum rc
find_file(struct db *db, enum db_mode mode, struct outcome *end)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (mode == DB_MAKE ? O_CREAT : 0);
	int fd = open(db->path, flags, S_IRUSR | S_IWUSR);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		(void)outcome_fail(end, CODE_NOINPUT,
		    "%s: no such database: start authd there once, or name its directory "
		    "with -d",
		    db->path);
	else if (fd < 0 && (errno == EISDIR || errno == ELOOP))
		(void)outcome_fail(end, CODE_DATA, "%s: not a regular file", db->path);
	else if (fd < 0)
		(void)outcome_fail(end,
		    errno == EACCES || errno == EPERM ? CODE_NOSESSION : CODE_IO,
		    "%s: %s%s", db->path, strerror(errno),
		    errno != EACCES       ? ""
		        : mode == DB_MAKE ? ": chown it to whom its directory belongs"
		                          : ": run as root, or as the user of authd");
	else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		(void)outcome_fail(end, CODE_DATA, "%s: not a regular file", db->path);
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		(void)outcome_fail(
		    end, CODE_DATA, "%s: open to others: chmod 600 it", db->path);
	if (fd >= 0)
		(void)close(fd);
	return end->code == CODE_OK ? RC_OK : RC_SYS;
}

static enum rc
set_up(struct db *db, enum db_mode mode)
{
	static const char pragmas[] = "PRAGMA journal_mode = WAL;"
	                              "PRAGMA synchronous = FULL;"
	                              "PRAGMA secure_delete = ON;"
	                              "PRAGMA foreign_keys = ON;"
	                              "PRAGMA temp_store = MEMORY;"
	                              "PRAGMA trusted_schema = OFF;"
	                              "PRAGMA cell_size_check = ON;"
	                              "PRAGMA journal_size_limit = 4194304;";
	int code = sqlite3_open_v2(db->path, &db->sql,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(
		    db->sql, mode == DB_MAKE ? DB_VAULT_MS : DB_USE_MS);
	if (code == SQLITE_OK)
		code =
		    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db->sql, pragmas, NULL, NULL, NULL);
	return code == SQLITE_OK ? RC_OK : db_failed(db, code);
}

struct db *
db_open(const char *dir, enum db_mode mode, struct outcome *end)
{
	struct db *db = calloc(1, sizeof(*db));
	int n = 0;

	if (db == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return NULL;
	}
	n = snprintf(db->path, sizeof(db->path), "%s/%s", dir, DB_FILE);
	if (n < 0 || (size_t)n >= sizeof(db->path))
		(void)outcome_fail(end, CODE_USAGE, "%s: too long a name", dir);
	else if (find_file(db, mode, end) == RC_OK && set_up(db, mode) != RC_OK)
		db_explain(db, end);
	if (end->code != CODE_OK || migrate(db, mode, end) != RC_OK) {
		db_free(db);
		return NULL;
	}
	return db;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	for (unsigned i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(db->ready[i]);
	(void)sqlite3_close(db->sql);
	free(db);
}
