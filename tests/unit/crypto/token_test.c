/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/crl.h"
#include "crypto/token.h"

#include "vectors.h"

/* Text that is put together from vectors. */
static void
add_file(struct buf *b, const char *name)
{
	struct bytes content = vector(name);

	assert_int_equal(buf_add(b, content.p, content.n), RC_OK);
}

static void
add_text(struct buf *b, const char *text)
{
	assert_int_equal(buf_add(b, text, strlen(text)), RC_OK);
}

static void
join(struct buf *b, const char *const *files)
{
	b->n = 0;
	for (; *files != NULL; files++)
		add_file(b, *files);
}

static void
a_session_file_by_openssl_is_read(void **state)
{
	EVP_PKEY *key = vector_key("user.key");
	X509 *cert = vector_cert("user.pem"), *ca = vector_cert("ca.pem");
	uint8_t pin[PIN_SIZE];
	const char *why;
	struct token t;

	(void)state;
	assert_int_equal(text_unhex(bytes_of(vector("other.pin").p, 64), pin, 32), RC_OK);
	assert_int_equal(token_get(vector("session.pem"), &t, &why), RC_OK);
	assert_string_equal(t.server, "login.example.org:65431");
	assert_true(t.has_pin);
	assert_memory_equal(t.pin, pin, PIN_SIZE);
	assert_int_equal(EVP_PKEY_eq(t.key, key), 1);
	assert_int_equal(X509_cmp(t.cert, cert), 0);
	assert_int_equal(X509_cmp(t.ca, ca), 0);
	token_clear(&t);
	assert_null(t.key);
	token_clear(&t);
	EVP_PKEY_free(key);
	X509_free(cert);
	X509_free(ca);
}

static void
what_is_put_is_got_back_and_read_by_openssl(void **state)
{
	char path[128], command[512];
	struct token t, back;
	const char *why;
	struct buf text;

	(void)state;
	buf_init(&text, TOKEN_MAX);
	assert_int_equal(token_get(vector("session.pem"), &t, &why), RC_OK);
	assert_int_equal(token_put(&t, &text), RC_OK);
	assert_true(bytes_eq(buf_bytes(&text), vector("session.pem")));
	assert_int_equal(token_get(buf_bytes(&text), &back, &why), RC_OK);
	assert_int_equal(EVP_PKEY_eq(t.key, back.key), 1);
	token_clear(&back);
	scratch_file(buf_bytes(&text), path);
	(void)snprintf(command, sizeof(command),
	    "openssl x509 -in %s -noout -subject | grep -qx 'subject=CN = user:ops' && "
	    "openssl pkey -in %s -noout -check >/dev/null",
	    path, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(remove(path), 0);
	buf_clear(&text);
	buf_init(&text, 1000);
	assert_int_equal(token_put(&t, &text), RC_BIG);
	assert_int_equal(text.n, 0);
	buf_clear(&text);
	token_clear(&t);
}

static void
without_lines_there_is_no_server_and_no_pin(void **state)
{
	static const char *const files[] = { "user.key", "user.pem", "ca.pem", NULL };
	struct token t;
	const char *why;
	struct buf text;

	(void)state;
	buf_init(&text, TOKEN_MAX);
	join(&text, files);
	assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_OK);
	assert_string_equal(t.server, "");
	assert_false(t.has_pin);
	text.n = 0;
	assert_int_equal(token_put(&t, &text), RC_OK);
	assert_true(bytes_starts(buf_bytes(&text), "-----BEGIN PRIVATE KEY-----\n"));
	token_clear(&t);
	buf_clear(&text);
}

static void
blocks_may_stand_in_any_order_but_the_users_certificate_is_the_first(void **state)
{
	static const char *const orders[][4] = { { "user.pem", "ca.pem", "user.key",
		                                     NULL },
		{ "user.pem", "key-sec1.pem", "ca.pem", NULL } };
	static const char *const turned[] = { "ca.pem", "user.pem", "user.key", NULL };
	struct token_facts facts;
	struct token t;
	const char *why;
	struct buf text;

	(void)state;
	buf_init(&text, TOKEN_MAX);
	for (size_t i = 0; i < 2; i++) {
		join(&text, orders[i]);
		assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_OK);
		assert_int_equal(
		    token_check(&t, t.ca, NULL, DAY_0600, &facts), TOKEN_FINE);
		token_clear(&t);
	}
	join(&text, turned);
	assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_OK);
	assert_int_equal(token_check(&t, t.ca, NULL, DAY_0600, &facts), TOKEN_WRONG_KEY);
	token_clear(&t);
	buf_clear(&text);
}

static void
other_lines_and_blocks_are_passed_over(void **state)
{
	struct token t;
	const char *why;
	struct buf text;

	(void)state;
	buf_init(&text, TOKEN_MAX);
	add_text(&text, "\n# a comment\nserver:  a:1 \r\nuser: x\nserverless: 1\n");
	add_text(&text, "        server: indented\nCertificate:\n    Data:\n\xff\n");
	add_text(&text,
	    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
	    "-----END EC PARAMETERS-----\n");
	add_file(&text, "user.key");
	add_text(&text, "server: too late\nsubject=CN = user:ops\n");
	add_file(&text, "user.pem");
	add_file(&text, "ca.pem");
	add_text(&text, "the end");
	assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_OK);
	assert_string_equal(t.server, "a:1");
	assert_false(t.has_pin);
	token_clear(&t);
	buf_clear(&text);
}

static void
what_a_file_lacks_is_said(void **state)
{
	static const struct {
		const char *files[5];
		const char *why;
	} cases[] = {
		{ { "user.pem", "ca.pem" }, "it holds no private key" },
		{ { "user.key" }, "it holds no certificate" },
		{ { "user.key", "user.pem" }, "the authority's certificate is missing" },
		{ { "user.key", "user.key", "user.pem", "ca.pem" },
		    "it holds more than one private key" },
		{ { "user.key", "user.pem", "ca.pem", "other.pem" },
		    "it holds more than two certificates" },
		{ { "key-locked.pem", "user.pem", "ca.pem" },
		    "its private key has a passphrase" },
		{ { "key-locked-sec1.pem", "user.pem", "ca.pem" },
		    "its private key has a passphrase" },
		{ { "key-explicit.pem", "user.pem", "ca.pem" },
		    "its private key is damaged or unfit" },
		{ { "key-rsa1024.pem", "user.pem", "ca.pem" },
		    "its private key is damaged or unfit" },
		{ { "other.pin" }, "it holds no private key" },
		{ { "csr-user.der" }, "it holds no private key" },
	};
	struct token t;
	const char *why;
	struct buf text;

	(void)state;
	buf_init(&text, TOKEN_MAX);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		join(&text, cases[i].files);
		assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_BAD);
		assert_string_equal(why, cases[i].why);
		assert_null(t.key);
	}
	buf_clear(&text);
}

static void
a_damaged_line_is_said(void **state)
{
	static const struct {
		const char *lines, *why;
	} cases[] = {
		{ "server:\n", "its server line is damaged" },
		{ "server: a b\n", "its server line is damaged" },
		{ "server: a\x1b[2J\n", "its server line is damaged" },
		{ "server: \xc3\xa4\n", "its server line is damaged" },
		{ "server: a:1\nserver: a:1\n", "it names two servers" },
		{ "pin:\n", "its pin line is damaged" },
		{ "pin: sha256:AAAA\n", "its pin line is damaged" },
	};
	static const char pin[] =
	    "pin: sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=\n";
	char longest[TOKEN_SERVER] = "";
	struct token t;
	const char *why;
	struct buf text;

	(void)state;
	buf_init(&text, TOKEN_MAX);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text.n = 0;
		add_text(&text, cases[i].lines);
		add_file(&text, "session.pem");
		assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_BAD);
		assert_string_equal(why, cases[i].why);
	}
	text.n = 0;
	add_text(&text, pin);
	add_text(&text, pin);
	assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_BAD);
	assert_string_equal(why, "it has two pins");
	for (size_t n = TOKEN_SERVER - 1; n <= TOKEN_SERVER; n++) {
		static const char *const files[] = { "user.key", "user.pem", "ca.pem" };

		text.n = 0;
		add_text(&text, "server: ");
		for (size_t i = 0; i < n; i++)
			add_text(&text, "s");
		add_text(&text, "\n");
		for (size_t i = 0; i < 3; i++)
			add_file(&text, files[i]);
		assert_int_equal(token_get(buf_bytes(&text), &t, &why),
		    n < TOKEN_SERVER ? RC_OK : RC_BAD);
		if (n < TOKEN_SERVER)
			memcpy(longest, t.server, sizeof(longest));
		token_clear(&t);
	}
	assert_int_equal(strlen(longest), TOKEN_SERVER - 1);
	buf_clear(&text);
}

static void
a_file_over_its_limit_is_refused(void **state)
{
	struct token t;
	const char *why;
	struct buf text;

	(void)state;
	buf_init(&text, 2 * TOKEN_MAX);
	while (text.n < TOKEN_MAX - vector("session.pem").n)
		add_text(&text, "\n");
	add_file(&text, "session.pem");
	assert_int_equal(text.n, TOKEN_MAX);
	assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_OK);
	token_clear(&t);
	add_text(&text, "\n");
	assert_int_equal(token_get(buf_bytes(&text), &t, &why), RC_BAD);
	assert_string_equal(why, "it is larger than 64 KiB");
	buf_clear(&text);
}

static void
every_truncation_is_refused(void **state)
{
	struct bytes text = vector("session.pem");
	struct token t;
	const char *why;

	(void)state;
	assert_int_equal(text.p[text.n - 1], '\n');
	/* Only the very last LF may be missing. */
	for (size_t n = 0; n < text.n - 1; n++) {
		uint8_t *copy = malloc(n + 1);

		memcpy(copy, text.p, n);
		assert_int_equal(token_get(bytes_of(copy, n), &t, &why), RC_BAD);
		assert_non_null(why);
		assert_true(strlen(why) > 0);
		free(copy);
	}
	assert_int_equal(token_get(bytes_of(text.p, text.n - 1), &t, &why), RC_OK);
	token_clear(&t);
}

/* Whether text makes a session that counts; it must then be the good one. */
static bool
is_still_good(struct bytes text, const struct token *good)
{
	struct token_facts facts;
	struct token t;
	const char *why;
	bool fine;

	if (token_get(text, &t, &why) != RC_OK)
		return false;
	fine = token_check(&t, t.ca, NULL, DAY_0600, &facts) == TOKEN_FINE;
	if (fine) {
		EVP_PKEY *key = X509_get0_pubkey(t.ca);

		assert_int_equal(X509_cmp(t.cert, good->cert), 0);
		assert_int_equal(EVP_PKEY_eq(t.key, good->key), 1);
		assert_int_equal(EVP_PKEY_eq(key, X509_get0_pubkey(good->ca)), 1);
	}
	token_clear(&t);
	return fine;
}

/*
 * Whatever happens to one byte of the blocks: the file is refused, or it does not count,
 * or it still says the same. The authority vouches for itself: of its certificate only
 * name and key matter.
 */
static void
damage_to_any_byte_never_makes_another_session(void **state)
{
	static const uint8_t others[] = { 'A', '/', '=', '-', '\n', ' ', 0, 0xff };
	struct bytes text = vector("session.pem");
	uint8_t *copy = malloc(text.n);
	struct token good;
	const char *why;
	size_t fine = 0, tries = 0;

	(void)state;
	memcpy(copy, text.p, text.n);
	assert_int_equal(token_get(text, &good, &why), RC_OK);
	for (size_t i = 100; i < text.n; i++)
		for (size_t k = 0; k < 2; k++) {
			uint8_t was = copy[i];

			copy[i] = k == 0 ? was ^ 1 : others[i % sizeof(others)];
			if (copy[i] != was) {
				fine += is_still_good(bytes_of(copy, text.n), &good);
				tries++;
			}
			copy[i] = was;
		}
	assert_true(fine < tries / 4);
	token_clear(&good);
	free(copy);
}

/* Check a certificate of user.key by an authority at a time. */
static enum token_fault
check_of(const char *key, const char *cert, const char *anchor, int64_t now_s,
    struct token_facts *facts)
{
	struct token t = { .key = vector_key(key), .cert = vector_cert(cert) };
	X509 *by = vector_cert(anchor);
	enum token_fault fault = token_check(&t, by, NULL, now_s, facts);

	token_clear(&t);
	X509_free(by);
	return fault;
}

static void
each_fault_is_found(void **state)
{
	static const struct {
		const char *key, *cert, *anchor;
		int64_t now_s;
		enum token_fault fault;
	} cases[] = {
		{ "user.key", "user.pem", "ca.pem", DAY_0600, TOKEN_FINE },
		{ "user.key", "user-alsouri.pem", "ca.pem", DAY_0600, TOKEN_FINE },
		{ "user.key", "user-longer.pem", "ca.pem", DAY_0600, TOKEN_FINE },
		{ "ca.key", "user.pem", "ca.pem", DAY_0600, TOKEN_WRONG_KEY },
		{ "key-rsa2048.pem", "user.pem", "ca.pem", DAY_0600, TOKEN_WRONG_KEY },
		{ "user.key", "user-other.pem", "ca.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user.key", "user.pem", "other.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user.key", "user.pem", "user.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user.key", "user-isca.pem", "ca.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user.key", "user-unknown.pem", "ca.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user.key", "user-sha1.pem", "ca.pem", DAY_0600, TOKEN_FOREIGN },
		{ "ca.key", "ca.pem", "ca.pem", DAY_0600, TOKEN_FOREIGN },
		{ "user.key", "user-nouri.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user-nosan.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user-dnsname.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user-twouri.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user-badname.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user-nulname.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user-client.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user-server.pem", "ca.pem", DAY_0600, TOKEN_NAMELESS },
		{ "user.key", "user.pem", "ca.pem", DAY_0000 - 1, TOKEN_FUTURE },
		{ "user.key", "user.pem", "ca.pem", DAY_0000, TOKEN_FINE },
		{ "user.key", "user.pem", "ca.pem", DAY_1200, TOKEN_FINE },
		{ "user.key", "user.pem", "ca.pem", DAY_1200 + 1, TOKEN_EXPIRED },
		/* The authority's own end comes before this one's. */
		{ "user.key", "user-long.pem", "ca.pem", CA_TO, TOKEN_FINE },
		{ "user.key", "user-long.pem", "ca.pem", CA_TO + 1, TOKEN_EXPIRED },
		/* The first in the order of the enum. */
		{ "ca.key", "user-nouri.pem", "other.pem", 0, TOKEN_WRONG_KEY },
		{ "user.key", "user-nouri.pem", "other.pem", 0, TOKEN_FOREIGN },
		{ "user.key", "user-nouri.pem", "ca.pem", 0, TOKEN_NAMELESS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct token_facts facts;
		enum token_fault fault = check_of(
		    cases[i].key, cases[i].cert, cases[i].anchor, cases[i].now_s, &facts);

		if (fault != cases[i].fault)
			fail_msg("case %zu, %s: fault %d", i, cases[i].cert, fault);
	}
}

static void
the_facts_are_there_for_the_words_of_a_fault(void **state)
{
	struct token_facts facts;

	(void)state;
	assert_int_equal(check_of("user.key", "user.pem", "ca.pem", DAY_1200 + 1, &facts),
	    TOKEN_EXPIRED);
	assert_string_equal(facts.user, "ops");
	assert_string_equal(facts.serial, "40000000000000000000000000000001");
	assert_true(facts.not_before_s == DAY_0000 && facts.not_after_s == DAY_1200);
	assert_true(facts.ca_not_after_s == CA_TO);
	assert_int_equal(
	    check_of("user.key", "user-other.pem", "ca.pem", DAY_0600, &facts),
	    TOKEN_FOREIGN);
	assert_string_equal(facts.user, "ops");
	assert_true(facts.not_after_s == DAY_1200);
}

static void
a_list_of_the_revoked_counts_fresh_or_old(void **state)
{
	struct token_facts facts;
	X509_CRL *crl = NULL, *empty = NULL;
	struct token t;
	const char *why;

	(void)state;
	assert_int_equal(token_get(vector("session.pem"), &t, &why), RC_OK);
	assert_int_equal(crl_get(vector("crl.der"), t.ca, &crl), RC_OK);
	assert_int_equal(crl_get(vector("crl-empty.der"), t.ca, &empty), RC_OK);
	assert_int_equal(token_check(&t, t.ca, crl, DAY_0615, &facts), TOKEN_REVOKED);
	assert_true(facts.revoked_s == DAY_0530);
	assert_int_equal(token_check(&t, t.ca, crl, DAY_1200, &facts), TOKEN_REVOKED);
	assert_int_equal(token_check(&t, t.ca, empty, DAY_1200, &facts), TOKEN_FINE);
	assert_true(facts.revoked_s == 0);
	assert_int_equal(token_check(&t, t.ca, NULL, DAY_0615, &facts), TOKEN_FINE);
	/* Expired comes first. */
	assert_int_equal(token_check(&t, t.ca, crl, DAY_1200 + 1, &facts), TOKEN_EXPIRED);
	X509_CRL_free(crl);
	X509_CRL_free(empty);
	token_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    a_session_file_by_openssl_is_read, no_errors_are_left),
		cmocka_unit_test_teardown(
		    what_is_put_is_got_back_and_read_by_openssl, no_errors_are_left),
		cmocka_unit_test_teardown(
		    without_lines_there_is_no_server_and_no_pin, no_errors_are_left),
		cmocka_unit_test_teardown(
		    blocks_may_stand_in_any_order_but_the_users_certificate_is_the_first,
		    no_errors_are_left),
		cmocka_unit_test_teardown(
		    other_lines_and_blocks_are_passed_over, no_errors_are_left),
		cmocka_unit_test_teardown(what_a_file_lacks_is_said, no_errors_are_left),
		cmocka_unit_test_teardown(a_damaged_line_is_said, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_file_over_its_limit_is_refused, no_errors_are_left),
		cmocka_unit_test_teardown(
		    every_truncation_is_refused, no_errors_are_left),
		cmocka_unit_test_teardown(
		    damage_to_any_byte_never_makes_another_session, no_errors_are_left),
		cmocka_unit_test_teardown(each_fault_is_found, no_errors_are_left),
		cmocka_unit_test_teardown(
		    the_facts_are_there_for_the_words_of_a_fault, no_errors_are_left),
		cmocka_unit_test_teardown(
		    a_list_of_the_revoked_counts_fresh_or_old, no_errors_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
