/* SPDX-License-Identifier: ISC */
/*
 * v2 torrents and hybrids. The roots come from python's hashlib, along the drawings of
 * BEP 52.
 */
#include "tests/unit/core/metainfo_text.h"

#include "base/text.h"

/*
 * A v2 torrent of one file "f" whose pieces hash to A…A, B…B, C…C and so on: layers of
 * 32-byte runs, made by hand; the roots by python's hashlib. fields: what v1 adds.
 */
struct v2 {
	const char *piece_length, *length, *fields, *layer, *root;
};

#define A32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B32 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define ROOT16 "c9034a04853e64e0e397c2fe4be74a78c2367eb50982be1379e1c1fb7f9f217a"
#define ROOT64 "46b8d1cb69a20bf08c3c61e6abe2b99524e9454e48bb98703bcc6417ae1ad1bd"
#define C32 "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"

static enum rc
read_v2(struct metainfo *m, const struct v2 *v, uint8_t text[static 2000])
{
	uint8_t root[32];
	size_t n;

	assert_int_equal(text_unhex(bytes_str(v->root), root, sizeof(root)), RC_OK);
	n = (size_t)snprintf((char *)text, 2000,
	    "d4:infod9:file treed1:fd0:d6:lengthi%se11:pieces root32:", v->length);
	memcpy(text + n, root, sizeof(root));
	n += 32;
	n += (size_t)snprintf((char *)text + n, 2000 - n,
	    "eee%s12:meta versioni2e4:name1:f12:piece lengthi%se%se12:piece layersd32:",
	    v->fields, v->piece_length,
	    v->fields[0] == '\0' ? "" : "6:pieces60:" P20 P20 P20);
	memcpy(text + n, root, sizeof(root));
	n += 32;
	n += (size_t)snprintf(
	    (char *)text + n, 2000 - n, "%zu:%see", strlen(v->layer), v->layer);
	return metainfo_read(m, bytes_of(text, n), key);
}

static void
piece_layers_of_a_hybrid_must_make_their_roots(void **state)
{
	static const struct {
		struct v2 v2;
		enum rc rc;
	} cases[] = {
		/* 3 pieces: H(H(A B) H(C nothing)), nothing being 1 block or H of 4 */
		{ { "16384", "49152", "6:lengthi49152e", A32 B32 C32, ROOT16 }, RC_OK },
		{ { "65536", "131073", "6:lengthi131073e", A32 B32 C32, ROOT64 }, RC_OK },
		/* another hash; a hash too few; v1 and v2 of different lengths */
		{ { "16384", "49152", "6:lengthi49152e", A32 C32 C32, ROOT16 }, RC_BAD },
		{ { "16384", "49152", "6:lengthi49152e", A32 B32, ROOT16 }, RC_BAD },
		{ { "16384", "49151", "6:lengthi49152e", A32 B32 C32, ROOT16 }, RC_BAD },
		/* v2 only: the size is checked, the hashes are not */
		{ { "16384", "49152", "", A32 C32 C32, ROOT16 }, RC_OK },
		{ { "16384", "49152", "", A32 B32, ROOT16 }, RC_BAD },
		{ { "8192", "24576", "", A32 B32 C32, ROOT16 }, RC_BAD },
		{ { "49152", "147456", "", A32 B32 C32, ROOT16 }, RC_BAD },
	};
	uint8_t text[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct metainfo m;
		enum rc rc = read_v2(&m, &cases[i].v2, text);

		if (rc != cases[i].rc)
			fail_msg("case %zu: %s", i, rc == RC_OK ? "taken" : m.why);
		metainfo_clear(&m);
	}
}

static void
files_of_v2_only_begin_at_pieces_with_pad_files_between(void **state)
{
	static const struct {
		uint64_t offset, length;
		const char *path;
	} want[] = { { 0, 5, "n/a/b" }, { 5, 16379, "" }, { 16384, 0, "n/a/c" },
		{ 16384, 16384, "n/d" } };
	struct metainfo m;

	(void)state;
	assert_int_equal(
	    read_text(&m,
	        HEAD "d9:file treed1:ad1:bd0:d6:lengthi5e11:pieces root32:" A32
	             "ee1:cd0:d6:lengthi0eeee1:dd0:d6:lengthi16384e"
	             "11:pieces root32:" B32
	             "eee12:meta versioni2e4:name1:n12:piece lengthi16384eee"),
	    RC_OK);
	assert_true(m.has_v2 && !m.has_v1);
	assert_int_equal(m.n_files, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(m.files[i].offset, want[i].offset);
		assert_int_equal(m.files[i].length, want[i].length);
		assert_path(&m, i, want[i].path);
	}
	assert_true(m.files[1].pad && m.files[0].root != 0 && m.files[2].root == 0);
	metainfo_clear(&m);
}

#define TREE(tree) \
	HEAD "d9:file tree" tree "12:meta versioni2e4:name1:n12:piece lengthi16384eee"
#define LEAF "d0:d6:lengthi5e11:pieces root32:" A32 "ee"

static void
file_trees_that_are_none_are_refused(void **state)
{
	(void)state;
	assert_taken(TREE("d1:a" LEAF "1:b" LEAF "e"));
	assert_refused(TREE("d1:b" LEAF "^1:a" LEAF "e"), "order");
	assert_refused(TREE("d1:a" LEAF "^1:a" LEAF "e"), "a key twice");
	assert_refused(TREE("^de"), "empty");
	assert_refused(TREE("^le"), "not a dictionary");
	assert_refused(TREE("d1:a^i5ee"), "not a dictionary");
	assert_refused(TREE("d^0:d6:lengthi0eee"), "without a name");
	assert_refused(TREE("d1:ad0:d6:lengthi0ee^1:b" LEAF "ee"), "also a directory");
	assert_refused(TREE("d1:ad0:^d6:lengthi5eeee"), "pieces root");
	assert_refused(TREE("d1:ad0:d6:lengthi5e11:pieces root^3:abceee"), "32 bytes");
	assert_refused(
	    TREE("d1:ad0:^d4:attr1:p6:lengthi5e11:pieces root32:" A32 "eee"), "pad");
	assert_refused(TREE("d^2:..d1:a" LEAF "ee"), "name");
	assert_refused(TREE("d^4:a/..d1:a" LEAF "ee"), "name");
	assert_refused(HEAD "d12:meta versioni2e4:name1:n12:piece lengthi16384eee",
	    "no `file tree`");
	assert_refused(HEAD "d9:file treed1:a" LEAF "e12:meta version^i3e4:name1:n"
	                    "12:piece lengthi16384eee",
	    "meta version");
}

static void
a_v2_name_with_a_slash_is_told_of_but_makes_no_path(void **state)
{
	struct metainfo m;

	(void)state;
	assert_int_equal(read_text(&m, TREE("d3:a/bd1:x" LEAF "e1:c" LEAF "e")), RC_OK);
	assert_path(&m, 0, "");
	assert_true(m.files[0].unnamed);
	assert_path(&m, 2, "n/c");
	metainfo_clear(&m);
}

/* BEP 52, "Interpreting paths": the name is advisory. */
static void
a_v2_file_that_is_alone_at_the_root_is_called_by_its_own_name(void **state)
{
	struct metainfo m;

	(void)state;
	assert_int_equal(read_text(&m, TREE("d1:c" LEAF "e")), RC_OK);
	assert_path(&m, 0, "c");
	metainfo_clear(&m);
	assert_int_equal(read_text(&m, TREE("d1:bd1:c" LEAF "ee")), RC_OK);
	assert_path(&m, 0, "n/b/c");
	metainfo_clear(&m);
	assert_int_equal(read_text(&m, TREE("d1:b" LEAF "1:c" LEAF "e")), RC_OK);
	assert_path(&m, 2, "n/c");
	metainfo_clear(&m);
}

static void
the_halves_of_a_hybrid_must_tell_of_the_same_files(void **state)
{
#define HYBRID(files, tree)                                                          \
	HEAD "d9:file tree" tree "5:filesl" files                                    \
	     "e12:meta versioni2e4:name1:n12:piece lengthi16384e6:pieces40:" P20 P20 \
	     "ee"
#define V1(name) "d6:lengthi5e4:pathl" name "ee"
#define PAD "d4:attr1:p6:lengthi16379e4:pathl1:aee"
	(void)state;
	assert_taken(HYBRID(V1("1:a") PAD V1("1:b"), "d1:a" LEAF "1:b" LEAF "e"));
	assert_taken(HYBRID(V1("1:a") PAD V1("1:b") PAD, "d1:a" LEAF "1:b" LEAF "e"));
	assert_refused(
	    HYBRID(V1("1:a") PAD V1("1:b"), "d1:a" LEAF "^1:c" LEAF "e"), "another path");
	assert_refused(HYBRID(V1("1:a") PAD V1("1:b"), "d1:a" LEAF "1:bd^1:b" LEAF "ee"),
	    "another path");
	assert_refused(HYBRID(V1("1:a") PAD V1("1:b"), "^d1:a" LEAF "e"), "fewer");
	assert_refused(
	    HYBRID(V1("1:a") PAD V1("1:b"), "d1:a" LEAF "1:b" LEAF "^1:c" LEAF "e"),
	    "another path");
	assert_refused(HYBRID(V1("1:a") "d4:attr1:p6:lengthi16380e4:pathl1:aee" V1("1:b"),
	                   "d1:a" LEAF "1:bd0:^d6:lengthi5e11:pieces root32:" A32 "eee"),
	    "begin at a piece");
	assert_refused(HYBRID(V1("1:a") PAD V1("1:b"),
	                   "d1:a" LEAF "1:bd0:^d6:lengthi6e11:pieces root32:" A32 "eee"),
	    "another length");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(piece_layers_of_a_hybrid_must_make_their_roots),
		cmocka_unit_test(files_of_v2_only_begin_at_pieces_with_pad_files_between),
		cmocka_unit_test(file_trees_that_are_none_are_refused),
		cmocka_unit_test(a_v2_name_with_a_slash_is_told_of_but_makes_no_path),
		cmocka_unit_test(
		    a_v2_file_that_is_alone_at_the_root_is_called_by_its_own_name),
		cmocka_unit_test(the_halves_of_a_hybrid_must_tell_of_the_same_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
