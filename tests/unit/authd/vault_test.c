/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "vault_world.h"

#include <time.h>

#include "authd/vault_invite.h"
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
who_registers_can_log_in(void **state)
{
	struct vault_world *w = begin(state);
	char user[USER_TEXT];
	int64_t from_s, until_s, now_s = (int64_t)time(NULL);
	X509 *cert;

	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	cert = world_cert(w, NULL);
	assert_int_equal(cert_user(cert, user), RC_OK);
	assert_string_equal(user, "ops");
	assert_int_equal(cert_dates(cert, &from_s, &until_s), RC_OK);
	assert_in_range(until_s, now_s + 12 * 3600 - 60, now_s + 12 * 3600 + 60);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(cert), w->key), 1);
	X509_free(cert);
}

static void
the_authority_in_cacerts_has_signed_the_session(void **state)
{
	struct vault_world *w = begin(state);
	struct ask a = world_ask(w, ASK_CACERTS, "", "");
	X509 *ca, *cert;

	assert_int_equal(world_do(w, &a), 200);
	ca = world_cert(w, NULL);
	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	cert = world_cert(w, NULL);
	assert_int_equal(X509_verify(cert, X509_get0_pubkey(ca)), 1);
	X509_free(ca);
	X509_free(cert);
}

static void
wrong_passwords_and_unknown_names_are_told_alike(void **state)
{
	struct vault_world *w = begin(state);
	char first[256];
	size_t n;

	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", "wrong horse"), 401);
	n = w->answer.body.n;
	assert_in_range(n, 1, sizeof(first));
	memcpy(first, w->answer.body.p, n);
	assert_int_equal(world_login(w, "nobody", "wrong horse"), 401);
	assert_int_equal(w->answer.body.n, n);
	assert_memory_equal(w->answer.body.p, first, n);
	assert_int_equal(world_login(w, "No Name", "wrong horse"), 401);
	assert_int_equal(world_login(w, "", ""), 401);
}

static void
a_taken_name_is_refused_and_keeps_its_password(void **state)
{
	struct vault_world *w = begin(state);

	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_register(w, "ops", "another horse"), 409);
	assert_int_equal(world_login(w, "ops", good), 200);
}

static void
names_and_passwords_against_the_rules_are_refused(void **state)
{
	struct vault_world *w = begin(state);
	char long_one[258];

	memset(long_one, 'x', sizeof(long_one));
	long_one[257] = '\0';
	assert_int_equal(world_register(w, "Ops", good), 400);
	assert_int_equal(world_register(w, "9ops", good), 400);
	assert_int_equal(world_register(w, "", good), 400);
	assert_int_equal(world_register(w, "ops", "123456789"), 400);
	assert_int_equal(world_register(w, "ops", long_one), 400);
	assert_int_equal(world_register(w, "ops", "1234567890"), 200);
	assert_int_equal(world_register(w, "longpass", long_one + 1), 200);
	assert_int_equal(world_login(w, "longpass", long_one + 1), 200);
	assert_int_equal(world_login(w, "longpass", long_one), 401);
}

static void
closed_means_closed(void **state)
{
	struct vault_world *w = *state;

	w->o.new_accounts = NEW_CLOSED;
	world_start(w);
	assert_int_equal(world_register(w, "ops", good), 403);
}

static void
an_invite_is_good_for_one_account(void **state)
{
	static const uint8_t bits[INVITE_SIZE] = { 0xff, 1, 2, 3 };
	struct vault_world *w = *state;
	char text[INVITE_TEXT + 1];
	uint8_t hash[SHA256_SIZE];
	struct db *db;
	struct ask a;

	w->o.new_accounts = NEW_INVITE;
	world_start(w);
	assert_int_equal(world_register(w, "ops", good), 403);
	invite_text(bits, text);
	assert_int_equal(invite_hash(bytes_str(text), hash), RC_OK);
	db = world_db(w);
	assert_int_equal(db_add_invite(db, hash, 1, (int64_t)time(NULL) + 60), RC_OK);
	db_free(db);
	a = world_ask(w, ASK_REGISTER, "ops", good);
	text[INVITE_TEXT - 1] = '\n'; /* as it comes out of a file */
	a.body = bytes_of(text, INVITE_TEXT);
	assert_int_equal(world_do(w, &a), 200);
	a = world_ask(w, ASK_REGISTER, "another", good);
	a.body = bytes_of(text, INVITE_TEXT);
	assert_int_equal(world_do(w, &a), 403);
	assert_int_equal(world_login(w, "ops", good), 200);
}

static void
an_old_invite_is_none(void **state)
{
	static const uint8_t bits[INVITE_SIZE] = { 7 };
	struct vault_world *w = *state;
	char text[INVITE_TEXT];
	uint8_t hash[SHA256_SIZE];
	struct db *db;
	struct ask a;

	w->o.new_accounts = NEW_INVITE;
	world_start(w);
	assert_int_equal(world_register(w, "ops", good), 403);
	invite_text(bits, text);
	assert_int_equal(invite_hash(bytes_str(text), hash), RC_OK);
	db = world_db(w);
	assert_int_equal(db_add_invite(db, hash, 1, (int64_t)time(NULL) - 1), RC_OK);
	db_free(db);
	a = world_ask(w, ASK_REGISTER, "ops", good);
	a.body = bytes_str(text);
	assert_int_equal(world_do(w, &a), 403);
}

static void
a_new_password_takes_the_place_of_the_old_one(void **state)
{
	struct vault_world *w = begin(state);
	struct ask a;

	assert_int_equal(world_register(w, "ops", good), 200);
	a = world_ask(w, ASK_PASSWD, "ops", "wrong horse");
	a.body = bytes_str("battery staple");
	assert_int_equal(world_do(w, &a), 401);
	a = world_ask(w, ASK_PASSWD, "ops", good);
	a.body = bytes_str("too short");
	assert_int_equal(world_do(w, &a), 400);
	a = world_ask(w, ASK_PASSWD, "ops", good);
	a.body = bytes_str("battery staple");
	assert_int_equal(world_do(w, &a), 200);
	assert_int_equal(world_login(w, "ops", good), 401);
	assert_int_equal(world_login(w, "ops", "battery staple"), 200);
}

static void
a_bad_request_costs_no_try(void **state)
{
	struct vault_world *w = begin(state);
	struct ask a;

	for (int i = 0; i < 2 * LIMITS_BUCKET; i++) {
		a = world_ask(w, ASK_ENROLL, "ops", "wrong horse");
		a.body = bytes_str("not DER");
		assert_int_equal(world_do(w, &a), 400);
	}
}

static void
guesses_are_limited_and_a_restart_does_not_forget_them(void **state)
{
	struct vault_world *w = begin(state);
	unsigned wrong = 0;

	assert_int_equal(world_register(w, "ops", good), 200);
	for (int i = 0; i < 100; i++)
		wrong += world_login(w, "ops", "wrong horse") == 401;
	assert_in_range(wrong, LIMITS_PATIENCE, LIMITS_BUCKET);
	assert_int_equal(world_login(w, "ops", good), 429);
	assert_in_range(w->answer.retry_s, 1, 30);
	assert_int_equal(world_stop(w), CODE_OK);
	world_start(w);
	assert_int_equal(world_login(w, "ops", "wrong horse"), 429);
}

static void
count_pair(void *ctx, const struct limits_note *n)
{
	unsigned *failures = ctx;

	if (n->kind == LIMITS_PAIR)
		*failures = n->failures;
}

/* A wait that a restart ends would tell that there is no such account. */
static void
a_restart_forgets_nothing_of_a_name_that_nobody_has(void **state)
{
	struct vault_world *w = begin(state);
	struct outcome end = { .code = CODE_OK };
	unsigned failures = 0;
	struct db *db;

	for (int i = 0; i < LIMITS_PATIENCE; i++)
		assert_int_equal(world_login(w, "ghost", "wrong horse"), 401);
	assert_int_equal(world_stop(w), CODE_OK);
	db = db_open(w->dir, DB_USE, &end);
	assert_non_null(db);
	assert_int_equal(db_each_note(db, count_pair, &failures), RC_OK);
	assert_int_equal(failures, LIMITS_PATIENCE);
	db_free(db);
	world_start(w);
}

/* It may only be the clock that says so, until it is set right. */
static void
a_start_forgets_no_revocation_however_old(void **state)
{
	struct vault_world *w = begin(state);
	struct outcome end = { .code = CODE_OK };
	int64_t then_s = (int64_t)time(NULL) - VAULT_KEEP_S, when_s = 0;
	struct db_session old = { .serial = "0d", .user = "ops", .account = 1 };
	struct db_revoked r;
	struct db *db;

	old.issued_s = then_s;
	old.until_s = then_s + CERT_USER_S;
	assert_int_equal(world_register(w, "ops", good), 200);
	db = db_open(w->dir, DB_USE, &end);
	assert_non_null(db);
	assert_int_equal(db_note_session(db, &old), RC_OK);
	assert_int_equal(db_revoke_session(db, "0d", then_s + 1, &r), RC_OK);
	assert_int_equal(world_stop(w), CODE_OK);
	world_start(w);
	assert_int_equal(world_register(w, "eve", good), 200);
	assert_int_equal(db_find_revoked(db, "0d", &when_s), RC_OK);
	assert_int_equal(when_s, then_s + 1);
	db_free(db);
}

static void
a_session_is_renewed_by_its_certificate(void **state)
{
	struct vault_world *w = begin(state);
	char user[USER_TEXT], serial[2][CERT_SERIAL_TEXT];
	struct buf der;
	struct ask a;
	X509 *cert;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	cert = world_cert(w, &der);
	assert_int_equal(cert_serial(cert, serial[0]), RC_OK);
	X509_free(cert);
	a = world_ask(w, ASK_REENROLL, "", "");
	assert_int_equal(world_do(w, &a), 403); /* nothing shown */
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 200);
	cert = world_cert(w, NULL);
	assert_int_equal(cert_user(cert, user), RC_OK);
	assert_string_equal(user, "ops");
	assert_int_equal(cert_serial(cert, serial[1]), RC_OK);
	assert_string_not_equal(serial[0], serial[1]);
	X509_free(cert);
	/* The first one is as good as before. */
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 200);
	buf_clear(&der);
}

/* A certificate that vault's own authority signed as of now_s. */
static void
sign_as_of(struct vault_world *w, const char *user, int64_t now_s, struct buf *der)
{
	struct outcome end = { .code = CODE_OK };
	struct cert_order order = { .now_s = now_s, .life_s = CERT_USER_S };
	struct authority ca;
	X509 *cert;

	(void)snprintf(order.user, sizeof(order.user), "%s", user);
	assert_int_equal(authority_open_ca(w->dir, "x", &ca, &end), RC_OK);
	assert_int_equal(cert_draw_serial(order.serial), RC_OK);
	cert = cert_issue(&order, w->key, ca.cert, ca.key);
	assert_non_null(cert);
	assert_int_equal(cert_put_der(cert, der), RC_OK);
	X509_free(cert);
	authority_clear(&ca);
}

/* An account that is as old as the world, so that old certificates may be its own. */
static void
add_old_account(struct vault_world *w, const char *name)
{
	struct db *db = world_db(w);
	char hash[PASSWORD_HASH];

	assert_int_equal(password_hash(bytes_str(good), CHEAP_LN, hash), RC_OK);
	assert_int_equal(db_add_account(db, name, hash, 1), RC_OK);
	db_free(db);
}

static void
a_session_is_renewed_until_seven_days_after_its_end(void **state)
{
	static const struct {
		int64_t ended_s; /* ago */
		unsigned status;
	} cases[] = {
		{ -3600, 200 },
		{ 3600, 200 },
		{ 7 * 86400 - 60, 200 },
		{ 7 * 86400 + 60, 403 },
	};
	struct vault_world *w = begin(state);
	int64_t now_s = (int64_t)time(NULL);
	struct buf der;
	struct ask a;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "other", good), 200);
	add_old_account(w, "ops");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&der);
		sign_as_of(w, "ops", now_s - cases[i].ended_s - CERT_USER_S, &der);
		a = world_ask(w, ASK_REENROLL, "", "");
		a.cert = buf_bytes(&der);
		assert_int_equal(world_do(w, &a), cases[i].status);
	}
	assert_true(world_says(w, "log in again"));
	buf_clear(&der);
}

static void
certificates_of_others_renew_nothing(void **state)
{
	struct vault_world *w = begin(state);
	EVP_PKEY *key = key_new();
	int64_t now_s = (int64_t)time(NULL);
	X509 *ca = cert_new_ca(key, "ugat user authority", now_s), *cert;
	struct cert_order order = {
		.user = "ops", .serial = { 1 }, .now_s = now_s, .life_s = CERT_USER_S
	};
	struct buf der;
	struct ask a;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "ops", good), 200);
	cert = cert_issue(&order, w->key, ca, key);
	assert_non_null(cert);
	assert_int_equal(cert_put_der(cert, &der), RC_OK);
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 403);
	/* Nor does the authority's own. */
	a = world_ask(w, ASK_CACERTS, "", "");
	assert_int_equal(world_do(w, &a), 200);
	buf_clear(&der);
	X509_free(cert);
	cert = world_cert(w, &der);
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 403);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	buf_clear(&der);
}

static void
the_next_owner_of_a_name_inherits_no_session(void **state)
{
	struct vault_world *w = begin(state);
	int64_t now_s = (int64_t)time(NULL);
	struct buf der;
	struct ask a;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "ops", good), 200);
	sign_as_of(w, "ops", now_s - 3600, &der);
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 403);
	buf_clear(&der);
	sign_as_of(w, "nobody", now_s, &der);
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 403);
	buf_clear(&der);
}

/* The list as of now: its number, and whether it names cert. */
static bool
is_listed(struct vault_world *w, const X509 *cert, long *number)
{
	struct outcome end = { .code = CODE_OK };
	struct ask a = world_ask(w, ASK_CRL, "", "");
	struct authority ca;
	X509_CRL *crl = NULL;
	ASN1_INTEGER *n;
	int64_t when_s;
	bool listed;

	assert_int_equal(world_do(w, &a), 200);
	assert_int_equal(w->answer.type, ANSWER_CRL);
	assert_int_equal(authority_open_ca(w->dir, "x", &ca, &end), RC_OK);
	assert_int_equal(crl_get(w->answer.body, ca.cert, &crl), RC_OK);
	n = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	assert_non_null(n);
	*number = ASN1_INTEGER_get(n);
	listed = cert != NULL && crl_has(crl, cert, &when_s);
	ASN1_INTEGER_free(n);
	X509_CRL_free(crl);
	authority_clear(&ca);
	return listed;
}

static void
what_authctl_revokes_is_listed_within_seconds_and_not_renewed(void **state)
{
	struct vault_world *w = begin(state);
	const struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };
	struct db_account account;
	struct db_revoked revoked;
	long first, last;
	struct db *db;
	struct buf der;
	struct ask a;
	X509 *cert;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	cert = world_cert(w, &der);
	assert_false(is_listed(w, cert, &first));
	db = world_db(w);
	assert_int_equal(db_find_account(db, bytes_str("ops"), &account), RC_OK);
	assert_int_equal(
	    db_revoke_account(db, account.id, (int64_t)time(NULL), &revoked), RC_OK);
	assert_true(revoked.sessions == 1);
	db_free(db);
	a = world_ask(w, ASK_REENROLL, "", "");
	a.cert = buf_bytes(&der);
	assert_int_equal(world_do(w, &a), 403);
	assert_true(world_says(w, "revoked"));
	for (int i = 0; i < 200 && !is_listed(w, cert, &last); i++)
		(void)nanosleep(&moment, NULL);
	assert_true(is_listed(w, cert, &last));
	assert_true(last > first);
	assert_int_equal(world_stop(w), CODE_OK);
	world_start(w);
	first = last;
	assert_true(is_listed(w, cert, &last));
	assert_true(last > first);
	X509_free(cert);
	buf_clear(&der);
}

static void
many_asks_at_once_are_all_answered(void **state)
{
	enum { MANY = 300 };
	struct vault_world *w = begin(state);
	struct buf der;
	struct ask a;
	X509 *cert;

	buf_init(&der, 8192);
	assert_int_equal(world_register(w, "ops", good), 200);
	assert_int_equal(world_login(w, "ops", good), 200);
	cert = world_cert(w, &der);
	for (int i = 0; i < MANY; i++) {
		a = world_ask(w, i % 2 == 0 ? ASK_REENROLL : ASK_CRL, "", "");
		a.cert = buf_bytes(&der);
		world_send(w, &a);
	}
	for (int i = 0; i < MANY; i++) {
		assert_true(world_receive(w));
		assert_int_equal(w->answer.status, 200);
	}
	X509_free(cert);
	buf_clear(&der);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_registers_can_log_in),
		TEST(the_authority_in_cacerts_has_signed_the_session),
		TEST(wrong_passwords_and_unknown_names_are_told_alike),
		TEST(a_taken_name_is_refused_and_keeps_its_password),
		TEST(names_and_passwords_against_the_rules_are_refused),
		TEST(closed_means_closed),
		TEST(an_invite_is_good_for_one_account),
		TEST(an_old_invite_is_none),
		TEST(a_new_password_takes_the_place_of_the_old_one),
		TEST(a_bad_request_costs_no_try),
		TEST(guesses_are_limited_and_a_restart_does_not_forget_them),
		TEST(a_restart_forgets_nothing_of_a_name_that_nobody_has),
		TEST(a_start_forgets_no_revocation_however_old),
		TEST(a_session_is_renewed_by_its_certificate),
		TEST(a_session_is_renewed_until_seven_days_after_its_end),
		TEST(certificates_of_others_renew_nothing),
		TEST(the_next_owner_of_a_name_inherits_no_session),
		TEST(what_authctl_revokes_is_listed_within_seconds_and_not_renewed),
		TEST(many_asks_at_once_are_all_answered),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
