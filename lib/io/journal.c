/* SPDX-License-Identifier: ISC */
#include "io/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/slurp.h"

static const char magic[] = "ugathave"; /* written without its NUL */

enum { VERSION = 1, MAGIC = 8, FILE_SIZE = 4 + 4 + JOURNAL_KEY + 4 * 8 };
enum { HEAD = MAGIC + 4 + 20 + 4 + 4 + 8 + JOURNAL_BOOT + 4 };

const uint8_t *
journal_btih(const struct torrent *t)
{
	return t->has_v1 ? t->btih : t->btmh;
}

enum rc
journal_init(struct journal *j, const struct torrent *t, size_t n)
{
	enum rc rc = RC_OK;

	*j = (struct journal){
		.piece_length = t->piece_length, .pieces = t->pieces, .length = t->length
	};
	memcpy(j->btih, journal_btih(t), sizeof(j->btih));
	for (int i = 0; i < JOURNAL_SETS; i++)
		if (bitset_init(&j->set[i], t->pieces) != RC_OK)
			rc = RC_MEM;
	j->files = calloc(n + 1, sizeof(*j->files));
	j->n_files = n;
	return j->files == NULL ? RC_MEM : rc;
}

void
journal_clear(struct journal *j)
{
	for (int i = 0; i < JOURNAL_SETS; i++)
		bitset_clear(&j->set[i]);
	free(j->files);
	*j = (struct journal){ .n_files = 0 };
}

enum rc
journal_key(struct hash *h, const struct torrent_file *f, uint8_t key[static JOURNAL_KEY])
{
	uint8_t digest[SHA256_SIZE], place[16];

	(void)put_be(put_be(place, 8, f->offset), 8, f->length);
	if (hash_reset(h) != RC_OK ||
	    hash_add(h, bytes_of(place, sizeof(place))) != RC_OK ||
	    hash_add(h, f->path) != RC_OK || hash_end(h, digest) != RC_OK)
		return RC_MEM;
	memcpy(key, digest, JOURNAL_KEY);
	return RC_OK;
}

static size_t
count_vouched(const struct journal *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->n_files; i++)
		n += j->files[i].vouched;
	return n;
}

static uint8_t *
put_file(uint8_t *at, const struct journal_file *f)
{
	at = put_be(at, 4, f->index);
	at = put_be(at, 4, f->carried);
	memcpy(at, f->key, JOURNAL_KEY);
	at = put_be(at + JOURNAL_KEY, 8, f->size);
	at = put_be(at, 8, f->mtime_ns);
	at = put_be(at, 8, f->synced_ns);
	return put_be(at, 8, f->until_ns);
}

enum rc
journal_put(const struct journal *j, struct buf *out)
{
	size_t files = count_vouched(j), bits = bitset_size(j->pieces),
	       size = HEAD + files * FILE_SIZE + JOURNAL_SETS * bits;
	uint8_t *start, *at;
	enum rc rc = buf_room(out, size + SHA256_SIZE);

	if (rc != RC_OK)
		return rc;
	start = at = out->p + out->n;
	memcpy(at, magic, MAGIC);
	at = put_be(at + MAGIC, 4, VERSION);
	memcpy(at, j->btih, sizeof(j->btih));
	at = put_be(at + sizeof(j->btih), 4, j->piece_length);
	at = put_be(at, 4, j->pieces);
	at = put_be(at, 8, j->length);
	memcpy(at, j->boot, JOURNAL_BOOT);
	at = put_be(at + JOURNAL_BOOT, 4, files);
	for (size_t i = 0; i < j->n_files; i++)
		if (j->files[i].vouched)
			at = put_file(at, &j->files[i]);
	for (int i = 0; i < JOURNAL_SETS; i++) {
		if (bits > 0)
			memcpy(at, j->set[i].bits, bits);
		at += bits;
	}
	rc = hash_sha256(bytes_of(start, size), at);
	if (rc == RC_OK)
		out->n += size + SHA256_SIZE;
	return rc;
}

static void
get_file(struct cur *c, struct journal_file *f)
{
	const uint8_t *key;

	f->index = (uint32_t)cur_be(c, 4);
	f->carried = cur_be(c, 4) != 0;
	key = cur_take(c, JOURNAL_KEY);
	if (key != NULL)
		memcpy(f->key, key, JOURNAL_KEY);
	f->size = cur_be(c, 8);
	f->mtime_ns = cur_be(c, 8);
	f->synced_ns = cur_be(c, 8);
	f->until_ns = cur_be(c, 8);
	f->vouched = true;
}

static int
by_index(const void *a, const void *b)
{
	const struct journal_file *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* Version, torrent and boot. */
static enum rc
get_head(struct cur *c, struct journal *j)
{
	const uint8_t *word = cur_take(c, MAGIC), *btih, *boot;
	bool same;

	if (word == NULL || memcmp(word, magic, MAGIC) != 0 || cur_be(c, 4) != VERSION)
		return RC_BAD;
	btih = cur_take(c, sizeof(j->btih));
	same = cur_be(c, 4) == j->piece_length;
	same = cur_be(c, 4) == j->pieces && same;
	same = cur_be(c, 8) == j->length && same;
	boot = cur_take(c, JOURNAL_BOOT);
	if (boot == NULL || !same || memcmp(btih, j->btih, sizeof(j->btih)) != 0 ||
	    boot[JOURNAL_BOOT - 1] != '\0')
		return RC_BAD;
	memcpy(j->boot, boot, JOURNAL_BOOT);
	return RC_OK;
}

static enum rc
get_body(struct cur *c, struct journal *j)
{
	size_t n = (size_t)cur_be(c, 4);

	/* What is left says how many files there can be, before memory is asked for. */
	if (c->bad || n > c->n / FILE_SIZE)
		return RC_BAD;
	free(j->files);
	j->n_files = 0;
	j->files = calloc(n + 1, sizeof(*j->files));
	if (j->files == NULL)
		return RC_MEM;
	j->n_files = n;
	for (size_t i = 0; i < n; i++)
		get_file(c, &j->files[i]);
	for (int i = 0; i < JOURNAL_SETS; i++) {
		const uint8_t *bits = cur_take(c, bitset_size(j->pieces));

		if (bits == NULL ||
		    bitset_load(&j->set[i], bytes_of(bits, bitset_size(j->pieces))) !=
		        RC_OK)
			return RC_BAD;
	}
	if (c->bad || c->n != 0)
		return RC_BAD;
	if (n > 1)
		qsort(j->files, n, sizeof(*j->files), by_index);
	return RC_OK;
}

enum rc
journal_get(struct bytes in, struct journal *j)
{
	uint8_t digest[SHA256_SIZE];
	struct cur c;
	enum rc rc;

	if (in.n < SHA256_SIZE)
		return RC_BAD;
	in.n -= SHA256_SIZE;
	rc = hash_sha256(in, digest);
	if (rc != RC_OK)
		return rc;
	if (memcmp(digest, in.p + in.n, SHA256_SIZE) != 0)
		return RC_BAD;
	c = cur_over(in);
	rc = get_head(&c, j);
	return rc == RC_OK ? get_body(&c, j) : rc;
}

const struct journal_file *
journal_find(const struct journal *j, uint32_t index)
{
	const struct journal_file key = { .index = index };

	if (j->n_files == 0)
		return NULL;
	return bsearch(&key, j->files, j->n_files, sizeof(*j->files), by_index);
}

uint64_t
journal_ns(struct timespec ts)
{
	return ts.tv_sec < 0 ? 0
	                     : (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

bool
journal_same_boot(const struct journal *j, const char *boot)
{
	return boot[0] != '\0' && strncmp(boot, j->boot, JOURNAL_BOOT) == 0;
}

enum journal_trust
journal_trust(const struct journal *j, const struct journal_file *f,
    const struct stat *now, const char *boot)
{
	uint64_t mtime = journal_ns(now->st_mtim);

	/* What we saw ourselves holds even where the file's clock is ahead of ours. */
	if (!f->vouched || (mtime > f->until_ns && mtime > f->mtime_ns))
		return JOURNAL_NOTHING;
	if (journal_same_boot(j, boot))
		return mtime >= f->mtime_ns && (uint64_t)now->st_size >= f->size
		    ? JOURNAL_ALL
		    : JOURNAL_NOTHING;
	return f->synced_ns != 0 && mtime >= f->synced_ns ? JOURNAL_DURABLE
	                                                  : JOURNAL_NOTHING;
}

/* Read a whole file of at most JOURNAL_MAX bytes, as it is now. */
static enum rc
read_all(int fd, struct buf *b, struct stat *st)
{
	enum rc rc;

	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || st->st_size > JOURNAL_MAX)
		return RC_NONE;
	rc = buf_room(b, (size_t)st->st_size + 1);
	while (rc == RC_OK && b->n <= (size_t)st->st_size) {
		ssize_t n = read(fd, b->p + b->n, (size_t)st->st_size + 1 - b->n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RC_NONE;
		if (n == 0)
			break;
		b->n += (size_t)n;
	}
	return rc;
}

enum rc
journal_load(const struct beneath *b, const char *name, struct journal *j)
{
	struct stat st;
	struct buf text;
	enum rc rc;
	int fd;

	if (beneath_open(b, name, O_RDONLY | O_NONBLOCK, 0, &fd) != RC_OK)
		return RC_NONE;
	buf_init(&text, (size_t)JOURNAL_MAX + 1);
	rc = read_all(fd, &text, &st);
	(void)close(fd);
	if (rc == RC_OK)
		rc = journal_get(buf_bytes(&text), j);
	for (size_t i = 0; i < j->n_files && rc == RC_OK; i++)
		if (j->files[i].until_ns == 0)
			j->files[i].until_ns = journal_ns(st.st_mtim) + JOURNAL_GRACE_NS;
	buf_clear(&text);
	return rc;
}

enum rc
journal_save(const struct beneath *b, const char *name, struct bytes text, bool sync,
    uint64_t *mtime_ns)
{
	char fresh[64];
	struct stat st;
	enum rc rc;
	int fd, err;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	/* A leftover of a killed run. Never written through: it could be anything. */
	(void)unlinkat(b->dir, fresh, 0);
	rc = beneath_open(b, fresh, O_WRONLY | O_CREAT | O_EXCL, 0666, &fd);
	if (rc != RC_OK)
		return rc;
	rc = spill(fd, text);
	if (rc == RC_OK &&
	    (fstat(fd, &st) != 0 || (sync && fsync(fd) != 0) ||
	        renameat(b->dir, fresh, b->dir, name) != 0))
		rc = RC_SYS;
	err = errno;
	(void)close(fd);
	if (rc == RC_OK)
		*mtime_ns = journal_ns(st.st_mtim);
	else
		(void)unlinkat(b->dir, fresh, 0);
	errno = err;
	return rc;
}
