/* SPDX-License-Identifier: ISC */
/*
 * For the tests of a transfer: messages of ugat/1 out of words, byte by byte from the
 * table in codec/xfer.h and not by codec/xfer. A script is "hello 1 0; offer 1 1 5; ...":
 *
 *	hello ROLE FLAGS       offer ITEMS FILES BYTES   item KIND FILES BYTES NAME
 *	answer A [WORDS]       file SIZE PATH            take A FLAGS OFFSET [WORDS]
 *	begin OFFSET           data N                    end SIZE
 *	fail REASON [WORDS]    stored A [WORDS]          busy DONE TOTAL
 *	bye FILES              error CODE [WORDS]        raw HEX
 *	text WORDS: DATA of them
 *
 * "?" is an unknown size. A FILE has the mode 0644 and the time 1000000000.5; a hash is
 *32 bytes of 0xab where there is anything to hash; content is bytes 'x'.
 */
#ifndef TESTS_CORE_XSAY_H
#define TESTS_CORE_XSAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define XSAY_TIME 1000000000
#define XSAY_NANO 500000000

struct xsay {
	uint8_t *p;
	size_t n, cap;
	const char *at; /* of the script */
};

static inline void
xsay_bytes(struct xsay *s, const void *p, size_t n)
{
	assert_true(n <= s->cap - s->n);
	if (n > 0)
		memcpy(s->p + s->n, p, n);
	s->n += n;
}

static inline void
xsay_number(struct xsay *s, unsigned size, uint64_t v)
{
	for (unsigned i = size; i > 0; i--) {
		uint8_t byte = (uint8_t)(v >> (i - 1) * 8);

		xsay_bytes(s, &byte, 1);
	}
}

static inline void
xsay_skip(struct xsay *s)
{
	while (*s->at == ' ')
		s->at++;
}

/* The script's next number, in size bytes. */
static inline uint64_t
xsay_take(struct xsay *s, unsigned size)
{
	uint64_t v = UINT64_MAX;
	char *end;

	xsay_skip(s);
	if (*s->at == '?') {
		s->at++;
	} else {
		v = strtoull(s->at, &end, 10);
		assert_true(end != s->at);
		s->at = end;
	}
	if (size > 0)
		xsay_number(s, size, v);
	return v;
}

/* What is left of the message's words. */
static inline void
xsay_rest(struct xsay *s)
{
	size_t n;

	xsay_skip(s);
	n = strcspn(s->at, ";");
	xsay_bytes(s, s->at, n);
	s->at += n;
}

static inline void
xsay_fill(struct xsay *s, uint8_t byte, size_t n)
{
	assert_true(n <= s->cap - s->n);
	memset(s->p + s->n, byte, n);
	s->n += n;
}

static inline void
xsay_take_words(struct xsay *s)
{
	uint64_t offset;

	xsay_take(s, 1);
	xsay_take(s, 1);
	offset = xsay_take(s, 8);
	xsay_fill(s, offset > 0 ? 0xab : 0, 32);
	xsay_rest(s);
}

static inline void
xsay_file(struct xsay *s)
{
	xsay_take(s, 8);
	xsay_number(s, 2, 0644);
	xsay_number(s, 8, XSAY_TIME);
	xsay_number(s, 4, XSAY_NANO);
	xsay_rest(s);
}

static inline void
xsay_raw(struct xsay *s)
{
	xsay_skip(s);
	for (; *s->at != ';' && *s->at != '\0'; s->at += 2) {
		char digits[3] = { s->at[0], s->at[1], '\0' };

		xsay_number(s, 1, strtoul(digits, NULL, 16));
	}
}

/* The body of a message; its kind. */
static inline unsigned
xsay_body(struct xsay *s, const char *verb, size_t n)
{
	static const char *const verbs[] = { "", "hello", "offer", "item", "answer",
		"file", "take", "begin", "data", "end", "fail", "stored", "busy", "bye",
		"error" };
	unsigned kind = 1;

	if (n == 4 && memcmp(verb, "text", 4) == 0) {
		xsay_rest(s);
		return 8;
	}
	for (; kind < 15; kind++)
		if (strlen(verbs[kind]) == n && memcmp(verbs[kind], verb, n) == 0)
			break;
	switch (kind) {
	case 1: xsay_take(s, 1), xsay_take(s, 1); break;
	case 2: xsay_take(s, 4), xsay_take(s, 8), xsay_take(s, 8); break;
	case 3:
		xsay_take(s, 1), xsay_take(s, 8), xsay_take(s, 8);
		xsay_rest(s);
		break;
	case 5: xsay_file(s); break;
	case 6: xsay_take_words(s); break;
	case 7:
	case 13: xsay_take(s, 8); break;
	case 8: xsay_fill(s, 'x', xsay_take(s, 0)); break;
	case 9:
		xsay_take(s, 8);
		xsay_fill(s, 0xab, 32);
		break;
	case 12: xsay_take(s, 8), xsay_take(s, 8); break;
	case 4:
	case 10:
	case 11:
	case 14:
		xsay_take(s, 1);
		xsay_rest(s);
		break;
	default: fail_msg("no such message: %s", verb);
	}
	return kind;
}

/* One message, or raw bytes. */
static inline void
xsay_one(struct xsay *s)
{
	const char *verb = s->at;
	size_t n = strcspn(verb, " ;"), head = s->n;
	unsigned kind;
	size_t size;

	s->at += n;
	if (n == 3 && memcmp(verb, "raw", 3) == 0) {
		xsay_raw(s);
		return;
	}
	xsay_fill(s, 0, 4);
	kind = xsay_body(s, verb, n);
	size = s->n - head - 4;
	s->p[head] = (uint8_t)kind;
	s->p[head + 1] = (uint8_t)(size >> 16);
	s->p[head + 2] = (uint8_t)(size >> 8);
	s->p[head + 3] = (uint8_t)size;
}

/* The bytes of a script into p; their number. */
static inline size_t
xsay(const char *script, uint8_t *p, size_t cap)
{
	struct xsay s = { .p = p, .cap = cap, .at = script };

	for (;;) {
		while (*s.at == ' ' || *s.at == ';')
			s.at++;
		if (*s.at == '\0')
			return s.n;
		xsay_one(&s);
		xsay_skip(&s);
		assert_true(*s.at == ';' || *s.at == '\0');
	}
}

#endif
