/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/request.h"

/* RFC 7617, section 2. */
static const char aladdin[] = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

static struct request
make(enum request_method method, const char *path, const char *body)
{
	return (struct request){ .method = method,
		.path = path,
		.authorization = aladdin,
		.content_type = "application/pkcs10",
		.has_length = true,
		.size = 200,
		.body = bytes_str(body) };
}

static struct ask
accept_it(const struct request *r, struct request_room *room)
{
	struct refusal no = { .status = 0 };
	struct ask a;

	memset(&a, 0x5a, sizeof(a));
	assert_int_equal(request_get(r, room, &a, &no), RC_OK);
	return a;
}

static void
refuse_it(const struct request *r, unsigned status)
{
	struct refusal no = { .status = 0 };
	struct request_room room;
	struct ask a, before;

	memset(&a, 0x5a, sizeof(a));
	before = a;
	assert_int_equal(request_get(r, &room, &a, &no), RC_BAD);
	assert_int_equal(no.status, status);
	assert_non_null(no.words);
	assert_int_equal(no.allow != NULL, status == 405);
	assert_memory_equal(&a, &before, sizeof(a));
}

static void
what_anybody_may_have_needs_nothing(void **state)
{
	struct request_room room;
	struct request r = make(REQUEST_GET, "/.well-known/est/cacerts", "");
	struct ask a;

	(void)state;
	r.authorization = r.content_type = NULL;
	r.has_length = false;
	a = accept_it(&r, &room);
	assert_int_equal(a.kind, ASK_CACERTS);
	assert_int_equal(a.user.n + a.password.n + a.cert.n + a.body.n, 0);
	r.path = "/crl";
	assert_int_equal(accept_it(&r, &room).kind, ASK_CRL);
}

static void
an_enrolment_brings_name_password_and_the_decoded_request(void **state)
{
	struct request_room room;
	struct request r = make(REQUEST_POST, "/.well-known/est/simpleenroll",
	    "Zm9v\r\nYmF\tyCg=\n=\n"); /* printf 'foobar\n' | base64 */
	struct ask a;

	(void)state;
	assert_int_equal(addr_parse(bytes_str("192.0.2.1"), &r.source), RC_OK);
	r.content_type = "Application/PKCS10; charset=x";
	r.cert = bytes_str("not looked at here");
	a = accept_it(&r, &room);
	assert_int_equal(a.kind, ASK_ENROLL);
	assert_true(bytes_is(a.user, "Aladdin"));
	assert_true(bytes_is(a.password, "open sesame"));
	assert_true(bytes_is(a.body, "foobar\n"));
	assert_int_equal(a.cert.n, 0);
	assert_true(addr_eq(&a.source, &r.source));
}

static void
a_renewal_brings_the_certificate_and_no_password(void **state)
{
	struct request_room room;
	struct request r = make(REQUEST_POST, "/.well-known/est/simplereenroll", "MAA=");
	struct ask a;

	(void)state;
	refuse_it(&r, 403);
	r.cert = bytes_str("a certificate");
	a = accept_it(&r, &room);
	assert_int_equal(a.kind, ASK_REENROLL);
	assert_true(bytes_is(a.cert, "a certificate"));
	assert_int_equal(a.user.n + a.password.n, 0);
	assert_int_equal(a.body.n, 2);
}

static void
a_registration_may_have_no_body_or_an_invite_with_its_line_end(void **state)
{
	struct request_room room;
	struct request r = make(REQUEST_POST, "/register", "");
	struct ask a;

	(void)state;
	r.has_length = false;
	a = accept_it(&r, &room);
	assert_int_equal(a.kind, ASK_REGISTER);
	assert_int_equal(a.body.n, 0);
	r.has_length = true;
	r.body = bytes_str("abc-def\r\n");
	assert_true(bytes_is(accept_it(&r, &room).body, "abc-def"));
}

static void
a_new_password_is_taken_as_it_is(void **state)
{
	struct request_room room;
	struct request r = make(REQUEST_POST, "/passwd", " new \n");
	struct ask a;

	(void)state;
	r.content_type = NULL;
	a = accept_it(&r, &room);
	assert_int_equal(a.kind, ASK_PASSWD);
	assert_true(bytes_is(a.body, " new \n"));
}

static void
the_password_begins_behind_the_first_colon(void **state)
{
	static const struct {
		const char *header, *user, *password;
	} cases[] = {
		{ "Basic YTpiOmM=", "a", "b:c" },
		{ "bASIC   YTo=", "a", "" },
		{ "Basic OmI=", "", "b" },
		{ "Basic Og==", "", "" },
	};
	struct request_room room;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request r = make(REQUEST_POST, "/register", "");
		struct ask a;

		r.authorization = cases[i].header;
		a = accept_it(&r, &room);
		assert_true(bytes_is(a.user, cases[i].user));
		assert_true(bytes_is(a.password, cases[i].password));
	}
}

static void
who_brings_no_password_is_asked_for_one(void **state)
{
	static const char *const headers[] = { NULL, "", "Basic", "BasicYTpi",
		"Digest username=a", "Bearer YTpi" };

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct request r = make(REQUEST_POST, "/register", "");

		r.authorization = headers[i];
		refuse_it(&r, 401);
	}
}

static void
a_damaged_authorization_is_refused(void **state)
{
	static const char *const headers[] = {
		"Basic ",              /* nothing */
		"Basic YWI=",          /* no colon */
		"Basic YTpi YTpi",     /* two */
		"Basic YTp",           /* cut */
		"Basic YT*i",          /* another character */
		"Basic YTpi\n",        /* a line end */
		"Basic YTpi, Digest x" /* a list */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct request r = make(REQUEST_POST, "/register", "");

		r.authorization = headers[i];
		refuse_it(&r, 400);
	}
}

static void
a_name_and_password_have_512_bytes(void **state)
{
	char header[1024] = "Basic ";
	struct request r = make(REQUEST_POST, "/register", "");
	struct request_room room;

	(void)state;
	r.authorization = header;
	/* ":::" is Ojo6, "::" is Ojo=, ":" is Og==: 513 = 171 x 3, 512 = 170 x 3 + 2. */
	for (size_t i = 0; i < 170; i++)
		memcpy(header + 6 + 4 * i, "Ojo6", 5);
	memcpy(header + 6 + 680, "Ojo=", 5);
	assert_int_equal(accept_it(&r, &room).password.n, 511);
	memcpy(header + 6 + 680, "Ojo6", 5);
	refuse_it(&r, 400);
	for (size_t i = 0; i < 250; i++)
		memcpy(header + 6 + 4 * i, "Ojo6", 5);
	refuse_it(&r, 400);
}

static void
another_path_is_404_and_another_method_405(void **state)
{
	static const char *const paths[] = { "", "/", "/crl/", "/CRL", "//crl",
		"/.well-known/est", "/.well-known/est/csrattrs",
		"/.well-known/est/cacertsx", "/register/../crl", "*" };
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		r = make(REQUEST_GET, paths[i], "");
		refuse_it(&r, 404);
	}
	r = make(REQUEST_GET, "/register", "");
	refuse_it(&r, 405);
	r = make(REQUEST_POST, "/crl", "");
	refuse_it(&r, 405);
	r = make(REQUEST_OTHER, "/.well-known/est/cacerts", "");
	refuse_it(&r, 405);
}

static void
sizes_are_held_to_the_byte(void **state)
{
	static uint8_t big[REQUEST_MAX + 1];
	struct request_room room;
	struct request r = make(REQUEST_POST, "/passwd", "x");

	(void)state;
	r.size = REQUEST_MAX;
	(void)accept_it(&r, &room);
	r.size++;
	refuse_it(&r, 413);
	r.size = 100;
	r.body = bytes_of(big, sizeof(big));
	refuse_it(&r, 413);
	r.body.n--;
	(void)accept_it(&r, &room);
	r.has_length = false;
	refuse_it(&r, 411);
	r = make(REQUEST_POST, "/.well-known/est/simplereenroll", "MAA=");
	r.cert = bytes_of(big, REQUEST_CERT);
	(void)accept_it(&r, &room);
	r.cert.n++;
	refuse_it(&r, 403);
}

static void
a_body_of_another_kind_is_refused(void **state)
{
	static const char *const types[] = { NULL, "", "text/plain",
		"application/pkcs10x", "application/pkcs1", "x application/pkcs10" };
	static const char *const bodies[] = { "", "\r\n", "MAA", "M A=A",
		"MAA=MAA=", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n", "MAA\xff" };
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		r = make(REQUEST_POST, "/.well-known/est/simpleenroll", "MAA=");
		r.content_type = types[i];
		refuse_it(&r, 415);
	}
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		r = make(REQUEST_POST, "/.well-known/est/simpleenroll", bodies[i]);
		refuse_it(&r, 400);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_anybody_may_have_needs_nothing),
		cmocka_unit_test(
		    an_enrolment_brings_name_password_and_the_decoded_request),
		cmocka_unit_test(a_renewal_brings_the_certificate_and_no_password),
		cmocka_unit_test(
		    a_registration_may_have_no_body_or_an_invite_with_its_line_end),
		cmocka_unit_test(a_new_password_is_taken_as_it_is),
		cmocka_unit_test(the_password_begins_behind_the_first_colon),
		cmocka_unit_test(who_brings_no_password_is_asked_for_one),
		cmocka_unit_test(a_damaged_authorization_is_refused),
		cmocka_unit_test(a_name_and_password_have_512_bytes),
		cmocka_unit_test(another_path_is_404_and_another_method_405),
		cmocka_unit_test(sizes_are_held_to_the_byte),
		cmocka_unit_test(a_body_of_another_kind_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
