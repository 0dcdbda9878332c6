/* SPDX-License-Identifier: ISC */
/*
 * Text and bytes: hexadecimal, decimal numbers, UTF-8, and what may be shown on a
 * terminal.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

/* Write n bytes as 2n lower-case digits and a NUL: out has room for 2n + 1. */
void text_hex(const uint8_t *p, size_t n, char *out);

/*
 * Read exactly 2n digits of either case into n bytes. RC_BAD: another length or another
 * character; out is then undefined.
 */
enum rc text_unhex(struct bytes in, uint8_t *out, size_t n) MUST_USE;

/*
 * Read decimal digits, nothing else; no sign, no blank. RC_BAD: empty or another
 * character. RC_BIG: over max.
 */
enum rc text_u64(struct bytes in, uint64_t max, uint64_t *out) MUST_USE;

/*
 * Decode the UTF-8 sequence at the start of in (RFC 3629: shortest form, no surrogates,
 * at most U+10FFFF). Returns its length in bytes, 1..4, with *code set; 0 when in is
 * empty or does not begin with a whole valid sequence.
 */
size_t text_utf8(struct bytes in, uint32_t *code);

/*
 * Whether a character can make a terminal or a reader lie: C0, DEL and C1 controls, the
 * line and paragraph separators, the bidirectional controls and the zero-width characters
 * (Unicode categories Cc, and the Cf characters that hide or reorder).
 */
bool text_is_control(uint32_t code);

/*
 * Make foreign bytes fit for a terminal: valid, visible UTF-8 stays; every other byte
 * becomes '?'. Always ends with a NUL, cuts at a character's boundary when out (of size
 * bytes, at least 1) is too small. Returns the number of bytes written without the NUL.
 */
size_t text_printable(struct bytes in, char *out, size_t size);

/*
 * The same for a name or path that a person is to see as what it is: in quotation marks
 * if it could be taken for another, or for none: when it is empty, begins with a
 * quotation mark, has a component that begins or ends with a blank, two blanks in a row,
 * or a blank that is not the usual one. They are both there when out is too small; size
 * is at least 3.
 */
size_t text_name(struct bytes in, char *out, size_t size);

/*
 * The columns that printable text takes on a terminal: wide East Asian characters and
 * emoji 2, combining marks 0.
 */
size_t text_columns(struct bytes printable);

/* The longest prefix, in bytes, of printable text that takes at most columns columns. */
size_t text_fit(struct bytes printable, size_t columns);

#endif
