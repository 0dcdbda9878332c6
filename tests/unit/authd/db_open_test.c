/* SPDX-License-Identifier: ISC */
/* Which files are opened, and which format they are in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "db_place.h"

#include "base/buf.h"
#include "io/slurp.h"

static enum rc
append(void *ctx, const char *serial, int64_t when_s)
{
	char *text = ctx;
	size_t n = strlen(text);

	(void)snprintf(text + n, 64 - n, "%s@%lld ", serial, (long long)when_s);
	return RC_OK;
}

static void
the_file_is_for_its_owner_alone(void **state)
{
	struct place *p = *state;
	struct stat st;

	db_free(make(p));
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod(p->file, 0640), 0);
	assert_null(db_open(p->dir, DB_MAKE, &p->end));
	assert_int_equal(p->end.code, CODE_DATA);
}

static void
the_settings_are_those_that_keep_what_was_promised(void **state)
{
	struct place *p = *state;
	char text[32];

	db_free(make(p));
	ask_sql(p, "PRAGMA journal_mode", text, sizeof(text));
	assert_string_equal(text, "wal");
	ask_sql(p, "PRAGMA user_version", text, sizeof(text));
	assert_string_equal(text, "2");
	ask_sql(p, "PRAGMA integrity_check", text, sizeof(text));
	assert_string_equal(text, "ok");
}

static void
without_a_database_only_the_daemon_makes_one(void **state)
{
	struct place *p = *state;

	assert_null(db_open(p->dir, DB_USE, &p->end));
	assert_int_equal(p->end.code, CODE_NOINPUT);
	assert_int_not_equal(access(p->file, F_OK), 0);
}

/* A file of format 1, as a dump of it has it. */
static void
make_old(const struct place *p)
{
	struct buf sql;

	buf_init(&sql, 65536);
	assert_int_equal(slurp("tests/vectors/authd/format1.sql", -1, &sql), RC_OK);
	assert_int_equal(buf_add(&sql, "", 1), RC_OK);
	run_sql(p, (const char *)sql.p);
	buf_clear(&sql);
}

static void
an_older_format_is_brought_up_to_date_with_all_that_is_in_it(void **state)
{
	struct place *p = *state;
	struct limits_note n = { .kind = LIMITS_SOURCE, .failures = 1, .since_ms = 1 };
	struct db_account a;
	char text[64] = "";
	uint64_t number;
	struct db *db;

	make_old(p);
	/* Only the daemon does that. */
	assert_null(db_open(p->dir, DB_USE, &p->end));
	assert_int_equal(p->end.code, CODE_DATA);
	assert_non_null(strstr(p->end.words, "older"));
	p->end = (struct outcome){ .code = CODE_OK };
	db = make(p);
	assert_int_equal(db_find_account(db, bytes_str("dev"), &a), RC_OK);
	assert_true(a.id == 7 && a.created_s == 1700000100);
	assert_int_equal(db_each_revoked(db, 0, append, text), RC_OK);
	assert_string_equal(text, "0a1b@1700000600 ");
	assert_int_equal(db_draw_crl_number(db, 0, &number), RC_OK);
	assert_true(number == 42);
	assert_int_equal(db_save_note(db, &n), RC_OK);
	db_free(db);
	db = db_open(p->dir, DB_USE, &p->end);
	assert_non_null(db);
	db_free(db);
}

/* Format 1 from the dump, brought up to date, has the very tables that a new one has. */
static void
an_updated_database_looks_like_a_new_one(void **state)
{
	static const char schema[] =
	    "SELECT group_concat(replace(replace(sql, char(10), ''), "
	    "' ', ''), ';') FROM (SELECT sql FROM sqlite_schema"
	    " WHERE sql IS NOT NULL ORDER BY name)";
	struct place *p = *state;
	char updated[4096], fresh[4096];

	make_old(p);
	db_free(make(p));
	ask_sql(p, schema, updated, sizeof(updated));
	assert_int_equal(unlink(p->file), 0);
	db_free(make(p));
	ask_sql(p, schema, fresh, sizeof(fresh));
	assert_string_equal(updated, fresh);
}

static void
a_newer_format_is_refused_and_left_as_it_is(void **state)
{
	struct place *p = *state;
	char text[32];

	db_free(make(p));
	run_sql(p, "PRAGMA user_version = 3");
	assert_null(db_open(p->dir, DB_MAKE, &p->end));
	assert_int_equal(p->end.code, CODE_DATA);
	assert_non_null(strstr(p->end.words, "newer"));
	ask_sql(p, "PRAGMA user_version", text, sizeof(text));
	assert_string_equal(text, "3");
}

static void
a_database_of_somebody_else_is_refused(void **state)
{
	struct place *p = *state;

	run_sql(p, "CREATE TABLE mine (x)");
	assert_null(db_open(p->dir, DB_MAKE, &p->end));
	assert_int_equal(p->end.code, CODE_DATA);
	assert_non_null(strstr(p->end.words, "not a database of authd"));
}

static void
a_damaged_file_is_named(void **state)
{
	struct place *p = *state;
	FILE *f = fopen(p->file, "w");

	assert_non_null(f);
	assert_int_equal(
	    fputs("this is no database, and long enough to be looked at ........"
	          "....................................................",
	        f) < 0,
	    0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(p->file, 0600), 0);
	assert_null(db_open(p->dir, DB_MAKE, &p->end));
	assert_int_equal(p->end.code, CODE_DATA);
	assert_non_null(strstr(p->end.words, "damaged"));
}

/* As by a hand that has cleaned up too much. */
static void
a_missing_table_is_damage_with_a_remedy(void **state)
{
	struct place *p = *state;
	struct outcome end = { .code = CODE_OK };
	struct db_account a;
	struct db *db;

	db_free(make(p));
	run_sql(p, "DROP TABLE accounts");
	db = make(p);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &a), RC_SYS);
	db_explain(db, &end);
	assert_int_equal(end.code, CODE_DATA);
	assert_non_null(strstr(end.words, "missing: restore a backup"));
	db_free(db);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_file_is_for_its_owner_alone),
		TEST(the_settings_are_those_that_keep_what_was_promised),
		TEST(without_a_database_only_the_daemon_makes_one),
		TEST(an_older_format_is_brought_up_to_date_with_all_that_is_in_it),
		TEST(an_updated_database_looks_like_a_new_one),
		TEST(a_newer_format_is_refused_and_left_as_it_is),
		TEST(a_database_of_somebody_else_is_refused),
		TEST(a_damaged_file_is_named),
		TEST(a_missing_table_is_damage_with_a_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
