/* SPDX-License-Identifier: ISC */
/*
 * The kinds of ugat-records(5): a struct each, read from a taken-apart line and written
 * as one. No state, no order of lines, no allocation: what a whole stream means is
 * core/torrent's.
 *
 * Every rec_get_* fills *out and answers RC_OK, or RC_BAD when a field is missing,
 * malformed or out of range (*out is then undefined). Texts in *out point into the line
 * or into s and live as long as both. Fields and keys it does not know are skipped; kinds
 * that no command takes anything from have no rec_get_*. Every rec_put_* begins and fills
 * w, the caller ends it with linew_end.
 */
#ifndef CODEC_RECORD_H
#define CODEC_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/line.h"

enum rec_kind {
	REC_UNKNOWN,
	REC_UGAT,
	REC_SELF,
	REC_TORRENT,
	REC_META,
	REC_TRACKER,
	REC_WEBSEED,
	REC_NODE,
	REC_FILE,
	REC_PIECE,
	REC_INFO,
	REC_CHECKED,
	REC_HAVE,
	REC_END,
	REC_PEER,
	REC_DENY,
	REC_ANNOUNCED,
	REC_UNANSWERED,
	REC_SCRAPE,
	REC_FAIL,
	REC_DONE,
	REC_STATUS,
};

enum {
	REC_FORMAT = 1,      /* the number in the first line */
	REC_LATE_MAX = 512,  /* bytes of any line allowed after `end` */
	REC_PATH_MAX = 4095, /* bytes of a file's path */
	REC_NAME_MAX = 255,  /* bytes of one component of it */
	REC_URL_MAX = 4000,
	REC_META_MAX = 4096,  /* a longer meta value is cut */
	REC_INFO_RAW = 16384, /* raw bytes of `info` in one line, BEP 9's unit */
	REC_PIECE_LENGTH_MAX = 1 << 30,
};
#define REC_LENGTH_MAX ((UINT64_C(1) << 60) - 1)

/* What a line is. REC_UNKNOWN: a kind of somebody else, or of a time to come. */
enum rec_kind rec_kind(const struct line *l);

/*
 * May a stream go on after this line? RC_OK. RC_BAD: `ugat` without a number, or a kind
 * that must be understood and is not known. RC_BIG: a format number above REC_FORMAT.
 */
enum rc rec_check(const struct line *l) MUST_USE;

struct rec_torrent {
	bool has_btih, has_btmh; /* v1, v2; at least one */
	uint8_t btih[20], btmh[32];
	uint64_t piece_length; /* 1..REC_PIECE_LENGTH_MAX */
	uint64_t pieces;       /* v1 pieces; 0 when there is no btih */
	uint64_t length;       /* bytes of all files, pad files too */
	uint64_t files;
	struct bytes name; /* empty: none that could be a path */
	bool private;
};

struct rec_file {
	uint64_t index;  /* from 0 */
	uint64_t offset; /* in the torrent */
	uint64_t length;
	struct bytes path; /* components joined by '/', the torrent's name first; empty
	                      for a pad file without a path */
	bool pad, executable, hidden, symlink; /* BEP 47 attr p, x, h, l */
	struct bytes target;                   /* the symlink's, else empty */
	bool has_root;
	uint8_t root[32]; /* BEP 52 pieces root */
};

struct rec_meta {
	struct bytes key, value;
	bool cut;
};
struct rec_tracker {
	uint64_t tier;
	struct bytes url;
};
struct rec_webseed {
	struct bytes url;
};
struct rec_node {
	struct bytes host;
	uint16_t port;
};
struct rec_piece {
	uint64_t index;
	uint8_t sha1[20];
};
struct rec_info {
	uint64_t offset;
	struct bytes base64;
};
struct rec_checked {
	uint64_t index, size, mtime_ns;
};
struct rec_have {
	uint64_t first, last;
};
struct rec_peer {
	struct bytes host;
	uint16_t port;
	struct bytes src;
}; /* src: empty, or a word such as "tracker" */
struct rec_deny {
	struct addr base;
	unsigned bits;
}; /* bits of base that count, on its 16 bytes: 0..128 */
struct rec_announced {
	struct bytes url;
	uint64_t interval_s, seeders, leechers;
};
struct rec_unanswered {
	struct bytes url, reason;
};
struct rec_scrape {
	struct bytes url;
	uint64_t seeders, completed, leechers;
};
struct rec_fail {
	uint64_t code;
	struct bytes command, words;
};
struct rec_done {
	struct bytes path;
	bool has_size;
	uint64_t size;
	struct bytes from;
	bool has_sha256;
	struct bytes authority; /* the pin of from's, when it is not the reader's own */
	uint8_t sha256[32];
};

struct rec_status {
	struct bytes state; /* checking, loading, seeding, done, failed, killed */
	bool ended;
	uint64_t code; /* when ended */
	uint64_t pid, start_s, port, wanted, had, downloaded, uploaded, left, down_rate,
	    up_rate, peers, seeds;
	bool has_eta;
	uint64_t eta_s;
	struct bytes name, why; /* why: empty, or the cause of the end */
	struct bytes dir;       /* where the files go, absolute; empty: not told */
	bool keep;              /* it goes on when all is there */
	bool has_btih;
	uint8_t btih[20];
};

/* A line of that kind to its struct: see above. */
enum rc rec_get_self(const struct line *l, uint8_t id[static 20]) MUST_USE;
enum rc rec_get_torrent(
    const struct line *l, struct line_scratch *s, struct rec_torrent *out) MUST_USE;
enum rc rec_get_tracker(
    const struct line *l, struct line_scratch *s, struct rec_tracker *out) MUST_USE;
enum rc rec_get_file(
    const struct line *l, struct line_scratch *s, struct rec_file *out) MUST_USE;
enum rc rec_get_piece(const struct line *l, struct rec_piece *out) MUST_USE;
enum rc rec_get_checked(const struct line *l, struct rec_checked *out) MUST_USE;
enum rc rec_get_have(const struct line *l, struct rec_have *out) MUST_USE;
enum rc rec_get_peer(
    const struct line *l, struct line_scratch *s, struct rec_peer *out) MUST_USE;
enum rc rec_get_deny(const struct line *l, struct rec_deny *out) MUST_USE;
enum rc rec_get_announced(
    const struct line *l, struct line_scratch *s, struct rec_announced *out) MUST_USE;
enum rc rec_get_fail(
    const struct line *l, struct line_scratch *s, struct rec_fail *out) MUST_USE;
enum rc rec_get_status(
    const struct line *l, struct line_scratch *s, struct rec_status *out) MUST_USE;

/* A struct to its line, into the cap bytes at p. */
void rec_put_ugat(struct linew *w, uint8_t *p, size_t cap);
void rec_put_self(struct linew *w, uint8_t *p, size_t cap, const uint8_t id[static 20]);
void rec_put_torrent(
    struct linew *w, uint8_t *p, size_t cap, const struct rec_torrent *r);
void rec_put_meta(struct linew *w, uint8_t *p, size_t cap, const struct rec_meta *r);
void rec_put_tracker(
    struct linew *w, uint8_t *p, size_t cap, const struct rec_tracker *r);
void rec_put_webseed(
    struct linew *w, uint8_t *p, size_t cap, const struct rec_webseed *r);
void rec_put_node(struct linew *w, uint8_t *p, size_t cap, const struct rec_node *r);
void rec_put_file(struct linew *w, uint8_t *p, size_t cap, const struct rec_file *r);
void rec_put_piece(struct linew *w, uint8_t *p, size_t cap, const struct rec_piece *r);
void rec_put_info(struct linew *w, uint8_t *p, size_t cap, const struct rec_info *r);
void rec_put_checked(
    struct linew *w, uint8_t *p, size_t cap, const struct rec_checked *r);
void rec_put_have(struct linew *w, uint8_t *p, size_t cap, const struct rec_have *r);
void rec_put_end(struct linew *w, uint8_t *p, size_t cap);
void rec_put_peer(struct linew *w, uint8_t *p, size_t cap, const struct rec_peer *r);
void rec_put_announced(
    struct linew *w, uint8_t *p, size_t cap, const struct rec_announced *r);
void rec_put_unanswered(
    struct linew *w, uint8_t *p, size_t cap, const struct rec_unanswered *r);
void rec_put_scrape(struct linew *w, uint8_t *p, size_t cap, const struct rec_scrape *r);
void rec_put_fail(struct linew *w, uint8_t *p, size_t cap, const struct rec_fail *r);
void rec_put_done(struct linew *w, uint8_t *p, size_t cap, const struct rec_done *r);
void rec_put_status(struct linew *w, uint8_t *p, size_t cap, const struct rec_status *r);

/*
 * The rule for every path that comes from outside: relative, components
 * of 1..REC_NAME_MAX bytes, none "." or "..", no NUL, at most REC_PATH_MAX bytes. RC_BAD
 * otherwise.
 */
enum rc rec_check_path(struct bytes path) MUST_USE;

#endif
