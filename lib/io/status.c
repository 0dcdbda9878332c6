/* SPDX-License-Identifier: ISC */
/*
 * Every version of the record is a new file: made under another name, locked, filled,
 * then renamed over the old one. So whatever file bears the name of a live run is locked,
 * and a reader that finds an unlocked one looks again whether it still bears the name.
 */
#include "io/status.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum {
	NAME_SIZE = 2 * 20 + 1 + 8 + 1,
	TEMP_SIZE = NAME_SIZE + 32,
	TRIES = 100,
	OLD_S = 24 * 60 * 60,
	ENTRIES_MAX = 10000, /* of the directory that the broom looks at */
};

struct status {
	int dir;
	int fd; /* locked: the file that bears the name */
	bool filled;
	char name[NAME_SIZE];
};

/* Without a word to errno, which tells why we are at it. */
static void
close_quietly(int fd)
{
	int saved = errno;

	(void)close(fd);
	errno = saved;
}

static void
name_of(const uint8_t btih[static 20], const uint8_t id[static 20],
    char out[static NAME_SIZE])
{
	text_hex(btih, 20, out);
	out[40] = '.';
	text_hex(id + 16, 4, out + 41);
}

/*
 * The directory at place 0 or 1, made if make is set; -1: there is none, or none to
 * trust.
 */
static int
open_dir(int place, bool make)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];
	struct stat st;
	int n, fd;

	if (place == 0 && (runtime == NULL || runtime[0] != '/'))
		return -1;
	n = place == 0
	    ? snprintf(path, sizeof(path), "%s/ugat", runtime)
	    : snprintf(path, sizeof(path), "/tmp/ugat-%lu", (unsigned long)geteuid());
	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	if (make)
		(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Whether fd still is the file of that name. */
static bool
bears_name(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A new, empty, locked file under a name that nobody looks for. */
static int
make_temp(int dir, const char *name, char out[static TEMP_SIZE])
{
	int fd, saved;

	(void)snprintf(out, TEMP_SIZE, ".%s.%ld", name, (long)getpid());
	(void)unlinkat(dir, out, 0);
	fd = openat(dir, out, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	saved = errno;
	(void)unlinkat(dir, out, 0);
	(void)close(fd);
	errno = saved;
	return -1;
}

/*
 * Lock a file that a run may have left behind. RC_BUSY: that run lives. A reader holds
 * its shared lock for an instant only, so one that can be shared is asked for again.
 */
static enum rc
lock_left(int fd)
{
	for (int i = 0; i < TRIES; i++) {
		const struct timespec a_little = { .tv_nsec = 1000000 };

		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return RC_OK;
		if (errno != EWOULDBLOCK || flock(fd, LOCK_SH | LOCK_NB) != 0)
			return RC_BUSY;
		(void)flock(fd, LOCK_UN);
		(void)nanosleep(&a_little, NULL);
	}
	return RC_BUSY;
}

/*
 * Give temp the name: as a new one, or in the place of a dead run's. RC_MORE: somebody
 * was quicker, look again.
 */
static enum rc
claim(const struct status *s, const char *temp)
{
	enum rc rc;
	int left;

	if (linkat(s->dir, temp, s->dir, s->name, 0) == 0) {
		(void)unlinkat(s->dir, temp, 0);
		return RC_OK;
	}
	if (errno != EEXIST)
		return RC_NONE;
	left = openat(s->dir, s->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (left == -1)
		return errno == ENOENT ? RC_MORE : RC_NONE;
	rc = lock_left(left);
	if (rc == RC_OK && !bears_name(s->dir, s->name, left))
		rc = RC_MORE;
	if (rc == RC_OK && renameat(s->dir, temp, s->dir, s->name) != 0)
		rc = RC_NONE;
	(void)close(left);
	return rc;
}

static void
remove_if_left(int dir, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
	    time(NULL) - st.st_mtime < OLD_S)
		return;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && bears_name(dir, name, fd))
		(void)unlinkat(dir, name, 0);
	(void)close(fd);
}

/* A second descriptor to read the names from; NULL: it cannot be read. */
static DIR *
open_names(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy == -1 ? NULL : fdopendir(copy);

	if (d == NULL && copy != -1)
		close_quietly(copy);
	return d;
}

static void
sweep(int dir)
{
	DIR *d = open_names(dir);
	struct dirent *e;

	if (d == NULL)
		return;
	for (int i = 0; i < ENTRIES_MAX && (e = readdir(d)) != NULL; i++)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_if_left(dir, e->d_name);
	(void)closedir(d);
}

/* Claim the name in s->dir. */
static enum rc
open_in(struct status *s)
{
	char temp[TEMP_SIZE];
	enum rc rc = RC_MORE;

	sweep(s->dir);
	s->fd = make_temp(s->dir, s->name, temp);
	if (s->fd == -1)
		return RC_NONE;
	for (int i = 0; i < TRIES && rc == RC_MORE; i++)
		rc = claim(s, temp);
	if (rc == RC_OK)
		return RC_OK;
	(void)unlinkat(s->dir, temp, 0);
	(void)close(s->fd);
	s->fd = -1;
	return rc == RC_MORE ? RC_BUSY : rc;
}

enum rc
status_open(
    const uint8_t btih[static 20], const uint8_t id[static 20], struct status **out)
{
	struct status *s = calloc(1, sizeof(*s));
	enum rc rc = RC_NONE;

	*out = NULL;
	if (s == NULL)
		return RC_MEM;
	name_of(btih, id, s->name);
	for (int place = 0; place < STATUS_PLACES && rc == RC_NONE; place++) {
		s->dir = open_dir(place, true);
		if (s->dir == -1)
			continue;
		rc = open_in(s);
		if (rc != RC_OK)
			(void)close(s->dir);
	}
	if (rc == RC_OK)
		*out = s;
	else
		free(s);
	return rc;
}

enum rc
status_put(struct status *s, const struct rec_status *r)
{
	char text[STATUS_LINE_MAX], temp[TEMP_SIZE];
	struct bytes line;
	struct linew w;
	ssize_t n;
	int fd;

	if (s == NULL)
		return RC_OK;
	rec_put_status(&w, (uint8_t *)text, sizeof(text), r);
	if (linew_end(&w, &line) != RC_OK)
		return RC_BIG;
	fd = make_temp(s->dir, s->name, temp);
	if (fd == -1)
		return RC_SYS;
	n = write(fd, line.p, line.n);
	if (n != (ssize_t)line.n || renameat(s->dir, temp, s->dir, s->name) != 0) {
		int kept = n >= 0 && n != (ssize_t)line.n ? ENOSPC : errno;

		(void)unlinkat(s->dir, temp, 0);
		(void)close(fd);
		errno = kept;
		return RC_SYS;
	}
	(void)close(s->fd);
	s->fd = fd;
	s->filled = true;
	return RC_OK;
}

void
status_places(int fds[static STATUS_PLACES])
{
	for (int place = 0; place < STATUS_PLACES; place++)
		fds[place] = open_dir(place, place == 0 || fds[0] == -1);
}

int
status_dir(const struct status *s)
{
	return s == NULL ? -1 : s->dir;
}

void
status_close(struct status *s)
{
	if (s == NULL)
		return;
	if (!s->filled && bears_name(s->dir, s->name, s->fd))
		(void)unlinkat(s->dir, s->name, 0);
	(void)close(s->fd);
	(void)close(s->dir);
	free(s);
}

/* Whether a call failed for want of memory or descriptors: the thing may be there. */
static bool
is_short(int err)
{
	return err == ENOMEM || err == EMFILE || err == ENFILE;
}

/*
 * Open the file of that name and say whether its writer lives. RC_MORE: it was replaced
 * meanwhile. RC_SYS: errno, it may be there.
 */
static enum rc
look(int dir, const char *name, int *fd, bool *alive)
{
	struct stat st = { .st_mode = 0 };

	*fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (*fd == -1)
		return is_short(errno) ? RC_SYS : RC_NONE;
	*alive = flock(*fd, LOCK_SH | LOCK_NB) != 0;
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    (*alive || bears_name(dir, name, *fd)))
		return RC_OK;
	(void)close(*fd);
	*fd = -1;
	return S_ISREG(st.st_mode) && st.st_uid == geteuid() ? RC_MORE : RC_NONE;
}

static enum rc
read_record(int fd, struct status_text *text, struct rec_status *out)
{
	struct line l;
	ssize_t n;

	text->n = 0;
	do {
		n = pread(fd, text->line + text->n, sizeof(text->line) - text->n,
		    (off_t)text->n);
		text->n += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == -1)
		return RC_SYS;
	if (text->n == 0)
		return RC_NONE;
	if (memchr(text->line, '\n', text->n) != text->line + text->n - 1 ||
	    line_get(bytes_of(text->line, text->n - 1), &l) != RC_OK ||
	    rec_kind(&l) != REC_STATUS)
		return RC_BAD;
	line_scratch_reset(&text->scratch);
	return rec_get_status(&l, &text->scratch, out);
}

static enum rc
find_in(int dir, const char *name, struct status_text *text, struct status_entry *out)
{
	enum rc rc = RC_MORE;
	struct stat st;
	int fd = -1;

	for (int i = 0; i < TRIES && rc == RC_MORE; i++)
		rc = look(dir, name, &fd, &out->alive);
	if (rc != RC_OK)
		return rc == RC_SYS ? RC_SYS : RC_NONE;
	rc = read_record(fd, text, &out->r);
	if (rc != RC_SYS)
		out->written_s = fstat(fd, &st) == 0 ? st.st_mtime : 0;
	close_quietly(fd);
	return rc;
}

enum rc
status_find(const uint8_t btih[static 20], const uint8_t id[static 20],
    struct status_text *text, struct rec_status *out, bool *alive)
{
	struct status_entry e = { .alive = false };
	char name[NAME_SIZE];
	enum rc rc = RC_NONE;

	name_of(btih, id, name);
	for (int place = 0; place < STATUS_PLACES && rc == RC_NONE; place++) {
		int dir = open_dir(place, false);

		if (dir == -1)
			continue;
		rc = find_in(dir, name, text, &e);
		close_quietly(dir);
	}
	*alive = e.alive;
	*out = e.r;
	return rc;
}

/* Whether it is a name as name_of makes them; then btih is in it. */
static bool
is_name(const char *name, uint8_t btih[static 20])
{
	static const char digits[] = "0123456789abcdef";

	return strspn(name, digits) == 40 && name[40] == '.' &&
	    strspn(name + 41, digits) == 8 && name[49] == '\0' &&
	    text_unhex(bytes_of(name, 40), btih, 20) == RC_OK;
}

/* A directory that cannot be read has none; RC_SYS: it may have some. */
static enum rc
each_in(int dir, struct status_text *text,
    void (*show)(void *ctx, const struct status_entry *e), void *ctx)
{
	DIR *d = open_names(dir);
	int64_t now_s = time(NULL);
	struct dirent *file;
	enum rc rc = RC_OK;
	int saved;

	if (d == NULL)
		return is_short(errno) ? RC_SYS : RC_OK;
	while (rc != RC_SYS && (file = readdir(d)) != NULL) {
		struct status_entry e = { .dir = dir, .name = file->d_name };

		if (!is_name(file->d_name, e.btih))
			continue;
		rc = find_in(dir, file->d_name, text, &e);
		e.bad = rc == RC_BAD;
		if (rc == RC_NONE || rc == RC_SYS)
			continue;
		if (e.alive || now_s - e.written_s < OLD_S)
			show(ctx, &e);
		else
			remove_if_left(dir, file->d_name);
	}
	saved = errno;
	(void)closedir(d);
	errno = saved;
	return rc == RC_SYS ? RC_SYS : RC_OK;
}

enum rc
status_each(void (*show)(void *ctx, const struct status_entry *e), void *ctx)
{
	struct status_text *text = malloc(sizeof(*text));
	enum rc rc = RC_OK;

	if (text == NULL)
		return RC_MEM;
	for (int place = 0; place < STATUS_PLACES && rc == RC_OK; place++) {
		int dir;

		errno = 0;
		dir = open_dir(place, false);
		if (dir != -1)
			rc = each_in(dir, text, show, ctx);
		else if (is_short(errno))
			rc = RC_SYS;
		if (dir != -1)
			close_quietly(dir);
	}
	free(text);
	return rc;
}

enum rc
status_forget(const struct status_entry *e)
{
	int fd = openat(e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	enum rc rc;

	if (fd == -1)
		return errno == ENOENT ? RC_OK : RC_SYS;
	rc = lock_left(fd);
	/* Another name bearer is another run, which has only begun. */
	if (rc == RC_OK && !bears_name(e->dir, e->name, fd))
		rc = RC_BUSY;
	if (rc == RC_OK && unlinkat(e->dir, e->name, 0) != 0)
		rc = RC_SYS;
	close_quietly(fd);
	return rc;
}
