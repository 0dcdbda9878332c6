/* SPDX-License-Identifier: ISC */
#include "codec/httptrk.h"

#include "codec/bencode.h"
#include "codec/compact.h"

/* A dictionary being read, one key and its value's first token at a time. */
struct dict {
	struct ben ben;
	struct bytes key;
	struct ben_token value;
};

/* false: the body is no dictionary. */
static bool
dict_begin(struct dict *d, struct bytes body)
{
	struct ben_token t;

	ben_init(&d->ben, body, 0);
	return ben_next(&d->ben, &t) == RC_OK && t.type == BEN_DICT;
}

/* RC_END: the dictionary has ended. RC_BAD: malformed. */
static enum rc
dict_next(struct dict *d)
{
	struct ben_token key;

	if (ben_next(&d->ben, &key) != RC_OK)
		return RC_BAD;
	if (key.type == BEN_END)
		return RC_END;
	d->key = key.text;
	return ben_next(&d->ben, &d->value) == RC_OK ? RC_OK : RC_BAD;
}

/* Go behind a value that nothing was read of. */
static enum rc
dict_skip(struct dict *d)
{
	return ben_skip(&d->ben, &d->value) == RC_OK ? RC_OK : RC_BAD;
}

/* An integer held between 0 and 2^32 - 1; what is no integer is false. */
static bool
get_u32(const struct dict *d, uint32_t *out)
{
	const struct ben_token *t = &d->value;
	bool minus;

	if (t->type != BEN_INT)
		return false;
	minus = t->big ? d->ben.in.p[t->at + 1] == '-' : t->value < 0;
	if (minus)
		*out = 0;
	else if (t->big || t->value > UINT32_MAX)
		*out = UINT32_MAX;
	else
		*out = (uint32_t)t->value;
	return true;
}

static bool
get_text(const struct dict *d, struct bytes *out)
{
	if (d->value.type != BEN_STRING)
		return false;
	*out = d->value.text;
	return true;
}

static struct bytes
whole(struct bytes b, size_t size)
{
	return bytes_of(b.p, b.n - b.n % size);
}

/* Minutes, or "never". */
static bool
get_retry(const struct dict *d, uint32_t *out)
{
	struct bytes word;
	uint32_t minutes;

	if (get_text(d, &word) && bytes_is(word, "never")) {
		*out = HTTPTRK_NEVER;
		return true;
	}
	if (!get_u32(d, &minutes))
		return false;
	*out = minutes < HTTPTRK_NEVER / 60 ? minutes * 60 : HTTPTRK_NEVER - 1;
	return true;
}

static bool
get_external(const struct dict *d, struct addr *out)
{
	struct bytes ip;

	if (!get_text(d, &ip) || (ip.n != 4 && ip.n != 16))
		return false;
	if (ip.n == 4)
		*out = addr_v4(ip.p, 0);
	else
		memcpy(out->ip, ip.p, 16);
	return true;
}

/* A string is compact (BEP 23); the inside of a list is kept for later. */
static enum rc
get_peers(struct dict *d, struct httptrk_reply *r)
{
	size_t start = d->ben.at;

	if (get_text(d, &r->peers4))
		r->peers4 = whole(r->peers4, COMPACT_V4);
	if (d->value.type != BEN_LIST)
		return dict_skip(d);
	if (dict_skip(d) != RC_OK)
		return RC_BAD;
	r->list = bytes_of(d->ben.in.p + start, d->ben.at - start - 1);
	return RC_OK;
}

enum {
	FAILURE,
	WARNING,
	RETRY,
	INTERVAL,
	MIN_INTERVAL,
	TRACKER_ID,
	SEEDERS,
	LEECHERS,
	PEERS,
	PEERS6,
	EXTERNAL,
	KEYS
};

static const char *const keys[KEYS] = {
	[FAILURE] = "failure reason",
	[WARNING] = "warning message",
	[RETRY] = "retry in",
	[INTERVAL] = "interval",
	[MIN_INTERVAL] = "min interval",
	[TRACKER_ID] = "tracker id",
	[SEEDERS] = "complete",
	[LEECHERS] = "incomplete",
	[PEERS] = "peers",
	[PEERS6] = "peers6",
	[EXTERNAL] = "external ip",
};

static bool
get_value(const struct dict *d, int which, struct httptrk_reply *r)
{
	switch (which) {
	case FAILURE: return get_text(d, &r->failure);
	case WARNING: return get_text(d, &r->warning);
	case RETRY: return get_retry(d, &r->retry_s);
	case INTERVAL: return get_u32(d, &r->interval_s);
	case MIN_INTERVAL: return get_u32(d, &r->min_interval_s);
	case TRACKER_ID: return get_text(d, &r->tracker_id);
	case SEEDERS: return get_u32(d, &r->seeders);
	case LEECHERS: return get_u32(d, &r->leechers);
	case PEERS6:
		if (!get_text(d, &r->peers6))
			return false;
		r->peers6 = whole(r->peers6, COMPACT_V6);
		return true;
	case EXTERNAL: return get_external(d, &r->external);
	default: return false;
	}
}

static int
which_key(struct bytes key)
{
	int i = 0;

	while (i < KEYS && !bytes_is(key, keys[i]))
		i++;
	return i;
}

/* Read all pairs; *seen gets a bit for each key that was there with a value of use. */
static enum rc
get_pairs(struct dict *d, struct httptrk_reply *r, unsigned *seen)
{
	enum rc rc;

	while ((rc = dict_next(d)) == RC_OK) {
		int which = which_key(d->key);

		if (which == PEERS && (*seen >> PEERS & 1) == 0) {
			rc = get_peers(d, r);
			*seen |= 1U << PEERS;
		} else {
			if (which < KEYS && (*seen >> which & 1) == 0 &&
			    get_value(d, which, r))
				*seen |= 1U << which;
			rc = dict_skip(d);
		}
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_END ? RC_OK : rc;
}

enum rc
httptrk_get_announce(struct bytes body, struct httptrk_reply *out)
{
	const unsigned answers = 1U << INTERVAL | 1U << PEERS | 1U << PEERS6;
	struct httptrk_reply r = { .interval_s = HTTPTRK_INTERVAL_S };
	struct dict d;
	unsigned seen = 0;

	if (!dict_begin(&d, body) || get_pairs(&d, &r, &seen) != RC_OK)
		return RC_BAD;
	r.failed = (seen >> FAILURE & 1) != 0;
	if (!r.failed && (seen & answers) == 0)
		return RC_BAD;
	*out = r;
	if (r.failed)
		*out = (struct httptrk_reply){
			.failed = true, .failure = r.failure, .retry_s = r.retry_s
		};
	return RC_OK;
}

/* The pairs of one peer, whose dictionary has been opened. */
static enum rc
get_peer(struct dict *d, struct httptrk_peer *out)
{
	uint32_t port = 0;
	enum rc rc;

	*out = (struct httptrk_peer){ .port = 0 };
	while ((rc = dict_next(d)) == RC_OK) {
		if (bytes_is(d->key, "ip"))
			(void)get_text(d, &out->host);
		else if (bytes_is(d->key, "port"))
			(void)get_u32(d, &port);
		rc = dict_skip(d);
		if (rc != RC_OK)
			return rc;
	}
	out->port = port <= UINT16_MAX ? (uint16_t)port : 0;
	return rc == RC_END ? RC_OK : rc;
}

bool
httptrk_take_peer(struct bytes *list, struct httptrk_peer *out)
{
	while (list->n > 0) {
		struct dict d;
		struct ben_token t;
		enum rc rc;

		ben_init(&d.ben, *list, 0);
		rc = ben_next(&d.ben, &t);
		out->port = 0;
		if (rc == RC_OK && t.type == BEN_DICT)
			rc = get_peer(&d, out);
		else if (rc == RC_OK)
			rc = ben_skip(&d.ben, &t);
		*list = rc == RC_OK ? bytes_from(*list, d.ben.at) : bytes_of(NULL, 0);
		if (rc == RC_OK && out->port != 0 && out->host.n > 0)
			return true;
	}
	return false;
}

static enum rc
get_counts(struct dict *d, struct httptrk_scrape *out)
{
	enum rc rc;

	while ((rc = dict_next(d)) == RC_OK) {
		if (bytes_is(d->key, "complete"))
			(void)get_u32(d, &out->seeders);
		else if (bytes_is(d->key, "downloaded"))
			(void)get_u32(d, &out->completed);
		else if (bytes_is(d->key, "incomplete"))
			(void)get_u32(d, &out->leechers);
		rc = dict_skip(d);
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_END ? RC_OK : rc;
}

/*
 * Whether a key is the info-hash; also one whose bytes were taken for Latin-1 and written
 * as UTF-8, as bittorrent-tracker for Node does.
 */
static bool
is_hash(struct bytes key, const uint8_t btih[static 20])
{
	size_t at = 0;

	if (bytes_eq(key, bytes_of(btih, 20)))
		return true;
	for (size_t i = 0; i < 20; i++) {
		if (btih[i] >= 0x80 &&
		    (at == key.n || key.p[at++] != (0xc0 | btih[i] >> 6)))
			return false;
		if (at == key.n ||
		    key.p[at++] != (btih[i] & (btih[i] < 0x80 ? 0x7f : 0xbf)))
			return false;
	}
	return at == key.n;
}

/* The dictionary from info-hashes to counts. */
static enum rc
get_files(struct dict *d, const uint8_t btih[static 20], bool *found,
    struct httptrk_scrape *out)
{
	enum rc rc;

	if (d->value.type != BEN_DICT)
		return dict_skip(d);
	while ((rc = dict_next(d)) == RC_OK) {
		if (!*found && is_hash(d->key, btih) && d->value.type == BEN_DICT) {
			*found = true;
			rc = get_counts(d, out);
		} else {
			rc = dict_skip(d);
		}
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_END ? RC_OK : rc;
}

enum rc
httptrk_get_scrape(
    struct bytes body, const uint8_t btih[static 20], struct httptrk_scrape *out)
{
	struct httptrk_scrape r = { .failed = false };
	bool found = false, answered = false;
	struct dict d;
	enum rc rc = RC_BAD;

	if (!dict_begin(&d, body))
		return RC_BAD;
	while ((rc = dict_next(&d)) == RC_OK) {
		if (bytes_is(d.key, "failure reason") && !r.failed)
			r.failed = get_text(&d, &r.failure);
		if (bytes_is(d.key, "files") && !answered) {
			answered = d.value.type == BEN_DICT;
			rc = get_files(&d, btih, &found, &r);
		} else {
			rc = dict_skip(&d);
		}
		if (rc != RC_OK)
			return rc;
	}
	if (rc != RC_END || (!r.failed && !answered))
		return RC_BAD;
	if (!r.failed && !found)
		return RC_NONE;
	*out = r;
	return RC_OK;
}
