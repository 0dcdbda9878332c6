/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/text.h"
#include "io/outbox.h"
#include "tests/unit/io/place.h"

/* sha256sum's words. */
#define SHA_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA_HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define SHA_HELLO_WORLD "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"

enum { WORDS = 8192 };

static struct place place;
static struct outbox *out;
static struct outcome end;
static struct outbox_file file;
static struct outbox_reader r;
static char words[WORDS]; /* all that was skipped, each with its code and a LF */
static uint64_t skipped;
static atomic_bool stop;
static atomic_uint_least64_t done;

static int
begin(void **state)
{
	(void)state;
	place_make(&place);
	assert_int_equal(chdir(place.dir), 0);
	memset(&end, 0, sizeof(end));
	memset(&r, 0, sizeof(r));
	atomic_store(&stop, false);
	out = NULL;
	words[0] = '\0';
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	outbox_close(&r);
	outbox_free(out);
	assert_int_equal(chdir("/"), 0);
	place_remove(&place);
	return 0;
}

static void
on_skip(void *ctx, int code, const char *text)
{
	size_t n = strlen(words);

	assert_ptr_equal(ctx, &place);
	(void)snprintf(words + n, sizeof(words) - n, "%d %s\n", code, text);
}

static void
open_box(char *operand, const char *name)
{
	out = outbox_new(&operand, 1, name, STDIN_FILENO, &end);
	assert_string_equal(end.words, "");
	assert_non_null(out);
}

static void
count(void)
{
	assert_int_equal(
	    outbox_count(out, on_skip, &place, &stop, &skipped, &end), RC_OK);
}

static void
assert_refused(
    char *const *operands, size_t n, const char *name, int code, const char *why)
{
	memset(&end, 0, sizeof(end));
	assert_null(outbox_new(operands, n, name, STDIN_FILENO, &end));
	assert_int_equal(end.code, code);
	assert_string_equal(end.words, why);
}

static bool
was_told(const char *line)
{
	return strstr(words, line) != NULL;
}

static int
by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* All paths of the second walk, in order, with LFs. */
static void
assert_files(const char *want)
{
	char *paths[64] = { NULL }, all[4096] = "";
	size_t n = 0;

	while (outbox_next(out, &file, &end) == RC_OK) {
		assert_true(n < 64);
		paths[n++] = strdup(file.path);
	}
	qsort(paths, n, sizeof(paths[0]), by_text);
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(all);

		(void)snprintf(all + at, sizeof(all) - at, "%s\n", paths[i]);
		free(paths[i]);
	}
	assert_string_equal(all, want);
}

static void
assert_digest(const char *want)
{
	uint8_t hash[XFER_HASH_SIZE];
	char hex[2 * XFER_HASH_SIZE + 1];

	assert_int_equal(outbox_digest(&r, hash), RC_OK);
	text_hex(hash, sizeof(hash), hex);
	assert_string_equal(hex, want);
}

/* The only file below "d", ready to be read. */
static void
open_only(const char *content)
{
	static char d[] = "d";

	place_put(&place, "d/f", content, strlen(content));
	open_box(d, NULL);
	count();
	assert_int_equal(outbox_next(out, &file, &end), RC_OK);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_OK);
}

static enum rc
read_on(size_t cap, size_t *n)
{
	static uint8_t got[256];

	return outbox_read(&r, got, cap, n);
}

static void
a_directory_is_counted_and_walked_with_all_below(void **state)
{
	static char d[] = "d/";
	const struct outbox_item *item;

	(void)state;
	place_put(&place, "d/a", "hello", 5);
	place_put(&place, "d/sub/b", "hello world", 11);
	place_put(&place, "d/sub/deep/c", "", 0);
	open_box(d, NULL);
	count();
	assert_int_equal(skipped, 0);
	assert_int_equal(outbox_items(out), 1);
	item = outbox_item(out, 0);
	assert_string_equal(item->name, "d");
	assert_true(item->is_directory);
	assert_int_equal(item->files, 3);
	assert_int_equal(item->bytes, 16);
	assert_files("d/a\nd/sub/b\nd/sub/deep/c\n");
}

static void
a_file_is_told_with_size_mode_and_time(void **state)
{
	static char operand[] = "./x/f";
	struct timespec times[2] = { { .tv_sec = 5 },
		{ .tv_sec = 1234567890, .tv_nsec = 9 } };
	size_t n;

	(void)state;
	place_put(&place, "x/f", "hello", 5);
	assert_int_equal(chmod("x/f", 04751), 0);
	assert_int_equal(utimensat(AT_FDCWD, "x/f", times, 0), 0);
	open_box(operand, NULL);
	count();
	assert_false(outbox_item(out, 0)->is_directory);
	assert_int_equal(outbox_next(out, &file, &end), RC_OK);
	assert_string_equal(file.path, "f");
	assert_int_equal(file.size, 5);
	assert_int_equal(file.mode, 0751);
	assert_int_equal(file.mtime_s, 1234567890);
	assert_int_equal(file.mtime_ns, 9);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_OK);
	assert_int_equal(read_on(3, &n), RC_OK);
	assert_int_equal(n, 3);
	assert_int_equal(read_on(100, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_int_equal(read_on(100, &n), RC_END);
	assert_digest(SHA_HELLO);
	outbox_close(&r);
	assert_int_equal(outbox_next(out, &file, &end), RC_END);
}

static void
what_is_neither_file_nor_directory_is_named(void **state)
{
	static char d[] = "d";
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "d/sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	place_put(&place, "d/f", "hello", 5);
	place_put(&place, "secret/x", "secret", 6);
	assert_int_equal(mkdir("d/empty", 0777), 0);
	assert_int_equal(symlink("../secret/x", "d/link"), 0);
	assert_int_equal(symlink("../secret", "d/dirlink"), 0);
	assert_int_equal(mkfifo("d/fifo", 0600), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	open_box(d, NULL);
	count();
	(void)close(fd);
	assert_int_equal(skipped, 5);
	assert_true(was_told("1 d/empty: an empty directory: skipped\n"));
	assert_true(was_told("1 d/link: a symbolic link: skipped\n"));
	assert_true(was_told("1 d/dirlink: a symbolic link: skipped\n"));
	assert_true(was_told("1 d/fifo: a FIFO: skipped\n"));
	assert_true(was_told("1 d/sock: a socket: skipped\n"));
	assert_int_equal(outbox_item(out, 0)->files, 1);
	words[0] = '\0';
	assert_files("d/f\n");
	assert_string_equal(words, "");
}

static void
names_that_the_other_side_would_not_take_are_named(void **state)
{
	static char d[] = "d";

	(void)state;
	place_put(&place, "d/good", "", 0);
	place_put(&place, "d/.hidden", "", 0);
	place_put(&place, "d/\xff\xfe", "", 0);
	place_put(&place, "d/bad\x1b[1m", "", 0);
	place_put(&place, "d/.ugat-part-0123456789abcdef", "", 0);
	place_put(&place, "d/.ugat/x.have", "", 0);
	open_box(d, NULL);
	count();
	assert_int_equal(skipped, 3);
	assert_true(was_told("1 d/bad?[1m: "));
	assert_true(was_told("1 d/.ugat-part-0123456789abcdef: "));
	assert_true(was_told("1 d/.ugat: "));
	assert_files("d/.hidden\nd/good\nd/\xff\xfe\n");
}

static void
a_directory_that_cannot_be_read_is_named_and_the_rest_goes_on(void **state)
{
	static char d[] = "d";

	(void)state;
	place_put(&place, "d/a", "", 0);
	place_put(&place, "d/shut/b", "", 0);
	place_put(&place, "d/z", "", 0);
	assert_int_equal(chmod("d/shut", 0), 0);
	assert_int_equal(chmod(".", 0755), 0);
	if (geteuid() == 0) /* to whom nothing is shut */
		assert_int_equal(seteuid(65534), 0);
	open_box(d, NULL);
	count();
	assert_files("d/a\nd/z\n");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod("d/shut", 0700), 0);
	assert_int_equal(skipped, 1);
	assert_string_equal(words, "66 d/shut: Permission denied: skipped\n");
}

static void
operands_are_called_by_their_last_component(void **state)
{
	static char dot[] = ".", up[] = "d/..", slashes[] = "d///", link[] = "link";
	const char *own = strrchr(place.dir, '/') + 1;

	(void)state;
	place_put(&place, "d/f", "hello", 5);
	assert_int_equal(symlink("d/f", "link"), 0);
	open_box(dot, NULL);
	assert_string_equal(outbox_item(out, 0)->name, own);
	outbox_free(out);
	open_box(up, NULL);
	assert_string_equal(outbox_item(out, 0)->name, own);
	outbox_free(out);
	open_box(slashes, NULL);
	assert_string_equal(outbox_item(out, 0)->name, "d");
	outbox_free(out);
	/* It was named, so it is followed. */
	open_box(link, NULL);
	count();
	assert_string_equal(outbox_item(out, 0)->name, "link");
	assert_int_equal(outbox_item(out, 0)->bytes, 5);
	outbox_free(out);
	open_box(slashes, "else");
	count();
	assert_files("else/f\n");
}

static void
operands_that_make_no_sense_are_refused(void **state)
{
	static char f[] = "f", other[] = "d/f", none[] = "none", fifo[] = "fifo",
	            in[] = "-", null[] = "/dev/null", esc[] = "e\x1b", root[] = "/";
	char *two[] = { f, other }, *both[] = { f, in }, *one[1];

	(void)state;
	place_put(&place, "f", "", 0);
	place_put(&place, "d/f", "", 0);
	place_put(&place, "e\x1b", "", 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_refused(two, 2, NULL, CODE_USAGE,
	    "f and d/f: both would be called f there: send them one by one");
	assert_refused(
	    two, 2, "n", CODE_USAGE, "-n: it names one thing, and several are given");
	assert_refused(both, 2, NULL, CODE_USAGE, "-: standard input goes alone");
	one[0] = in;
	assert_refused(one, 1, NULL, CODE_USAGE,
	    "-: standard input has no name: give it one: -n NAME");
	one[0] = none;
	assert_refused(one, 1, NULL, CODE_NOINPUT, "none: No such file or directory");
	one[0] = fifo;
	assert_refused(one, 1, NULL, CODE_NOINPUT,
	    "fifo: a FIFO: send it through a pipe, with a name: -n NAME ... - < fifo");
	one[0] = null;
	assert_refused(one, 1, NULL, CODE_NOINPUT,
	    "/dev/null: a device: send it through a pipe, with a name: -n NAME ... - < "
	    "/dev/null");
	one[0] = esc;
	assert_refused(one, 1, NULL, CODE_USAGE,
	    "e?: cannot be sent by the name \"e?\", which has a control character: give "
	    "another with -n");
	one[0] = f;
	assert_refused(one, 1, "a/b", CODE_USAGE,
	    "f: cannot be sent by the name \"a/b\", which has a /: give another with -n");
	one[0] = root;
	assert_refused(one, 1, NULL, CODE_USAGE,
	    "/: cannot be sent by the name \"\", which is empty: give another with -n");
}

static void
what_changed_since_the_walk_is_told_when_it_is_opened(void **state)
{
	(void)state;
	open_only("hello");
	outbox_close(&r);
	place_put(&place, "d/f", "jello", 5);
	place_age(&place, "d/f", 5);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_BAD);
	assert_int_equal(unlink("d/f"), 0);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_SYS);
	assert_int_equal(errno, ENOENT);
	place_put(&place, "secret", "hello", 5);
	assert_int_equal(symlink("../secret", "d/f"), 0);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_BAD);
	assert_int_equal(unlink("d/f"), 0);
	assert_int_equal(mkfifo("d/f", 0600), 0);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_BAD);
}

static void
a_file_that_grows_shrinks_or_changes_while_it_is_read_is_told(void **state)
{
	size_t n;

	(void)state;
	open_only("hello");
	assert_int_equal(read_on(5, &n), RC_OK);
	place_put(&place, "d/f", "hello world", 11);
	assert_int_equal(read_on(5, &n), RC_BAD);
	outbox_close(&r);
	outbox_free(out);

	open_only("hello");
	assert_int_equal(read_on(3, &n), RC_OK);
	assert_int_equal(truncate("d/f", 3), 0);
	assert_int_equal(read_on(5, &n), RC_BAD);
	outbox_close(&r);
	outbox_free(out);

	/* The same size, and the time put back: ctime cannot be. */
	open_only("hello");
	assert_int_equal(read_on(5, &n), RC_OK);
	{
		struct stat st;
		struct timespec times[2];

		assert_int_equal(stat("d/f", &st), 0);
		times[0] = st.st_atim;
		times[1] = st.st_mtim;
		do { /* until the clock that stamps files has moved on */
			int fd = open("d/f", O_WRONLY);

			assert_int_equal(write(fd, "jello", 5), 5);
			assert_int_equal(futimens(fd, times), 0);
			(void)close(fd);
			assert_int_equal(stat("d/f", &st), 0);
		} while (st.st_ctim.tv_sec == r.changed.tv_sec &&
		    st.st_ctim.tv_nsec == r.changed.tv_nsec);
	}
	assert_int_equal(read_on(5, &n), RC_BAD);
}

static void
more_than_was_counted_is_never_told(void **state)
{
	static char d[] = "d";
	unsigned told = 0, over = 0;
	enum rc rc;

	(void)state;
	place_put(&place, "d/a", "hello", 5);
	open_box(d, NULL);
	count();
	place_put(&place, "d/b", "hello", 5);
	place_put(&place, "d/c", "", 0);
	while ((rc = outbox_next(out, &file, &end)) != RC_END) {
		told += rc == RC_OK;
		over += rc == RC_BAD;
	}
	assert_int_equal(told, 1);
	assert_int_equal(over, 2);
	outbox_free(out);
	assert_int_equal(unlink("d/b"), 0);
	assert_int_equal(unlink("d/c"), 0);
	open_box(d, NULL);
	count();
	place_put(&place, "d/a", "hello world", 11);
	assert_int_equal(outbox_next(out, &file, &end), RC_BAD);
	assert_int_equal(outbox_next(out, &file, &end), RC_END);
}

static void
the_beginning_that_is_there_already_is_skipped_if_it_is_the_same(void **state)
{
	uint8_t hash[XFER_HASH_SIZE];
	bool same;
	size_t n;

	(void)state;
	open_only("hello world");
	assert_int_equal(text_unhex(bytes_str(SHA_HELLO), hash, sizeof(hash)), RC_OK);
	assert_int_equal(outbox_skip(&r, 5, hash, &done, &stop, &same), RC_OK);
	assert_true(same);
	assert_int_equal(done, 5);
	assert_int_equal(r.at, 5);
	assert_int_equal(read_on(100, &n), RC_OK);
	assert_int_equal(n, 6);
	assert_int_equal(read_on(100, &n), RC_END);
	assert_digest(SHA_HELLO_WORLD);
	outbox_close(&r);
	/* Another beginning. */
	assert_int_equal(outbox_open(out, &file, true, &r), RC_OK);
	assert_int_equal(outbox_skip(&r, 6, hash, &done, &stop, &same), RC_OK);
	assert_false(same);
	assert_int_equal(r.at, 0);
	assert_int_equal(read_on(100, &n), RC_OK);
	assert_int_equal(n, 11);
	assert_int_equal(read_on(100, &n), RC_END);
	assert_digest(SHA_HELLO_WORLD);
	outbox_close(&r);
	/* All of it; more than there is; and stopped. */
	assert_int_equal(outbox_open(out, &file, true, &r), RC_OK);
	assert_int_equal(
	    text_unhex(bytes_str(SHA_HELLO_WORLD), hash, sizeof(hash)), RC_OK);
	assert_int_equal(outbox_skip(&r, 11, hash, &done, &stop, &same), RC_OK);
	assert_true(same);
	assert_int_equal(read_on(100, &n), RC_END);
	assert_int_equal(outbox_skip(&r, 12, hash, &done, &stop, &same), RC_BAD);
	atomic_store(&stop, true);
	assert_int_equal(outbox_skip(&r, 11, hash, &done, &stop, &same), RC_END);
	atomic_store(&stop, false);
	assert_int_equal(truncate("d/f", 4), 0);
	assert_int_equal(outbox_skip(&r, 11, hash, &done, &stop, &same), RC_BAD);
}

static void
a_stream_is_read_as_it_comes_and_its_failure_is_told(void **state)
{
	static char in[] = "-";
	char *operands[] = { in };
	int fd[2];
	size_t n;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	out = outbox_new(operands, 1, "backup.tar", fd[0], &end);
	assert_non_null(out);
	count();
	assert_true(outbox_item(out, 0)->is_stream);
	assert_int_equal(outbox_item(out, 0)->files, 1);
	assert_true(outbox_item(out, 0)->bytes == XFER_UNKNOWN);
	assert_int_equal(outbox_next(out, &file, &end), RC_OK);
	assert_string_equal(file.path, "backup.tar");
	assert_true(file.size == XFER_UNKNOWN);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_OK);
	assert_int_equal(read_on(100, &n), RC_MORE);
	assert_int_equal(write(fd[1], "hello", 5), 5);
	assert_int_equal(read_on(100, &n), RC_OK);
	assert_int_equal(n, 5);
	assert_int_equal(write(fd[1], " world", 6), 6);
	(void)close(fd[1]);
	assert_int_equal(read_on(4, &n), RC_OK);
	assert_int_equal(read_on(4, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_int_equal(read_on(4, &n), RC_END);
	assert_digest(SHA_HELLO_WORLD);
	outbox_close(&r);
	assert_int_equal(outbox_next(out, &file, &end), RC_END);
	outbox_free(out);
	assert_int_equal(close(fd[0]), 0); /* nobody else has */

	fd[0] = open(".", O_RDONLY | O_DIRECTORY);
	out = outbox_new(operands, 1, "x", fd[0], &end);
	count();
	assert_int_equal(outbox_next(out, &file, &end), RC_OK);
	assert_int_equal(outbox_open(out, &file, true, &r), RC_OK);
	assert_int_equal(read_on(4, &n), RC_SYS);
	assert_int_equal(errno, EISDIR);
	(void)close(fd[0]);
}

static void
counting_stops_when_told(void **state)
{
	(void)state;
	open_only("hello");
	atomic_store(&stop, true);
	assert_int_equal(
	    outbox_count(out, on_skip, &place, &stop, &skipped, &end), RC_END);
}

static void
nothing_at_all_has_a_digest_too(void **state)
{
	size_t n;

	(void)state;
	open_only("");
	assert_int_equal(read_on(4, &n), RC_END);
	assert_digest(SHA_EMPTY);
}

int
main(void)
{
#define IN_A_PLACE(f)                      \
	{                                  \
#f, f, begin, finish, NULL \
	}
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(a_directory_is_counted_and_walked_with_all_below),
		IN_A_PLACE(a_file_is_told_with_size_mode_and_time),
		IN_A_PLACE(what_is_neither_file_nor_directory_is_named),
		IN_A_PLACE(names_that_the_other_side_would_not_take_are_named),
		IN_A_PLACE(a_directory_that_cannot_be_read_is_named_and_the_rest_goes_on),
		IN_A_PLACE(operands_are_called_by_their_last_component),
		IN_A_PLACE(operands_that_make_no_sense_are_refused),
		IN_A_PLACE(what_changed_since_the_walk_is_told_when_it_is_opened),
		IN_A_PLACE(a_file_that_grows_shrinks_or_changes_while_it_is_read_is_told),
		IN_A_PLACE(more_than_was_counted_is_never_told),
		IN_A_PLACE(
		    the_beginning_that_is_there_already_is_skipped_if_it_is_the_same),
		IN_A_PLACE(a_stream_is_read_as_it_comes_and_its_failure_is_told),
		IN_A_PLACE(counting_stops_when_told),
		IN_A_PLACE(nothing_at_all_has_a_digest_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
