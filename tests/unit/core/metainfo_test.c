/* SPDX-License-Identifier: ISC */
/* v1 torrents, and what stands outside of `info`. The hash comes from sha1sum(1). */
#include "tests/unit/core/metainfo_text.h"

#include "base/text.h"

static void
a_single_file_is_read(void **state)
{
	struct rec_torrent r;
	struct metainfo m;
	char hex[41];

	(void)state;
	assert_int_equal(read_text(&m, ONE), RC_OK);
	metainfo_torrent(&m, &r);
	text_hex(r.btih, sizeof(r.btih), hex);
	/* printf 'd6:length…e' | sha1sum, of what stands behind d4:info */
	assert_string_equal(hex, "7d369e2a749cf8b9dfd1687d8e7b7324f7740baa");
	assert_true(r.has_btih && !r.has_btmh && !r.private);
	assert_int_equal(r.piece_length, 16384);
	assert_int_equal(r.pieces, 1);
	assert_int_equal(r.length, 425);
	assert_int_equal(r.files, 1);
	assert_true(bytes_is(r.name, "temp"));
	assert_path(&m, 0, "temp");
	metainfo_clear(&m);
}

static void
files_lie_behind_each_other_below_the_name(void **state)
{
	struct metainfo m;

	(void)state;
	assert_int_equal(read_text(&m,
	                     FILES("d6:lengthi5e4:pathl1:a1:bee"
	                           "d4:attr2:xh6:lengthi0e4:pathl1:ceee"
	                           "d6:lengthi7e4:pathl1:dee")),
	    RC_BAD); /* an end too many */
	metainfo_clear(&m);
	assert_int_equal(read_text(&m,
	                     FILES("d6:lengthi5e4:pathl1:a1:bee"
	                           "d4:attr2:xh6:lengthi0e4:pathl1:cee"
	                           "d6:lengthi7e4:pathl1:dee")),
	    RC_OK);
	assert_int_equal(m.n_files, 3);
	assert_int_equal(m.length, 12);
	assert_path(&m, 0, "n/a/b");
	assert_path(&m, 1, "n/c");
	assert_path(&m, 2, "n/d");
	assert_int_equal(m.files[1].offset, 5);
	assert_true(m.files[1].executable && m.files[1].hidden && !m.files[1].pad);
	assert_int_equal(m.files[2].offset, 5);
	metainfo_clear(&m);
}

static void
paths_in_one_directory_share_their_beginning(void **state)
{
	static const char *const want[] = { "n/a/b/one", "n/a/b/2", "", "n/a/b/three",
		"n/a/p", "n/a/four", "n/five", "n/a/b/c/six" };
	struct metainfo_room room = { .file = 0 };
	struct metainfo m;

	(void)state;
	assert_int_equal(read_text(&m,
	                     FILES("d6:lengthi1e4:pathl1:a1:b3:oneee"
	                           "d6:lengthi1e4:pathl1:a1:b1:2ee"
	                           "d4:attr1:p6:lengthi1ee"
	                           "d6:lengthi1e4:pathl1:a1:b5:threeee"
	                           "d4:attr1:p6:lengthi1e4:pathl1:a1:pee"
	                           "d6:lengthi1e4:pathl1:a4:fouree"
	                           "d6:lengthi1e4:pathl4:fiveee"
	                           "d6:lengthi1e4:pathl1:a1:b1:c3:sixee")),
	    RC_OK);
	assert_int_equal(m.n_files, 8);
	for (size_t i = 0; i < 8; i++) {
		struct rec_file r;

		metainfo_file(&m, i, &room, &r);
		assert_true(bytes_is(r.path, want[i]));
	}
	for (size_t i = 8; i-- > 0;) {
		struct rec_file r;

		metainfo_file(&m, i, &room, &r);
		assert_true(bytes_is(r.path, want[i]));
	}
	metainfo_clear(&m);
}

static void
keys_with_utf8_in_their_name_are_preferred(void **state)
{
	struct metainfo m;

	(void)state;
	assert_int_equal(read_text(&m,
	                     HEAD "d5:filesld6:lengthi5e4:pathl1:ae10:path.utf-8l2:xxeee"
	                          "4:name1:n10:name.utf-82:yy" REST "e"),
	    RC_OK);
	assert_path(&m, 0, "yy/xx");
	metainfo_clear(&m);
}

static void
keys_out_of_order_pass_and_keys_twice_do_not(void **state)
{
	(void)state;
	assert_taken(HEAD "d4:name4:temp6:lengthi425e" REST "e");
	assert_taken(
	    HEAD "d5:filesld6:lengthi1e4:pathl1:aeee4:name1:n" REST "1:xlld0:0:eeee");
	assert_taken("d1:zi1e1:ai1e4:infod6:lengthi425e4:name4:temp" REST "1:zi2ee");
	/* neighbours, and with others between */
	assert_refused(
	    HEAD "d6:lengthi1e^6:lengthi1e4:name4:temp" REST "e", "a key twice");
	assert_refused(
	    HEAD "d6:lengthi1e4:name4:temp^6:lengthi1e" REST "e", "a key twice");
	assert_refused(HEAD "d5:filesld6:lengthi1e4:pathl1:aeee4:name1:n^5:files"
	                    "ld6:lengthi1e4:pathl1:beeeee",
	    "a key twice");
	/* deep inside, and in dictionaries that are out of order */
	assert_refused(HEAD "d1:bd1:xld1:ai1e^1:ai2eeee6:lengthi1e4:name1:n" REST "e",
	    "a key twice");
	assert_refused(HEAD "d1:bi0e1:ald1:z0:1:y0:^1:z0:ee6:lengthi1e4:name1:n" REST "e",
	    "a key twice");
	assert_refused(HEAD "d5:filesld6:lengthi1e4:pathl1:ae^6:lengthi1eee4:name1:n" REST
	                    "e",
	    "a key twice");
	assert_refused(FILES("d6:lengthi1e4:pathl1:ae1:xd1:b0:^1:b0:ee"), "a key twice");
	assert_refused(
	    FILES("d6:lengthi1e4:pathl1:ae10:path.utf-8d1:b0:^1:b0:ee"), "a key twice");
	assert_refused(
	    FILES("d10:path.utf-8l1:ae4:pathld1:b0:^1:b0:ee6:lengthi1ee"), "a key twice");
	/* the same key in dictionaries beside and inside each other is none */
	assert_taken(HEAD "d1:zd1:zd1:zi1eee1:ad1:zi1ee6:lengthi1e4:name1:n" REST "e");
	assert_refused(HEAD "de^4:infodee", "a second `info`");
}

static void
a_second_info_is_refused_and_elsewhere_the_first_of_two_counts(void **state)
{
	struct metainfo m;

	(void)state;
	assert_int_equal(
	    read_text(&m,
	        "d8:announce3:u:18:announce3:u:24:infod6:lengthi425e4:name4:temp" REST
	        "e"),
	    RC_OK);
	assert_int_equal(m.n_trackers, 1);
	assert_true(bytes_is(m.trackers[0].url, "u:1"));
	metainfo_clear(&m);
}

static void
names_that_are_no_component_of_a_path_are_refused(void **state)
{
	static const char *const bad[] = { "0:", "1:.", "2:..", "1:/", "3:a/b", "2:/a",
		"2:a/" };
	char text[600];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(
		    text, sizeof(text), FILES("d6:lengthi5e4:pathl1:a^%see"), bad[i]);
		assert_refused(text, "name");
		(void)snprintf(
		    text, sizeof(text), HEAD "d6:lengthi5e4:name^%s" REST "e", bad[i]);
		assert_refused(text, "name");
		(void)snprintf(text, sizeof(text),
		    FILES("d4:attr1:l4:pathl1:ae12:symlink "
		          "pathl^%seed6:lengthi1e4:pathl1:bee"),
		    bad[i]);
		assert_refused(text, "name");
	}
	assert_refused(FILES("d6:lengthi5e4:path^lee"), "without a name");
	assert_refused(FILES("^d6:lengthi5ee"), "without a `path`");
	assert_refused(FILES("d6:lengthi5e4:path^1:ae"), "not a list");
	assert_refused(FILES("d6:lengthi5e4:pathl1:a^i5eee"), "not a string");
	assert_refused(FILES("^d4:attr1:l6:lengthi5e4:pathl1:aee"), "symlink");
	assert_taken(FILES("d6:lengthi5e4:pathl3:...3:..a2:a.1:\\ee"));
}

static void
a_name_may_have_255_bytes_and_a_path_4095(void **state)
{
	char text[9000], path[5000];
	int size = 0;

	(void)state;
	for (int n = 255; n <= 256; n++) {
		(void)snprintf(text, sizeof(text),
		    FILES("d6:lengthi5e4:pathl%s%d:%0*dee"), n == 255 ? "" : "^", n, n,
		    0);
		if (n == 255)
			assert_taken(text);
		else
			assert_refused(text, "over 255 bytes");
	}
	for (int i = 0; i < 15; i++) /* 1 + 15 x 256 = 3841 bytes of the path */
		size +=
		    snprintf(path + size, sizeof(path) - (size_t)size, "255:%0255d", 0);
	(void)snprintf(
	    text, sizeof(text), FILES("d6:lengthi5e4:pathl%s253:%0253dee"), path, 0);
	assert_taken(text);
	(void)snprintf(
	    text, sizeof(text), FILES("d6:lengthi5e4:path^l%s254:%0254dee"), path, 0);
	assert_refused(text, "over 4,095 bytes");
}

static void
a_path_of_more_names_than_bytes_allow_is_refused(void **state)
{
	/* Two files, for only then directories are compared. */
	static const char head[] = "d4:infod5:filesld6:lengthi5e4:pathl";
	static const char tail[] =
	    "eed6:lengthi5e4:pathl1:zeee4:name1:n12:piece lengthi16384e"
	    "6:pieces20:00000000000000000000ee";
	struct metainfo m;
	char *text;

	(void)state;
	for (size_t names = 2040; names < 6000; names += names < 2060 ? 1 : 1000) {
		size_t n = sizeof(head) - 1;

		text = malloc(sizeof(head) + sizeof(tail) + 3 * names);
		assert_non_null(text);
		memcpy(text, head, n);
		for (size_t i = 0; i < names; i++, n += 3)
			memcpy(text + n, "1:a", 3);
		memcpy(text + n, tail, sizeof(tail) - 1);
		n += sizeof(tail) - 1;
		/* The name, and two bytes for each component: 4,095 for 2,047 of them. */
		assert_int_equal(metainfo_read(&m, bytes_of(text, n), key),
		    names <= 2047 ? RC_OK : RC_BAD);
		metainfo_clear(&m);
		free(text);
	}
}

static void
clashing_paths_are_refused_wherever_they_stand(void **state)
{
	(void)state;
#define F(path) "d6:lengthi1e4:pathl" path "ee"
#define P(path) "d6:lengthi1e4:path^l" path "ee"
	assert_refused(FILES(F("1:a1:b") F("1:c") P("1:a1:b")), "the same path");
	assert_refused(FILES(F("1:a") F("1:c") P("1:a1:b1:c")), "also a directory");
	assert_refused(FILES(P("1:a1:b1:c") F("1:c") F("1:a1:b")), "also a directory");
	assert_refused(FILES(F("1:x1:y") P("1:a1:b1:c") F("1:a1:b1:d") F("1:a")),
	    "also a directory");
	assert_taken(FILES(F("1:a1:b") F("2:ab") F("1:a2:ba") F("1:b1:a")));
	assert_refused(FILES(F("1:a") "d4:attr1:p6:lengthi1e4:pathl1:a1:xee" P("1:a1:b")),
	    "also a directory");
	/* pad files never become files */
	assert_taken(FILES("d4:attr1:p6:lengthi1e4:pathl1:aee" F(
	    "1:a") "d4:attr1:p6:lengthi1e4:pathl1:aee"));
}

static void
lengths_are_held_against_each_other(void **state)
{
	(void)state;
	assert_refused(HEAD "d6:length^i-1e4:name1:n" REST "e", "negative");
	assert_refused(
	    HEAD "d6:length^i1152921504606846976e4:name1:n" REST "e", "over 2");
	assert_refused(
	    FILES("d6:lengthi1152921504606846975e4:pathl1:aee^d6:lengthi1e4:pathl1:bee"),
	    "over 2");
	assert_refused(HEAD
	    "d6:lengthi16385e4:name1:n12:piece lengthi16384e6:pieces^20:" P20 "ee",
	    "their number does not fit");
	assert_refused(HEAD "d6:length^1:14:name1:n" REST "e", "not a number");
	assert_refused(HEAD "d4:name1:n" REST "e", "neither");
	assert_refused(HEAD "d5:files^le6:lengthi5e4:name1:n" REST "e", "both");
	assert_refused(HEAD "d5:files^le4:name1:n" REST "e", "empty");
	assert_refused(
	    HEAD "d6:lengthi0e4:name1:n12:piece lengthi1e6:pieces0:ee", "no data");
#define PIECES(length) HEAD "d6:lengthi5e4:name1:n12:piece length" length "6:pieces"
	assert_refused(PIECES("^i0e") "0:ee", "1 to 2^30");
	assert_taken(PIECES("i1073741824e") "20:" P20 "ee");
	assert_refused(PIECES("^i1073741825e") "20:" P20 "ee", "1 to 2^30");
	assert_taken(PIECES("i5e") "20:" P20 "ee");
	assert_refused(PIECES("i5e") "^19:0123456789012345678ee", "multiple of 20");
	assert_refused(HEAD "d6:lengthi5e4:name1:n12:piece lengthi5eee", "no `pieces`");
	assert_refused(HEAD "d6:lengthi5e4:name1:n6:pieces0:ee", "no `piece length`");
}

static void
numbers_beyond_64_bits_are_refused_only_where_they_are_read(void **state)
{
	(void)state;
	assert_taken(
	    "d4:infod6:lengthi425e4:name4:temp" REST "3:numi99999999999999999999ee");
	assert_refused(
	    HEAD "d6:length^i99999999999999999999e4:name1:n" REST "e", "over 2");
	assert_refused("d13:creation date^i99999999999999999999e4:info"
	               "d6:lengthi425e4:name4:temp" REST "e",
	    "64 bits");
	assert_refused(
	    PIECES("i5e") "20:" P20 "7:private^i99999999999999999999eee", "64 bits");
}

static void
private_is_1_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		bool private;
	} cases[] = { { "i1e", true }, { "i0e", false }, { "i2e", false },
		{ "i-1e", false }, { "1:1", false }, { "li1ee", false } };
	char text[300];
	struct metainfo m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    HEAD "d6:lengthi1e4:name1:n12:piece lengthi5e6:pieces20:" P20
		         "7:private%see",
		    cases[i].text);
		assert_int_equal(read_text(&m, text), RC_OK);
		assert_int_equal(m.private, cases[i].private);
		metainfo_clear(&m);
	}
	assert_int_equal(
	    read_text(&m, HEAD "d6:lengthi425e4:name4:temp" REST "7:privatei1ee"), RC_OK);
	assert_false(m.private); /* outside of info it says nothing */
	metainfo_clear(&m);
}

static void
trackers_are_tiers_without_gaps_and_without_repeats(void **state)
{
	static const struct {
		uint64_t tier;
		const char *url;
	} want[] = { { 0, "udp://a" }, { 0, "udp://b" }, { 1, "udp://c" },
		{ 2, "udp://d" } };
	struct metainfo m;

	(void)state;
	assert_int_equal(read_text(&m,
	                     "d8:announce7:udp://z13:announce-list"
	                     "ll7:udp://a8: udp://be" /* a tier, blanks around */
	                     "l0:7:udp://ae"          /* nothing new in it */
	                     "7:udp://c"              /* a string is a tier */
	                     "li5el7:udp://xed1:a0:e7:udp://deli7ee5:     e"
	                     "4:infod6:lengthi425e4:name4:temp" REST "e"),
	    RC_OK);
	assert_int_equal(m.n_trackers, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(m.trackers[i].tier, want[i].tier);
		assert_true(bytes_is(m.trackers[i].url, want[i].url));
	}
	metainfo_clear(&m);
	assert_int_equal(read_text(&m,
	                     "d8:announce7:udp://z13:announce-listll0:ee"
	                     "4:infod6:lengthi425e4:name4:temp" REST "e"),
	    RC_OK);
	assert_int_equal(m.n_trackers, 1);
	assert_true(bytes_is(m.trackers[0].url, "udp://z"));
	metainfo_clear(&m);
}

static void
web_seeds_and_nodes_are_read_and_junk_is_passed_over(void **state)
{
	struct metainfo m;

	(void)state;
	assert_int_equal(
	    read_text(&m,
	        "d9:httpseedsl8:http://sdee4:infod6:lengthi425e4:name4:temp" REST
	        "5:nodesll1:hi6881eeli1ei2eel1:hi0eel1:hi65536eei5el1:h1:5el1:gi1ei2ee"
	        "d1:ai1eelee8:url-listl8:http://wi3ed1:ai1ee0:8:http://w8:http://xee"),
	    RC_OK);
	assert_int_equal(m.n_webseeds, 3);
	assert_true(bytes_is(m.webseeds[0].url, "http://w") && !m.webseeds[0].bep17);
	assert_true(bytes_is(m.webseeds[1].url, "http://x") && !m.webseeds[1].bep17);
	assert_true(bytes_is(m.webseeds[2].url, "http://s") && m.webseeds[2].bep17);
	assert_int_equal(m.n_nodes, 2);
	assert_true(bytes_is(m.nodes[0].host, "h") && m.nodes[0].port == 6881);
	assert_true(bytes_is(m.nodes[1].host, "g") && m.nodes[1].port == 1);
	metainfo_clear(&m);
}

static void
what_is_no_torrent_is_called_by_its_name(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "empty" },
		{ " \n", "empty" },
		{ "magnet:?xt=urn:btih:00",
		    "magnet links are not supported: get the .torrent instead" },
		{ "\nmagnet:?xt=urn:btih:00",
		    "magnet links are not supported: get the .torrent instead" },
		{ "<!DOCTYPE html>", "HTML" },
		{ "\r\n <html>", "HTML" },
		{ "\x1f\x8b\x08", "gzip" },
		{ "\xef\xbb\xbf" ONE, "BOM" },
		{ " " ONE, "leading blank" },
		{ "\n" ONE, "leading blank" },
		{ "ugat\t1\n", "records" },
		{ "l4:infoe", "dictionary" },
		{ "10:libtorrent", "dictionary" },
		{ "de", "no `info`" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].text, cases[i].words);
	assert_taken(ONE " \r\n\t");
	assert_refused(ONE "^x", "something follows");
	assert_refused(ONE " ^" ONE, "something follows");
	assert_refused("d4:info^i5ee", "not a dictionary");
}

static void
texts_become_meta_records_and_long_ones_are_cut(void **state)
{
	static char text[8000];
	struct metainfo_room room = { .file = 0 };
	struct metainfo m;
	struct rec_meta r;
	size_t found = 0;
	enum rc rc;

	(void)state;
	/* 4095 bytes, then one character of two */
	(void)snprintf(text, sizeof(text),
	    "d7:comment4099:%04095d\xc3\xa9xx13:creation datei-5e4:info"
	    "d6:lengthi425e4:name4:temp" REST "8:encoding0:6:sourcei5ee",
	    0);
	assert_int_equal(read_text(&m, text), RC_OK);
	for (size_t i = 0; (rc = metainfo_meta(&m, i, &room, &r)) != RC_END; i++) {
		if (rc != RC_OK)
			continue;
		if (found++ == 0)
			assert_true(
			    bytes_is(r.key, "comment") && r.value.n == 4095 && r.cut);
		else
			assert_true(bytes_is(r.key, "creation-date") &&
			    bytes_is(r.value, "-5") && !r.cut);
	}
	assert_int_equal(found, 2);
	metainfo_clear(&m);
}

static void
every_truncation_is_refused(void **state)
{
	struct metainfo m;

	(void)state;
	for (size_t n = 0; n < strlen(ONE); n++) {
		assert_true(metainfo_read(&m, bytes_of(ONE, n), key) != RC_OK);
		metainfo_clear(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_file_is_read),
		cmocka_unit_test(files_lie_behind_each_other_below_the_name),
		cmocka_unit_test(paths_in_one_directory_share_their_beginning),
		cmocka_unit_test(keys_with_utf8_in_their_name_are_preferred),
		cmocka_unit_test(keys_out_of_order_pass_and_keys_twice_do_not),
		cmocka_unit_test(
		    a_second_info_is_refused_and_elsewhere_the_first_of_two_counts),
		cmocka_unit_test(names_that_are_no_component_of_a_path_are_refused),
		cmocka_unit_test(a_name_may_have_255_bytes_and_a_path_4095),
		cmocka_unit_test(a_path_of_more_names_than_bytes_allow_is_refused),
		cmocka_unit_test(clashing_paths_are_refused_wherever_they_stand),
		cmocka_unit_test(lengths_are_held_against_each_other),
		cmocka_unit_test(
		    numbers_beyond_64_bits_are_refused_only_where_they_are_read),
		cmocka_unit_test(private_is_1_and_nothing_else),
		cmocka_unit_test(trackers_are_tiers_without_gaps_and_without_repeats),
		cmocka_unit_test(web_seeds_and_nodes_are_read_and_junk_is_passed_over),
		cmocka_unit_test(what_is_no_torrent_is_called_by_its_name),
		cmocka_unit_test(texts_become_meta_records_and_long_ones_are_cut),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
