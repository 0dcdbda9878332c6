/* SPDX-License-Identifier: ISC */
/*
 * io/store: what is there at the start. Every file has its say about each of its pieces,
 * and the worst word counts: absent before unchecked before held. Words come from, in
 * this order: the disk (bytes that are not there are absent), `checked` and `have` lines
 * that still fit the file, the journal; a file that none of them knows is to be hashed.
 * Gaps have no say against a held piece: its files are right, it is only not whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/layout.h"
#include "io/store_parts.h"

enum word { NO_WORD, HELD, CHECK, ABSENT };

struct scan {
	struct store *s;
	struct journal old; /* what the last run left; no files when there is none */
	bool distrust, same_boot; /* same: as when it was left */
	struct hash *sha256;
	struct beneath_near near;
	uint8_t *word; /* enum word, for each piece */
	struct outcome *o;
};

/* A file as it is now. */
struct seen {
	bool there;
	struct stat st;
	enum journal_trust trust;
	bool quiet;   /* exactly as the journal recorded it: it holds nothing else */
	bool checked; /* a `checked` line fits */
	const struct journal_file *was;
};

static enum rc
refuse(struct scan *sc, const struct torrent_file *f, int code, const char *why)
{
	struct store_error e;

	(void)store_refused(sc->s, f, &e);
	(void)outcome_fail(sc->o, code, "%s: %s", e.path, why);
	return RC_BAD;
}

/* The same for a directory of its: what stands there, by its own name. */
static enum rc
refuse_way(struct scan *sc, const struct torrent_file *f, const char *path)
{
	const char *what = errno == ELOOP ? "symbolic link" : "file";
	size_t n = beneath_obstacle(&sc->s->files, path);
	struct store_error e;

	(void)store_refused(sc->s, f, &e);
	if (n > 0 && strlen(e.path) > f->path.n)
		e.path[strlen(e.path) - f->path.n + n] = '\0';
	(void)outcome_fail(sc->o, CODE_CANTCREAT,
	    "%s: a %s stands where a directory belongs: move it away", e.path, what);
	return RC_BAD;
}

static const char *
obstacle(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK: return "a symbolic link stands where a file belongs: move it away";
	case S_IFDIR: return "a directory stands where a file belongs: move it away";
	case S_IFIFO: return "a FIFO stands where a file belongs: move it away";
	case S_IFSOCK: return "a socket stands where a file belongs: move it away";
	default: return "a device stands where a file belongs: move it away";
	}
}

/* Look at a file; what must not be there ends the run before it has begun. */
static enum rc
look(struct scan *sc, const struct torrent_file *f, struct seen *seen)
{
	char path[BENEATH_PATH];

	*seen = (struct seen){ .there = true };
	memcpy(path, f->path.p, f->path.n);
	path[f->path.n] = '\0';
	if (beneath_stat(&sc->s->files, &sc->near, path, &seen->st) != RC_OK) {
		seen->there = false;
		switch (errno) {
		case ENOENT: return RC_OK;
		case ELOOP:
		case ENOTDIR: return refuse_way(sc, f, path);
		default: return refuse(sc, f, CODE_IO, strerror(errno));
		}
	}
	if (!S_ISREG(seen->st.st_mode))
		return refuse(sc, f, CODE_CANTCREAT, obstacle(seen->st.st_mode));
	if ((uint64_t)seen->st.st_size > f->length)
		return refuse(sc, f, CODE_CANTCREAT,
		    "longer than it should be: move it away (nothing is ever truncated)");
	return RC_OK;
}

/* Who speaks for the file, and how it enters the new journal. */
static enum rc
introduce(struct scan *sc, size_t i, struct seen *seen)
{
	const struct torrent_file *f = &sc->s->t->files[i];
	struct journal_file *now = &sc->s->now.files[i];
	uint64_t mtime = journal_ns(seen->st.st_mtim), size = (uint64_t)seen->st.st_size;

	now->index = f->index;
	if (journal_key(sc->sha256, f, now->key) != RC_OK)
		return RC_MEM;
	if (!seen->there)
		return RC_OK;
	sc->s->flags[i] |= STORE_THERE;
	if (sc->distrust)
		return RC_OK;
	seen->checked =
	    f->checked && f->checked_size == size && f->checked_mtime_ns == mtime;
	seen->was = journal_find(&sc->old, f->index);
	if (seen->was != NULL && memcmp(seen->was->key, now->key, JOURNAL_KEY) == 0)
		seen->trust = journal_trust(&sc->old, seen->was, &seen->st, sc->s->boot);
	now->vouched = seen->checked || seen->trust != JOURNAL_NOTHING;
	now->size = size;
	now->mtime_ns = mtime;
	now->until_ns = mtime; /* until we write to it, any later one is another's */
	if (seen->trust == JOURNAL_NOTHING)
		return RC_OK;
	now->synced_ns = seen->was->synced_ns;
	seen->quiet = mtime == seen->was->mtime_ns && size == seen->was->size;
	return RC_OK;
}

/*
 * Whether anything was ever written there. A file system that cannot tell says yes, and
 * then we hash. fd is opened at the first question.
 */
static bool
has_data(struct scan *sc, const struct torrent_file *f, struct store_fd *lent,
    uint64_t from, uint64_t to)
{
	off_t at;

	if (lent->fd < 0 && store_fds_get(sc->s->fds, f, STORE_FDS_READ, lent) != RC_OK) {
		lent->fd = -1;
		return true;
	}
	at = lseek(lent->fd, (off_t)from, SEEK_DATA);
	return at >= 0 ? (uint64_t)at < to : errno != ENXIO;
}

/* What the journal says of a piece of a file that it speaks for. */
static enum word
recorded(const struct scan *sc, const struct seen *seen, uint32_t p, bool edge)
{
	const struct bitset *set = sc->old.set;

	if (bitset_get(&set[JOURNAL_HAVE], p)) {
		if (seen->was->carried && edge)
			return CHECK;
		return seen->trust == JOURNAL_ALL || bitset_get(&set[JOURNAL_SYNCED], p)
		    ? HELD
		    : CHECK;
	}
	if (bitset_get(&set[JOURNAL_CHECK], p))
		return CHECK;
	return seen->quiet ? ABSENT : NO_WORD;
}

static void
judge_file(struct scan *sc, const struct torrent_file *f, const struct seen *seen)
{
	struct store_fd lent = { .fd = -1, .slot = -1 };
	uint64_t piece_length = sc->s->t->piece_length, size = (uint64_t)seen->st.st_size;
	uint32_t first, last;

	if (!layout_pieces(sc->s->t, f, &first, &last))
		return;
	for (uint32_t p = first; p <= last; p++) {
		uint64_t from = p * piece_length, to = from + piece_length;
		enum word word = CHECK;

		from = from > f->offset ? from - f->offset : 0;
		to = to - f->offset < f->length ? to - f->offset : f->length;
		bitset_set(&sc->s->wanted, p);
		if (!seen->there || size < to)
			word = ABSENT;
		else if (seen->checked)
			word = sc->s->t->have != NULL &&
			        (sc->s->t->have[p / 8] & 0x80 >> p % 8) != 0
			    ? HELD
			    : ABSENT;
		else if (seen->trust != JOURNAL_NOTHING)
			word = recorded(sc, seen, p, p == first || p == last);
		if (word == NO_WORD)
			word = has_data(sc, f, &lent, from, to) ? CHECK : ABSENT;
		if (word > sc->word[p])
			sc->word[p] = (uint8_t)word;
	}
	if (lent.fd >= 0)
		store_fds_put(sc->s->fds, &lent);
}

static enum rc
scan_files(struct scan *sc)
{
	const struct torrent *t = sc->s->t;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < t->n_files && rc == RC_OK; i++) {
		struct seen seen;

		if (!torrent_file_is_real(&t->files[i]))
			continue;
		rc = look(sc, &t->files[i], &seen);
		if (rc == RC_OK)
			rc = introduce(sc, i, &seen);
		if (rc == RC_OK)
			judge_file(sc, &t->files[i], &seen);
	}
	return rc;
}

/* The key of .part changes with the selection, for with it the gaps change. */
static enum rc
part_key(struct scan *sc, uint8_t key[static JOURNAL_KEY])
{
	uint8_t digest[SHA256_SIZE], place[16];
	enum rc rc = hash_reset(sc->sha256);

	for (size_t i = 0; i < sc->s->t->n_files && rc == RC_OK; i++) {
		const struct torrent_file *f = &sc->s->t->files[i];

		(void)put_be(put_be(place, 8, f->offset), 8, f->length);
		rc = hash_add(sc->sha256, bytes_of(place, sizeof(place)));
	}
	if (rc == RC_OK)
		rc = hash_end(sc->sha256, digest);
	memcpy(key, digest, JOURNAL_KEY);
	return rc;
}

static enum rc
scan_part(struct scan *sc, struct seen *seen)
{
	struct journal_file *now = &sc->s->now.files[sc->s->t->n_files];
	char name[STORE_NOTE];

	*seen = (struct seen){ .there = false };
	now->index = JOURNAL_PART;
	if (part_key(sc, now->key) != RC_OK)
		return RC_MEM;
	store_note(sc->s, "part", name);
	seen->there = sc->s->notes.dir >= 0 &&
	    fstatat(sc->s->notes.dir, name, &seen->st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(seen->st.st_mode);
	seen->was = journal_find(&sc->old, JOURNAL_PART);
	if (!seen->there || sc->distrust || seen->was == NULL ||
	    memcmp(seen->was->key, now->key, JOURNAL_KEY) != 0)
		return RC_OK;
	seen->trust = journal_trust(&sc->old, seen->was, &seen->st, sc->s->boot);
	now->vouched = seen->trust != JOURNAL_NOTHING;
	now->size = (uint64_t)seen->st.st_size;
	now->mtime_ns = now->until_ns = journal_ns(seen->st.st_mtim);
	now->synced_ns = seen->was->synced_ns;
	return RC_OK;
}

/* Whether .part is long enough for the gaps of a piece. *gap: it has any. */
static bool
reaches_gaps(const struct scan *sc, const struct seen *part, uint32_t p, bool *gap)
{
	const struct torrent *t = sc->s->t;
	struct layout it;
	struct layout_span span;
	bool reaches = true;

	*gap = false;
	layout_start(&it, t, (uint64_t)p * t->piece_length, t->piece_length);
	while (layout_next(&it, &span)) {
		if (span.file != NULL || span.pad)
			continue;
		*gap = true;
		if (!part->there || (uint64_t)part->st.st_size < span.at + span.n)
			reaches = false;
	}
	return reaches;
}

static void
judge_gaps(struct scan *sc, const struct seen *part)
{
	const struct bitset *set = sc->old.set;

	for (uint32_t p = 0; p < sc->s->t->pieces; p++) {
		bool gap, reaches;

		if (sc->word[p] != HELD && sc->word[p] != CHECK)
			continue;
		reaches = reaches_gaps(sc, part, p, &gap);
		if (!gap)
			continue;
		if (sc->word[p] == CHECK && !reaches)
			sc->word[p] = ABSENT; /* cannot be hashed without them */
		else if (sc->word[p] == HELD &&
		    (!reaches || part->trust == JOURNAL_NOTHING ||
		        !bitset_get(&set[JOURNAL_HAVE], p) ||
		        bitset_get(&set[JOURNAL_BARE], p) ||
		        (part->trust == JOURNAL_DURABLE &&
		            !bitset_get(&set[JOURNAL_SYNCED], p))))
			bitset_set(&sc->s->now.set[JOURNAL_BARE], p);
	}
}

/* Of a piece that nobody wants now, keep what was known: a later run may want it. */
static void
keep_known(struct scan *sc, uint32_t p)
{
	struct bitset *now = sc->s->now.set, *old = sc->old.set;

	for (int i = 0; i < JOURNAL_SETS; i++)
		if (bitset_get(&old[i], p))
			bitset_set(&now[i], p);
	/* The new journal will not tell that this was in another boot. */
	if (bitset_get(&now[JOURNAL_HAVE], p) && !bitset_get(&now[JOURNAL_SYNCED], p) &&
	    !sc->same_boot) {
		bitset_unset(&now[JOURNAL_HAVE], p);
		bitset_set(&now[JOURNAL_CHECK], p);
	}
}

static void
settle_pieces(struct scan *sc)
{
	struct bitset *now = sc->s->now.set, *old = sc->old.set;

	for (uint32_t p = 0; p < sc->s->t->pieces; p++) {
		if (!bitset_get(&sc->s->wanted, p)) {
			if (!sc->distrust)
				keep_known(sc, p);
			continue;
		}
		if (sc->word[p] == CHECK)
			bitset_set(&now[JOURNAL_CHECK], p);
		if (sc->word[p] != HELD)
			continue;
		bitset_set(&now[JOURNAL_HAVE], p);
		if (bitset_get(&old[JOURNAL_HAVE], p) &&
		    bitset_get(&old[JOURNAL_SYNCED], p))
			bitset_set(&now[JOURNAL_SYNCED], p);
	}
}

/*
 * Held pieces that were never synced make their files dirty, so that the next sync
 * reaches them.
 */
static void
mark_dirty(struct store *s)
{
	for (size_t i = 0; i < s->t->n_files; i++) {
		uint32_t first, last;

		if (!torrent_file_is_real(&s->t->files[i]) ||
		    !layout_pieces(s->t, &s->t->files[i], &first, &last))
			continue;
		for (uint32_t p = first; p <= last; p++)
			if (bitset_get(&s->now.set[JOURNAL_HAVE], p) &&
			    (s->now.files[i].synced_ns == 0 ||
			        !bitset_get(&s->now.set[JOURNAL_SYNCED], p))) {
				store_mark(s, &s->dirty, STORE_DIRTY, i);
				store_mark(s, &s->dirty, STORE_DIRTY, s->t->n_files);
				break;
			}
	}
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Files that the journal knows and nobody wants now are carried along, as they were. */
static enum rc
carry(struct scan *sc)
{
	struct journal *now = &sc->s->now;
	size_t n = sc->s->t->n_files;
	uint32_t *listed = calloc(n + 1, sizeof(*listed));
	struct journal_file *more;

	if (listed == NULL)
		return RC_MEM;
	for (size_t i = 0; i < n; i++)
		listed[i] = sc->s->t->files[i].index;
	qsort(listed, n, sizeof(*listed), by_number);
	more = reallocarray(
	    now->files, now->n_files + sc->old.n_files + 1, sizeof(*now->files));
	if (more == NULL) {
		free(listed);
		return RC_MEM;
	}
	now->files = more;
	for (size_t i = 0; i < sc->old.n_files && !sc->distrust; i++) {
		const struct journal_file *f = &sc->old.files[i];

		if (f->index == JOURNAL_PART ||
		    bsearch(&f->index, listed, n, sizeof(*listed), by_number) != NULL)
			continue;
		now->files[now->n_files] = *f;
		now->files[now->n_files++].carried = true;
	}
	free(listed);
	return RC_OK;
}

/* Whether f, or a file in the nearest directory that is there, can be written to. */
static bool
can_write(const struct store *s, const struct torrent_file *f)
{
	char path[BENEATH_PATH];
	int dir = s->files.dir;

	memcpy(path, f->path.p, f->path.n);
	path[f->path.n] = '\0';
	if (faccessat(dir, path, W_OK, AT_EACCESS) == 0)
		return true;
	while (errno == ENOENT) {
		char *slash = strrchr(path, '/');

		if (slash == NULL)
			return faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0;
		*slash = '\0';
		if (faccessat(dir, path, W_OK | X_OK, AT_EACCESS) == 0)
			return true;
	}
	return false;
}

static enum rc
refuse_place(struct scan *sc, const struct torrent_file *f, int err)
{
	struct store_error e;

	(void)store_refused(sc->s, f, &e);
	(void)outcome_fail(sc->o, CODE_CANTCREAT,
	    "%s: cannot be written: %s: choose another directory with -d", e.path,
	    strerror(err));
	return RC_BAD;
}

/*
 * With something to fetch, the first place it goes to must be writable: better said now
 * than after the first piece has come.
 */
static enum rc
refuse_unwritable(struct scan *sc)
{
	const struct torrent *t = sc->s->t;
	struct layout it;
	struct layout_span span;

	for (uint32_t p = 0; p < t->pieces; p++) {
		if (sc->word[p] != ABSENT)
			continue;
		layout_start(&it, t, (uint64_t)p * t->piece_length, t->piece_length);
		while (layout_next(&it, &span))
			if (span.file != NULL && !can_write(sc->s, span.file))
				return refuse_place(sc, span.file, errno);
		break;
	}
	return RC_OK;
}

static enum rc
scan_all(struct scan *sc)
{
	struct store *s = sc->s;
	char name[STORE_NOTE];
	struct seen part;
	enum rc rc;

	store_note(s, "have", name);
	if (sc->distrust || s->notes.dir < 0 ||
	    journal_load(&s->notes, name, &sc->old) != RC_OK) {
		journal_clear(&sc->old);
		if (journal_init(&sc->old, s->t, 0) != RC_OK)
			return RC_MEM;
	}
	memcpy(s->now.boot, s->boot, JOURNAL_BOOT);
	sc->same_boot = journal_same_boot(&sc->old, s->boot);
	rc = scan_files(sc);
	if (rc == RC_OK)
		rc = scan_part(sc, &part);
	if (rc != RC_OK)
		return rc;
	judge_gaps(sc, &part);
	settle_pieces(sc);
	mark_dirty(s);
	rc = refuse_unwritable(sc);
	return rc == RC_OK ? carry(sc) : rc;
}

enum rc
store_scan(struct store *s, bool distrust, struct outcome *o)
{
	struct scan sc = { .s = s, .distrust = distrust, .o = o };
	enum rc rc = RC_MEM;

	beneath_near_init(&sc.near);
	sc.sha256 = hash_new(HASH_SHA256);
	sc.word = calloc((size_t)s->t->pieces + 1, 1);
	if (journal_init(&s->now, s->t, s->t->n_files + 1) == RC_OK &&
	    journal_init(&sc.old, s->t, 0) == RC_OK && sc.sha256 != NULL &&
	    sc.word != NULL)
		rc = scan_all(&sc);
	beneath_near_clear(&sc.near);
	hash_free(sc.sha256);
	free(sc.word);
	journal_clear(&sc.old);
	return rc;
}
