/* SPDX-License-Identifier: ISC */
/*
 * Each test runs a child (child.h) that goes into the sandbox and tries what it must not
 * be able to do.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/sandbox.h"

#include "tests/unit/child.h"

/*
 * The kernel's own: setuid(3) changes all threads, and ends the process when one of them
 * still may. ThreadSanitizer brings a thread along, and rights are lost by each alone.
 */
static int
become(uid_t uid)
{
	return (int)syscall(SYS_setuid, uid);
}

static char dir[] = "/tmp/sandbox_test.XXXXXX";
static char inside[64], outside[64];
static int tcp = -1; /* made before, bound to nothing */
static struct sockaddr_in somewhere = { .sin_family = AF_INET };

/* Refused, and by the sandbox: not because of the arguments. */
#define DENIED(what)                                                        \
	do {                                                                \
		errno = 0;                                                  \
		CHECK((what) == -1 && (errno == EPERM || errno == EACCES)); \
	} while (0)

/* What both must not do. */
static void
try_what_nobody_may(void)
{
	static char *const argv[] = { (char *)(uintptr_t) "true", NULL };
	static char *const envp[] = { NULL };
	static char room[16];
	struct iovec here = { .iov_base = room, .iov_len = 1 };
	int pair[2];

	DENIED(socket(AF_INET, SOCK_STREAM, 0));
	DENIED(socket(AF_UNIX, SOCK_DGRAM, 0));
	DENIED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	DENIED(connect(tcp, (const struct sockaddr *)&somewhere, sizeof(somewhere)));
	DENIED(bind(tcp, (const struct sockaddr *)&somewhere, sizeof(somewhere)));
	DENIED(listen(tcp, 1));
	DENIED(execve("/bin/true", argv, envp));
	DENIED(syscall(SYS_fork));
	DENIED(fork());
	DENIED(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	DENIED(process_vm_readv(getppid(), &here, 1, &here, 1, 0));
	DENIED(kill(getppid(), 0));
	DENIED(syscall(SYS_io_uring_setup, 1, NULL));
	DENIED(syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL));
	DENIED(syscall(SYS_bpf, 0, NULL, 0));
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(become(0) == -1 || geteuid() != 0 || getuid() == 0);
}

static void
be_net(void)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), file;
	struct stat st;

	file = open(inside, O_RDONLY);
	CHECK(listener != -1 && file != -1 && listen(listener, 1) == 0);
	CHECK(sandbox_early() == RC_OK && sandbox_net(64) == RC_OK);
	try_what_nobody_may();
	DENIED(open(inside, O_RDONLY));
	DENIED(open(outside, O_RDONLY));
	DENIED(open("/etc/passwd", O_RDONLY));
	DENIED(open("/", O_RDONLY | O_DIRECTORY));
	DENIED(openat(AT_FDCWD, "new", O_WRONLY | O_CREAT, 0600));
	DENIED(syscall(SYS_openat2, AT_FDCWD, ".", NULL, 0));
	DENIED(mkdir("new", 0700));
	DENIED(unlink(inside));
	/* What it has, it keeps. */
	CHECK(accept4(listener, NULL, NULL, 0) == -1 && errno == EAGAIN);
	CHECK(read(file, &st, 1) == 1);
	if (getuid() != 0) /* root that could become nobody sees an empty directory */
		CHECK(getuid() != 65534 || stat("/etc", &st) == -1);
}

static void
net_has_no_files_no_new_sockets_and_no_programs(void **state)
{
	(void)state;
	child_ends_well(NULL, be_net);
}

static void
be_net_as_root(void)
{
	struct rlimit most;
	struct stat st;

	if (geteuid() != 0)
		return;
	CHECK(sandbox_early() == RC_OK && sandbox_net(64) == RC_OK);
	CHECK(getuid() == 65534 && getgid() == 65534 && getgroups(0, NULL) == 0);
	CHECK(stat("/etc", &st) == -1);
	CHECK(stat("/", &st) == 0 && st.st_nlink == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_max == 64);
}

static void
net_started_as_root_is_nobody_in_an_empty_directory(void **state)
{
	(void)state;
	child_ends_well(NULL, be_net_as_root);
}

static void *
touch(void *arg)
{
	(void)arg;
	return open(inside, O_RDONLY) != -1 ? dir : NULL;
}

static void
be_vault(void)
{
	bool walls = child_has_landlock(1); /* else files outside are not closed */
	char other[sizeof(inside) + 8];
	pthread_t thread;
	void *touched = NULL;
	int fd;

	(void)snprintf(other, sizeof(other), "%s.new", inside);
	CHECK(sandbox_early() == RC_OK && sandbox_vault(dir) == RC_OK);
	try_what_nobody_may();
	DENIED(accept(tcp, NULL, NULL));
	DENIED(syscall(SYS_accept4, tcp, NULL, NULL, 0));
	if (walls) {
		DENIED(open(outside, O_RDONLY));
		DENIED(open("/etc/passwd", O_RDONLY));
		DENIED(open("/tmp", O_RDONLY | O_DIRECTORY));
		DENIED(unlink(outside));
		DENIED(rename(inside, outside));
	}
	/* What a database does in its own directory, from a thread too. */
	fd = open(other, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd != -1 && write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0);
	CHECK(fsync(fd) == 0 && lockf(fd, F_LOCK, 0) == 0);
	CHECK(rename(other, inside) == 0);
	fd = open(other, O_RDWR | O_CREAT, 0600);
	CHECK(fd != -1 && unlink(other) == 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(fd != -1 && fsync(fd) == 0);
	CHECK(pthread_create(&thread, NULL, touch, NULL) == 0);
	CHECK(pthread_join(thread, &touched) == 0 && touched == dir);
}

static void
vault_has_its_own_directory_threads_and_no_socket_at_all(void **state)
{
	(void)state;
	child_ends_well(NULL, be_vault);
}

static void
be_without_capabilities(void)
{
	const struct sandbox_user root = { .uid = 0 };

	if (geteuid() != 0)
		return;
	CHECK(sandbox_become(&root) == RC_OK);
	CHECK(getuid() == 0);
	DENIED(chroot("/"));
	DENIED(become(1000));
}

static void
root_that_stays_root_has_no_capabilities(void **state)
{
	(void)state;
	child_ends_well(NULL, be_without_capabilities);
}

static void
be_another(void)
{
	const struct sandbox_user user = { .uid = 1234, .gid = 1235 };

	if (geteuid() != 0)
		return;
	CHECK(sandbox_become(&user) == RC_OK);
	CHECK(getuid() == 1234 && geteuid() == 1234 && getgid() == 1235);
	CHECK(getgroups(0, NULL) == 0);
	DENIED(setuid(0));
	DENIED(setgid(0));
}

static void
root_becomes_another_user_for_good(void **state)
{
	(void)state;
	child_ends_well(NULL, be_another);
}

static int
make_files(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(inside, sizeof(inside), "%s/inside", dir);
	(void)snprintf(outside, sizeof(outside), "%s-outside", dir);
	fd = open(inside, O_WRONLY | O_CREAT, 0644);
	if (fd == -1 || write(fd, "x", 1) != 1 || close(fd) != 0)
		return -1;
	fd = open(outside, O_WRONLY | O_CREAT, 0644);
	if (fd == -1 || close(fd) != 0)
		return -1;
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	return tcp == -1 ? -1 : 0;
}

static int
remove_files(void **state)
{
	(void)state;
	(void)unlink(inside);
	(void)unlink(outside);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(net_has_no_files_no_new_sockets_and_no_programs),
		cmocka_unit_test(net_started_as_root_is_nobody_in_an_empty_directory),
		cmocka_unit_test(
		    vault_has_its_own_directory_threads_and_no_socket_at_all),
		cmocka_unit_test(root_that_stays_root_has_no_capabilities),
		cmocka_unit_test(root_becomes_another_user_for_good),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
