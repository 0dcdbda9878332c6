/* SPDX-License-Identifier: ISC */
#include "codec/ext.h"

#include "base/text.h"
#include "codec/bencode.h"

/* A value that we know by its key, when it has the right type and range. */
static void
get_value(struct bytes key, const struct ben_token *t, struct ext_handshake *h)
{
	if (t->type == BEN_STRING && bytes_is(key, "v"))
		h->client = t->text;
	if (t->type != BEN_INT || t->big || t->value < 0)
		return;
	if (bytes_is(key, "reqq"))
		h->reqq = t->value > UINT32_MAX ? UINT32_MAX : (uint32_t)t->value;
	if (bytes_is(key, "p") && t->value <= UINT16_MAX)
		h->port = (uint16_t)t->value;
	if (bytes_is(key, "upload_only"))
		h->upload_only = t->value != 0;
}

enum rc
ext_get_handshake(struct bytes in, struct ext_handshake *out)
{
	struct ext_handshake h = { .reqq = 0 };
	struct ben_token key, value;
	struct ben b;
	enum rc rc;

	ben_init(&b, in, 0);
	if (ben_next(&b, &key) != RC_OK || key.type != BEN_DICT)
		return RC_BAD;
	while ((rc = ben_next(&b, &key)) == RC_OK && key.type != BEN_END) {
		if (ben_next(&b, &value) != RC_OK || ben_skip(&b, &value) != RC_OK)
			return RC_BAD;
		get_value(key.text, &value, &h);
	}
	if (rc != RC_OK)
		return RC_BAD;
	*out = h;
	return RC_OK;
}

/* Text and bytes as they are; remembers that it did not fit. */
struct writer {
	uint8_t *p;
	size_t n, cap;
	bool bad;
};

static void
put(struct writer *w, struct bytes text)
{
	if (w->bad || text.n > w->cap - w->n) {
		w->bad = true;
		return;
	}
	if (text.n > 0)
		memcpy(w->p + w->n, text.p, text.n);
	w->n += text.n;
}

static void
put_number(struct writer *w, uint64_t v, char end)
{
	char digits[21];
	size_t at = sizeof(digits);

	digits[--at] = end;
	do
		digits[--at] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	put(w, bytes_of(digits + at, sizeof(digits) - at));
}

size_t
ext_put_handshake(const struct ext_handshake *h, uint8_t *out, size_t cap)
{
	struct writer w = { .p = out, .cap = cap };

	put(&w, bytes_str("d1:mde"));
	if (h->port != 0) {
		put(&w, bytes_str("1:pi"));
		put_number(&w, h->port, 'e');
	}
	put(&w, bytes_str("4:reqqi"));
	put_number(&w, h->reqq, 'e');
	if (h->upload_only)
		put(&w, bytes_str("11:upload_onlyi1e"));
	put(&w, bytes_str("1:v"));
	put_number(&w, h->client.n, ':');
	put(&w, h->client);
	put(&w, bytes_str("e"));
	return w.bad ? 0 : w.n;
}
