/* SPDX-License-Identifier: ISC */
#include "codec/line.h"

#include "base/text.h"

enum rc
line_get(struct bytes text, struct line *out)
{
	struct line l = { .n = 0 };

	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	if (text.n >= LINE_MAX_SIZE)
		return RC_BIG;
	if (text.n == 0 || text.p[0] == '#')
		return RC_NONE;
	if (memchr(text.p, '\0', text.n) != NULL)
		return RC_BAD;
	for (bool first = true;; first = false) {
		const uint8_t *tab = memchr(text.p, '\t', text.n);
		struct bytes field =
		    bytes_of(text.p, tab == NULL ? text.n : (size_t)(tab - text.p));

		if (first)
			l.kind = field;
		else if (l.n == LINE_FIELDS)
			return RC_BIG;
		else
			l.field[l.n++] = field;
		if (tab == NULL)
			break;
		text = bytes_of(tab + 1, text.n - field.n - 1);
	}
	if (l.kind.n > 0 && l.kind.p[l.kind.n - 1] == '!') {
		l.must = true;
		l.kind.n--;
	}
	if (l.kind.n == 0)
		return RC_BAD;
	*out = l;
	return RC_OK;
}

bool
line_is_absent(struct bytes field)
{
	return field.n == 1 && field.p[0] == '-';
}

/*
 * Decode the escape at in.p[0] == '\\'. Returns its length, 0 when it is none; *byte is
 * -1 for the empty string's.
 */
static size_t
get_escape(struct bytes in, int *byte)
{
	if (in.n < 2)
		return 0;
	switch (in.p[1]) {
	case '\\': *byte = '\\'; return 2;
	case 't': *byte = '\t'; return 2;
	case 'n': *byte = '\n'; return 2;
	case 'r': *byte = '\r'; return 2;
	case 'e': *byte = -1; return 2;
	case '0': break;
	default: return 0;
	}
	if (in.n < 5)
		return 0;
	*byte = 0;
	for (size_t i = 2; i < 5; i++) {
		if (in.p[i] < '0' || in.p[i] > '7')
			return 0;
		*byte = *byte * 8 + (in.p[i] - '0');
	}
	return *byte <= 0xff ? 5 : 0;
}

enum rc
line_text(struct bytes field, struct line_scratch *s, struct bytes *out)
{
	size_t start = s->n;

	*out = bytes_of(NULL, 0);
	if (line_is_absent(field))
		return RC_NONE;
	if (field.n == 0 || memchr(field.p, '\\', field.n) == NULL) {
		*out = field;
		return RC_OK;
	}
	if (field.n > sizeof(s->text) - s->n)
		return RC_BAD;
	while (field.n > 0) {
		int byte = field.p[0];
		size_t n = 1;

		if (byte == '\\') {
			n = get_escape(field, &byte);
			if (n == 0) {
				s->n = start;
				return RC_BAD;
			}
		}
		if (byte >= 0)
			s->text[s->n++] = (uint8_t)byte;
		field = bytes_from(field, n);
	}
	*out = bytes_of(s->text + start, s->n - start);
	return RC_OK;
}

enum rc
line_key(const struct line *l, size_t first, const char *key, struct bytes *value)
{
	size_t n = strlen(key);

	for (size_t i = first; i < l->n; i++)
		if (l->field[i].n > n && bytes_starts(l->field[i], key) &&
		    l->field[i].p[n] == '=') {
			*value = bytes_from(l->field[i], n + 1);
			return RC_OK;
		}
	return RC_NONE;
}

static void
add(struct linew *w, const void *p, size_t n)
{
	if (w->bad || n > w->cap - w->n) {
		w->bad = true;
		return;
	}
	if (n > 0)
		memcpy(w->p + w->n, p, n);
	w->n += n;
}

static void
add_octal(struct linew *w, uint8_t byte)
{
	const uint8_t text[] = { '\\', '0', (uint8_t)('0' + (byte >> 6)),
		(uint8_t)('0' + (byte >> 3 & 7)), (uint8_t)('0' + (byte & 7)) };

	add(w, text, sizeof(text));
}

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

/*
 * The same of eight bytes at once: none over 0x7f, none that borrows when 0x20 is taken
 * away.
 */
static bool
is_plain_word(uint64_t word)
{
	uint64_t high = word | (word - 0x20 * BYTES_ONES);

	return (high & BYTES_ONES << 7) == 0 && !bytes_word_has(word, 0x7f) &&
	    !bytes_word_has(word, '\\');
}

/*
 * How many bytes at the start of in may stand as they are: ASCII without controls and
 * backslash.
 */
static size_t
plain_run(struct bytes in)
{
	size_t n = 0;

	while (in.n - n >= 8 && is_plain_word(bytes_word(in.p + n)))
		n += 8;
	while (n < in.n && is_plain(in.p[n]))
		n++;
	return n;
}

static void
add_escaped(struct linew *w, struct bytes in)
{
	if (in.n == 0) {
		add(w, "\\e", 2);
		return;
	}
	if (line_is_absent(in)) {
		add_octal(w, '-');
		return;
	}
	while (in.n > 0) {
		size_t n = plain_run(in);
		uint32_t code;

		if (n > 0) {
			add(w, in.p, n);
			in = bytes_from(in, n);
			continue;
		}
		n = text_utf8(in, &code);
		if (n > 0 && code == '\\')
			add(w, "\\\\", 2);
		else if (n > 0 && code == '\t')
			add(w, "\\t", 2);
		else if (n > 0 && code == '\n')
			add(w, "\\n", 2);
		else if (n > 0 && code == '\r')
			add(w, "\\r", 2);
		else if (n > 0 && !text_is_control(code))
			add(w, in.p, n);
		else
			for (size_t i = 0; i < (n == 0 ? 1 : n); i++)
				add_octal(w, in.p[i]);
		in = bytes_from(in, n == 0 ? 1 : n);
	}
}

void
linew_begin(struct linew *w, uint8_t *p, size_t cap, const char *kind)
{
	*w = (struct linew){ .p = p, .cap = cap < LINE_MAX_SIZE ? cap : LINE_MAX_SIZE };
	add(w, kind, strlen(kind));
}

void
linew_text(struct linew *w, struct bytes text)
{
	add(w, "\t", 1);
	add_escaped(w, text);
}

/* How many decimal digits: the bits times log10(2), which may be one too few. */
static size_t
digits_of(uint64_t v)
{
	static const uint64_t first[] = { 0, 10, 100, 1000, 10000, 100000, 1000000,
		10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
		10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
		100000000000000000, 1000000000000000000, 10000000000000000000U };
	size_t n = (size_t)(64 - __builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= first[n]);
}

/*
 * Two digits at a time, where they belong: this is where a large torrent's lines spend
 * their time.
 */
static void
add_u64(struct linew *w, uint64_t v)
{
	static const char pairs[] = "00010203040506070809"
	                            "10111213141516171819"
	                            "20212223242526272829"
	                            "30313233343536373839"
	                            "40414243444546474849"
	                            "50515253545556575859"
	                            "60616263646566676869"
	                            "70717273747576777879"
	                            "80818283848586878889"
	                            "90919293949596979899";
	size_t n = digits_of(v);
	uint8_t *p;

	if (w->bad || n > w->cap - w->n) {
		w->bad = true;
		return;
	}
	w->n += n;
	for (p = w->p + w->n; n > 1; n -= 2, v /= 100)
		memcpy(p -= 2, pairs + v % 100 * 2, 2);
	if (n == 1)
		p[-1] = (uint8_t)('0' + v);
}

void
linew_u64(struct linew *w, uint64_t v)
{
	add(w, "\t", 1);
	add_u64(w, v);
}

/* There is room for its NUL too: where the line's end will stand. */
static void
add_hex(struct linew *w, const uint8_t *p, size_t n)
{
	if (w->bad || 2 * n >= w->cap - w->n) {
		w->bad = true;
		return;
	}
	text_hex(p, n, (char *)w->p + w->n);
	w->n += 2 * n;
}

void
linew_hex(struct linew *w, const uint8_t *p, size_t n)
{
	add(w, "\t", 1);
	add_hex(w, p, n);
}

void
linew_absent(struct linew *w)
{
	add(w, "\t-", 2);
}

void
linew_plain(struct linew *w, struct bytes text)
{
	add(w, "\t", 1);
	add(w, text.p, text.n);
}

static void
add_key(struct linew *w, const char *key)
{
	add(w, "\t", 1);
	add(w, key, strlen(key));
	add(w, "=", 1);
}

void
linew_key_text(struct linew *w, const char *key, struct bytes text)
{
	add_key(w, key);
	add_escaped(w, text);
}

void
linew_key_u64(struct linew *w, const char *key, uint64_t v)
{
	add_key(w, key);
	add_u64(w, v);
}

void
linew_key_hex(struct linew *w, const char *key, const uint8_t *p, size_t n)
{
	add_key(w, key);
	add_hex(w, p, n);
}

enum rc
linew_end(struct linew *w, struct bytes *out)
{
	add(w, "\n", 1);
	if (w->bad)
		return RC_BIG;
	*out = bytes_of(w->p, w->n);
	return RC_OK;
}
