/* SPDX-License-Identifier: ISC */
/*
 * What a process gives away for good before it reads a stranger's byte: files by
 * Landlock, calls by seccomp. Which user it is, and the daemon's own walls beside these,
 * are authd/sandbox's.
 */
#ifndef IO_CAGE_H
#define IO_CAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

/*
 * A program that is built with a sanitizer, or to count what tests reach, writes a report
 * when it ends, and may ask other programs for it: there files and programs stay open to
 * those that leave by exit(3), which are all with `dies` set. No other build is
 * different.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    defined(UGAT_COVERAGE)
#define CAGE_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAGE_INSTRUMENTED 1
#endif
#endif
#ifndef CAGE_INSTRUMENTED
#define CAGE_INSTRUMENTED 0
#endif

/* What is kept; everything else goes. Open descriptors stay as they are. */
enum {
	CAGE_CALLED = 1,  /* accept on what listens already */
	CAGE_NET = 2,     /* sockets, of every kind and in every way */
	CAGE_FILES = 4,   /* files, by name: those in the places */
	CAGE_READING = 8, /* with CAGE_FILES: any file may be read */
	CAGE_LINKS = 16,  /* one more name for a file, in the places */
	CAGE_THREADS = 32,
	/*
	 * With CAGE_FILES: what the libraries read of the system, such as the servers of
	 * names and the authorities that sign certificates, may be read; /dev/null,
	 * written.
	 */
	CAGE_SYSTEM = 64,
};

/* What may be done in a place. */
enum cage_right {
	CAGE_READ,  /* files and directories are read */
	CAGE_WRITE, /* files are made, written, renamed and removed as well */
	CAGE_TREE,  /* and directories made and removed, files moved between them */
};

/* A file, or a directory with all that is beneath it, whatever moves in later. */
struct cage_place {
	const char *path; /* one that is not there is passed over; NULL: fd */
	int fd;           /* -1 is passed over */
	enum cage_right right;
};

struct cage {
	unsigned keeps; /* CAGE_* */
	const struct cage_place *places;
	size_t n_places;
	bool dies; /* a call that is forbidden ends the process by SIGSYS; else: EPERM */
};

/* How the walls stand: 0, or the errno that says why not. */
struct cage_walls {
	int files, calls;
};

/*
 * Close the cage around this process and all that it will start; there must be no other
 * thread yet. It cannot be opened again. A file outside the places answers EACCES. Never
 * kept: to run programs, to make processes, to trace or signal others, to mount, to
 * change one's user, to make a symbolic link or a device, to map a file as a program,
 * and the kernel's corners that nobody here has business with.
 *
 * RC_OK: both walls stand. RC_NONE: the kernel, or the container, does not have one of
 * them; RC_SYS: one that it has was refused, errno. *walls says which; what could be
 * closed is.
 */
enum rc cage_enter(const struct cage *c, struct cage_walls *walls) MUST_USE;

/*
 * As cage_enter, for a command that goes on with the walls it gets. err: where a line
 * says what is missing, or -1.
 */
void cage_close(const struct cage *c, const char *command, int err);

#endif
