/* SPDX-License-Identifier: ISC */
/*
 * Several walls, each for what the others miss: another user without capabilities, an
 * empty root directory (net), and io/cage. What is forbidden answers EPERM, so that a
 * library which only tries something goes on.
 */
#include "authd/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/cage.h"

enum { NOBODY = 65534, MOST_CAPS = 64 };

static const struct rlimit none_at_all = { .rlim_cur = 0, .rlim_max = 0 };

enum rc
sandbox_early(void)
{
	(void)umask(077);
	if (setrlimit(RLIMIT_CORE, &none_at_all) != 0)
		return RC_SYS;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return RC_SYS;
	return RC_OK;
}

/* The bounding set falls where we may; what we do not have cannot come back anyhow. */
static enum rc
drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	for (int cap = 0; cap < MOST_CAPS; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) == 0 ? RC_OK : RC_SYS;
}

/*
 * EINVAL: a user that this user namespace does not have; EPERM for the groups: one that
 * may not change them. There we stay who we are, without capabilities.
 */
static enum rc
change_user(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) != 0 && errno != EPERM)
		return RC_SYS;
	if (setresgid(gid, gid, gid) != 0 && errno != EINVAL)
		return RC_SYS;
	if (setresuid(uid, uid, uid) != 0 && errno != EINVAL)
		return RC_SYS;
	if (geteuid() == uid && setuid(0) == 0) {
		errno = EPERM;
		return RC_SYS;
	}
	return RC_OK;
}

enum rc
sandbox_become(const struct sandbox_user *u)
{
	if (geteuid() == 0 && u->uid != 0 && change_user(u->uid, u->gid) != RC_OK)
		return RC_SYS;
	return drop_capabilities();
}

/*
 * A directory that is gone already: nothing can be made in it any more. Where none can be
 * made, a process' own fdinfo will do, which has nothing that leads anywhere.
 */
static int
open_empty_dir(void)
{
	static const char *const places[] = { "/run", "/tmp", "/dev/shm" };
	int fd = -1;

	for (size_t i = 0; fd == -1 && i < sizeof(places) / sizeof(places[0]); i++) {
		char path[] = "/dev/shm/authd.XXXXXX";
		size_t n = strlen(places[i]);

		memcpy(path, places[i], n);
		memcpy(path + n, "/authd.XXXXXX", sizeof("/authd.XXXXXX"));
		if (mkdtemp(path) == NULL)
			continue;
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		(void)rmdir(path);
	}
	if (fd == -1)
		fd = open("/proc/self/fdinfo", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

/* Only what root in a narrow container may not do is left out. */
static enum rc
enter_empty_dir(void)
{
	int fd = open_empty_dir();
	enum rc rc = RC_OK;

	if (fd == -1)
		return RC_OK;
	if (fchdir(fd) != 0)
		rc = RC_SYS;
	else if (chroot(".") != 0 && errno != EPERM)
		rc = RC_SYS;
	(void)close(fd);
	return rc;
}

/* What the kernel does not have is left out without a word. */
static enum rc
cage(const struct cage *c)
{
	struct cage_walls walls;

	return cage_enter(c, &walls) == RC_SYS ? RC_SYS : RC_OK;
}

/*
 * No growth of files, for there is none, unless standard error is one; no processes: only
 * root could make any in spite of this.
 */
static enum rc
limit_net(unsigned most_fds)
{
	struct rlimit fds;
	struct stat st;

	if (getrlimit(RLIMIT_NOFILE, &fds) != 0)
		return RC_SYS;
	if (fds.rlim_max > most_fds)
		fds.rlim_max = most_fds;
	fds.rlim_cur = fds.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &fds) != 0 ||
	    setrlimit(RLIMIT_NPROC, &none_at_all) != 0)
		return RC_SYS;
	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		return RC_OK;
	return setrlimit(RLIMIT_FSIZE, &none_at_all) == 0 ? RC_OK : RC_SYS;
}

enum rc
sandbox_net(unsigned most_fds)
{
	const struct sandbox_user nobody = { .uid = NOBODY, .gid = NOBODY };

	if (geteuid() == 0 && enter_empty_dir() != RC_OK)
		return RC_SYS;
	if (sandbox_become(&nobody) != RC_OK || limit_net(most_fds) != RC_OK)
		return RC_SYS;
	/* Becoming somebody else forgets it: whoever dies takes us along. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return RC_SYS;
	return cage(&(struct cage){ .keeps = CAGE_CALLED });
}

enum rc
sandbox_vault(const char *dir)
{
	const struct cage_place places[] = {
		{ .path = dir, .right = CAGE_WRITE },
		/* SQLite asks it for its salts; a chroot may not have it. */
		{ .path = "/dev/urandom", .right = CAGE_READ },
	};

	return cage(&(struct cage){ .keeps = CAGE_FILES | CAGE_THREADS,
	    .places = places,
	    .n_places = sizeof(places) / sizeof(places[0]) });
}
