/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tls_people.h"

static void
two_users_of_one_authority_meet_and_know_each_other(void **state)
{
	uint8_t got[16];
	struct pair p;

	(void)state;
	pair_open(&p, &ops.rules, &lab.rules);
	pair_shake(&p);
	for (int i = 0; i < 2; i++) {
		const struct trust_facts *f = tls_peer(p.e[i].tls);

		assert_int_equal(p.e[i].rc, RC_OK);
		assert_string_equal(f->token.user, i == 0 ? "lab" : "ops");
		assert_true(f->has_authority && !f->foreign);
	}
	pair_carry(&p, 0, bytes_str("hello, lab"), 10, got);
	assert_memory_equal(got, "hello, lab", 10);
	pair_carry(&p, 1, bytes_str("hello, ops"), 1, got);
	assert_memory_equal(got, "hello, ops", 10);
	pair_close(&p);
}

/* Whom it does not let in. */

/*
 * One shakes hands with a stranger, as caller and as called: it refuses with code and
 * words, and the stranger is told.
 */
static void
refuse(const struct person *one, const struct person *stranger, int code,
    const char *const words[2])
{
	for (int i = 0; i < 2; i++) {
		uint8_t got[16];
		struct pair p;

		pair_open(&p, i == 0 ? &one->rules : &stranger->rules,
		    i == 0 ? &stranger->rules : &one->rules);
		pair_shake(&p);
		assert_int_equal(p.e[i].rc, RC_BAD);
		assert_int_equal(p.e[i].why.code, code);
		if (strstr(p.e[i].why.words, words[0]) == NULL)
			fail_msg("\"%s\" says not: %s", p.e[i].why.words, words[0]);
		/* Who called is told by the first read. */
		if (p.e[1 - i].rc == RC_OK)
			assert_int_equal(end_drain(&p, 1 - i, got, sizeof(got)), 0);
		assert_int_equal(p.e[1 - i].rc, RC_BAD);
		assert_int_equal(p.e[1 - i].why.code, code);
		if (strstr(p.e[1 - i].why.words, words[1]) == NULL)
			fail_msg("\"%s\" says not: %s", p.e[1 - i].why.words, words[1]);
		pair_close(&p);
	}
}

static void
sessions_that_are_over_or_not_yet_are_refused_and_told(void **state)
{
	static const struct {
		int64_t from_s, life_s;
		const char *words[2];
	} cases[] = {
		{ -HOUR_S, HOUR_S / 2,
		    { "its session (eve) expired 30:0", "it has expired by the clock" } },
		{ HOUR_S + 30, HOUR_S,
		    { "its session (eve) begins in 1h0",
		        "it has not begun by the clock" } },
	};
	struct person eve;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		person_init(&eve, "eve", &ours, cases[i].from_s, cases[i].life_s);
		refuse(&ops, &eve, CODE_NOSESSION, cases[i].words);
		person_clear(&eve);
	}
}

static void
a_revoked_session_is_refused_and_told(void **state)
{
	static const char *const words[] = { "its session (eve) was revoked 10:0",
		"it was revoked: ask who runs" };
	int64_t now = (int64_t)time(NULL);
	const ASN1_INTEGER *serial;
	struct crl_entry entry = { .when_s = now - 600 };
	struct person eve, strict = ops;
	struct buf der;

	(void)state;
	person_init(&eve, "eve", &ours, -HOUR_S, 2 * HOUR_S);
	serial = X509_get0_serialNumber(eve.cert);
	entry.serial =
	    bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	buf_init(&der, CRL_MAX);
	assert_int_equal(
	    crl_put(&entry, 1, 1, now - 60, ours.cert, ours.key, &der), RC_OK);
	assert_int_equal(crl_get(buf_bytes(&der), ours.cert, &strict.trust.crl), RC_OK);
	strict.rules.trust = &strict.trust;
	refuse(&strict, &eve, CODE_NOSESSION, words);
	X509_CRL_free(strict.trust.crl);
	buf_clear(&der);
	person_clear(&eve);
}

/* user.key and what ca.pem signed for it, without a name: tests/vectors/crypto. */
static void
a_certificate_without_a_user_is_refused_and_told(void **state)
{
	static const char *const words[] = { "names no user", "it names no user" };
	struct person eve, strict = ops;
	FILE *f;

	(void)state;
	person_init(&eve, "eve", &ours, -HOUR_S, 2 * HOUR_S);
	EVP_PKEY_free(eve.key);
	f = fopen("tests/vectors/crypto/user.key", "r");
	assert_non_null(f);
	eve.key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	(void)fclose(f);
	f = fopen("tests/vectors/crypto/user-nouri.pem", "r");
	assert_non_null(f);
	person_set_cert(&eve, PEM_read_X509(f, NULL, NULL, NULL));
	(void)fclose(f);
	f = fopen("tests/vectors/crypto/ca.pem", "r");
	assert_non_null(f);
	strict.trust.anchors[0] = PEM_read_X509(f, NULL, NULL, NULL);
	(void)fclose(f);
	eve.rules.key = eve.key;
	strict.rules.trust = &strict.trust;
	refuse(&strict, &eve, CODE_NOSESSION, words);
	X509_free(strict.trust.anchors[0]);
	person_clear(&eve);
}

static void
another_authority_is_refused_with_its_pin_on_both_sides(void **state)
{
	char pin[PIN_TEXT], seen[128], told[128];
	const char *const words[] = { seen, told };
	uint8_t raw[PIN_SIZE];
	struct person eve;

	(void)state;
	assert_int_equal(key_pin(other.key, raw), RC_OK);
	pin_text(raw, pin);
	(void)snprintf(seen, sizeof(seen), "another authority (%s): to accept", pin);
	(void)snprintf(told, sizeof(told), "not known there; with -F %s", pin);
	person_init(&eve, "eve", &other, -HOUR_S, 2 * HOUR_S);
	/* Only ours refuses. */
	person_pin(&eve, &ours);
	refuse(&ops, &eve, CODE_NOSESSION, words);
	person_clear(&eve);
}

static void
a_pin_on_each_side_joins_two_authorities(void **state)
{
	struct person eve, open = ops;
	struct pair p;

	(void)state;
	person_init(&eve, "eve", &other, -HOUR_S, 2 * HOUR_S);
	person_pin(&eve, &ours);
	open.rules.trust = &open.trust;
	person_pin(&open, &other);
	for (int i = 0; i < 2; i++) {
		pair_open(&p, i == 0 ? &open.rules : &eve.rules,
		    i == 0 ? &eve.rules : &open.rules);
		pair_shake(&p);
		assert_int_equal(p.e[0].rc, RC_OK);
		assert_int_equal(p.e[1].rc, RC_OK);
		assert_string_equal(tls_peer(p.e[i].tls)->token.user, "eve");
		assert_true(tls_peer(p.e[i].tls)->foreign);
		pair_close(&p);
	}
	/* The site's rule is above it. */
	open.trust.by_site = true;
	pair_open(&p, &open.rules, &eve.rules);
	pair_shake(&p);
	assert_int_equal(p.e[0].why.code, CODE_NOSESSION);
	assert_non_null(strstr(p.e[0].why.words, "/etc/ugat/ca.pem"));
	assert_null(strstr(p.e[0].why.words, "-F"));
	pair_close(&p);
	person_clear(&eve);
}

static void
another_protocol_is_refused_and_told(void **state)
{
	struct tls_rules later = lab.rules;

	(void)state;
	later.alpn = "ugat/2";
	for (int i = 0; i < 2; i++) {
		struct pair p;

		pair_open(&p, i == 0 ? &later : &ops.rules, i == 0 ? &ops.rules : &later);
		pair_shake(&p);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(p.e[k].rc, RC_BAD);
			assert_int_equal(p.e[k].why.code, CODE_PROTOCOL);
			assert_string_equal(p.e[k].why.words,
			    k == i ? "does not speak ugat/2" : "does not speak ugat/1");
		}
		/* Nobody was shown a certificate. */
		assert_string_equal(tls_peer(p.e[0].tls)->token.user, "");
		assert_string_equal(tls_peer(p.e[1].tls)->token.user, "");
		pair_close(&p);
	}
}

static void
what_is_not_tls_is_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *words;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", CODE_PROTOCOL, "not ugat" },
		{ "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", CODE_PROTOCOL, "not ugat" },
		{ "\x13"
		  "BitTorrent protocol.........................................",
		    CODE_PROTOCOL, "not ugat" },
		{ "", CODE_UNAVAILABLE, "hung up before TLS" },
		{ "\x16", CODE_UNAVAILABLE, "hung up before TLS" },
		{ "\x16\x03\x01", CODE_UNAVAILABLE, "hung up before TLS" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i / 2].text;
		struct outcome again = { .code = CODE_OK };
		struct pair p;
		struct end *e = &p.e[0];

		pair_init(&p);
		e->tls = tls_new(&ops.rules, e->fd, i % 2 == 1, &e->why);
		assert_non_null(e->tls);
		assert_int_equal(send(p.e[1].fd, text, strlen(text), 0), strlen(text));
		assert_int_equal(shutdown(p.e[1].fd, SHUT_WR), 0);
		pair_shake(&p);
		assert_int_equal(e->rc, RC_BAD);
		assert_int_equal(e->why.code, cases[i / 2].code);
		if (strstr(e->why.words, cases[i / 2].words) == NULL)
			fail_msg("case %zu: %s", i / 2, e->why.words);
		/* It says so again. */
		assert_int_equal(tls_shake(e->tls, &again), RC_BAD);
		assert_string_equal(again.words, e->why.words);
		pair_close(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_users_of_one_authority_meet_and_know_each_other),
		TEST(sessions_that_are_over_or_not_yet_are_refused_and_told),
		TEST(a_revoked_session_is_refused_and_told),
		TEST(a_certificate_without_a_user_is_refused_and_told),
		TEST(another_authority_is_refused_with_its_pin_on_both_sides),
		TEST(a_pin_on_each_side_joins_two_authorities),
		TEST(another_protocol_is_refused_and_told),
		TEST(what_is_not_tls_is_refused),
	};

	return cmocka_run_group_tests(tests, people_come, people_go);
}
