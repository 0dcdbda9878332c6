/* SPDX-License-Identifier: ISC */
/* For tests: a database in a directory of its own, and SQLite's own look at it. */
#ifndef TESTS_UNIT_AUTHD_DB_PLACE_H
#define TESTS_UNIT_AUTHD_DB_PLACE_H

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "authd/db.h"

struct place {
	char dir[64];
	char file[80];
	struct outcome end;
};

static inline int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *tmp = getenv("TMPDIR");

	if (p == NULL)
		return -1;
	(void)snprintf(
	    p->dir, sizeof(p->dir), "%s/db.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(p->dir) == NULL)
		return -1;
	(void)snprintf(p->file, sizeof(p->file), "%s/%s", p->dir, DB_FILE);
	*state = p;
	return 0;
}

static inline int
teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".copy" };
	struct place *p = *state;
	char path[96];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", p->file, ends[i]);
		(void)unlink(path);
	}
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static inline struct db *
make(struct place *p)
{
	struct db *db = db_open(p->dir, DB_MAKE, &p->end);

	if (db == NULL)
		print_error("%s\n", p->end.words);
	assert_non_null(db);
	return db;
}

/* By SQLite itself, not by our module. */
static inline void
run_sql(const struct place *p, const char *sql)
{
	sqlite3 *s = NULL;
	char *why = NULL;

	assert_int_equal(sqlite3_open(p->file, &s), SQLITE_OK);
	if (sqlite3_exec(s, sql, NULL, NULL, &why) != SQLITE_OK)
		print_error("%s\n", why);
	assert_null(why);
	assert_int_equal(sqlite3_close(s), SQLITE_OK);
	assert_int_equal(chmod(p->file, S_IRUSR | S_IWUSR), 0);
}

static inline void
ask_sql(const struct place *p, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *s = NULL;

	assert_int_equal(sqlite3_open(p->file, &s), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(s, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	(void)snprintf(out, size, "%s", (const char *)sqlite3_column_text(q, 0));
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(s), SQLITE_OK);
}

#endif
