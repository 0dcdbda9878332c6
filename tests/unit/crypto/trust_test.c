/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/crl.h"
#include "crypto/trust.h"

#include "vectors.h"

enum { CHAIN_MAX = 4 };

static X509 *ca, *other;
static uint8_t other_pin[PIN_SIZE]; /* by openssl */

/* Check the vector cert, which came with chain (up to a NULL). */
static enum token_fault
check(const struct trust *t, const char *cert, const char *const *chain, int64_t now_s,
    struct trust_facts *facts)
{
	X509 *came[CHAIN_MAX], *c = vector_cert(cert);
	enum token_fault fault;
	unsigned n = 0;

	for (; chain != NULL && chain[n] != NULL; n++)
		came[n] = vector_cert(chain[n]);
	fault = trust_check(t, c, came, n, now_s, facts);
	while (n > 0)
		X509_free(came[--n]);
	X509_free(c);
	return fault;
}

static void
each_fault_is_found_as_in_a_session(void **state)
{
	static const struct {
		const char *cert;
		int64_t now_s;
		enum token_fault fault;
	} cases[] = {
		{ "user.pem", DAY_0600, TOKEN_FINE },
		{ "user-alsouri.pem", DAY_0600, TOKEN_FINE },
		{ "user-other.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user-isca.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user-sha1.pem", DAY_0600, TOKEN_FOREIGN },
		{ "ca.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user-nouri.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user-twouri.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user-client.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user-server.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.pem", DAY_0000 - 1, TOKEN_FUTURE },
		{ "user.pem", DAY_1200, TOKEN_FINE },
		{ "user.pem", DAY_1200 + 1, TOKEN_EXPIRED },
	};
	const struct trust t = { .anchors = { ca }, .n = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trust_facts facts;
		enum token_fault fault =
		    check(&t, cases[i].cert, NULL, cases[i].now_s, &facts);

		if (fault != cases[i].fault)
			fail_msg("case %zu, %s: fault %d", i, cases[i].cert, fault);
		assert_int_equal(facts.has_authority, fault != TOKEN_FOREIGN);
		assert_false(facts.foreign);
	}
}

static void
who_it_is_and_who_says_so_is_known(void **state)
{
	const struct trust t = { .anchors = { other }, .n = 1 };
	struct trust_facts facts;

	(void)state;
	assert_int_equal(check(&t, "user-other.pem", NULL, DAY_0600, &facts), TOKEN_FINE);
	assert_string_equal(facts.token.user, "ops");
	assert_true(facts.token.not_after_s == DAY_1200);
	assert_true(facts.has_authority && !facts.foreign);
	assert_memory_equal(facts.authority, other_pin, PIN_SIZE);
}

static void
another_authority_is_named_for_a_pin(void **state)
{
	static const char *const chains[][CHAIN_MAX] = {
		{ "other.pem" }, { "user-other.pem", "other.pem" },
		{ "ca.pem", "user.pem", "other.pem" }, /* of the same name as other */
	};
	const struct trust t = { .anchors = { ca }, .n = 1 };
	struct trust_facts facts;

	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		assert_int_equal(check(&t, "user-other.pem", chains[i], DAY_0600, &facts),
		    TOKEN_FOREIGN);
		assert_true(facts.has_authority && !facts.foreign);
		assert_memory_equal(facts.authority, other_pin, PIN_SIZE);
		assert_string_equal(facts.token.user, "ops");
	}
	/* Not shown: nobody can be named. */
	assert_int_equal(
	    check(&t, "user-other.pem", NULL, DAY_0600, &facts), TOKEN_FOREIGN);
	assert_false(facts.has_authority);
}

static void
a_pin_accepts_its_authority_and_by_the_same_rules(void **state)
{
	static const char *const chain[] = { "user-other.pem", "other.pem", NULL };
	struct trust t = { .anchors = { ca }, .n = 1, .has_pin = true };
	struct trust_facts facts;

	(void)state;
	memcpy(t.pin, other_pin, PIN_SIZE);
	assert_int_equal(
	    check(&t, "user-other.pem", chain, DAY_0600, &facts), TOKEN_FINE);
	assert_true(facts.foreign && facts.has_authority);
	assert_memory_equal(facts.authority, other_pin, PIN_SIZE);
	assert_string_equal(facts.token.user, "ops");
	assert_int_equal(
	    check(&t, "user-other.pem", chain, DAY_0000 - 1, &facts), TOKEN_FUTURE);
	assert_int_equal(
	    check(&t, "user-other.pem", chain, DAY_1200 + 1, &facts), TOKEN_EXPIRED);
	/* Our own authority's count as before. */
	assert_int_equal(check(&t, "user.pem", chain, DAY_0600, &facts), TOKEN_FINE);
	assert_false(facts.foreign);
	/* Its authority must be there, to tell. */
	assert_int_equal(
	    check(&t, "user-other.pem", NULL, DAY_0600, &facts), TOKEN_FOREIGN);
	/* Another pin. */
	t.pin[PIN_SIZE - 1] ^= 1;
	assert_int_equal(
	    check(&t, "user-other.pem", chain, DAY_0600, &facts), TOKEN_FOREIGN);
}

static void
a_pinned_certificate_in_the_chain_is_not_enough(void **state)
{
	/* It stands there, but has not signed, or may not sign. */
	static const struct {
		const char *cert, *chain[CHAIN_MAX];
	} cases[] = {
		{ "user-other.pem", { "ca.pem" } },
		{ "user.pem", { "ca-isnone.pem" } },
		{ "user.pem", { "ca-nosign.pem" } },
		{ "user.pem", { "ca-renamed.pem" } },
		{ "ca.pem", { "ca.pem" } },
	};
	EVP_PKEY *key = key_new();
	X509 *nobody = cert_new_ca(key, "nobody", DAY_0000);
	struct trust t = { .anchors = { nobody }, .n = 1, .has_pin = true };
	struct trust_facts facts;

	(void)state;
	assert_int_equal(key_pin(X509_get0_pubkey(ca), t.pin), RC_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum token_fault fault =
		    check(&t, cases[i].cert, cases[i].chain, DAY_0600, &facts);

		if (fault != TOKEN_FOREIGN)
			fail_msg("case %zu, %s: fault %d", i, cases[i].cert, fault);
		assert_false(facts.foreign);
	}
	X509_free(nobody);
	EVP_PKEY_free(key);
}

/* A stranger's key is not even asked whether it has signed: that could take long. */
static void
an_authority_with_an_unsound_key_is_nobody(void **state)
{
	static const char *const keys[] = { "key-rsa1024.pem", "key-secp256k1.pem" };
	struct trust t = { .anchors = { ca }, .n = 1, .has_pin = true };
	struct cert_order order = {
		.user = "ops", .serial = { 1 }, .now_s = DAY_0600, .life_s = 3600
	};
	struct trust_facts facts;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		EVP_PKEY *key = vector_key(keys[i]), *user = key_new();
		X509 *by = cert_new_ca(key, "weak", DAY_0600);
		X509 *cert = cert_issue(&order, user, by, key);

		assert_non_null(cert);
		assert_true(cert_is_signed_by(cert, by));
		assert_int_equal(key_pin(key, t.pin), RC_OK);
		assert_int_equal(
		    trust_check(&t, cert, &by, 1, DAY_0600, &facts), TOKEN_FOREIGN);
		assert_false(facts.has_authority);
		X509_free(cert);
		X509_free(by);
		EVP_PKEY_free(user);
		EVP_PKEY_free(key);
	}
}

static void
no_pin_counts_beside_the_sites_rule(void **state)
{
	static const char *const chain[] = { "other.pem", NULL };
	struct trust t = { .anchors = { ca }, .n = 1, .by_site = true, .has_pin = true };
	struct trust_facts facts;

	(void)state;
	memcpy(t.pin, other_pin, PIN_SIZE);
	assert_int_equal(
	    check(&t, "user-other.pem", chain, DAY_0600, &facts), TOKEN_FOREIGN);
	assert_memory_equal(facts.authority, other_pin, PIN_SIZE);
	assert_int_equal(check(&t, "user.pem", chain, DAY_0600, &facts), TOKEN_FINE);
}

static void
the_old_authority_of_a_site_and_the_new_one_both_count(void **state)
{
	const struct trust t = { .anchors = { other, ca }, .n = 2, .by_site = true };
	struct trust_facts facts;

	(void)state;
	assert_int_equal(check(&t, "user.pem", NULL, DAY_0600, &facts), TOKEN_FINE);
	assert_int_equal(check(&t, "user-other.pem", NULL, DAY_0600, &facts), TOKEN_FINE);
	assert_memory_equal(facts.authority, other_pin, PIN_SIZE);
	assert_int_equal(
	    check(&t, "user.pem", NULL, DAY_1200 + 1, &facts), TOKEN_EXPIRED);
	assert_int_equal(
	    check(&t, "user-sha1.pem", NULL, DAY_0600, &facts), TOKEN_FOREIGN);
}

/* The same key and name: only one of the two is still good. */
static void
a_renewed_authority_counts_wherever_it_stands(void **state)
{
	enum { YEAR_S = 365 * 24 * 3600 };
	struct cert_order order = {
		.user = "ops", .serial = { 1 }, .now_s = DAY_0600, .life_s = 3600
	};
	EVP_PKEY *key = key_new(), *user = key_new();
	X509 *old = cert_new_ca(key, "renewed", DAY_0600 - 11 * YEAR_S);
	X509 *fresh = cert_new_ca(key, "renewed", DAY_0600);
	X509 *cert = cert_issue(&order, user, fresh, key);
	const struct {
		X509 *anchors[2];
		enum token_fault fault;
	} cases[] = {
		{ { old, fresh }, TOKEN_FINE },
		{ { fresh, old }, TOKEN_FINE },
		{ { old, other }, TOKEN_EXPIRED },
		{ { other, old }, TOKEN_EXPIRED },
	};
	struct trust_facts facts;

	(void)state;
	assert_non_null(cert);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trust t = { .n = 2 };

		memcpy(t.anchors, cases[i].anchors, sizeof(cases[i].anchors));
		assert_int_equal(trust_check(&t, cert, NULL, 0, DAY_0600 + 60, &facts),
		    cases[i].fault);
	}
	X509_free(old);
	X509_free(fresh);
	X509_free(cert);
	EVP_PKEY_free(key);
	EVP_PKEY_free(user);
}

static void
the_revoked_are_refused(void **state)
{
	static const char *const chain[] = { "ca.pem", NULL };
	struct trust t = { .anchors = { ca }, .n = 1 };
	struct trust_facts facts;

	(void)state;
	assert_int_equal(crl_get(vector("crl.der"), ca, &t.crl), RC_OK);
	assert_int_equal(check(&t, "user.pem", chain, DAY_0615, &facts), TOKEN_REVOKED);
	assert_true(facts.token.revoked_s == DAY_0530);
	/* A pin does not make it good: our own authority has spoken. */
	t.has_pin = true;
	assert_int_equal(key_pin(X509_get0_pubkey(ca), t.pin), RC_OK);
	assert_int_equal(check(&t, "user.pem", chain, DAY_0615, &facts), TOKEN_REVOKED);
	X509_CRL_free(t.crl);
}

static int
set_up(void **state)
{
	(void)state;
	ca = vector_cert("ca.pem");
	other = vector_cert("other.pem");
	return text_unhex(bytes_of(vector("other.pin").p, 64), other_pin, PIN_SIZE) ==
	        RC_OK
	    ? 0
	    : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(ca);
	X509_free(other);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, no_errors_are_left)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_fault_is_found_as_in_a_session),
		TEST(who_it_is_and_who_says_so_is_known),
		TEST(another_authority_is_named_for_a_pin),
		TEST(a_pin_accepts_its_authority_and_by_the_same_rules),
		TEST(a_pinned_certificate_in_the_chain_is_not_enough),
		TEST(an_authority_with_an_unsound_key_is_nobody),
		TEST(no_pin_counts_beside_the_sites_rule),
		TEST(the_old_authority_of_a_site_and_the_new_one_both_count),
		TEST(a_renewed_authority_counts_wherever_it_stands),
		TEST(the_revoked_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
