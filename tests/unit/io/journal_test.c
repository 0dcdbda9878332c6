/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/journal.h"
#include "tests/unit/io/place.h"

#define SECOND UINT64_C(1000000000)

static struct torrent
torrent_of(uint8_t btih, uint32_t pieces)
{
	return (struct torrent){ .has_v1 = true,
		.btih = { btih },
		.piece_length = 16,
		.pieces = pieces,
		.length = pieces * UINT64_C(16) };
}

/* Two files that count and one that does not, 20 pieces. */
static void
sample(struct journal *j, const struct torrent *t)
{
	assert_int_equal(journal_init(j, t, 3), RC_OK);
	(void)snprintf(j->boot, sizeof(j->boot), "boot-1");
	j->files[0] = (struct journal_file){ .index = 9,
		.key = "9999999",
		.vouched = true,
		.size = 100,
		.mtime_ns = 50 * SECOND,
		.synced_ns = 40 * SECOND };
	j->files[1] = (struct journal_file){ .index = 3, .vouched = false };
	j->files[2] = (struct journal_file){ .index = 2,
		.key = "2222222",
		.vouched = true,
		.carried = true,
		.size = 7,
		.mtime_ns = 60 * SECOND,
		.until_ns = 61 * SECOND };
	bitset_set(&j->set[JOURNAL_HAVE], 0);
	bitset_set(&j->set[JOURNAL_HAVE], 19);
	bitset_set(&j->set[JOURNAL_SYNCED], 19);
	bitset_set(&j->set[JOURNAL_CHECK], 7);
	bitset_set(&j->set[JOURNAL_BARE], 0);
}

static void
the_form_is_what_the_header_says(void **state)
{
	static const uint8_t head[] = { 'u', 'g', 'a', 't', 'h', 'a', 'v', 'e', 0, 0, 0,
		1, 0xab, 0 };
	static const uint8_t bits[] = { 0x80, 0, 0x10, 0, 0, 0x10, 0x01, 0, 0, 0x80, 0,
		0 };
	struct torrent t = torrent_of(0xab, 20);
	struct journal j;
	struct buf out;
	uint8_t digest[SHA256_SIZE];

	(void)state;
	sample(&j, &t);
	buf_init(&out, 4096);
	assert_int_equal(journal_put(&j, &out), RC_OK);
	assert_int_equal(out.n, 92 + 2 * 48 + 4 * 3 + 32);
	assert_memory_equal(out.p, head, sizeof(head));
	assert_int_equal(get_be32(out.p + 32), 16);
	assert_int_equal(get_be32(out.p + 36), 20);
	assert_int_equal(get_be32(out.p + 44), 320);
	assert_string_equal((const char *)out.p + 48, "boot-1");
	assert_int_equal(get_be32(out.p + 88), 2);
	assert_int_equal(get_be32(out.p + 92), 9);
	assert_int_equal(get_be32(out.p + 92 + 48 + 4), 1);
	assert_memory_equal(out.p + 92 + 96, bits, sizeof(bits));
	assert_int_equal(hash_sha256(bytes_of(out.p, out.n - 32), digest), RC_OK);
	assert_memory_equal(out.p + out.n - 32, digest, 32);
	buf_clear(&out);
	journal_clear(&j);
}

static void
what_is_put_is_got_back_by_index(void **state)
{
	struct torrent t = torrent_of(0xab, 20);
	struct journal j, k;
	struct buf out;
	const struct journal_file *f;

	(void)state;
	sample(&j, &t);
	buf_init(&out, 4096);
	assert_int_equal(journal_put(&j, &out), RC_OK);
	assert_int_equal(journal_init(&k, &t, 0), RC_OK);
	assert_int_equal(journal_get(buf_bytes(&out), &k), RC_OK);
	assert_int_equal(k.n_files, 2);
	assert_int_equal(k.files[0].index, 2);
	assert_null(journal_find(&k, 3));
	f = journal_find(&k, 9);
	assert_non_null(f);
	assert_true(f->vouched && !f->carried && f->size == 100 &&
	    f->mtime_ns == 50 * SECOND && f->synced_ns == 40 * SECOND &&
	    f->until_ns == 0);
	assert_memory_equal(f->key, "9999999", 8);
	f = journal_find(&k, 2);
	assert_true(f->carried && f->until_ns == 61 * SECOND);
	assert_string_equal(k.boot, "boot-1");
	assert_int_equal(k.set[JOURNAL_HAVE].count, 2);
	assert_true(bitset_get(&k.set[JOURNAL_CHECK], 7));
	buf_clear(&out);
	journal_clear(&j);
	journal_clear(&k);
}

static enum rc
get_again(const struct torrent *t, struct bytes in)
{
	struct journal k;
	enum rc rc;

	assert_int_equal(journal_init(&k, t, 0), RC_OK);
	rc = journal_get(in, &k);
	journal_clear(&k);
	return rc;
}

static void
every_truncation_and_every_changed_byte_is_refused(void **state)
{
	struct torrent t = torrent_of(0xab, 20);
	struct journal j;
	struct buf out;

	(void)state;
	sample(&j, &t);
	buf_init(&out, 4096);
	assert_int_equal(journal_put(&j, &out), RC_OK);
	for (size_t n = 0; n < out.n; n++)
		assert_int_equal(get_again(&t, bytes_of(out.p, n)), RC_BAD);
	for (size_t i = 0; i < out.n; i++) {
		out.p[i] ^= 1;
		assert_int_equal(get_again(&t, buf_bytes(&out)), RC_BAD);
		out.p[i] ^= 1;
	}
	assert_int_equal(get_again(&t, buf_bytes(&out)), RC_OK);
	buf_clear(&out);
	journal_clear(&j);
}

/* With a right digest, so that the fields themselves are what is refused. */
static void
sign(struct buf *b)
{
	assert_int_equal(hash_sha256(bytes_of(b->p, b->n - 32), b->p + b->n - 32), RC_OK);
}

static void
well_signed_nonsense_is_refused_too(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} bad[] = {
		{ 0, 'U' },    /* another word */
		{ 11, 2 },     /* another version */
		{ 12, 0xac },  /* another torrent */
		{ 35, 17 },    /* another piece length */
		{ 39, 21 },    /* another number of pieces */
		{ 47, 1 },     /* another length */
		{ 87, 'x' },   /* a boot id without an end */
		{ 88, 0xff },  /* more files than bytes */
		{ 91, 1 },     /* fewer files: bytes are left */
		{ 190, 0x11 }, /* a spare bit */
	};
	struct torrent t = torrent_of(0xab, 20);
	struct journal j;
	struct buf out;

	(void)state;
	sample(&j, &t);
	buf_init(&out, 4096);
	assert_int_equal(journal_put(&j, &out), RC_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t was = out.p[bad[i].at];

		out.p[bad[i].at] = bad[i].byte;
		sign(&out);
		assert_int_equal(get_again(&t, buf_bytes(&out)), RC_BAD);
		out.p[bad[i].at] = was;
	}
	sign(&out);
	assert_int_equal(get_again(&t, buf_bytes(&out)), RC_OK);
	buf_clear(&out);
	journal_clear(&j);
}

static enum journal_trust
trust(const struct journal *j, uint64_t mtime_ns, off_t size, const char *boot)
{
	struct stat st = { .st_size = size,
		.st_mtim = { .tv_sec = (time_t)(mtime_ns / SECOND),
		    .tv_nsec = (long)(mtime_ns % SECOND) } };

	return journal_trust(j, &j->files[0], &st, boot);
}

static void
a_file_is_believed_as_long_as_nobody_else_wrote_to_it(void **state)
{
	struct torrent t = torrent_of(0xab, 20);
	struct journal j;

	(void)state;
	sample(&j, &t);
	j.files[0].until_ns = 53 * SECOND;
	/* Recorded: mtime 50 s, 100 bytes; synced at 40 s. */
	assert_int_equal(trust(&j, 50 * SECOND, 100, "boot-1"), JOURNAL_ALL);
	assert_int_equal(trust(&j, 53 * SECOND, 120, "boot-1"), JOURNAL_ALL);
	assert_int_equal(trust(&j, 53 * SECOND + 1, 120, "boot-1"), JOURNAL_NOTHING);
	assert_int_equal(trust(&j, 50 * SECOND - 1, 100, "boot-1"), JOURNAL_NOTHING);
	assert_int_equal(trust(&j, 50 * SECOND, 99, "boot-1"), JOURNAL_NOTHING);
	/* Another boot, or one that is unknown: only what was synced. */
	assert_int_equal(trust(&j, 50 * SECOND, 100, "boot-2"), JOURNAL_DURABLE);
	assert_int_equal(trust(&j, 40 * SECOND, 80, "boot-2"), JOURNAL_DURABLE);
	assert_int_equal(trust(&j, 40 * SECOND - 1, 80, "boot-2"), JOURNAL_NOTHING);
	assert_int_equal(trust(&j, 53 * SECOND + 1, 100, "boot-2"), JOURNAL_NOTHING);
	assert_int_equal(trust(&j, 50 * SECOND, 100, ""), JOURNAL_DURABLE);
	j.files[0].synced_ns = 0;
	assert_int_equal(trust(&j, 50 * SECOND, 100, "boot-2"), JOURNAL_NOTHING);
	j.files[0].vouched = false;
	assert_int_equal(trust(&j, 50 * SECOND, 100, "boot-1"), JOURNAL_NOTHING);
	journal_clear(&j);
}

static void
the_key_changes_with_path_place_and_length(void **state)
{
	struct torrent_file f = { .path = bytes_str("t/a"), .offset = 1, .length = 2 },
	                    g = f;
	struct hash *h = hash_new(HASH_SHA256);
	uint8_t a[JOURNAL_KEY], b[JOURNAL_KEY];

	(void)state;
	assert_int_equal(journal_key(h, &f, a), RC_OK);
	assert_int_equal(journal_key(h, &g, b), RC_OK);
	assert_memory_equal(a, b, JOURNAL_KEY);
	g.path = bytes_str("t/b");
	assert_int_equal(journal_key(h, &g, b), RC_OK);
	assert_memory_not_equal(a, b, JOURNAL_KEY);
	g = f;
	g.offset = 2;
	assert_int_equal(journal_key(h, &g, b), RC_OK);
	assert_memory_not_equal(a, b, JOURNAL_KEY);
	g = f;
	g.length = 3;
	assert_int_equal(journal_key(h, &g, b), RC_OK);
	assert_memory_not_equal(a, b, JOURNAL_KEY);
	hash_free(h);
}

static void
the_file_is_replaced_whole_and_its_time_settles_what_was_open(void **state)
{
	struct torrent t = torrent_of(0xab, 20);
	struct place p;
	struct journal j, k;
	struct beneath b;
	struct buf out;
	uint64_t mtime = 0;
	int fd;

	(void)state;
	place_make(&p);
	fd = open(p.dir, O_PATH | O_DIRECTORY);
	beneath_init(&b, fd);
	sample(&j, &t);
	buf_init(&out, 4096);
	assert_int_equal(journal_put(&j, &out), RC_OK);
	assert_int_equal(journal_init(&k, &t, 0), RC_OK);
	assert_int_equal(journal_load(&b, "j.have", &k), RC_NONE);
	/* A leftover in the way, even a link, is neither used nor followed. */
	place_put(&p, "victim", "v", 1);
	assert_int_equal(symlink("victim", place_path(&p, "j.have.new")), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    journal_save(&b, "j.have", buf_bytes(&out), i == 1, &mtime), RC_OK);
	assert_true(place_is(&p, "victim", "v", 1));
	assert_false(place_has(&p, "j.have.new"));
	assert_true(place_is(&p, "j.have", out.p, out.n));
	assert_int_equal(journal_load(&b, "j.have", &k), RC_OK);
	assert_true(journal_find(&k, 9)->until_ns == mtime + 3 * SECOND);
	assert_true(journal_find(&k, 2)->until_ns == 61 * SECOND);
	/* What is no regular file is no journal, and never waited for. */
	assert_int_equal(unlink(place_path(&p, "j.have")), 0);
	assert_int_equal(mkfifo(place_path(&p, "j.have"), 0666), 0);
	assert_int_equal(journal_load(&b, "j.have", &k), RC_NONE);
	buf_clear(&out);
	journal_clear(&j);
	journal_clear(&k);
	(void)close(fd);
	place_remove(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_form_is_what_the_header_says),
		cmocka_unit_test(what_is_put_is_got_back_by_index),
		cmocka_unit_test(every_truncation_and_every_changed_byte_is_refused),
		cmocka_unit_test(well_signed_nonsense_is_refused_too),
		cmocka_unit_test(a_file_is_believed_as_long_as_nobody_else_wrote_to_it),
		cmocka_unit_test(the_key_changes_with_path_place_and_length),
		cmocka_unit_test(
		    the_file_is_replaced_whole_and_its_time_settles_what_was_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
