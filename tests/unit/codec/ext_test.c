/* SPDX-License-Identifier: ISC */
/* The bodies are BEP 10's own example, or were written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/ext.h"

/*
 * BEP 10's example as it means it: the text there counts 6 bytes for a name of 7, because
 * the micro sign takes two.
 */
static const char example[] =
    "d1:md11:LT_metadatai1e7:\xc2\xb5T_PEXi2ee1:pi6881e1:v13:\xc2\xb5Torrent 1.2e";

static struct ext_handshake
get(const char *text)
{
	struct ext_handshake h = { .reqq = 99, .port = 99, .client = bytes_str("left") };

	assert_int_equal(ext_get_handshake(bytes_str(text), &h), RC_OK);
	return h;
}

static void
the_example_of_bep_10_is_read(void **state)
{
	struct ext_handshake h = get(example);

	(void)state;
	assert_int_equal(h.port, 6881);
	assert_int_equal(h.reqq, 0);
	assert_true(bytes_is(h.client, "\xc2\xb5Torrent 1.2"));
}

static void
what_is_not_said_is_zero(void **state)
{
	struct ext_handshake h = get("de");

	(void)state;
	assert_int_equal(h.port, 0);
	assert_int_equal(h.reqq, 0);
	assert_int_equal(h.client.n, 0);
}

static void
keys_nobody_knows_are_skipped_with_all_that_they_hold(void **state)
{
	struct ext_handshake h = get("d1:ald1:vi1eel1:pi2eee1:md4:reqqi1e1:pi3e1:v1:xe"
	                             "4:reqqi250e6:yourip4:abcde");

	(void)state;
	assert_int_equal(h.reqq, 250);
	assert_int_equal(h.port, 0);
	assert_int_equal(h.client.n, 0);
}

static void
keys_out_of_order_are_read(void **state)
{
	struct ext_handshake h = get("d1:v2:ab4:reqqi7e1:pi80ee");

	(void)state;
	assert_int_equal(h.reqq, 7);
	assert_int_equal(h.port, 80);
	assert_true(bytes_is(h.client, "ab"));
}

static void
values_of_a_wrong_type_or_range_count_as_not_said(void **state)
{
	static const char *const odd[] = { "d1:p4:68814:reqq3:2501:vi1ee",
		"d1:pi-1e4:reqqi-1e1:vlee", "d1:pi65537e4:reqqle1:vdee",
		"d1:pi99999999999999999999e4:reqqi-99999999999999999999ee" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct ext_handshake h = get(odd[i]);

		assert_int_equal(h.port, 0);
		assert_int_equal(h.reqq, 0);
		assert_int_equal(h.client.n, 0);
	}
}

static void
a_queue_longer_than_we_can_count_is_the_longest_we_can(void **state)
{
	(void)state;
	assert_true(get("d4:reqqi4294967295ee").reqq == UINT32_MAX);
	assert_true(get("d4:reqqi4294967296ee").reqq == UINT32_MAX);
	assert_true(get("d4:reqqi9223372036854775807ee").reqq == UINT32_MAX);
}

static void
bytes_behind_the_dictionary_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(get("d1:pi5eexyz").port, 5);
}

static void
every_truncation_is_refused_and_leaves_the_result_alone(void **state)
{
	struct ext_handshake h, before;

	(void)state;
	memset(&h, 0x5a, sizeof(h));
	before = h;
	for (size_t n = 0; n < sizeof(example) - 1; n++)
		assert_int_equal(ext_get_handshake(bytes_of(example, n), &h), RC_BAD);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void
what_is_no_dictionary_is_refused(void **state)
{
	static const char *const bad[] = { "", "i1e", "4:spam", "le", "e", "x",
		"di1ei2ee", "d1:p", "d1:pi1e", "d1:pe", "d1:pi01eee", "d-1:pi1ee",
		"d1:pi1e99:xe" };
	struct ext_handshake h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ext_get_handshake(bytes_str(bad[i]), &h) != RC_BAD)
			fail_msg("accepted: %s", bad[i]);
}

static void
nesting_beyond_reason_is_refused(void **state)
{
	char deep[EXT_HANDSHAKE_MAX];
	struct ext_handshake h;

	(void)state;
	memset(deep, 'l', sizeof(deep));
	memcpy(deep, "d1:m", 4);
	assert_int_equal(ext_get_handshake(bytes_of(deep, sizeof(deep)), &h), RC_BAD);
}

static void
ours_says_reqq_client_and_port(void **state)
{
	static const char want[] = "d1:mde1:pi6881e4:reqqi2000e1:v8:ugat 0.1e";
	const struct ext_handshake h = {
		.reqq = 2000, .port = 6881, .client = bytes_str("ugat 0.1")
	};
	uint8_t out[64];

	(void)state;
	assert_int_equal(ext_put_handshake(&h, out, sizeof(out)), sizeof(want) - 1);
	assert_memory_equal(out, want, sizeof(want) - 1);
}

static void
who_fetches_nothing_any_more_says_so(void **state)
{
	static const char want[] = "d1:mde4:reqqi9e11:upload_onlyi1e1:v0:e";
	const struct ext_handshake h = { .reqq = 9, .upload_only = true };
	uint8_t out[64];

	(void)state;
	assert_int_equal(ext_put_handshake(&h, out, sizeof(out)), sizeof(want) - 1);
	assert_memory_equal(out, want, sizeof(want) - 1);
	assert_true(get("d11:upload_onlyi1ee").upload_only);
	assert_false(get("d11:upload_onlyi0ee").upload_only);
	assert_false(get("d11:upload_only1:1e").upload_only);
	assert_false(get("de").upload_only);
}

static void
a_port_that_we_do_not_have_is_not_said(void **state)
{
	static const char want[] = "d1:mde4:reqqi0e1:v0:e";
	const struct ext_handshake h = { .reqq = 0 };
	uint8_t out[64];

	(void)state;
	assert_int_equal(ext_put_handshake(&h, out, sizeof(out)), sizeof(want) - 1);
	assert_memory_equal(out, want, sizeof(want) - 1);
}

static void
room_that_is_too_small_is_left_untouched_behind_its_end(void **state)
{
	const struct ext_handshake h = {
		.reqq = UINT32_MAX, .port = 65535, .client = bytes_str("ugat")
	};
	uint8_t out[64];
	size_t whole = ext_put_handshake(&h, out, sizeof(out));

	(void)state;
	assert_int_equal(whole, strlen("d1:mde1:pi65535e4:reqqi4294967295e1:v4:ugate"));
	for (size_t cap = 0; cap < whole; cap++) {
		memset(out, 0x5a, sizeof(out));
		assert_int_equal(ext_put_handshake(&h, out, cap), 0);
		for (size_t i = cap; i < sizeof(out); i++)
			assert_int_equal(out[i], 0x5a);
	}
	assert_int_equal(ext_put_handshake(&h, out, whole), whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_bep_10_is_read),
		cmocka_unit_test(what_is_not_said_is_zero),
		cmocka_unit_test(keys_nobody_knows_are_skipped_with_all_that_they_hold),
		cmocka_unit_test(keys_out_of_order_are_read),
		cmocka_unit_test(values_of_a_wrong_type_or_range_count_as_not_said),
		cmocka_unit_test(a_queue_longer_than_we_can_count_is_the_longest_we_can),
		cmocka_unit_test(bytes_behind_the_dictionary_do_not_matter),
		cmocka_unit_test(every_truncation_is_refused_and_leaves_the_result_alone),
		cmocka_unit_test(what_is_no_dictionary_is_refused),
		cmocka_unit_test(nesting_beyond_reason_is_refused),
		cmocka_unit_test(ours_says_reqq_client_and_port),
		cmocka_unit_test(who_fetches_nothing_any_more_says_so),
		cmocka_unit_test(a_port_that_we_do_not_have_is_not_said),
		cmocka_unit_test(room_that_is_too_small_is_left_untouched_behind_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
