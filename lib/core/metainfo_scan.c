/* SPDX-License-Identifier: ISC */
/*
 * The first pass: syntax and limits of the whole file, where the known keys are, and no
 * key twice in any dictionary of `info`. As long as keys stand in order a duplicate is
 * its neighbour's twin, so one comparison a key is enough; only when some dictionary of
 * `info` is out of order a second pass puts every key of `info` into a set.
 */
#include "core/metainfo_parts.h"

#include "core/keyset.h"

/* Dictionary in dictionary: the whole, `info`, and what is in it. */
enum { WHOLE = 1, INFO = 2, FILES = 3 };

struct scan {
	struct metainfo *m;
	struct ben b;
	bool in_info, in_files;
	struct bytes last[BEN_DEPTH_MAX + 1]; /* the key before, by depth */
};

static const struct {
	const char *name;
	enum metainfo_key key;
} known[KEY_COUNT] = {
	{ "files", IN_FILES },
	{ "file tree", IN_TREE },
	{ "length", IN_LENGTH },
	{ "meta version", IN_META_VERSION },
	{ "name", IN_NAME },
	{ "name.utf-8", IN_NAME_UTF8 },
	{ "piece length", IN_PIECE_LENGTH },
	{ "pieces", IN_PIECES },
	{ "private", IN_PRIVATE },
	{ "source", IN_SOURCE },
	{ "info", KEY_INFO },
	{ "announce", KEY_ANNOUNCE },
	{ "announce-list", KEY_ANNOUNCE_LIST },
	{ "comment", KEY_COMMENT },
	{ "comment.utf-8", KEY_COMMENT_UTF8 },
	{ "created by", KEY_CREATED_BY },
	{ "creation date", KEY_CREATION_DATE },
	{ "encoding", KEY_ENCODING },
	{ "httpseeds", KEY_HTTPSEEDS },
	{ "nodes", KEY_NODES },
	{ "piece layers", KEY_PIECE_LAYERS },
	{ "publisher", KEY_PUBLISHER },
	{ "publisher-url", KEY_PUBLISHER_URL },
	{ "source", KEY_SOURCE },
	{ "url-list", KEY_URL_LIST },
};

_Static_assert((int)KEY_COUNT <= (int)METAINFO_KEYS, "room for every known key");

/* Note a key of the whole or of info itself. The first of two counts outside info. */
static enum rc
note_key(struct scan *s, const struct ben_token *t)
{
	bool inner = s->b.depth == INFO;
	struct metainfo *m = s->m;

	for (size_t i = inner ? 0 : KEY_INFO; i < (inner ? (size_t)KEY_INFO : KEY_COUNT);
	     i++) {
		if (!bytes_is(t->text, known[i].name))
			continue;
		if (m->value[i] != 0 && (inner || i == KEY_INFO))
			return metainfo_fail(m, RC_BAD, t->at,
			    inner ? "a key twice in `info`" : "a second `info`");
		if (m->value[i] == 0)
			m->value[i] = (uint32_t)s->b.at;
		s->in_info = s->in_info || i == KEY_INFO;
		s->in_files = inner && i == IN_FILES;
		return RC_OK;
	}
	s->in_files = s->in_files && !inner;
	return RC_OK;
}

/* As bytes_cmp; nearly always the first byte tells. */
static int
compare(struct bytes a, struct bytes b)
{
	if (a.n > 0 && b.n > 0 && a.p[0] != b.p[0])
		return a.p[0] < b.p[0] ? -1 : 1;
	return bytes_cmp(a, b);
}

enum rc
metainfo_order(struct metainfo *m, const struct ben_token *t, struct bytes *last)
{
	int order = last->p == NULL ? 1 : compare(t->text, *last);

	if (order == 0)
		return metainfo_fail(m, RC_BAD, t->at, "a key twice in `info`");
	m->unordered = m->unordered || order < 0;
	*last = t->text;
	return RC_OK;
}

static enum rc
see(struct scan *s, const struct ben_token *t)
{
	unsigned depth = s->b.depth;
	enum rc rc = RC_OK;

	if (t->key) {
		if (depth == WHOLE || (depth == INFO && s->in_info))
			rc = note_key(s, t);
		if (rc == RC_OK && depth > WHOLE && s->in_info)
			rc = metainfo_order(s->m, t, &s->last[depth]);
		s->m->n_leaves += t->text.n == 0;
		return rc;
	}
	if (t->type == BEN_DICT) {
		s->last[depth] = bytes_of(NULL, 0);
	} else if (t->type == BEN_LIST && s->in_info && s->in_files && depth == FILES) {
		return metainfo_read_files(s->m, &s->b);
	}
	if (s->in_info && depth == WHOLE) { /* a value or an end: info is over */
		size_t at = s->m->value[KEY_INFO];

		s->m->info = bytes_of(s->m->raw.p + at, s->b.at - at);
		s->in_info = false;
	}
	return RC_OK;
}

/*
 * Whether the dictionary at start has this key directly in it, somewhere before the
 * offset end.
 */
static bool
has_key(const struct metainfo *m, size_t start, struct bytes key, size_t end)
{
	struct ben_token t;
	struct ben b;

	ben_init(&b, m->raw, start);
	while (ben_next(&b, &t) == RC_OK && t.at < end)
		if (t.key && b.depth == 1 && bytes_eq(t.text, key))
			return true;
	return false;
}

/* Put one key into the set; start: where its dictionary begins. RC_BAD: it is there. */
static enum rc
add_key(struct metainfo *m, struct keyset *set, size_t start, const struct ben_token *t)
{
	uint64_t hash = keyset_hash(m->key, m->key[0] + start, t->text);
	size_t at = keyset_start(set, hash);
	uint32_t other;

	/*
	 * Equal text under an equal hash is nearly always a key of the same dictionary:
	 * has_key makes sure, and runs once in 2^32 for nothing.
	 */
	while (keyset_next(set, hash, &at, &other))
		if (bytes_eq(metainfo_text_at(m, other), t->text) &&
		    has_key(m, start, t->text, t->at))
			return metainfo_fail(m, RC_BAD, t->at, "a key twice in `info`");
	keyset_put(set, hash, at, (uint32_t)t->at);
	return RC_OK;
}

static enum rc
check_all_keys(struct metainfo *m, size_t tokens)
{
	size_t start[BEN_DEPTH_MAX + 1];
	struct keyset set = { .slot = NULL };
	struct ben_token t;
	struct ben b;
	enum rc rc;

	rc = keyset_init(&set, tokens / 2); /* each key has its value */
	ben_init(&b, m->raw, m->value[KEY_INFO]);
	while (rc == RC_OK && (rc = ben_next(&b, &t)) == RC_OK) {
		if (t.type == BEN_DICT)
			start[b.depth] = t.at;
		else if (t.key)
			rc = add_key(m, &set, start[b.depth], &t);
	}
	keyset_clear(&set);
	return rc == RC_END ? RC_OK : rc;
}

static enum rc
check_behind(struct metainfo *m, size_t at)
{
	for (; at < m->raw.n; at++)
		if (memchr(" \t\r\n", m->raw.p[at], 4) == NULL)
			return metainfo_fail(
			    m, RC_BAD, at, "something follows the dictionary");
	return RC_OK;
}

enum rc
metainfo_scan(struct metainfo *m)
{
	struct scan s = { .m = m };
	struct ben_token t;
	enum rc rc;

	ben_init(&s.b, m->raw, 0);
	while ((rc = ben_next(&s.b, &t)) == RC_OK && (rc = see(&s, &t)) == RC_OK)
		;
	if (rc != RC_END) /* without words of ours it is the reader that has some */
		return m->why == NULL && rc != RC_MEM
		    ? metainfo_fail(m, rc, s.b.at, s.b.why)
		    : rc;
	rc = check_behind(m, s.b.at);
	return rc == RC_OK && m->unordered ? check_all_keys(m, s.b.tokens) : rc;
}
