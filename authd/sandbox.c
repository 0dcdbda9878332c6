/* SPDX-License-Identifier: ISC */
/*
 * Several walls, each for what the others miss: another user without capabilities, an
 * empty root folder (net), Landlock for files, seccomp for calls. seccomp denies what is
 * named and answers EPERM, so that a library which only tries something goes on.
 */
#include "authd/sandbox.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOBODY = 65534, MOST_CAPS = 64 };

/* Landlock's, newer than the headers that we may be built with. */
enum {
	LL_ABI_REFER = 2,
	LL_ABI_TRUNCATE = 3,
	LL_ABI_NET = 4,
	LL_ABI_IOCTL = 5,
	LL_ABI_SCOPE = 6,
};
#define LL_FS_REFER (UINT64_C(1) << 13)
#define LL_FS_TRUNCATE (UINT64_C(1) << 14)
#define LL_FS_IOCTL_DEV (UINT64_C(1) << 15)
#define LL_NET_ALL UINT64_C(3)   /* bind, connect */
#define LL_SCOPE_ALL UINT64_C(3) /* abstract sockets, signals */
#define LL_FS_FIRST_ABI ((UINT64_C(1) << 13) - 1)

struct ll_ruleset {
	uint64_t fs, net, scoped;
};

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
 * A folder that is gone already: nothing can be made in it any more. Where none can be
 * made, a process' own fdinfo will do, which has nothing that leads anywhere.
 */
static int
open_empty_folder(void)
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
enter_empty_folder(void)
{
	int fd = open_empty_folder();
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

static enum rc
allow_beneath(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	long r;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd == -1)
		return RC_SYS;
	r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	(void)close(rule.parent_fd);
	return r == 0 ? RC_OK : RC_SYS;
}

/* All that the kernel's Landlock can deny, except files below dir (NULL: none). */
static enum rc
landlock(const char *dir)
{
	struct ll_ruleset all = { .fs = LL_FS_FIRST_ABI };
	uint64_t files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	    LANDLOCK_ACCESS_FS_MAKE_REG;
	long abi = syscall(
	    SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = sizeof(all.fs);
	int ruleset;
	enum rc rc = RC_OK;

	if (abi < 1)
		return RC_OK; /* not built in, or not switched on */
	all.fs |= abi >= LL_ABI_REFER ? LL_FS_REFER : 0;
	all.fs |= abi >= LL_ABI_TRUNCATE ? LL_FS_TRUNCATE : 0;
	all.fs |= abi >= LL_ABI_IOCTL ? LL_FS_IOCTL_DEV : 0;
	if (abi >= LL_ABI_NET) {
		all.net = LL_NET_ALL;
		size = offsetof(struct ll_ruleset, scoped);
	}
	if (abi >= LL_ABI_SCOPE) {
		all.scoped = LL_SCOPE_ALL;
		size = sizeof(all);
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (ruleset == -1)
		return RC_SYS;
	if (dir != NULL) {
		rc = allow_beneath(ruleset, dir, files | (all.fs & LL_FS_TRUNCATE));
		/* SQLite asks it for its salts; a chroot may not have it. */
		(void)allow_beneath(
		    ruleset, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
	}
	if (rc == RC_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		rc = RC_SYS;
	(void)close(ruleset);
	return rc;
}

/* What neither process has any business with. */
static const int never[] = {
	/* other programs and processes */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise), SCMP_SYS(process_mrelease), SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(kcmp),
	SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(tkill),
	SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(perf_event_open),
	/* sockets */
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind),
	SCMP_SYS(listen),
	/* the file system as a whole */
	SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
	SCMP_SYS(chroot), SCMP_SYS(fsopen), SCMP_SYS(fspick), SCMP_SYS(fsmount),
	SCMP_SYS(fsconfig), SCMP_SYS(open_tree), SCMP_SYS(move_mount),
	SCMP_SYS(mount_setattr), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(fanotify_init),
	/* the kernel itself, and its corners that are broken most often */
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(bpf), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot), SCMP_SYS(syslog), SCMP_SYS(personality), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(memfd_create),
	SCMP_SYS(memfd_secret), SCMP_SYS(vmsplice), SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex),
	SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(setuid),
	SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
	SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),
	SCMP_SYS(capset)
};

/* net: no file at all, by no name. */
static const int no_files[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2),
	SCMP_SYS(creat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat),
	SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
	SCMP_SYS(rmdir), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat),
	SCMP_SYS(chown), SCMP_SYS(lchown), SCMP_SYS(fchown), SCMP_SYS(fchownat),
	SCMP_SYS(truncate), SCMP_SYS(ftruncate), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(chdir), SCMP_SYS(fchdir), SCMP_SYS(setxattr), SCMP_SYS(fsetxattr),
	SCMP_SYS(inotify_init1) };

/* vault: nobody calls it either. Folders and links have no place in its own folder. */
static const int no_callers[] = { SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(link),
	SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat) };

/* A call that this architecture does not have, or no longer, is denied already. */
static enum rc
deny(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0);

		if (r != 0 && r != -EDOM && r != -EINVAL) {
			errno = -r;
			return RC_SYS;
		}
	}
	return RC_OK;
}

/*
 * Memory that is both written and run; signals to others; new processes, where threads
 * may be made. clone3 hides its flags behind a pointer: libc takes clone where it is
 * missing.
 */
static int
deny_by_argument(scmp_filter_ctx ctx, bool threads)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	const scmp_datum_t self = (scmp_datum_t)getpid();
	int r = 0;

	r |= seccomp_rule_add(ctx, no, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	r |= seccomp_rule_add(ctx, no, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	r |= seccomp_rule_add(ctx, no, SCMP_SYS(kill), 1, SCMP_A0(SCMP_CMP_NE, self, 0));
	r |=
	    seccomp_rule_add(ctx, no, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_NE, self, 0));
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (threads)
		r |= seccomp_rule_add(ctx, no, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	else
		r |= seccomp_rule_add(ctx, no, SCMP_SYS(clone), 0);
	return r;
}

static enum rc
filter_calls(const int *more, size_t n, bool threads)
{
	scmp_filter_ctx ctx;
	enum rc rc = RC_SYS;

	/* A kernel without seccomp filters. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == -1 && errno == EINVAL)
		return RC_OK;
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (ctx == NULL) {
		errno = ENOMEM;
		return RC_SYS;
	}
	errno = EINVAL;
	if (deny(ctx, never, sizeof(never) / sizeof(never[0])) == RC_OK &&
	    deny(ctx, more, n) == RC_OK && deny_by_argument(ctx, threads) == 0) {
		int r = seccomp_load(ctx);

		errno = -r;
		rc = r == 0 ? RC_OK : RC_SYS;
	}
	seccomp_release(ctx);
	return rc;
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

	if (geteuid() == 0 && enter_empty_folder() != RC_OK)
		return RC_SYS;
	if (sandbox_become(&nobody) != RC_OK || limit_net(most_fds) != RC_OK)
		return RC_SYS;
	if (landlock(NULL) != RC_OK)
		return RC_SYS;
	/* Becoming somebody else forgets it: whoever dies takes us along. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return RC_SYS;
	return filter_calls(no_files, sizeof(no_files) / sizeof(no_files[0]), false);
}

enum rc
sandbox_vault(const char *dir)
{
	if (landlock(dir) != RC_OK)
		return RC_SYS;
	return filter_calls(no_callers, sizeof(no_callers) / sizeof(no_callers[0]), true);
}
