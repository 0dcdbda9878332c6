/* SPDX-License-Identifier: ISC */
/*
 * What stands outside of `info` and leads to peers: trackers (BEP 3, BEP 12), web seeds
 * (BEP 19, BEP 17) and DHT nodes (BEP 5). Sloppy in the wild, so what is no address is
 * passed over; blanks around a URL, empty ones and repeated ones are dropped.
 */
#include "core/metainfo_parts.h"

#include <stdlib.h>

#include "core/keyset.h"

enum { PORT_MAX = 65535 };

/* URLs that are there already. */
struct seen {
	struct keyset set;
	struct bytes *url;
	size_t n;
};

static enum rc
seen_init(struct seen *s)
{
	*s = (struct seen){ .n = 0 };
	s->url = malloc(METAINFO_LINKS * sizeof(*s->url));
	return s->url == NULL ? RC_MEM : keyset_init(&s->set, METAINFO_LINKS);
}

static void
seen_clear(struct seen *s)
{
	keyset_clear(&s->set);
	free(s->url);
}

static struct bytes
trimmed(struct bytes url)
{
	while (url.n > 0 && url.p[0] <= ' ')
		url = bytes_from(url, 1);
	while (url.n > 0 && url.p[url.n - 1] <= ' ')
		url.n--;
	return url;
}

/* Whether a URL is to be taken, and is then remembered. */
static bool
is_new(struct metainfo *m, struct seen *s, const struct ben_token *t, struct bytes *url)
{
	uint64_t hash;
	uint32_t i;
	size_t at;

	if (t->type != BEN_STRING)
		return false;
	*url = trimmed(t->text);
	if (url->n == 0)
		return false;
	hash = keyset_hash(m->key, m->key[0], *url);
	at = keyset_start(&s->set, hash);
	while (keyset_next(&s->set, hash, &at, &i))
		if (bytes_eq(s->url[i], *url))
			return false;
	if (url->n > REC_URL_MAX || s->n == METAINFO_LINKS) {
		m->n_dropped++;
		return false;
	}
	keyset_put(&s->set, hash, at, (uint32_t)s->n);
	s->url[s->n++] = *url;
	return true;
}

static void
add_tracker(struct metainfo *m, struct seen *s, const struct ben_token *t, uint64_t tier)
{
	struct bytes url;

	if (is_new(m, s, t, &url))
		m->trackers[m->n_trackers++] =
		    (struct rec_tracker){ .tier = tier, .url = url };
}

/* BEP 12: a list of tiers, each a list; a string among them is a tier of its own. */
static void
add_tiers(struct metainfo *m, struct seen *s)
{
	struct ben_token t;
	uint64_t tier = 0;
	struct ben b;

	if (metainfo_value(m, KEY_ANNOUNCE_LIST, &b, &t) != RC_OK || t.type != BEN_LIST)
		return;
	while (ben_next(&b, &t) == RC_OK && t.type != BEN_END) {
		size_t before = m->n_trackers;

		add_tracker(m, s, &t, tier);
		if (t.type == BEN_LIST) {
			while (ben_next(&b, &t) == RC_OK && t.type != BEN_END) {
				add_tracker(m, s, &t, tier);
				(void)!ben_skip(&b, &t);
			}
		} else {
			(void)!ben_skip(&b, &t);
		}
		tier += m->n_trackers > before;
	}
}

static enum rc
read_trackers(struct metainfo *m)
{
	struct seen s;
	struct ben_token t;
	struct ben b;
	enum rc rc;

	if (m->value[KEY_ANNOUNCE] == 0 && m->value[KEY_ANNOUNCE_LIST] == 0)
		return RC_OK;
	rc = seen_init(&s);
	m->trackers = malloc(METAINFO_LINKS * sizeof(*m->trackers));
	if (rc == RC_OK && m->trackers != NULL) {
		add_tiers(m, &s);
		if (m->n_trackers == 0 &&
		    metainfo_value(m, KEY_ANNOUNCE, &b, &t) == RC_OK)
			add_tracker(m, &s, &t, 0);
	}
	seen_clear(&s);
	return m->trackers == NULL ? RC_MEM : rc;
}

static void
add_seed(struct metainfo *m, struct seen *s, const struct ben_token *t, bool bep17)
{
	struct bytes url;

	if (is_new(m, s, t, &url))
		m->webseeds[m->n_webseeds++] =
		    (struct metainfo_webseed){ .url = url, .bep17 = bep17 };
}

/* A string, or a list of strings. */
static void
add_seeds(struct metainfo *m, struct seen *s, enum metainfo_key key)
{
	bool bep17 = key == KEY_HTTPSEEDS;
	struct ben_token t;
	struct ben b;

	if (metainfo_value(m, key, &b, &t) != RC_OK)
		return;
	add_seed(m, s, &t, bep17);
	if (t.type != BEN_LIST)
		return;
	while (ben_next(&b, &t) == RC_OK && t.type != BEN_END) {
		add_seed(m, s, &t, bep17);
		(void)!ben_skip(&b, &t);
	}
}

static enum rc
read_seeds(struct metainfo *m)
{
	struct seen s;
	enum rc rc;

	if (m->value[KEY_URL_LIST] == 0 && m->value[KEY_HTTPSEEDS] == 0)
		return RC_OK;
	rc = seen_init(&s);
	m->webseeds = malloc(METAINFO_LINKS * sizeof(*m->webseeds));
	if (rc == RC_OK && m->webseeds != NULL) {
		add_seeds(m, &s, KEY_URL_LIST);
		add_seeds(m, &s, KEY_HTTPSEEDS);
	}
	seen_clear(&s);
	return m->webseeds == NULL ? RC_MEM : rc;
}

/* One [host, port]; *t is the last token that was read. RC_NONE: it is none. */
static enum rc
read_node(struct metainfo *m, struct ben *b, struct ben_token *t, struct rec_node *out)
{
	if (t->type != BEN_LIST || ben_next(b, t) != RC_OK || t->type != BEN_STRING)
		return RC_NONE;
	out->host = trimmed(t->text);
	if (ben_next(b, t) != RC_OK || t->type != BEN_INT)
		return RC_NONE;
	if (t->big)
		return metainfo_fail(m, RC_BAD, t->at, "`nodes`: a port beyond 64 bits");
	if (out->host.n == 0 || out->host.n > REC_NAME_MAX || t->value < 1 ||
	    t->value > PORT_MAX)
		return RC_NONE;
	out->port = (uint16_t)t->value;
	return RC_OK;
}

static enum rc
read_nodes(struct metainfo *m)
{
	struct rec_node node;
	struct ben_token t;
	struct ben b;
	enum rc rc = RC_OK;

	if (metainfo_value(m, KEY_NODES, &b, &t) != RC_OK || t.type != BEN_LIST)
		return RC_OK;
	m->nodes = malloc(METAINFO_LINKS * sizeof(*m->nodes));
	if (m->nodes == NULL)
		return RC_MEM;
	while (ben_next(&b, &t) == RC_OK && t.type != BEN_END) {
		unsigned outside = t.type == BEN_LIST ? b.depth - 1 : b.depth;

		rc = read_node(m, &b, &t, &node);
		if (rc == RC_OK && m->n_nodes < METAINFO_LINKS)
			m->nodes[m->n_nodes++] = node;
		else if (rc == RC_OK)
			m->n_dropped++;
		else if (rc != RC_NONE)
			return rc;
		(void)!ben_skip(&b, &t);
		while (b.depth > outside && ben_next(&b, &t) == RC_OK)
			;
	}
	return RC_OK;
}

enum rc
metainfo_read_links(struct metainfo *m)
{
	enum rc rc = read_trackers(m);

	if (rc == RC_OK)
		rc = read_seeds(m);
	return rc == RC_OK ? read_nodes(m) : rc;
}
