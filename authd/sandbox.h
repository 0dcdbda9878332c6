/* SPDX-License-Identifier: ISC */
/*
 * What each of authd's processes gives away before it reads a stranger's byte. What the
 * kernel does not have is left out without a word; what it has and refuses is an error.
 */
#ifndef AUTHD_SANDBOX_H
#define AUTHD_SANDBOX_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/rc.h"

/* Whom to become: nobody special when uid is 0. */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
};

/*
 * In both processes, before anything secret is in memory: no core dumps, not dumpable,
 * umask 077, no_new_privs. RC_SYS: errno.
 */
enum rc sandbox_early(void) MUST_USE;

/*
 * Become another user for good, groups and capabilities too; when u->uid is 0 only the
 * capabilities go. RC_SYS: errno.
 */
enum rc sandbox_become(const struct sandbox_user *u) MUST_USE;

/*
 * For net: no file can be opened any more (Landlock, seccomp), no program run, nobody
 * traced, nothing connected to; as root it first moves into an empty directory and
 * becomes nobody. most_fds: descriptors it may have. RC_SYS: errno.
 */
enum rc sandbox_net(unsigned most_fds) MUST_USE;

/*
 * For vault: files below dir alone (Landlock), no socket of any kind can be made, bound,
 * connected or accepted (seccomp), no program run, nobody traced. RC_SYS: errno.
 */
enum rc sandbox_vault(const char *dir) MUST_USE;

#endif
