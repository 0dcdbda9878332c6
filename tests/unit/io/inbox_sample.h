/* SPDX-License-Identifier: ISC */
/*
 * For the tests of io/inbox: a place with "in", which is received into, and what is
 * beside it.
 */
#ifndef TESTS_UNIT_IO_INBOX_SAMPLE_H
#define TESTS_UNIT_IO_INBOX_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/text.h"
#include "io/inbox.h"
#include "io/inbox_parts.h"
#include "tests/unit/io/place.h"

/* sha256sum's words, as everywhere in these tests. */
#define SHA_HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define SHA_HELLO_WORLD "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"

static struct place place;
static struct inbox *in;
static struct inbox_file file;
static enum inbox_found found;
static uint64_t held;
static uint8_t hash[XFER_HASH_SIZE];
static atomic_uint_least64_t done;
static atomic_bool stop;

/* state: not NULL: without openat2. */
static int
begin(void **state)
{
	place_make(&place);
	assert_int_equal(mkdir(place_path(&place, "in"), 0777), 0);
	place_put(&place, "out/secret", "secret", 6);
	in = inbox_new(place_path(&place, "in"), "ops");
	assert_non_null(in);
	if (*state != NULL)
		in->below.walk = true;
	memset(&file, 0, sizeof(file));
	atomic_store(&stop, false);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	inbox_close(&file);
	inbox_free(in);
	place_remove(&place);
	return 0;
}

#define BOTH_WAYS(f)                                              \
	{ #f, f, begin, finish, NULL },                           \
	{                                                         \
#f " (without openat2)", f, begin, finish, &place \
	}

static inline void
name(const char *path, uint64_t size)
{
	inbox_close(&file);
	memset(&file, 0, sizeof(file));
	(void)snprintf(file.path, sizeof(file.path), "%s", path);
	file.size = size;
	file.mode = 0640;
	file.mtime_s = 1234567890;
	file.mtime_ns = 123456789;
	file.hashed = true;
}

static inline enum rc
look(const char *path, uint64_t size, bool rename)
{
	name(path, size);
	return inbox_look(in, &file, rename, &found, &held);
}

static inline enum rc
put(const char *text)
{
	return inbox_write(&file, bytes_str(text));
}

static inline enum rc
store(const char *want, uint64_t size, bool rename)
{
	uint8_t raw[XFER_HASH_SIZE];

	if (want != NULL)
		assert_int_equal(text_unhex(bytes_str(want), raw, sizeof(raw)), RC_OK);
	return inbox_store(&file, size, want == NULL ? NULL : raw, rename, hash);
}

static inline void
assert_hash(const char *want)
{
	char hex[2 * XFER_HASH_SIZE + 1];

	text_hex(hash, sizeof(hash), hex);
	assert_string_equal(hex, want);
}

/* Hash what is there, as much as n. */
static inline enum rc
hash_first(uint64_t n)
{
	return inbox_hash(&file, n, &done, &stop, hash);
}

/* "hello" under that name, from looking to closing. */
static inline void
receive_hello(const char *path)
{
	assert_int_equal(look(path, 5, false), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_OK);
	inbox_close(&file);
}

/* "hello world", of which only "hello" came. */
static inline void
leave_a_part(const char *path)
{
	assert_int_equal(look(path, 11, false), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	inbox_close(&file);
}

#endif
