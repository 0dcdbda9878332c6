/* SPDX-License-Identifier: ISC */
/* What a session lends to TLS; the check itself: tests/cmd/session.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "run/session.h"

#include "../io/tls_world.h"

static struct authority ours;
static char folder[64], path[80], list[96];

static void
write_file(const char *to, struct bytes content)
{
	char fresh[112];
	FILE *f;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", to);
	f = fopen(fresh, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(fresh, to), 0);
}

static void
log_in(const struct person *who)
{
	struct token t = { .key = who->key, .cert = who->cert, .ca = ours.cert };
	struct buf text;

	buf_init(&text, TOKEN_MAX);
	assert_int_equal(token_put(&t, &text), RC_OK);
	write_file(path, buf_bytes(&text));
	buf_clear(&text);
}

static void
put_on_list(const struct person *who)
{
	int64_t now = (int64_t)time(NULL);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(who->cert);
	struct crl_entry entry = { .when_s = now - 60 };
	struct buf der;

	entry.serial =
	    bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	buf_init(&der, CRL_MAX);
	assert_int_equal(crl_put(&entry, 1, 1, now, ours.cert, ours.key, &der), RC_OK);
	write_file(list, buf_bytes(&der));
	buf_clear(&der);
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* One turn of the loop, or a few. */
static void
turn(struct loop *l)
{
	enum { STEP_MS = 20 };
	struct loop_timer *t = loop_timer_new(l, stop, l);

	loop_timer_set(t, loop_now() + STEP_MS);
	assert_int_equal(loop_run(l), RC_OK);
	loop_timer_free(t);
}

/* Who the session says we are, met by one who calls; its rc there. */
static enum rc
meet(const struct session *s, const struct person *caller, char user[static USER_TEXT])
{
	struct tls_rules rules = { .alpn = "ugat/1" };
	struct trust trust;
	struct pair p;
	enum rc rc;

	session_rules(s, &rules, &trust);
	assert_true(!trust.has_pin && !trust.by_site && trust.n == 1);
	pair_open(&p, &caller->rules, &rules);
	pair_shake(&p);
	(void)snprintf(user, USER_TEXT, "%s", tls_peer(p.e[0].tls)->token.user);
	rc = p.e[1].rc;
	pair_close(&p);
	return rc;
}

/* Turn the loop until it is so, or too late. */
static void
until_meets(
    struct loop *l, const struct session *s, const struct person *caller, enum rc rc)
{
	enum { DEADLINE_MS = 20 * 1000 };
	int64_t late_ms = loop_now() + DEADLINE_MS;
	char user[USER_TEXT];

	while (meet(s, caller, user) != rc) {
		assert_true(loop_now() < late_ms);
		turn(l);
	}
}

static void
a_session_lends_what_stands_now(void **state)
{
	struct outcome end = { .code = CODE_OK };
	struct loop *l = loop_new();
	struct person ops, lab, eve;
	struct session *s;
	char user[USER_TEXT];

	(void)state;
	person_init(&ops, "ops", &ours, -HOUR_S, 2 * HOUR_S);
	person_init(&lab, "lab", &ours, -HOUR_S, 2 * HOUR_S);
	person_init(&eve, "eve", &ours, -HOUR_S, 2 * HOUR_S);
	log_in(&ops);
	s = session_open("test", STDERR_FILENO, false, &end);
	if (s == NULL)
		fail_msg("%s", end.words);
	assert_int_equal(session_keep(s, l, NULL, NULL), RC_OK);
	assert_int_equal(meet(s, &eve, user), RC_OK);
	assert_string_equal(user, "ops");
	/* Another session takes its place, and somebody is revoked. */
	log_in(&lab);
	put_on_list(&eve);
	until_meets(l, s, &eve, RC_BAD);
	assert_int_equal(meet(s, &ops, user), RC_OK);
	assert_string_equal(user, "lab");
	/* The list alone changes. */
	put_on_list(&ops);
	until_meets(l, s, &ops, RC_BAD);
	assert_int_equal(meet(s, &eve, user), RC_OK);
	session_free(s);
	loop_free(l);
	person_clear(&ops);
	person_clear(&lab);
	person_clear(&eve);
}

static int
set_up(void **state)
{
	const char *place = getenv("TMPDIR");

	(void)state;
	(void)snprintf(
	    folder, sizeof(folder), "%s/session.XXXXXX", place != NULL ? place : "/tmp");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/session.pem", folder);
	(void)snprintf(list, sizeof(list), "%s.crl", path);
	ours = authority_new();
	return setenv("UGAT_SESSION", path, 1);
}

static int
tear_down(void **state)
{
	(void)state;
	authority_free(&ours);
	(void)unlink(path);
	(void)unlink(list);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_lends_what_stands_now),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
