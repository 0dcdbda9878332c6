/* SPDX-License-Identifier: ISC */
#include "codec/xfer.h"

#include "base/text.h"

enum { MODE_MAX = 0777, NANOSECONDS = 1000 * 1000 * 1000 };
enum { NOT_UTF8 = 1, JOINER_FIRST = 0x200c, JOINER_LAST = 0x200d };

/* The least that the body of each kind has, and the most. */
static const struct {
	uint32_t least, most;
} sizes[] = {
	[XFER_HELLO] = { 1 + 1, XFER_BODY_MAX },
	[XFER_OFFER] = { 4 + 8 + 8, XFER_BODY_MAX },
	[XFER_ITEM] = { 1 + 8 + 8 + 1, XFER_BODY_MAX },
	[XFER_ANSWER] = { 1, XFER_BODY_MAX },
	[XFER_FILE] = { 8 + 2 + 8 + 4 + 1, XFER_BODY_MAX },
	[XFER_TAKE] = { 1 + 1 + 8 + XFER_HASH_SIZE, XFER_BODY_MAX },
	[XFER_BEGIN] = { 8, XFER_BODY_MAX },
	[XFER_DATA] = { 1, XFER_DATA_MAX },
	[XFER_END] = { 8 + XFER_HASH_SIZE, XFER_BODY_MAX },
	[XFER_FAIL] = { 1, XFER_BODY_MAX },
	[XFER_STORED] = { 1, XFER_BODY_MAX },
	[XFER_BUSY] = { 8 + 8, XFER_BODY_MAX },
	[XFER_BYE] = { 8, XFER_BODY_MAX },
	[XFER_ERROR] = { 1, XFER_BODY_MAX },
};

enum rc
xfer_get_head(const uint8_t in[static XFER_HEAD], struct xfer_head *out)
{
	struct cur c = cur_over(bytes_of(in, XFER_HEAD));
	uint8_t kind = (uint8_t)cur_be(&c, 1);
	uint32_t size = (uint32_t)cur_be(&c, 3);

	if (kind < XFER_HELLO || kind > XFER_ERROR || size < sizes[kind].least)
		return RC_BAD;
	if (size > sizes[kind].most)
		return RC_BIG;
	*out = (struct xfer_head){ .kind = (enum xfer_kind)kind, .size = size };
	return RC_OK;
}

/* The length of a component's next character when it may stand there, else 0. */
static size_t
take_character(struct bytes path)
{
	uint32_t code;
	size_t n = text_utf8(path, &code);

	if (n == 0)
		return NOT_UTF8;
	if (text_is_control(code) && (code < JOINER_FIRST || code > JOINER_LAST))
		return 0;
	return n;
}

static const char *
why_component(struct bytes name)
{
	if (name.n == 0)
		return "is absolute or has an empty component";
	if (name.n > XFER_NAME_MAX)
		return "has a component of more than 255 bytes";
	if (bytes_is(name, "."))
		return "has a component .";
	if (bytes_is(name, ".."))
		return "has a component ..";
	return bytes_starts(name, ".ugat") ? "has a component that begins with .ugat"
	                                   : NULL;
}

static const char *
why_path(struct bytes path)
{
	const char *why = NULL;
	size_t start = 0, at = 0, n;

	if (path.n == 0)
		return "is empty";
	if (path.n > XFER_PATH_MAX)
		return "has more than 4095 bytes";
	while (why == NULL && at < path.n) {
		if (path.p[at] == '/') {
			why = why_component(bytes_of(path.p + start, at - start));
			start = ++at;
			continue;
		}
		n = take_character(bytes_from(path, at));
		if (n == 0)
			return "has a control character";
		at += n;
	}
	return why != NULL ? why : why_component(bytes_of(path.p + start, at - start));
}

enum rc
xfer_check_path(struct bytes path, const char **why)
{
	const char *words = why_path(path);

	if (words == NULL)
		return RC_OK;
	if (why != NULL)
		*why = words;
	return RC_BAD;
}

/* What is left of the body. */
static struct bytes
take_rest(struct cur *c)
{
	const uint8_t *p = cur_take(c, c->bad ? 0 : c->n);

	return p != NULL ? bytes_of(p, (size_t)(c->p - p)) : bytes_of(NULL, 0);
}

static void
get_words(struct cur *c, struct xfer_message *m)
{
	m->text = take_rest(c);
	c->bad |= m->text.n > XFER_WORDS_MAX;
}

static void
get_path(struct cur *c, struct xfer_message *m)
{
	m->text = take_rest(c);
	if (!c->bad)
		c->bad = xfer_check_path(m->text, &m->path_why) != RC_OK;
}

/* A number that nothing overflows with; or, where it may be unknown, XFER_UNKNOWN. */
static uint64_t
get_number(struct cur *c, bool may_be_unknown)
{
	uint64_t v = cur_be(c, 8);

	c->bad |= v > XFER_NUMBER_MAX && !(may_be_unknown && v == XFER_UNKNOWN);
	return v;
}

static void
get_hash(struct cur *c, struct xfer_message *m)
{
	const uint8_t *p = cur_take(c, XFER_HASH_SIZE);

	if (p != NULL)
		memcpy(m->hash, p, XFER_HASH_SIZE);
}

static void
get_code(struct cur *c, struct xfer_message *m, uint8_t least, uint8_t most)
{
	m->code = (uint8_t)cur_be(c, 1);
	c->bad |= m->code < least || m->code > most;
}

static void
get_hello(struct cur *c, struct xfer_message *m)
{
	uint8_t role = (uint8_t)cur_be(c, 1);

	c->bad |= role != XFER_SENDER && role != XFER_RECEIVER;
	if (!c->bad)
		m->role = (enum xfer_role)role;
	m->flags = (uint8_t)cur_be(c, 1);
}

static void
get_offer(struct cur *c, struct xfer_message *m)
{
	m->items = (uint32_t)cur_be(c, 4);
	c->bad |= m->items == 0 || m->items > XFER_ITEMS_MAX;
	m->files = get_number(c, false);
	m->bytes = get_number(c, true);
}

static void
get_item(struct cur *c, struct xfer_message *m)
{
	get_code(c, m, XFER_ITEM_FILE, XFER_ITEM_DIRECTORY);
	m->files = get_number(c, false);
	c->bad |= m->code == XFER_ITEM_FILE && m->files != 1;
	m->bytes = get_number(c, true);
	get_path(c, m);
	c->bad |= !c->bad && memchr(m->text.p, '/', m->text.n) != NULL;
}

static void
get_file(struct cur *c, struct xfer_message *m)
{
	m->bytes = get_number(c, true);
	m->mode = (uint16_t)cur_be(c, 2);
	m->mtime_s = (int64_t)cur_be(c, 8);
	m->mtime_ns = (uint32_t)cur_be(c, 4);
	c->bad |= m->mode > MODE_MAX || m->mtime_ns >= NANOSECONDS;
	get_path(c, m);
}

static void
get_take(struct cur *c, struct xfer_message *m)
{
	get_code(c, m, XFER_YES, XFER_CANNOT);
	m->flags = (uint8_t)cur_be(c, 1);
	m->offset = get_number(c, false);
	get_hash(c, m);
	get_words(c, m);
}

static void
get_busy(struct cur *c, struct xfer_message *m)
{
	m->done = get_number(c, false);
	m->total = get_number(c, false);
	c->bad |= m->total != 0 && m->done > m->total;
}

static void
get_answer(struct cur *c, struct xfer_message *m, uint8_t least, uint8_t most)
{
	get_code(c, m, least, most);
	get_words(c, m);
}

static void
get_end(struct cur *c, struct xfer_message *m)
{
	m->bytes = get_number(c, false);
	get_hash(c, m);
}

static void
get_bye(struct cur *c, struct xfer_message *m)
{
	m->files = get_number(c, false);
	if (!c->bad && c->n >= 8)
		m->left = get_number(c, false);
}

enum rc
xfer_get(struct xfer_head head, struct bytes body, struct xfer_message *out)
{
	struct xfer_message m = { .kind = head.kind };
	struct cur c = cur_over(body);

	c.bad = body.n != head.size;
	switch (head.kind) {
	case XFER_HELLO: get_hello(&c, &m); break;
	case XFER_OFFER: get_offer(&c, &m); break;
	case XFER_ITEM: get_item(&c, &m); break;
	case XFER_ANSWER: get_answer(&c, &m, XFER_YES, XFER_CANNOT); break;
	case XFER_FILE: get_file(&c, &m); break;
	case XFER_TAKE: get_take(&c, &m); break;
	case XFER_BEGIN: m.offset = get_number(&c, false); break;
	case XFER_END: get_end(&c, &m); break;
	case XFER_FAIL: get_answer(&c, &m, XFER_CHANGED, XFER_DIFFERS); break;
	case XFER_STORED: get_answer(&c, &m, XFER_YES, XFER_DAMAGED); break;
	case XFER_BUSY: get_busy(&c, &m); break;
	case XFER_BYE: get_bye(&c, &m); break;
	case XFER_ERROR: get_answer(&c, &m, 1, UINT8_MAX); break;
	case XFER_DATA: c.bad = true; break;
	}
	if (!c.bad)
		*out = m;
	else if (m.path_why != NULL)
		out->path_why = m.path_why;
	return c.bad ? RC_BAD : RC_OK;
}

static uint8_t *
put_bytes(uint8_t *at, const uint8_t *p, size_t n)
{
	if (n > 0)
		memcpy(at, p, n);
	return at + n;
}

static uint8_t *
put_words(uint8_t *at, struct bytes words)
{
	size_t n = words.n;

	if (n > XFER_WORDS_MAX) {
		n = XFER_WORDS_MAX;
		while (n > XFER_WORDS_MAX - 4 && (words.p[n] & 0xc0) == 0x80)
			n--;
	}
	return put_bytes(at, words.p, n);
}

static uint8_t *
put_file(uint8_t *at, const struct xfer_message *m)
{
	at = put_be(at, 8, m->bytes);
	at = put_be(at, 2, m->mode);
	at = put_be(at, 8, (uint64_t)m->mtime_s);
	at = put_be(at, 4, m->mtime_ns);
	return put_bytes(at, m->text.p, m->text.n);
}

static uint8_t *
put_item(uint8_t *at, const struct xfer_message *m)
{
	at = put_be(at, 1, m->code);
	at = put_be(at, 8, m->files);
	at = put_be(at, 8, m->bytes);
	return put_bytes(at, m->text.p, m->text.n);
}

static uint8_t *
put_take(uint8_t *at, const struct xfer_message *m)
{
	at = put_be(at, 1, m->code);
	at = put_be(at, 1, m->flags);
	at = put_be(at, 8, m->offset);
	at = put_bytes(at, m->hash, XFER_HASH_SIZE);
	return put_words(at, m->text);
}

static uint8_t *
put_body(uint8_t *at, const struct xfer_message *m)
{
	switch (m->kind) {
	case XFER_HELLO: return put_be(put_be(at, 1, m->role), 1, m->flags);
	case XFER_OFFER:
		at = put_be(put_be(at, 4, m->items), 8, m->files);
		return put_be(at, 8, m->bytes);
	case XFER_ITEM: return put_item(at, m);
	case XFER_FILE: return put_file(at, m);
	case XFER_TAKE: return put_take(at, m);
	case XFER_BEGIN: return put_be(at, 8, m->offset);
	case XFER_END: return put_bytes(put_be(at, 8, m->bytes), m->hash, XFER_HASH_SIZE);
	case XFER_BUSY: return put_be(put_be(at, 8, m->done), 8, m->total);
	case XFER_BYE:
		at = put_be(at, 8, m->files);
		return m->left == 0 ? at : put_be(at, 8, m->left);
	case XFER_ANSWER:
	case XFER_FAIL:
	case XFER_STORED:
	case XFER_ERROR: return put_words(put_be(at, 1, m->code), m->text);
	case XFER_DATA: break;
	}
	return at;
}

size_t
xfer_put(const struct xfer_message *m, uint8_t out[static XFER_HEAD + XFER_BODY_MAX])
{
	uint8_t *end = put_body(out + XFER_HEAD, m);
	size_t size = (size_t)(end - out) - XFER_HEAD;

	put_be(put_be(out, 1, m->kind), 3, m->kind == XFER_DATA ? m->bytes : size);
	return (size_t)(end - out);
}
