/* SPDX-License-Identifier: ISC */
/*
 * Each test runs a child (child.h) that goes into a cage and tries what it must not be
 * able to do. authd's cages, where forbidden calls answer EPERM, are tested beside
 * authd/sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/cage.h"

#include "tests/unit/child.h"

enum { PATHS = 96 };

static char dir[] = "/tmp/cage_test.XXXXXX";
static char in[PATHS], out[PATHS], sub[PATHS];

#define DENIED(what)                                                        \
	do {                                                                \
		errno = 0;                                                  \
		CHECK((what) == -1);                                        \
		CHECK(errno == EACCES || errno == EPERM || errno == EXDEV); \
	} while (0)

static void
is_killed(child_fn *enter, child_fn *then)
{
	int status = child_status(enter, then);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* The cage is closed as far as the kernel has what it is made of. */
static void
close_it(const struct cage *c)
{
	struct cage_walls walls;
	enum rc rc = cage_enter(c, &walls);
	bool whole = child_has_landlock(2) || (CAGE_INSTRUMENTED && c->dies);

	CHECK(rc == (whole ? RC_OK : RC_NONE));
	CHECK(walls.calls == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2);
}

/* Cages. */

static void
keep_nothing(void)
{
	close_it(&(struct cage){ .dies = true });
}

static void
keep_reading(void)
{
	close_it(&(struct cage){
	    .keeps = CAGE_FILES | CAGE_READING | CAGE_THREADS, .dies = true });
}

static void
keep_a_tree(void)
{
	const struct cage_place place = { .path = dir, .right = CAGE_TREE };

	close_it(&(struct cage){
	    .keeps = CAGE_FILES | CAGE_NET, .places = &place, .n_places = 1 });
}

static void
keep_a_directory(void)
{
	const struct cage_place places[] = { { .path = dir, .right = CAGE_WRITE },
		{ .path = "/nowhere/at/all", .right = CAGE_TREE },
		{ .fd = -1, .right = CAGE_TREE },
		{ .path = "/dev/null", .right = CAGE_TREE } };

	close_it(&(struct cage){
	    .keeps = CAGE_FILES | CAGE_READING, .places = places, .n_places = 4 });
}

/* What is tried. */

static void
try_open(void)
{
	(void)open(in, O_RDONLY | O_CLOEXEC);
}

static void
try_socket(void)
{
	(void)socket(AF_INET, SOCK_DGRAM, 0);
}

static void
try_exec(void)
{
	static char *const argv[] = { (char *)(uintptr_t) "true", NULL };

	(void)execve("/bin/true", argv, argv + 1);
}

static void
try_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
try_kill(void)
{
	(void)kill(getppid(), 0);
}

static void
try_ptrace(void)
{
	(void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void
try_to_write(void)
{
	(void)openat(AT_FDCWD, in, O_WRONLY | O_CLOEXEC);
}

static void
try_symlink(void)
{
	(void)!symlink("/etc/passwd", out);
}

static void
do_what_is_left(void)
{
	void *room = malloc(1 << 20);

	CHECK(room != NULL);
	free(room);
	CHECK(write(STDERR_FILENO, "", 0) == 0);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	          0) == MAP_FAILED ||
	    CAGE_INSTRUMENTED);
}

static void *
read_inside(void *arg)
{
	int fd = open(in, O_RDONLY | O_CLOEXEC);

	CHECK(fd != -1 && close(fd) == 0);
	return arg;
}

static void
read_and_no_more(void)
{
	pthread_t thread;
	void *told = NULL;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	CHECK(fd != -1 && close(fd) == 0);
	CHECK(pthread_create(&thread, NULL, read_inside, dir) == 0);
	CHECK(pthread_join(thread, &told) == 0 && told == dir);
	if (!child_has_landlock(2) || CAGE_INSTRUMENTED)
		return;
	DENIED(open(in, O_WRONLY | O_CLOEXEC));
	DENIED(open(in, O_RDONLY | O_TRUNC | O_CLOEXEC));
	DENIED(open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	DENIED(unlink(in));
	DENIED(rename(in, out));
	DENIED(mkdir(out, 0700));
	DENIED(truncate(in, 0));
}

static void
grow_a_tree_and_nothing_else(void)
{
	char file[PATHS + 8];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd != -1);
	(void)snprintf(file, sizeof(file), "%s/file", sub);
	CHECK(mkdir(sub, 0700) == 0);
	fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK(fd != -1 && write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0);
	CHECK(rename(in, file) == 0 && rename(file, in) == 0 && rmdir(sub) == 0);
	if (!child_has_landlock(2))
		return;
	DENIED(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	DENIED(open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	DENIED(rename(in, out));
	DENIED(symlink("/etc/passwd", sub));
	DENIED(link(in, sub));
	DENIED(mkfifo(sub, 0600));
}

static void
fill_a_directory_and_nothing_else(void)
{
	int fd = open(sub, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd != -1 && unlink(sub) == 0);
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	CHECK(fd != -1 && close(fd) == 0);
	DENIED(socket(AF_INET, SOCK_STREAM, 0));
	if (!child_has_landlock(2))
		return;
	DENIED(mkdir(sub, 0700));
	DENIED(open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	DENIED(open("/dev/full", O_WRONLY | O_CLOEXEC));
}

/* Tests. */

static void
with_nothing_kept_a_file_a_socket_a_program_a_process_is_death(void **state)
{
	(void)state;
	child_ends_well(keep_nothing, do_what_is_left);
	is_killed(keep_nothing, try_socket);
	is_killed(keep_nothing, try_symlink);
	if (CAGE_INSTRUMENTED)
		return;
	is_killed(keep_nothing, try_open);
	is_killed(keep_nothing, try_to_write);
	is_killed(keep_nothing, try_exec);
	is_killed(keep_nothing, try_fork);
	is_killed(keep_nothing, try_kill);
	is_killed(keep_nothing, try_ptrace);
}

static void
who_reads_writes_nothing_and_has_threads_but_no_processes(void **state)
{
	(void)state;
	child_ends_well(keep_reading, read_and_no_more);
	is_killed(keep_reading, try_socket);
	if (CAGE_INSTRUMENTED)
		return;
	is_killed(keep_reading, try_exec);
	is_killed(keep_reading, try_fork);
}

static void
a_tree_is_grown_in_its_place_alone_beside_the_network(void **state)
{
	(void)state;
	child_ends_well(keep_a_tree, grow_a_tree_and_nothing_else);
}

static void
a_directory_and_a_device_are_written_places_that_are_not_there_do_no_harm(void **state)
{
	(void)state;
	child_ends_well(keep_a_directory, fill_a_directory_and_nothing_else);
}

static void
close_inside_a_cage(void)
{
	struct cage_walls walls;

	/* The first one wants no new filter, nor does it forbid one. */
	CHECK(cage_enter(&(struct cage){ .dies = true }, &walls) == RC_OK ||
	    !child_has_landlock(2));
}

static void
a_cage_closes_inside_another_one(void **state)
{
	(void)state;
	child_ends_well(keep_reading, close_inside_a_cage);
}

static int
make_files(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(in, sizeof(in), "%s/in", dir);
	(void)snprintf(sub, sizeof(sub), "%s/sub", dir);
	(void)snprintf(out, sizeof(out), "%s-out", dir);
	fd = open(in, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd == -1 || close(fd) != 0 ? -1 : 0;
}

static int
remove_files(void **state)
{
	(void)state;
	(void)unlink(in);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    with_nothing_kept_a_file_a_socket_a_program_a_process_is_death),
		cmocka_unit_test(
		    who_reads_writes_nothing_and_has_threads_but_no_processes),
		cmocka_unit_test(a_tree_is_grown_in_its_place_alone_beside_the_network),
		cmocka_unit_test(
		    a_directory_and_a_device_are_written_places_that_are_not_there_do_no_harm),
		cmocka_unit_test(a_cage_closes_inside_another_one),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
