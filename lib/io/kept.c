/* SPDX-License-Identifier: ISC */
/*
 * A file is text: a line that names the format, one of six numbers (time, interval, min
 * interval, seeders, leechers, stopped), and one a peer (address, port). It is written
 * under another name and renamed. Writers hold a lock on the directory, so that two runs
 * do not share that other name, nor count wrongly.
 */
#include "io/kept.h"

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

#include "base/buf.h"
#include "base/text.h"

enum { NAME_SIZE = 2 * KEPT_KEY + 1, FILE_MAX = 64 * (KEPT_PEERS + 4), NUMBERS = 6 };

static const char format[] = "ugat-tracker 1";
static const char temp[] = ".new";

struct kept {
	int dir;
	size_t files; /* that there were when it was swept */
};

/* A directory of ours that nobody else writes to. */
static int
open_dir(const char *path)
{
	struct stat st;
	int fd;

	(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
open_place(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	bool own = cache == NULL || cache[0] != '/';
	char path[PATH_MAX];
	int n, fd;

	if (own && (home == NULL || home[0] != '/'))
		return -1;
	n = snprintf(
	    path, sizeof(path), "%s%s", own ? home : cache, own ? "/.cache" : "");
	if (n < 0 || (size_t)n + sizeof("/ugat/trackers") > sizeof(path))
		return -1;
	(void)mkdir(path, 0700);
	(void)snprintf(path + n, sizeof(path) - (size_t)n, "/ugat");
	fd = open_dir(path);
	if (fd == -1)
		return -1;
	(void)close(fd);
	(void)snprintf(path + n, sizeof(path) - (size_t)n, "/ugat/trackers");
	return open_dir(path);
}

/* Remove what is too old; returns how many are left. */
static size_t
sweep(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	time_t now = time(NULL);
	size_t left = 0;
	struct dirent *e;
	struct stat st;

	if (d == NULL) {
		if (fd != -1)
			(void)close(fd);
		return 0;
	}
	while ((e = readdir(d)) != NULL) {
		if (strlen(e->d_name) != NAME_SIZE - 1 ||
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (now - st.st_mtime > KEPT_DAY_S && unlinkat(dir, e->d_name, 0) == 0)
			continue;
		left++;
	}
	(void)closedir(d);
	return left;
}

struct kept *
kept_open(void)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->dir = open_place();
	if (k->dir == -1) {
		free(k);
		return NULL;
	}
	k->files = sweep(k->dir);
	return k;
}

void
kept_close(struct kept *k)
{
	if (k == NULL)
		return;
	(void)close(k->dir);
	free(k);
}

int
kept_dir(const struct kept *k)
{
	return k == NULL ? -1 : k->dir;
}

/* The next word of *rest, which a blank or a line's end follows. */
static struct bytes
next_word(struct bytes *rest, uint8_t end)
{
	const uint8_t *p = rest->n == 0 ? NULL : memchr(rest->p, end, rest->n);
	struct bytes word = bytes_of(rest->p, p == NULL ? 0 : (size_t)(p - rest->p));

	*rest = p == NULL ? bytes_of(NULL, 0) : bytes_from(*rest, word.n + 1);
	return word;
}

static bool
read_numbers(struct bytes line, uint64_t now, struct kept_answer *out)
{
	static const uint64_t most[NUMBERS] = { INT64_MAX, UINT32_MAX, UINT32_MAX,
		UINT32_MAX, UINT32_MAX, 1 };
	uint64_t v[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++) {
		struct bytes word = i + 1 < NUMBERS ? next_word(&line, ' ') : line;

		if (text_u64(word, most[i], &v[i]) != RC_OK)
			return false;
	}
	*out = (struct kept_answer){ .at_s = v[0],
		.interval_s = (uint32_t)v[1],
		.min_interval_s = (uint32_t)v[2],
		.seeders = (uint32_t)v[3],
		.leechers = (uint32_t)v[4],
		.stopped = v[5] == 1 };
	/* A clock that was set back knows nothing of it. */
	return v[0] <= now && now - v[0] <= KEPT_DAY_S;
}

static bool
read_peer(struct bytes line, struct addr *out)
{
	struct bytes ip = next_word(&line, ' ');
	uint64_t port;

	if (addr_parse(ip, out) != RC_OK || text_u64(line, UINT16_MAX, &port) != RC_OK)
		return false;
	out->port = (uint16_t)port;
	return true;
}

static enum rc
read_answer(struct bytes text, uint64_t now, struct kept_answer *out)
{
	if (!bytes_is(next_word(&text, '\n'), format) ||
	    !read_numbers(next_word(&text, '\n'), now, out))
		return RC_NONE;
	while (text.n > 0 && out->n < KEPT_PEERS)
		if (read_peer(next_word(&text, '\n'), &out->peers[out->n]))
			out->n++;
	return RC_OK;
}

enum rc
kept_get(struct kept *k, const uint8_t key[static KEPT_KEY], struct kept_answer *out)
{
	char name[NAME_SIZE], text[FILE_MAX];
	struct stat st;
	ssize_t n = -1;
	int fd;

	if (k == NULL)
		return RC_NONE;
	text_hex(key, KEPT_KEY, name);
	fd = openat(k->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return RC_NONE;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		n = read(fd, text, sizeof(text));
	(void)close(fd);
	if (n < 0)
		return RC_NONE;
	return read_answer(bytes_of(text, (size_t)n), (uint64_t)time(NULL), out);
}

static enum rc
put_text(struct buf *b, const struct kept_answer *a)
{
	char ip[ADDR_TEXT];
	enum rc rc = buf_printf(b, "%s\n%llu %lu %lu %lu %lu %d\n", format,
	    (unsigned long long)a->at_s, (unsigned long)a->interval_s,
	    (unsigned long)a->min_interval_s, (unsigned long)a->seeders,
	    (unsigned long)a->leechers, a->stopped ? 1 : 0);

	for (size_t i = 0; rc == RC_OK && i < a->n && i < KEPT_PEERS; i++) {
		addr_text(&a->peers[i], ip);
		rc = buf_printf(b, "%s %u\n", ip, (unsigned)a->peers[i].port);
	}
	return rc;
}

static enum rc
put_file(struct kept *k, const char *name, struct bytes text)
{
	struct stat st;
	bool new = fstatat(k->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0, whole;
	int fd;

	if (new && k->files >= KEPT_FILES)
		return RC_BIG;
	(void)unlinkat(k->dir, temp, 0);
	fd = openat(
	    k->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return RC_SYS;
	whole = write(fd, text.p, text.n) == (ssize_t)text.n;
	(void)close(fd);
	if (!whole || renameat(k->dir, temp, k->dir, name) != 0) {
		(void)unlinkat(k->dir, temp, 0);
		return RC_SYS;
	}
	k->files += new;
	return RC_OK;
}

enum rc
kept_put(struct kept *k, const uint8_t key[static KEPT_KEY], const struct kept_answer *a)
{
	char name[NAME_SIZE];
	struct buf b;
	enum rc rc;

	if (k == NULL)
		return RC_OK;
	buf_init(&b, FILE_MAX);
	text_hex(key, KEPT_KEY, name);
	rc = put_text(&b, a);
	if (rc == RC_OK && flock(k->dir, LOCK_EX) != 0)
		rc = RC_SYS;
	if (rc == RC_OK) {
		rc = put_file(k, name, buf_bytes(&b));
		(void)flock(k->dir, LOCK_UN);
	}
	buf_clear(&b);
	return rc;
}
