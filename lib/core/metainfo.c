/* SPDX-License-Identifier: ISC */
/*
 * The order of the checks is the order of the reading: the syntax of all, then `info`
 * from its name to its files, then what stands outside of it. The first trouble found is
 * the one that is told.
 */
#include "core/metainfo_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "crypto/hash.h"

enum { META_DATE_SIZE = 24 };

void
metainfo_clear(struct metainfo *m)
{
	free(m->files);
	free(m->dirs);
	free(m->trackers);
	free(m->webseeds);
	free(m->nodes);
	*m = (struct metainfo){ .at = SIZE_MAX };
}

enum rc
metainfo_fail(struct metainfo *m, enum rc rc, size_t at, const char *why)
{
	m->why = rc == RC_MEM ? "out of memory" : why;
	m->at = at;
	return rc;
}

enum rc
metainfo_value(
    const struct metainfo *m, enum metainfo_key key, struct ben *b, struct ben_token *t)
{
	if (m->value[key] == 0)
		return RC_NONE;
	ben_init(b, m->raw, m->value[key]);
	return ben_next(b, t);
}

struct bytes
metainfo_text_at(const struct metainfo *m, size_t at)
{
	struct ben_token t;
	struct ben b;

	ben_init(&b, m->raw, at);
	return ben_next(&b, &t) == RC_OK && t.type == BEN_STRING ? t.text
	                                                         : bytes_of(NULL, 0);
}

static struct bytes
text_of(const struct metainfo *m, enum metainfo_key key)
{
	return m->value[key] == 0 ? bytes_of(NULL, 0)
	                          : metainfo_text_at(m, m->value[key]);
}

/* What a file that is no torrent looks like; NULL: like a torrent. */
static const char *
looks_like(struct bytes raw)
{
	struct bytes text = raw;

	while (text.n > 0 && memchr(" \t\r\n", text.p[0], 4) != NULL)
		text = bytes_from(text, 1);
	if (text.n == 0)
		return "empty";
	if (bytes_starts(text, "magnet:"))
		return "magnet links are not supported: get the .torrent instead";
	if (text.p[0] == '<')
		return "an HTML or XML page, not a torrent: is a login needed to "
		       "download it?";
	if (bytes_starts(raw, "\x1f\x8b"))
		return "gzip data: unpack it with gunzip first";
	if (bytes_starts(raw, "\xef\xbb\xbf"))
		return "a byte order mark (UTF-8 BOM) in front: an editor has changed "
		       "the file";
	if (bytes_starts(raw, "ugat\t"))
		return "records of ugat already, not a torrent";
	if (text.p[0] == 'd' && text.n < raw.n)
		return "a leading blank or line end: something has changed the file";
	return text.p[0] == 'd' ? NULL
	                        : "not a torrent: it does not begin with a dictionary";
}

/* A whole number of `info` in min..max. RC_NONE: there is none. */
static enum rc
number(struct metainfo *m, enum metainfo_key key, int64_t min, int64_t max,
    const char *why, uint64_t *out)
{
	struct ben_token t;
	struct ben b;
	enum rc rc = metainfo_value(m, key, &b, &t);

	if (rc != RC_OK)
		return rc;
	if (t.type != BEN_INT || t.big || t.value < min || t.value > max)
		return metainfo_fail(m, RC_BAD, t.at, why);
	*out = (uint64_t)t.value;
	return RC_OK;
}

static bool
has_slash_or_nul(struct bytes name)
{
	size_t i = 0;

	for (; name.n - i >= 8; i += 8) {
		uint64_t word = bytes_word(name.p + i);

		if (bytes_word_has(word, '/') || bytes_word_has(word, '\0'))
			return true;
	}
	for (; i < name.n; i++)
		if (name.p[i] == '/' || name.p[i] == '\0')
			return true;
	return false;
}

const char *
metainfo_bad_name(struct bytes name)
{
	if (name.n == 0)
		return "an empty name";
	if (name.p[0] == '.' && (name.n == 1 || (name.n == 2 && name.p[1] == '.')))
		return "a name that is `.` or `..`";
	if (has_slash_or_nul(name))
		return "a name with a `/` or a NUL byte";
	return name.n > REC_NAME_MAX ? "a name of over 255 bytes" : NULL;
}

/* The longest beginning of a text that fits, not cut inside a character. */
static struct bytes
cut_text(struct bytes text, size_t max)
{
	size_t n = max;

	if (text.n <= max)
		return text;
	while (n > max - 4 && (text.p[n] & 0xc0) == 0x80)
		n--;
	return bytes_of(text.p, n);
}

/*
 * The name is a proposal only (BEP 3, BEP 52), so a v1 file that is alone may have one
 * that is too long, and a v2 torrent one with a '/': it is told of, but no path is made
 * of it.
 */
static enum rc
take_name(struct metainfo *m, const struct ben_token *t)
{
	bool alone = m->has_v1 && m->value[IN_FILES] == 0;
	const char *bad = metainfo_bad_name(t->text);

	m->name = cut_text(t->text, REC_NAME_MAX);
	if (bad == NULL)
		return RC_OK;
	m->bad_name = true;
	if (alone && metainfo_bad_name(m->name) == NULL)
		return RC_OK;
	m->name = bytes_of(NULL, 0);
	if (!m->has_v1 && metainfo_only_slash(t->text))
		return RC_OK;
	return metainfo_fail(m, RC_BAD, t->at, bad);
}

static enum rc
read_name(struct metainfo *m)
{
	struct ben_token t, plain;
	struct ben b;

	if (metainfo_value(m, IN_NAME, &b, &plain) == RC_OK && plain.type != BEN_STRING)
		return metainfo_fail(m, RC_BAD, plain.at, "`name` is not a string");
	if (metainfo_value(m, IN_NAME_UTF8, &b, &t) == RC_OK && t.type == BEN_STRING)
		return take_name(m, &t);
	if (m->value[IN_NAME] == 0)
		return metainfo_fail(m, RC_BAD, SIZE_MAX, "no `name` in `info`");
	return take_name(m, &plain);
}

/* Which versions it is: v2 by its number, v1 by `pieces`, hybrid by both (BEP 52). */
static enum rc
read_versions(struct metainfo *m)
{
	uint64_t version = 1;
	enum rc rc;

	rc = number(m, IN_META_VERSION, 1, 2,
	    "a `meta version` that is not known: a newer ugat is needed", &version);
	if (rc != RC_OK && rc != RC_NONE)
		return rc;
	m->has_v2 = version == 2;
	m->has_v1 = !m->has_v2 || m->value[IN_PIECES] != 0 || m->value[IN_FILES] != 0 ||
	    m->value[IN_LENGTH] != 0;
	if (!m->has_v2 && m->value[IN_TREE] != 0 && m->value[IN_PIECES] == 0)
		return metainfo_fail(m, RC_BAD, m->value[IN_TREE],
		    "a `file tree` without a `meta version` of 2");
	return RC_OK;
}

static enum rc
read_piece_length(struct metainfo *m)
{
	static const char why[] = "`piece length` is not from 1 to 2^30";
	size_t at = m->value[IN_PIECE_LENGTH];
	enum rc rc;

	rc = number(m, IN_PIECE_LENGTH, 1, REC_PIECE_LENGTH_MAX, why, &m->piece_length);
	if (rc == RC_NONE)
		return metainfo_fail(m, RC_BAD, SIZE_MAX, "no `piece length` in `info`");
	if (rc != RC_OK || !m->has_v2)
		return rc;
	if (m->piece_length < METAINFO_BLOCK ||
	    (m->piece_length & (m->piece_length - 1)) != 0)
		return metainfo_fail(m, RC_BAD, at,
		    "`piece length` of a v2 torrent is not a power of two from 16 KiB "
		    "up");
	return RC_OK;
}

/* 1 is private, and nothing else is. */
static enum rc
read_private(struct metainfo *m)
{
	struct ben_token t;
	struct ben b;

	if (metainfo_value(m, IN_PRIVATE, &b, &t) != RC_OK || t.type != BEN_INT)
		return RC_OK;
	if (t.big)
		return metainfo_fail(
		    m, RC_BAD, t.at, "`private` is a number beyond 64 bits");
	m->private = t.value == 1;
	return RC_OK;
}

static enum rc
check_date(struct metainfo *m)
{
	struct ben_token t;
	struct ben b;

	if (metainfo_value(m, KEY_CREATION_DATE, &b, &t) == RC_OK && t.type == BEN_INT &&
	    t.big)
		return metainfo_fail(
		    m, RC_BAD, t.at, "`creation date` is a number beyond 64 bits");
	return RC_OK;
}

static enum rc
read_info(struct metainfo *m)
{
	enum rc rc = RC_OK;

	if (m->info.n == 0)
		return metainfo_fail(m, RC_BAD, SIZE_MAX, "no `info` in it");
	if (m->info.p[0] != 'd')
		return metainfo_fail(
		    m, RC_BAD, m->value[KEY_INFO], "`info` is not a dictionary");
	if ((rc = read_versions(m)) != RC_OK || (rc = read_name(m)) != RC_OK ||
	    (rc = read_piece_length(m)) != RC_OK || (rc = read_private(m)) != RC_OK)
		return rc;
	if (m->has_v1 && (rc = metainfo_read_v1(m)) != RC_OK)
		return rc;
	if (m->has_v2 && (rc = metainfo_read_v2(m)) != RC_OK)
		return rc;
	if (m->name.n + m->longest > REC_PATH_MAX)
		return metainfo_fail(m, RC_BAD, m->longest_at, METAINFO_LONG_PATH);
	if (m->length == 0)
		return metainfo_fail(m, RC_BAD, SIZE_MAX, "no data: all files are empty");
	return rc;
}

static enum rc
hash_info(struct metainfo *m)
{
	if (m->has_v1 && hash_sha1(m->info, m->btih) != RC_OK)
		return RC_MEM;
	return m->has_v2 ? hash_sha256(m->info, m->btmh) : RC_OK;
}

enum rc
metainfo_read(
    struct metainfo *m, struct bytes raw, const uint8_t key[static METAINFO_KEY])
{
	const char *other;
	enum rc rc;

	*m = (struct metainfo){ .raw = raw, .at = SIZE_MAX };
	memcpy(m->key, key, sizeof(m->key));
	m->key[1] |= 1; /* a factor of the hash: never 0 */
	if (raw.n > METAINFO_MAX)
		return metainfo_fail(m, RC_BIG, SIZE_MAX, "over 64 MiB");
	other = looks_like(raw);
	if (other != NULL)
		return metainfo_fail(m, RC_BAD, SIZE_MAX, other);
	if ((rc = metainfo_scan(m)) == RC_OK && (rc = read_info(m)) == RC_OK &&
	    (rc = check_date(m)) == RC_OK && (rc = metainfo_read_links(m)) == RC_OK)
		rc = hash_info(m);
	return rc == RC_MEM ? metainfo_fail(m, rc, SIZE_MAX, NULL) : rc;
}

void
metainfo_torrent(const struct metainfo *m, struct rec_torrent *out)
{
	*out = (struct rec_torrent){
		.has_btih = m->has_v1,
		.has_btmh = m->has_v2,
		.piece_length = m->piece_length,
		.pieces = m->pieces.n / SHA1_SIZE,
		.length = m->length,
		.files = m->n_files,
		.name = m->name,
		.private = m->private,
	};
	memcpy(out->btih, m->btih, sizeof(out->btih));
	memcpy(out->btmh, m->btmh, sizeof(out->btmh));
}

static enum rc
meta_date(const struct metainfo *m, struct metainfo_room *room, struct rec_meta *out)
{
	struct ben_token t;
	struct ben b;
	int n;

	if (metainfo_value(m, KEY_CREATION_DATE, &b, &t) != RC_OK || t.type != BEN_INT)
		return RC_NONE;
	room->file = 0;
	n = snprintf((char *)room->path, META_DATE_SIZE, "%lld", (long long)t.value);
	out->value = bytes_of(room->path, (size_t)n);
	return RC_OK;
}

enum rc
metainfo_meta(
    const struct metainfo *m, size_t i, struct metainfo_room *room, struct rec_meta *out)
{
	static const struct {
		const char *name;
		enum metainfo_key first, second;
	} texts[] = {
		{ "comment", KEY_COMMENT_UTF8, KEY_COMMENT },
		{ "created-by", KEY_CREATED_BY, KEY_CREATED_BY },
		{ "creation-date", KEY_CREATION_DATE, KEY_CREATION_DATE },
		{ "source", IN_SOURCE, KEY_SOURCE },
		{ "encoding", KEY_ENCODING, KEY_ENCODING },
		{ "publisher", KEY_PUBLISHER, KEY_PUBLISHER },
		{ "publisher-url", KEY_PUBLISHER_URL, KEY_PUBLISHER_URL },
	};

	if (i >= sizeof(texts) / sizeof(texts[0]))
		return RC_END;
	*out = (struct rec_meta){ .key = bytes_str(texts[i].name) };
	if (texts[i].first == KEY_CREATION_DATE)
		return meta_date(m, room, out);
	out->value = text_of(m, texts[i].first);
	if (out->value.n == 0)
		out->value = text_of(m, texts[i].second);
	if (out->value.n == 0)
		return RC_NONE;
	out->cut = out->value.n > REC_META_MAX;
	out->value = cut_text(out->value, REC_META_MAX);
	return RC_OK;
}
