/* SPDX-License-Identifier: ISC */
/* Sizes and durations as people write and read them. */
#ifndef BASE_HUMAN_H
#define BASE_HUMAN_H

#include <stdint.h>

#include "base/rc.h"

enum { HUMAN_SIZE = 16 }; /* room for any text that these make, with its NUL */

/* A size in bytes as three digits and a binary unit: "0 B", "999 B", "1.21 GiB". */
void human_size(uint64_t bytes, char out[static HUMAN_SIZE]);

/* A duration in seconds as its two greatest units: "0:07", "12:34", "3h05", "4d07h". */
void human_time(uint64_t seconds, char out[static HUMAN_SIZE]);

/* The same in milliseconds, with tenths below 10 s: "0.3 s", "0:12". */
void human_span(uint64_t ms, char out[static HUMAN_SIZE]);

/*
 * Read SIZE or RATE: decimal digits and perhaps K, M, G or T of either case (powers of
 * 1024). RC_BAD; RC_BIG: over 2^60.
 */
enum rc human_get_size(const char *text, uint64_t *bytes) MUST_USE;

/*
 * Read RATIO: digits and perhaps a point and one to three more; *thousandths of 1.
 * RC_BAD; RC_BIG: over 1,000,000.
 */
enum rc human_get_ratio(const char *text, uint64_t *thousandths) MUST_USE;

/*
 * Read TIME: decimal digits and perhaps s, m, h or d (s when there is none). RC_BAD;
 * RC_BIG: over 10 years.
 */
enum rc human_get_time(const char *text, uint64_t *seconds) MUST_USE;

#endif
