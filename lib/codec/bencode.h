/* SPDX-License-Identifier: ISC */
/*
 * Bencoding (BEP 3), read token by token. Iterative, of bounded depth and number of
 * values, strict: canonical integers and lengths only. The order of keys and what a value
 * means are the caller's. Allocates nothing, so a whole .torrent costs its own bytes.
 */
#ifndef CODEC_BENCODE_H
#define CODEC_BENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum {
	BEN_DEPTH_MAX = 100,              /* lists and dictionaries inside each other */
	BEN_TOKENS_MAX = 4 * 1024 * 1024, /* values and keys in all */
};

enum ben_type {
	BEN_INT,
	BEN_STRING,
	BEN_LIST, /* its values follow, then BEN_END */
	BEN_DICT, /* key, value, key, value … BEN_END */
	BEN_END,
};

struct ben_token {
	enum ben_type type;
	bool key;          /* a string that is a dictionary's key */
	bool big;          /* BEN_INT: does not fit value */
	size_t at;         /* offset of its first byte */
	struct bytes text; /* BEN_STRING: what it holds, in the caller's bytes */
	int64_t value;     /* BEN_INT, unless big */
};

/* A reader of one value. The fields but level may be looked at. */
struct ben {
	struct bytes in;
	size_t at;       /* offset of the next byte; behind the value once it has ended */
	size_t tokens;   /* values and keys so far */
	unsigned depth;  /* lists and dictionaries that are open */
	const char *why; /* after an error: words for "byte N: …"; never freed */
	uint8_t level[BEN_DEPTH_MAX + 1];
};

/* Read the value that begins at offset at of in. */
void ben_init(struct ben *b, struct bytes in, size_t at);

/*
 * The next token. RC_END: the value has ended; what follows it was not looked at. RC_BAD:
 * malformed or cut off, RC_BIG: a limit; b->at is then the offset of the trouble and
 * b->why its reason. *t is filled with RC_OK only. After anything but RC_OK call it no
 * more.
 */
enum rc ben_next(struct ben *b, struct ben_token *t) MUST_USE;

/*
 * Go behind the value whose first token was t, the last one that was read. Results as
 * ben_next, never RC_END.
 */
enum rc ben_skip(struct ben *b, const struct ben_token *t) MUST_USE;

#endif
