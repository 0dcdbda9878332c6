/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "db_place.h"

#include <sys/wait.h>

#include <signal.h>

#include "authd/vault.h"

enum { NOW = 1800000000 };

#define HASH "$scrypt$ln=4,r=8,p=3$AAAAAAAAAAAAAAAAAAAAAA$AAAA"

static void
accounts_are_found_by_name_and_taken_once(void **state)
{
	struct db *db = make(*state);
	struct db_account a;

	assert_int_equal(db_find_account(db, bytes_str("ops"), &a), RC_NONE);
	assert_int_equal(db_add_account(db, "ops", HASH, NOW), RC_OK);
	assert_int_equal(db_add_account(db, "ops", "other", NOW), RC_BAD);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &a), RC_OK);
	assert_string_equal(a.name, "ops");
	assert_string_equal(a.hash, HASH);
	assert_true(a.created_s == NOW && a.login_s == 0);
	assert_int_equal(db_find_account(db, bytes_of("ops\0x", 5), &a), RC_NONE);
	assert_int_equal(db_find_account(db, bytes_str("OPS"), &a), RC_NONE);
	assert_int_equal(db_find_account(db, bytes_str("' OR 1=1 --"), &a), RC_NONE);
	assert_int_equal(db_find_account(db, bytes_of(NULL, 0), &a), RC_NONE);
	db_free(db);
}

static void
the_number_of_an_account_is_never_given_again(void **state)
{
	struct db *db = make(*state);
	struct db_account first, second;

	assert_int_equal(db_add_account(db, "ops", HASH, NOW), RC_OK);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &first), RC_OK);
	assert_int_equal(db_remove_account(db, first.id), RC_OK);
	assert_int_equal(db_add_account(db, "ops", HASH, NOW), RC_OK);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &second), RC_OK);
	assert_true(first.id != second.id);
	db_free(db);
}

static struct db_session
session(const char *serial, int64_t account, int64_t issued_s)
{
	struct db_session s = { .account = account,
		.issued_s = issued_s,
		.until_s = issued_s + CERT_USER_S };

	(void)snprintf(s.serial, sizeof(s.serial), "%s", serial);
	(void)snprintf(s.user, sizeof(s.user), "ops");
	(void)snprintf(s.source, sizeof(s.source), "2001:db8::1");
	return s;
}

/* Three sessions of ops: 0a lives, 0b can be renewed, 0c is of no use any more. */
static int64_t
fill(struct db *db)
{
	const struct db_session s[] = {
		session("0a", 1, NOW - 60),
		session("0b", 1, NOW - CERT_USER_S - 60),
		session("0c", 1, NOW - CERT_USER_S - VAULT_GRACE_S - 60),
	};
	struct db_account a;

	assert_int_equal(db_add_account(db, "ops", HASH, NOW), RC_OK);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &a), RC_OK);
	assert_true(a.id == 1);
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++)
		assert_int_equal(db_note_session(db, &s[i]), RC_OK);
	return a.id;
}

static enum rc
append(void *ctx, const char *serial, int64_t when_s)
{
	char *text = ctx;
	size_t n = strlen(text);

	(void)snprintf(text + n, 64 - n, "%s@%lld ", serial, (long long)when_s - NOW);
	return RC_OK;
}

static void
revoking_an_account_takes_all_that_can_be_used_or_renewed(void **state)
{
	struct db *db = make(*state);
	int64_t id = fill(db);
	struct db_revoked r;
	char text[64] = "";

	assert_int_equal(db_revoke_account(db, id, NOW, &r), RC_OK);
	assert_true(r.sessions == 1 && r.until_s == NOW - 60 + CERT_USER_S);
	assert_int_equal(db_each_revoked(db, 0, append, text), RC_OK);
	assert_string_equal(text, "0a@0 0b@0 ");
	/* Again: nothing is left, and when it was stays. */
	assert_int_equal(db_revoke_account(db, id, NOW + 5, &r), RC_OK);
	assert_true(r.sessions == 0 && r.until_s == 0);
	text[0] = '\0';
	assert_int_equal(db_each_revoked(db, 0, append, text), RC_OK);
	assert_string_equal(text, "0a@0 0b@0 ");
	db_free(db);
}

static void
one_session_is_revoked_by_its_serial(void **state)
{
	struct db *db = make(*state);
	struct db_revoked r;
	int64_t when_s;

	(void)fill(db);
	assert_int_equal(db_revoke_session(db, "ff", NOW, &r), RC_NONE);
	assert_int_equal(db_revoke_session(db, "0a", NOW, &r), RC_OK);
	assert_true(r.sessions == 1);
	assert_int_equal(db_find_revoked(db, "0a", &when_s), RC_OK);
	assert_true(when_s == NOW);
	assert_int_equal(db_find_revoked(db, "0b", &when_s), RC_NONE);
	assert_int_equal(db_revoke_session(db, "0a", NOW + 1, &r), RC_OK);
	assert_true(r.sessions == 0);
	db_free(db);
}

static void
keep_last(void *ctx, const struct db_session *s)
{
	*(struct db_session *)ctx = *s;
}

static void
a_removed_account_leaves_its_sessions_in_the_books(void **state)
{
	struct db *db = make(*state);
	struct db_session last = { .account = -1 };

	assert_int_equal(db_remove_account(db, fill(db)), RC_OK);
	assert_int_equal(db_each_session(db, keep_last, &last), RC_OK);
	assert_string_equal(last.serial, "0a");
	assert_string_equal(last.user, "ops");
	assert_string_equal(last.source, "2001:db8::1");
	assert_true(last.account == 0 && last.revoked_s == 0);
	db_free(db);
}

static void
count_row(void *ctx, const struct db_session *s)
{
	(void)s;
	(*(unsigned *)ctx)++;
}

static void
what_nobody_needs_is_forgotten_in_time(void **state)
{
	struct db *db = make(*state);
	uint8_t hash[SHA256_SIZE] = { 1 };
	struct db_session old = session("0d", 1, NOW - VAULT_KEEP_S - 1);
	struct db_revoked r;
	unsigned n = 0;
	char text[64] = "";

	(void)fill(db);
	assert_int_equal(db_note_session(db, &old), RC_OK);
	assert_int_equal(db_revoke_session(db, "0d", NOW, &r), RC_OK);
	assert_int_equal(db_revoke_session(db, "0b", NOW, &r), RC_OK);
	assert_int_equal(db_add_invite(db, hash, NOW - 2, NOW - 1), RC_OK);
	assert_int_equal(db_purge(db, NOW), RC_OK);
	assert_int_equal(db_each_session(db, count_row, &n), RC_OK);
	assert_int_equal(n, 3);
	assert_int_equal(db_each_revoked(db, 0, append, text), RC_OK);
	assert_string_equal(text, "0b@0 ");
	assert_int_equal(db_find_invite(db, hash, NOW - 2), RC_NONE);
	db_free(db);
}

static void
numbers_of_lists_only_rise(void **state)
{
	struct db *db = make(*state);
	uint64_t n[4];

	assert_int_equal(db_draw_crl_number(db, 100, &n[0]), RC_OK);
	assert_int_equal(db_draw_crl_number(db, 100, &n[1]), RC_OK);
	assert_int_equal(db_draw_crl_number(db, 50, &n[2]), RC_OK);
	db_free(db);
	db = make(*state);
	assert_int_equal(db_draw_crl_number(db, 50, &n[3]), RC_OK);
	assert_true(n[0] < n[1] && n[1] < n[2] && n[2] < n[3]);
	db_free(db);
}

static void
an_invite_is_used_once_and_in_time(void **state)
{
	struct db *db = make(*state);
	uint8_t hash[SHA256_SIZE] = { 1 }, other[SHA256_SIZE] = { 2 };

	assert_int_equal(db_add_invite(db, hash, NOW, NOW + 10), RC_OK);
	assert_int_equal(db_find_invite(db, other, NOW), RC_NONE);
	assert_int_equal(db_find_invite(db, hash, NOW + 10), RC_NONE);
	assert_int_equal(db_use_invite(db, hash, NOW + 10), RC_NONE);
	assert_int_equal(db_use_invite(db, hash, NOW + 9), RC_OK);
	assert_int_equal(db_use_invite(db, hash, NOW + 9), RC_NONE);
	db_free(db);
}

static void
keep_note(void *ctx, const struct limits_note *n)
{
	*(struct limits_note *)ctx = *n;
}

static void
notes_come_back_until_they_are_empty(void **state)
{
	struct db *db = make(*state);
	struct limits_note n = { .kind = LIMITS_PAIR,
		.key = { 9 },
		.failures = 3,
		.since_ms = (int64_t)NOW * 1000 };
	struct limits_note got = { 0 };

	assert_int_equal(db_save_note(db, &n), RC_OK);
	n.failures = 4;
	assert_int_equal(db_save_note(db, &n), RC_OK);
	assert_int_equal(db_each_note(db, keep_note, &got), RC_OK);
	assert_int_equal(got.kind, LIMITS_PAIR);
	assert_int_equal(got.failures, 4);
	assert_int_equal(got.key[0], 9);
	assert_true(got.since_ms == n.since_ms);
	n.failures = 0;
	assert_int_equal(db_save_note(db, &n), RC_OK);
	got.failures = 0;
	assert_int_equal(db_each_note(db, keep_note, &got), RC_OK);
	assert_int_equal(got.failures, 0);
	db_free(db);
}

static void
a_transaction_is_all_or_nothing(void **state)
{
	struct db *db = make(*state), *other = make(*state);
	struct db_account a;

	assert_int_equal(db_begin(db), RC_OK);
	assert_int_equal(db_add_account(db, "ops", HASH, NOW), RC_OK);
	assert_int_equal(db_find_account(other, bytes_str("ops"), &a), RC_NONE);
	db_rollback(db);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &a), RC_NONE);
	assert_int_equal(db_begin(db), RC_OK);
	assert_int_equal(db_add_account(db, "ops", HASH, NOW), RC_OK);
	assert_int_equal(db_commit(db), RC_OK);
	assert_int_equal(db_find_account(other, bytes_str("ops"), &a), RC_OK);
	db_free(other);
	db_free(db);
}

static void
what_another_writes_changes_the_version_and_our_own_does_not(void **state)
{
	struct db *db = make(*state), *other = make(*state);
	int64_t v[3];

	assert_int_equal(db_version(db, &v[0]), RC_OK);
	assert_int_equal(db_add_account(db, "ops", HASH, NOW), RC_OK);
	assert_int_equal(db_version(db, &v[1]), RC_OK);
	assert_int_equal(db_add_account(other, "dev", HASH, NOW), RC_OK);
	assert_int_equal(db_version(db, &v[2]), RC_OK);
	assert_true(v[0] == v[1] && v[1] != v[2]);
	db_free(other);
	db_free(db);
}

static void
a_lock_of_another_is_trouble_with_a_name(void **state)
{
	struct db *db = make(*state), *other = make(*state);
	struct outcome end = { .code = CODE_OK };

	assert_int_equal(db_begin(other), RC_OK);
	assert_int_equal(db_begin(db), RC_SYS);
	assert_non_null(strstr(db_why(db), "locked"));
	db_explain(db, &end);
	assert_int_equal(end.code, CODE_TEMPFAIL);
	db_rollback(other);
	assert_int_equal(db_begin(db), RC_OK);
	db_rollback(db);
	db_free(other);
	db_free(db);
}

static void
a_copy_is_whole(void **state)
{
	struct place *p = *state;
	struct db *db = make(p);
	char copy[96], text[32];

	(void)fill(db);
	(void)snprintf(copy, sizeof(copy), "%s.copy", p->file);
	assert_int_equal(db_backup(db, copy), RC_OK);
	db_free(db);
	assert_int_equal(rename(copy, p->file), 0);
	assert_int_equal(chmod(p->file, 0600), 0);
	ask_sql(p, "PRAGMA integrity_check", text, sizeof(text));
	assert_string_equal(text, "ok");
	db = db_open(p->dir, DB_USE, &p->end);
	assert_non_null(db);
	db_free(db);
}

/* kill -9 at any moment: what was committed is there, and the file is sound. */
static void
what_was_committed_survives_a_kill(void **state)
{
	struct place *p = *state;
	int pipes[2], status;
	char text[32];
	unsigned last = 0, told;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct db *db = make(p);

		for (unsigned i = 1;; i++) {
			(void)snprintf(text, sizeof(text), "u%u", i);
			if (db_add_account(db, text, HASH, NOW) != RC_OK ||
			    write(pipes[1], &i, sizeof(i)) != sizeof(i))
				_exit(1);
		}
	}
	(void)close(pipes[1]);
	while (last < 200 && read(pipes[0], &told, sizeof(told)) == sizeof(told))
		last = told;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	while (read(pipes[0], &told, sizeof(told)) == sizeof(told))
		last = told;
	(void)close(pipes[0]);
	ask_sql(p, "PRAGMA integrity_check", text, sizeof(text));
	assert_string_equal(text, "ok");
	ask_sql(p, "SELECT count(*) FROM accounts", text, sizeof(text));
	assert_in_range(strtoul(text, NULL, 10), last, last + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(accounts_are_found_by_name_and_taken_once),
		TEST(the_number_of_an_account_is_never_given_again),
		TEST(revoking_an_account_takes_all_that_can_be_used_or_renewed),
		TEST(one_session_is_revoked_by_its_serial),
		TEST(a_removed_account_leaves_its_sessions_in_the_books),
		TEST(what_nobody_needs_is_forgotten_in_time),
		TEST(numbers_of_lists_only_rise),
		TEST(an_invite_is_used_once_and_in_time),
		TEST(notes_come_back_until_they_are_empty),
		TEST(a_transaction_is_all_or_nothing),
		TEST(what_another_writes_changes_the_version_and_our_own_does_not),
		TEST(a_lock_of_another_is_trouble_with_a_name),
		TEST(a_copy_is_whole),
		TEST(what_was_committed_survives_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
