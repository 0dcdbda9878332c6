/* SPDX-License-Identifier: ISC */
/* vault when things go wrong: too many at once, locked, killed, told nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "vault_world.h"

#include <sqlite3.h>

#include "crypto/crl.h"

static const char good[] = "correct horse";

static struct vault_world *
begin(void **state)
{
	struct vault_world *w = *state;

	world_start(w);
	return w;
}

static void
a_full_queue_says_when_to_come_back(void **state)
{
	enum { MANY = 120 };
	struct vault_world *w = *state;
	unsigned count[2] = { 0 };
	struct ask a;

	w->o.ln = 14;
	world_start(w);
	assert_int_equal(world_register(w, "ops", good), 200);
	for (int i = 0; i < MANY; i++) {
		a = world_ask(w, ASK_ENROLL, "ops", good);
		a.source.ip[15] = (uint8_t)(i + 1);
		world_send(w, &a);
	}
	for (int i = 0; i < MANY; i++) {
		assert_true(world_receive(w));
		assert_true(w->answer.status == 200 || w->answer.status == 503);
		count[w->answer.status == 503]++;
		if (w->answer.status == 503)
			assert_in_range(w->answer.retry_s, 1, 60);
	}
	assert_in_range(count[0], VAULT_QUEUE + 1, MANY - 1);
}

static void
one_source_has_ten_tries_on_their_way(void **state)
{
	enum { MANY = 30 };
	struct vault_world *w = *state;
	unsigned done = 0;
	struct ask a;

	w->o.ln = 14;
	world_start(w);
	assert_int_equal(world_register(w, "ops", good), 200);
	for (int i = 0; i < MANY; i++) {
		a = world_ask(w, ASK_ENROLL, "ops", good);
		world_send(w, &a);
	}
	for (int i = 0; i < MANY; i++) {
		assert_true(world_receive(w));
		if (w->answer.status == 503)
			assert_int_equal(w->answer.retry_s, 1);
		else
			assert_int_equal(w->answer.status, 200);
		done += w->answer.status == 200;
	}
	assert_in_range(done, LIMITS_BUCKET, MANY - 1);
	assert_int_equal(world_login(w, "ops", good), 200);
}

static void
a_locked_database_is_a_503_and_nothing_has_happened(void **state)
{
	struct vault_world *w = begin(state);
	struct db_account account;
	struct buf der;
	struct ask a;
	struct db *db;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	X509_free(world_cert(w, &der));
	db = world_db(w);
	assert_int_equal(db_begin(db), RC_OK);
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 503);
	assert_int_equal(w->answer.type, ANSWER_TEXT);
	assert_true(world_says(w, "locked"));
	assert_int_equal(world_register(w, "late", good), 503);
	assert_true(world_says(w, "locked"));
	assert_true(w->answer.retry_s > 0);
	assert_int_equal(world_login(w, "ops", good), 503);
	db_rollback(db);
	assert_int_equal(db_find_account(db, bytes_str("late"), &account), RC_NONE);
	db_free(db);
	assert_int_equal(world_register(w, "late", good), 200);
	assert_int_equal(world_do(w, &a), 200);
	buf_clear(&der);
}

static void
killed_in_the_middle_it_keeps_every_account_it_has_answered_for(void **state)
{
	enum { MANY = 50, SEEN = 20 };
	struct vault_world *w = *state;
	bool told[MANY] = { false };
	struct db_account account;
	char name[MANY][8];
	struct db *db;
	int status;

	world_start(w);
	for (int i = 0; i < MANY; i++) {
		struct ask a;

		(void)snprintf(name[i], sizeof(name[i]), "u%02d", i);
		a = world_ask(w, ASK_REGISTER, name[i], good);
		a.id = (uint64_t)i;
		a.source.ip[15] = (uint8_t)(i + 1);
		world_send(w, &a);
	}
	for (int i = 0; i < SEEN; i++) {
		assert_true(world_receive(w));
		if (w->answer.status == 200)
			told[w->answer.id] = true;
	}
	assert_int_equal(kill(w->pid, SIGKILL), 0);
	while (world_receive(w))
		if (w->answer.status == 200)
			told[w->answer.id] = true;
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	w->pid = 0;
	(void)close(w->pair);
	db = world_db(w);
	for (int i = 0; i < MANY; i++)
		if (told[i])
			assert_int_equal(
			    db_find_account(db, bytes_str(name[i]), &account), RC_OK);
	db_free(db);
}

static void
a_stronger_cost_makes_the_hash_anew_at_the_next_login(void **state)
{
	struct vault_world *w = begin(state);
	struct db_account account;
	struct db *db;

	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_stop(w), CODE_OK);
	w->o.ln = CHEAP_LN + 2;
	world_start(w);
	assert_int_equal(world_login(w, "ops", good), 200);
	db = world_db(w);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &account), RC_OK);
	assert_non_null(strstr(account.hash, "$ln=6,"));
	assert_true(account.login_s > 0);
	db_free(db);
	assert_int_equal(world_login(w, "ops", good), 200);
}

static void
a_low_cost_is_refused_beyond_loopback(void **state)
{
	struct vault_world *w = *state;

	w->o.loopback = false;
	world_start(w);
	assert_false(world_receive(w));
	assert_int_equal(world_stop(w), CODE_USAGE);
}

static void
nonsense_from_net_ends_it(void **state)
{
	struct vault_world *w = begin(state);
	int status;

	assert_int_equal(
	    send(w->pair, "\xff\xff\xff\xff nonsense", 13, MSG_NOSIGNAL), 13);
	assert_false(world_receive(w));
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	w->pid = 0;
	(void)close(w->pair);
	assert_int_equal(WEXITSTATUS(status), CODE_PROTOCOL);
}

static void
term_int_and_hup_end_it_in_order(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct vault_world *w = *state;
	int status;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* Whoever runs us may have them ignored, and what we start with us. */
		(void)signal(signals[i], SIG_DFL);
		world_start(w);
		assert_int_equal(world_login(w, "ops", good), 401);
		assert_int_equal(kill(w->pid, signals[i]), 0);
		assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
		w->pid = 0;
		(void)close(w->pair);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 100 + signals[i]);
	}
}

/* As SQLite has it, beside the vault that runs. */
static void
write_rows(const struct vault_world *w, const char *sql)
{
	char path[96];
	sqlite3 *s = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, DB_FILE);
	assert_int_equal(sqlite3_open(path, &s), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(s, PATIENCE_MS), SQLITE_OK);
	assert_int_equal(sqlite3_exec(s, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(s), SQLITE_OK);
}

static void
an_account_has_so_many_sessions_and_no_more(void **state)
{
	struct vault_world *w = begin(state);
	struct buf der;
	struct ask a;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_register(w, "dev", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	X509_free(world_cert(w, &der));
	/* With the one that there is, all but one. Those that have ended do not count. */
	write_rows(w,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 32766 + 100)"
	    " INSERT INTO issued SELECT printf('ab%06x', i), 'ops', 1,"
	    " unixepoch() - 60, unixepoch() + iif(i > 32766, -1, 600), '::1' FROM n");
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 200);
	assert_int_equal(world_do(w, &a), 429);
	assert_true(world_says(w, "(32768)"));
	assert_true(w->answer.retry_s > 0);
	assert_int_equal(world_login(w, "ops", good), 429);
	assert_int_equal(world_login(w, "dev", good), 200);
	write_rows(w, "UPDATE issued SET until_s = 1 WHERE serial = 'ab000001'");
	assert_int_equal(world_do(w, &a), 200);
	buf_clear(&der);
}

/* The list, or NULL where there is none. */
static X509_CRL *
get_list(struct vault_world *w)
{
	struct outcome end = { .code = CODE_OK };
	struct ask a = world_ask(w, ASK_CRL, "", "");
	struct authority ca;
	X509_CRL *crl = NULL;

	if (world_do(w, &a) != 200) {
		assert_int_equal(w->answer.status, 503);
		return NULL;
	}
	assert_int_equal(authority_open_ca(w->dir, "x", &ca, &end), RC_OK);
	assert_int_equal(crl_get(w->answer.body, ca.cert, &crl), RC_OK);
	authority_clear(&ca);
	return crl;
}

/* More than fit: 130,000 numbers of 16 bytes. */
static void
of_too_many_revoked_those_that_have_ended_are_left_out_of_the_list(void **state)
{
	struct vault_world *w = begin(state);
	X509_CRL *crl;

	assert_int_equal(world_stop(w), CODE_OK);
	write_rows(w,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 130000)"
	    " INSERT INTO revocations SELECT printf('ab%030x', i), unixepoch(),"
	    " unixepoch() + iif(i > 7, -7200, 7200) FROM n");
	world_start(w);
	crl = get_list(w);
	assert_non_null(crl);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 7);
	X509_CRL_free(crl);
	/* Where even these are too many it starts all the same, and mends itself. */
	assert_int_equal(world_stop(w), CODE_OK);
	write_rows(w, "UPDATE revocations SET until_s = unixepoch() + 7200");
	world_start(w);
	assert_null(get_list(w));
	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	write_rows(w, "DELETE FROM revocations WHERE serial > printf('ab%030x', 3)");
	while ((crl = get_list(w)) == NULL)
		(void)poll(NULL, 0, 20);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 3);
	X509_CRL_free(crl);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_queue_says_when_to_come_back),
		TEST(one_source_has_ten_tries_on_their_way),
		TEST(a_locked_database_is_a_503_and_nothing_has_happened),
		TEST(killed_in_the_middle_it_keeps_every_account_it_has_answered_for),
		TEST(a_stronger_cost_makes_the_hash_anew_at_the_next_login),
		TEST(a_low_cost_is_refused_beyond_loopback),
		TEST(nonsense_from_net_ends_it),
		TEST(term_int_and_hup_end_it_in_order),
		TEST(an_account_has_so_many_sessions_and_no_more),
		TEST(of_too_many_revoked_those_that_have_ended_are_left_out_of_the_list),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
