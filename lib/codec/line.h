/* SPDX-License-Identifier: ISC */
/*
 * The lines of ugat-records(5): a kind, TAB-separated fields, LF. Escapes and field
 * syntax only; what the fields of each kind mean is codec/record's. Reading is lenient,
 * writing canonical. Nothing here allocates.
 */
#ifndef CODEC_LINE_H
#define CODEC_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum {
	LINE_MAX_SIZE = 65536, /* bytes of a line with its LF */
	LINE_FIELDS = 32,      /* fields behind the kind */
};

/*
 * One line, taken apart. Everything points into the caller's bytes; fields are still
 * escaped.
 */
struct line {
	struct bytes kind; /* without the '!' */
	bool must;         /* the kind ended in '!': whoever does not know it must stop */
	size_t n;          /* fields */
	struct bytes field[LINE_FIELDS];
};

/*
 * Take apart one line without its LF (a CR before the LF is dropped). RC_NONE: a comment
 * or an empty line, *out is untouched. RC_BAD: an empty kind, or a NUL byte. RC_BIG: over
 * LINE_MAX_SIZE or LINE_FIELDS.
 */
enum rc line_get(struct bytes text, struct line *out) MUST_USE;

/*
 * Room to unescape the fields of one line into; a view it yields lives until
 * line_scratch_reset or the end of the scratch.
 */
struct line_scratch {
	size_t n;
	uint8_t text[LINE_MAX_SIZE];
};

/* Forget what was unescaped; its views are no good any more. */
static inline void
line_scratch_reset(struct line_scratch *s)
{
	s->n = 0;
}

/* Whether a field says "there is none" ("-"). */
bool line_is_absent(struct bytes field);

/*
 * Unescape a field. *out points into the field when it holds no escape, else into s.
 * RC_BAD: an unknown or cut escape. RC_NONE: the field is absent ("-"); *out is then
 * empty.
 */
enum rc line_text(struct bytes field, struct line_scratch *s, struct bytes *out) MUST_USE;

/*
 * The still escaped value of key=value among the fields from number first on. RC_NONE: no
 * such key.
 */
enum rc line_key(
    const struct line *l, size_t first, const char *key, struct bytes *value) MUST_USE;

/*
 * A line being written into the caller's bytes. It never writes past cap and remembers
 * that it would have.
 */
struct linew {
	uint8_t *p;
	size_t n, cap;
	bool bad; /* too long for cap or LINE_MAX_SIZE */
};

/* Start a line with its kind (with its '!', if it has one), as ASCII. */
void linew_begin(struct linew *w, uint8_t *p, size_t cap, const char *kind);

/* Append one field: bytes as they are, escaped where needed; an empty one as "\e". */
void linew_text(struct linew *w, struct bytes text);
void linew_u64(struct linew *w, uint64_t v);
void linew_hex(struct linew *w, const uint8_t *p, size_t n);
void linew_absent(struct linew *w);

/* Append a field of characters that need no escape (base64, a word of ours). */
void linew_plain(struct linew *w, struct bytes text);

/* Append key=value. */
void linew_key_text(struct linew *w, const char *key, struct bytes text);
void linew_key_u64(struct linew *w, const char *key, uint64_t v);
void linew_key_hex(struct linew *w, const char *key, const uint8_t *p, size_t n);

/*
 * End the line with its LF. RC_OK: *out is the whole line. RC_BIG: it did not fit; *out
 * is untouched.
 */
enum rc linew_end(struct linew *w, struct bytes *out) MUST_USE;

#endif
