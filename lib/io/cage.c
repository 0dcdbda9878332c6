/* SPDX-License-Identifier: ISC */
/*
 * Landlock denies by place, seccomp by call; each for what the other one misses: Landlock
 * knows nothing of UDP or processes, seccomp cannot read a path. The files' wall comes
 * first, for it opens the places. seccomp denies what is named and lets the rest pass, so
 * that another C library still runs.
 */
#include "io/cage.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/callfilter.h"

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
#define LL_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define LL_WRITE                                                    \
	(LL_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LL_FS_TRUNCATE | \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define LL_TREE                                                 \
	(LL_WRITE | LL_FS_REFER | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR)
/* What makes sense for a place that is no directory. */
#define LL_OF_A_FILE \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LL_FS_TRUNCATE)

struct ll_ruleset {
	uint64_t fs, net, scoped;
};

/* Instrumentation wants what this process leaves to nobody else. */
static bool
is_open(const struct cage *c)
{
	return CAGE_INSTRUMENTED && c->dies;
}

/* Files. */

static bool
moves_files(const struct cage *c)
{
	for (size_t i = 0; i < c->n_places; i++)
		if (c->places[i].right == CAGE_TREE)
			return true;
	return false;
}

/* What is to be denied, as far as the kernel's version knows it. Returns its size. */
static size_t
deny_all(const struct cage *c, long abi, struct ll_ruleset *all)
{
	size_t size = sizeof(all->fs);

	*all = (struct ll_ruleset){ .fs = LL_FS_FIRST_ABI };
	all->fs |= abi >= LL_ABI_REFER ? LL_FS_REFER : 0;
	all->fs |= abi >= LL_ABI_TRUNCATE ? LL_FS_TRUNCATE : 0;
	all->fs |= abi >= LL_ABI_IOCTL ? LL_FS_IOCTL_DEV : 0;
	if ((c->keeps & CAGE_READING) != 0)
		all->fs &= ~(uint64_t)LL_READ;
	if (abi >= LL_ABI_NET) {
		all->net = (c->keeps & CAGE_NET) == 0 ? LL_NET_ALL : 0;
		size = offsetof(struct ll_ruleset, scoped);
	}
	if (abi >= LL_ABI_SCOPE) {
		all->scoped = LL_SCOPE_ALL;
		size = sizeof(*all);
	}
	return size;
}

static enum rc
allow_fd(int ruleset, int fd, uint64_t rights, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights & handled,
		.parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) != 0)
		return RC_SYS;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= LL_OF_A_FILE;
	/* A terminal is asked on, too. */
	if (S_ISCHR(st.st_mode) &&
	    (rule.allowed_access & LANDLOCK_ACCESS_FS_WRITE_FILE) != 0)
		rule.allowed_access |= LL_FS_IOCTL_DEV & handled;
	if (rule.allowed_access == 0)
		return RC_OK;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
	        0) == 0)
		return RC_OK;
	/* A pipe, a socket: no place, and nothing can be opened by it. */
	return errno == EBADFD ? RC_OK : RC_SYS;
}

/* handled: what of the rights the kernel knows. */
static enum rc
allow(int ruleset, const struct cage_place *place, uint64_t handled)
{
	static const uint64_t rights[] = {
		[CAGE_READ] = LL_READ, [CAGE_WRITE] = LL_WRITE, [CAGE_TREE] = LL_TREE
	};
	int fd = place->fd;
	enum rc rc;

	if (place->path != NULL)
		fd = open(place->path, O_PATH | O_CLOEXEC);
	if (fd == -1)
		return RC_OK;
	rc = allow_fd(ruleset, fd, rights[place->right], handled);
	if (place->path != NULL)
		(void)close(fd);
	return rc;
}

/* /etc/resolv.conf may be a link to one of those below /run. */
static enum rc
allow_system(int ruleset, uint64_t handled)
{
	static const struct cage_place system[] = {
		{ .path = "/etc", .right = CAGE_READ },
		{ .path = "/usr", .right = CAGE_READ },
		{ .path = "/proc", .right = CAGE_READ },
		{ .path = "/sys/devices/system", .right = CAGE_READ },
		{ .path = "/run/systemd/resolve", .right = CAGE_READ },
		{ .path = "/run/NetworkManager", .right = CAGE_READ },
		{ .path = "/run/resolvconf", .right = CAGE_READ },
		{ .path = "/dev/null", .right = CAGE_WRITE },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]) && rc == RC_OK; i++)
		rc = allow(ruleset, &system[i], handled);
	return rc;
}

static enum rc
restrict_files(const struct cage *c)
{
	struct ll_ruleset all;
	long abi = syscall(
	    SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int ruleset, saved;
	enum rc rc = RC_OK;
	size_t size;

	if (abi < 1)
		return RC_NONE; /* not built in, not switched on, or kept from us */
	/* The first version denies every move between directories. */
	if (abi < LL_ABI_REFER && moves_files(c)) {
		errno = EOPNOTSUPP;
		return RC_NONE;
	}
	size = deny_all(c, abi, &all);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (ruleset == -1)
		return RC_SYS;
	for (size_t i = 0; i < c->n_places && rc == RC_OK; i++)
		rc = allow(ruleset, &c->places[i], all.fs);
	if (rc == RC_OK && (c->keeps & CAGE_SYSTEM) != 0)
		rc = allow_system(ruleset, all.fs);
	if (rc == RC_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		rc = RC_SYS;
	saved = errno;
	(void)close(ruleset);
	errno = saved;
	return rc;
}

/* Calls. */

/* Nobody's business. */
static const int never[] = {
	/* the file system as a whole, and what is no file */
	SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
	SCMP_SYS(chroot), SCMP_SYS(fsopen), SCMP_SYS(fspick), SCMP_SYS(fsmount),
	SCMP_SYS(fsconfig), SCMP_SYS(open_tree), SCMP_SYS(move_mount),
	SCMP_SYS(mount_setattr), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(fanotify_init),
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

static const int process_calls[] = { SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
	SCMP_SYS(vfork), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
	SCMP_SYS(process_mrelease), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_send_signal), SCMP_SYS(kcmp), SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(tkill), SCMP_SYS(setns), SCMP_SYS(unshare),
	SCMP_SYS(perf_event_open) };

/* socketcall: all of them in one, on old 32-bit architectures. */
static const int socket_calls[] = { SCMP_SYS(socket), SCMP_SYS(socketpair),
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(socketcall) };

static const int accept_calls[] = { SCMP_SYS(accept), SCMP_SYS(accept4) };

/* By name or not: a process without files has none to change either. */
static const int file_calls[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2),
	SCMP_SYS(creat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
	SCMP_SYS(rmdir), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat),
	SCMP_SYS(chown), SCMP_SYS(lchown), SCMP_SYS(fchown), SCMP_SYS(fchownat),
	SCMP_SYS(truncate), SCMP_SYS(ftruncate), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(chdir), SCMP_SYS(fchdir), SCMP_SYS(setxattr), SCMP_SYS(fsetxattr),
	SCMP_SYS(inotify_init1) };

static const int link_calls[] = { SCMP_SYS(link), SCMP_SYS(linkat) };

#define ADD_ALL(f, calls, answer) \
	callfilter_add_all((f), (calls), sizeof(calls) / sizeof((calls)[0]), (answer))

/*
 * Programs, and processes where only threads may be made. clone3 hides its flags behind a
 * pointer: libc takes clone where it is missing.
 */
static void
deny_processes(struct callfilter *f, uint32_t no, bool threads)
{
	ADD_ALL(f, process_calls, no);
	callfilter_add(f,
	    &(struct callfilter_rule){
	        .call = SCMP_SYS(clone3), .answer = SECCOMP_RET_ERRNO | ENOSYS });
	callfilter_add(f,
	    &(struct callfilter_rule){ .call = SCMP_SYS(clone),
	        .answer = no,
	        .by_argument = threads,
	        .unless = true,
	        .of = CLONE_THREAD,
	        .value = CLONE_THREAD });
}

/*
 * Memory that is run, which a library that only looks for another one may ask for;
 * signals to others.
 */
static void
deny_by_argument(struct callfilter *f, uint32_t no)
{
	static const int maps[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect) };
	static const int kills[] = { SCMP_SYS(kill), SCMP_SYS(tgkill) };

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		callfilter_add(f,
		    &(struct callfilter_rule){ .call = maps[i],
		        .answer = SECCOMP_RET_ERRNO | EPERM,
		        .by_argument = true,
		        .argument = 2,
		        .of = PROT_EXEC,
		        .value = PROT_EXEC });
	for (size_t i = 0; i < sizeof(kills) / sizeof(kills[0]); i++)
		callfilter_add(f,
		    &(struct callfilter_rule){ .call = kills[i],
		        .answer = no,
		        .by_argument = true,
		        .unless = true,
		        .of = UINT32_MAX,
		        .value = (uint32_t)getpid() });
}

static enum rc
restrict_calls(const struct cage *c)
{
	const uint32_t no =
	    c->dies ? SECCOMP_RET_TRAP : (uint32_t)(SECCOMP_RET_ERRNO | EPERM);
	struct callfilter f = { .n = 0 };

	ADD_ALL(&f, never, no);
	if ((c->keeps & CAGE_NET) == 0)
		ADD_ALL(&f, socket_calls, no);
	if ((c->keeps & (CAGE_NET | CAGE_CALLED)) == 0)
		ADD_ALL(&f, accept_calls, no);
	if (!is_open(c)) {
		deny_processes(&f, no, (c->keeps & CAGE_THREADS) != 0);
		deny_by_argument(&f, no);
		if ((c->keeps & CAGE_FILES) == 0)
			ADD_ALL(&f, file_calls, no);
		if ((c->keeps & CAGE_LINKS) == 0)
			ADD_ALL(&f, link_calls, no);
	}
	return callfilter_load(&f);
}

enum rc
cage_enter(const struct cage *c, struct cage_walls *walls)
{
	enum rc files = RC_OK, calls;

	*walls = (struct cage_walls){ 0 };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		walls->files = walls->calls = errno;
		return errno == EINVAL ? RC_NONE : RC_SYS;
	}
	if (!is_open(c) && (files = restrict_files(c)) != RC_OK)
		walls->files = errno;
	if ((calls = restrict_calls(c)) != RC_OK)
		walls->calls = errno;
	if (files == RC_SYS || calls == RC_SYS) {
		errno = files == RC_SYS ? walls->files : walls->calls;
		return RC_SYS;
	}
	return files == RC_OK ? calls : files;
}

static void
say(const char *command, int err, const char *what, int why)
{
	if (err != -1 && why != 0)
		(void)dprintf(
		    err, "%s: not confined: %s: %s\n", command, what, strerror(why));
}

void
cage_close(const struct cage *c, const char *command, int err)
{
	struct cage_walls walls;

	if (cage_enter(c, &walls) == RC_OK)
		return;
	say(command, err, "Landlock", walls.files);
	say(command, err, "seccomp", walls.calls);
}
