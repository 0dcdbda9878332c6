/* SPDX-License-Identifier: ISC */
#include "codec/record.h"

#include "base/text.h"

enum {
	PORT_MAX = 65535,
	CODE_MAX = 255,
	ADDR_BITS = 128,
	MAPPED_BITS = 96,
	V4_BITS = 32
};

enum rec_kind
rec_kind(const struct line *l)
{
	static const struct {
		const char *name;
		bool must;
		enum rec_kind kind;
	} kinds[] = {
		{ "piece", false, REC_PIECE },
		{ "file", false, REC_FILE },
		{ "info", false, REC_INFO },
		{ "peer", false, REC_PEER },
		{ "deny", true, REC_DENY },
		{ "have", false, REC_HAVE },
		{ "checked", false, REC_CHECKED },
		{ "tracker", false, REC_TRACKER },
		{ "torrent", false, REC_TORRENT },
		{ "meta", false, REC_META },
		{ "webseed", false, REC_WEBSEED },
		{ "node", false, REC_NODE },
		{ "ugat", false, REC_UGAT },
		{ "self", false, REC_SELF },
		{ "end", false, REC_END },
		{ "announced", false, REC_ANNOUNCED },
		{ "unanswered", false, REC_UNANSWERED },
		{ "scrape", false, REC_SCRAPE },
		{ "fail", true, REC_FAIL },
		{ "done", false, REC_DONE },
		{ "status", false, REC_STATUS },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (l->must == kinds[i].must && bytes_is(l->kind, kinds[i].name))
			return kinds[i].kind;
	return REC_UNKNOWN;
}

enum rc
rec_check(const struct line *l)
{
	enum rec_kind kind = rec_kind(l);
	uint64_t format;
	enum rc rc;

	if (kind == REC_UNKNOWN)
		return l->must ? RC_BAD : RC_OK;
	if (kind != REC_UGAT)
		return RC_OK;
	if (l->n == 0)
		return RC_BAD;
	rc = text_u64(l->field[0], REC_FORMAT, &format);
	return rc == RC_OK && format == 0 ? RC_BAD : rc;
}

/* The fields of a line one by one, with failure remembered as in struct cur. */
struct taker {
	const struct line *l;
	struct line_scratch *s; /* NULL where no text is taken */
	size_t at;              /* next field */
	bool bad;
};

static struct bytes
take(struct taker *t)
{
	if (t->bad || t->at >= t->l->n) {
		t->bad = true;
		return bytes_of(NULL, 0);
	}
	return t->l->field[t->at++];
}

static uint64_t
take_u64(struct taker *t, uint64_t max)
{
	uint64_t v = 0;

	if (text_u64(take(t), max, &v) != RC_OK)
		t->bad = true;
	return v;
}

/* As take_u64, but "-" is allowed: false then. */
static bool
take_maybe_u64(struct taker *t, uint64_t max, uint64_t *v)
{
	if (!t->bad && t->at < t->l->n && line_is_absent(t->l->field[t->at])) {
		t->at++;
		*v = 0;
		return false;
	}
	*v = take_u64(t, max);
	return true;
}

static struct bytes
unescape(struct taker *t, struct bytes field)
{
	struct bytes text = bytes_of(NULL, 0);

	if (!t->bad && line_text(field, t->s, &text) == RC_BAD)
		t->bad = true;
	return text;
}

static struct bytes
take_text(struct taker *t)
{
	return unescape(t, take(t));
}

static void
take_hex(struct taker *t, uint8_t *out, size_t n)
{
	if (text_unhex(take(t), out, n) != RC_OK)
		t->bad = true;
}

static bool
take_maybe_hex(struct taker *t, uint8_t *out, size_t n)
{
	if (!t->bad && t->at < t->l->n && line_is_absent(t->l->field[t->at])) {
		t->at++;
		return false;
	}
	take_hex(t, out, n);
	return true;
}

static uint16_t
take_port(struct taker *t)
{
	return (uint16_t)take_u64(t, PORT_MAX);
}

/* The value of a key behind the fields taken so far; false when there is none. */
static bool
key(struct taker *t, const char *name, struct bytes *value)
{
	return !t->bad && line_key(t->l, t->at, name, value) == RC_OK;
}

static struct bytes
key_text(struct taker *t, const char *name)
{
	struct bytes value;

	return key(t, name, &value) ? unescape(t, value) : bytes_of(NULL, 0);
}

static bool
key_hex(struct taker *t, const char *name, uint8_t *out, size_t n)
{
	struct bytes value;

	if (!key(t, name, &value))
		return false;
	if (text_unhex(value, out, n) != RC_OK)
		t->bad = true;
	return true;
}

static bool
key_is_one(struct taker *t, const char *name)
{
	struct bytes value;

	return key(t, name, &value) && bytes_is(value, "1");
}

static enum rc
taken(const struct taker *t)
{
	return t->bad ? RC_BAD : RC_OK;
}

enum rc
rec_get_self(const struct line *l, uint8_t id[static 20])
{
	struct taker t = { .l = l };

	take_hex(&t, id, 20);
	return taken(&t);
}

enum rc
rec_get_torrent(const struct line *l, struct line_scratch *s, struct rec_torrent *out)
{
	struct taker t = { .l = l, .s = s };

	*out = (struct rec_torrent){ .pieces = 0 };
	out->has_btih = take_maybe_hex(&t, out->btih, sizeof(out->btih));
	out->has_btmh = take_maybe_hex(&t, out->btmh, sizeof(out->btmh));
	out->piece_length = take_u64(&t, REC_PIECE_LENGTH_MAX);
	out->pieces = take_u64(&t, UINT32_MAX);
	out->length = take_u64(&t, REC_LENGTH_MAX);
	out->files = take_u64(&t, UINT32_MAX);
	out->name = take_text(&t);
	out->private = key_is_one(&t, "private");
	if (out->piece_length == 0 || out->length == 0 ||
	    (!out->has_btih && !out->has_btmh))
		return RC_BAD;
	return taken(&t);
}

enum rc
rec_get_tracker(const struct line *l, struct line_scratch *s, struct rec_tracker *out)
{
	struct taker t = { .l = l, .s = s };

	out->tier = take_u64(&t, UINT32_MAX);
	out->url = take_text(&t);
	return taken(&t);
}

enum rc
rec_get_file(const struct line *l, struct line_scratch *s, struct rec_file *out)
{
	struct taker t = { .l = l, .s = s };
	struct bytes attr;

	*out = (struct rec_file){ .index = 0 };
	out->index = take_u64(&t, UINT32_MAX);
	out->offset = take_u64(&t, REC_LENGTH_MAX);
	out->length = take_u64(&t, REC_LENGTH_MAX);
	out->path = take_text(&t);
	if (key(&t, "attr", &attr))
		for (size_t i = 0; i < attr.n; i++) {
			out->pad |= attr.p[i] == 'p';
			out->executable |= attr.p[i] == 'x';
			out->hidden |= attr.p[i] == 'h';
			out->symlink |= attr.p[i] == 'l';
		}
	out->target = key_text(&t, "symlink");
	out->has_root = key_hex(&t, "root", out->root, sizeof(out->root));
	if (!t.bad && !out->pad && rec_check_path(out->path) != RC_OK)
		return RC_BAD;
	return taken(&t);
}

enum rc
rec_get_piece(const struct line *l, struct rec_piece *out)
{
	struct taker t = { .l = l };

	out->index = take_u64(&t, UINT32_MAX);
	take_hex(&t, out->sha1, sizeof(out->sha1));
	return taken(&t);
}

enum rc
rec_get_checked(const struct line *l, struct rec_checked *out)
{
	struct taker t = { .l = l };

	out->index = take_u64(&t, UINT32_MAX);
	out->size = take_u64(&t, INT64_MAX);
	out->mtime_ns = take_u64(&t, UINT64_MAX);
	return taken(&t);
}

enum rc
rec_get_have(const struct line *l, struct rec_have *out)
{
	struct bytes range, last;
	const uint8_t *dash;

	if (l->n == 0)
		return RC_BAD;
	range = last = l->field[0];
	dash = range.n == 0 ? NULL : memchr(range.p, '-', range.n);
	if (dash != NULL) {
		range.n = (size_t)(dash - range.p);
		last = bytes_from(last, range.n + 1);
	}
	if (text_u64(range, UINT32_MAX, &out->first) != RC_OK ||
	    text_u64(last, UINT32_MAX, &out->last) != RC_OK)
		return RC_BAD;
	return out->first <= out->last ? RC_OK : RC_BAD;
}

enum rc
rec_get_peer(const struct line *l, struct line_scratch *s, struct rec_peer *out)
{
	struct taker t = { .l = l, .s = s };

	out->host = take_text(&t);
	out->port = take_port(&t);
	out->src = key_text(&t, "src");
	return out->host.n == 0 || out->port == 0 ? RC_BAD : taken(&t);
}

enum rc
rec_get_deny(const struct line *l, struct rec_deny *out)
{
	struct bytes text, bits = { 0 };
	const uint8_t *slash;
	uint64_t n;
	bool v4;

	if (l->n == 0)
		return RC_BAD;
	text = l->field[0];
	slash = text.n == 0 ? NULL : memchr(text.p, '/', text.n);
	if (slash != NULL) {
		bits = bytes_from(text, (size_t)(slash - text.p) + 1);
		text.n = (size_t)(slash - text.p);
	}
	if (addr_parse(text, &out->base) != RC_OK)
		return RC_BAD;
	v4 = addr_is_v4(&out->base) && memchr(text.p, ':', text.n) == NULL;
	n = v4 ? V4_BITS : ADDR_BITS;
	if (slash != NULL && text_u64(bits, n, &n) != RC_OK)
		return RC_BAD;
	out->bits = (unsigned)n + (v4 ? MAPPED_BITS : 0);
	return RC_OK;
}

enum rc
rec_get_announced(const struct line *l, struct line_scratch *s, struct rec_announced *out)
{
	struct taker t = { .l = l, .s = s };

	out->url = take_text(&t);
	out->interval_s = take_u64(&t, UINT32_MAX);
	out->seeders = take_u64(&t, UINT32_MAX);
	out->leechers = take_u64(&t, UINT32_MAX);
	return taken(&t);
}

enum rc
rec_get_fail(const struct line *l, struct line_scratch *s, struct rec_fail *out)
{
	struct taker t = { .l = l, .s = s };

	out->code = take_u64(&t, CODE_MAX);
	out->command = take_text(&t);
	out->words = take_text(&t);
	return out->code == 0 ? RC_BAD : taken(&t);
}

enum rc
rec_get_status(const struct line *l, struct line_scratch *s, struct rec_status *out)
{
	struct taker t = { .l = l, .s = s };
	struct bytes keep;

	out->state = take_text(&t);
	out->ended = take_maybe_u64(&t, CODE_MAX, &out->code);
	uint64_t *const number[] = { &out->pid, &out->start_s, &out->port, &out->wanted,
		&out->had, &out->downloaded, &out->uploaded, &out->left, &out->down_rate,
		&out->up_rate, &out->peers, &out->seeds };
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		*number[i] = take_u64(&t, UINT64_MAX);
	out->has_eta = take_maybe_u64(&t, UINT64_MAX, &out->eta_s);
	out->name = take_text(&t);
	out->dir = key_text(&t, "dir");
	out->keep = key(&t, "keep", &keep) && bytes_is(keep, "1");
	out->why = key_text(&t, "why");
	out->has_btih = key_hex(&t, "btih", out->btih, sizeof(out->btih));
	return out->port > PORT_MAX ? RC_BAD : taken(&t);
}

enum rc
rec_check_path(struct bytes path)
{
	if (path.n == 0 || path.n > REC_PATH_MAX || memchr(path.p, '\0', path.n) != NULL)
		return RC_BAD;
	for (;;) {
		const uint8_t *slash = memchr(path.p, '/', path.n);
		struct bytes name =
		    bytes_of(path.p, slash == NULL ? path.n : (size_t)(slash - path.p));

		if (name.n == 0 || name.n > REC_NAME_MAX || bytes_is(name, ".") ||
		    bytes_is(name, ".."))
			return RC_BAD;
		if (slash == NULL)
			return RC_OK;
		path = bytes_of(slash + 1, path.n - name.n - 1);
		if (path.n == 0)
			return RC_BAD;
	}
}
