/* SPDX-License-Identifier: ISC */
#include "tests/unit/io/inbox_sample.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

enum { MUCH = 4 * 1024 * 1024 };

static struct inbox *stream;

static enum rc
begin_on(int fd)
{
	enum rc rc;

	stream = inbox_new_stream(fd, &stop);
	assert_non_null(stream);
	assert_true(inbox_is_stream(stream));
	name("f", 11);
	rc = inbox_look(stream, &file, false, &found, &held);
	assert_int_equal(rc, RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	return inbox_begin(&file, 0);
}

static void
end(void)
{
	inbox_close(&file);
	inbox_free(stream);
}

static void
a_pipe_takes_the_content_in_order(void **state)
{
	char got[16];
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(begin_on(fd[1]), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(read(fd[0], got, sizeof(got)), 5);
	assert_memory_equal(got, "hello", 5);
	assert_int_equal(put(" world"), RC_OK);
	assert_int_equal(put("!"), RC_BIG);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_OK);
	assert_hash(SHA_HELLO_WORLD);
	end();
	/* Nobody else's descriptor was closed or changed. */
	assert_int_equal(fcntl(fd[1], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(read(fd[0], got, sizeof(got)), 6);
	assert_int_equal(close(fd[1]), 0);
	assert_int_equal(read(fd[0], got, sizeof(got)), 0);
	(void)close(fd[0]);
}

static void
wrong_content_is_told_at_its_end(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(begin_on(fd[1]), RC_OK);
	assert_int_equal(put("hello wurst"), RC_OK);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_BAD);
	end();
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void
a_reader_that_is_gone_is_an_error(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(begin_on(fd[1]), RC_OK);
	(void)close(fd[0]);
	assert_int_equal(put("hello"), RC_SYS);
	assert_int_equal(errno, EPIPE);
	end();
	(void)close(fd[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(begin_on(fd[1]), RC_OK);
	(void)close(fd[0]);
	assert_int_equal(put("hello"), RC_SYS);
	assert_int_equal(errno, EPIPE);
	end();
	(void)close(fd[1]);
}

static void *
tell_stop(void *arg)
{
	(void)arg;
	atomic_store(&stop, true);
	return NULL;
}

/* Write more than it holds; another thread says stop meanwhile. */
static void
stall(int fd)
{
	uint8_t *much = calloc(1, MUCH);
	pthread_t thread;

	assert_non_null(much);
	stream = inbox_new_stream(fd, &stop);
	name("f", MUCH);
	assert_int_equal(inbox_look(stream, &file, false, &found, &held), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(pthread_create(&thread, NULL, tell_stop, NULL), 0);
	assert_int_equal(inbox_write(&file, bytes_of(much, MUCH)), RC_END);
	assert_int_equal(pthread_join(thread, NULL), 0);
	end();
	free(much);
	atomic_store(&stop, false);
}

static void
a_reader_that_takes_nothing_does_not_hold_us_for_ever(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	stall(fd[1]);
	(void)close(fd[0]);
	(void)close(fd[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	stall(fd[1]);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void
a_full_disk_is_an_error(void **state)
{
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(begin_on(fd), RC_OK);
	assert_int_equal(put("hello"), RC_SYS);
	assert_int_equal(errno, ENOSPC);
	end();
	(void)close(fd);
}

static void
a_file_takes_it_where_its_descriptor_stands(void **state)
{
	int fd;

	(void)state;
	place_put(&place, "log", "> ", 2);
	fd = open(place_path(&place, "log"), O_WRONLY | O_APPEND);
	assert_int_equal(begin_on(fd), RC_OK);
	assert_int_equal(put("hello world"), RC_OK);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_OK);
	end();
	(void)close(fd);
	assert_true(place_is(&place, "log", "> hello world", 13));
}

static void *
read_fifo(void *arg)
{
	static char got[16];
	int fd = open(arg, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	got[n < 0 ? 0 : n] = '\0';
	(void)close(fd);
	return got;
}

static void
a_fifo_and_a_device_are_written_and_not_replaced(void **state)
{
	char path[128];
	pthread_t thread;
	void *got;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/fifo", place.dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	stream = inbox_new_output(path, "ops", &stop);
	assert_non_null(stream);
	assert_true(inbox_is_stream(stream));
	name("f", 5);
	assert_int_equal(inbox_look(stream, &file, false, &found, &held), RC_OK);
	/* Its reader comes late, or never. */
	atomic_store(&stop, true);
	assert_int_equal(inbox_begin(&file, 0), RC_END);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, read_fifo, path), 0);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_OK);
	end();
	assert_int_equal(pthread_join(thread, &got), 0);
	assert_string_equal(got, "hello");

	stream = inbox_new_output("/dev/null", "ops", &stop);
	assert_true(inbox_is_stream(stream));
	name("f", 5);
	assert_int_equal(inbox_look(stream, &file, false, &found, &held), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_OK);
	end();
}

int
main(void)
{
#define IN_A_PLACE(f)                      \
	{                                  \
#f, f, begin, finish, NULL \
	}
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(a_pipe_takes_the_content_in_order),
		IN_A_PLACE(wrong_content_is_told_at_its_end),
		IN_A_PLACE(a_reader_that_is_gone_is_an_error),
		IN_A_PLACE(a_reader_that_takes_nothing_does_not_hold_us_for_ever),
		IN_A_PLACE(a_full_disk_is_an_error),
		IN_A_PLACE(a_file_takes_it_where_its_descriptor_stands),
		IN_A_PLACE(a_fifo_and_a_device_are_written_and_not_replaced),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
