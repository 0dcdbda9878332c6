/* SPDX-License-Identifier: ISC */
/*
 * What must be tried in a process of its own, because it gives up something for good: the
 * child ends with 0, or with the line of what went wrong modulo 251 and a word on stderr.
 */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <linux/landlock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_LINES = 251 };

#define CHECK(what)                                                                      \
	do {                                                                             \
		if (!(what)) {                                                           \
			perror(#what);                                                   \
			_exit(__LINE__ % CHILD_LINES == 0 ? 1 : __LINE__ % CHILD_LINES); \
		}                                                                        \
	} while (0)

typedef void child_fn(void);

/* How a child that does both ended, as waitpid(2) says it; enter may be NULL. */
static inline int
child_status(child_fn *enter, child_fn *then)
{
	static const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
	pid_t pid;
	int status = 0;

	(void)fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGSYS, SIG_DFL); /* cmocka takes it */
		if (enter != NULL)
			enter();
		then();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline void
child_ends_well(child_fn *enter, child_fn *then)
{
	int status = child_status(enter, then);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Whether this kernel has Landlock of that version. */
static inline bool
child_has_landlock(int version)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	           LANDLOCK_CREATE_RULESET_VERSION) >= version;
}

#endif
