/* SPDX-License-Identifier: ISC */
/* core/announce: its list of trackers, as the lines name them. */
#include <stdlib.h>

#include "base/text.h"
#include "core/announce_parts.h"

uint32_t
announce_draw(const struct announce *a)
{
	uint8_t b[4];

	a->config.random(a->config.ctx, b, sizeof(b));
	return get_be32(b);
}

static bool
is_known(const struct announce *a, struct bytes url)
{
	for (size_t i = 0; i < a->n; i++)
		if (bytes_eq(a->trackers[i].url, url))
			return true;
	return false;
}

static const char *
why_unusable(struct announce *a, struct bytes url, enum rc rc, const struct uri *u)
{
	if (rc == RC_NONE)
		return "a kind of tracker that is not known";
	if (rc != RC_OK)
		return "not the URL of a tracker";
	if (u->scheme == URI_UDP)
		return u->port == 0 ? "the URL names no port" : NULL;
	if (url.n > ANNOUNCE_URL_MAX)
		return "the URL is too long";
	if (a->config.scrape &&
	    httptrk_put_scrape(url, a->config.btih, a->http_url) != RC_OK)
		return "its URL does not tell how to scrape";
	return NULL;
}

void
announce_reason(struct tracker *t, const char *before, struct bytes words)
{
	size_t n = strlen(before);

	memcpy(t->reason, before, n);
	(void)text_printable(words, t->reason + n, sizeof(t->reason) - n);
}

static void
add_tracker(struct announce *a, unsigned tier, struct bytes url)
{
	struct tracker *t = &a->trackers[a->n];
	const char *why = why_unusable(a, url, uri_get(url, &t->uri), &t->uri);

	t->url = url;
	t->tier = tier;
	if (why != NULL) {
		t->state = TRACKER_UNUSABLE;
		announce_reason(t, why, bytes_of(NULL, 0));
	}
	a->order[a->n] = (unsigned)a->n;
	a->n++;
}

static void
shuffle(struct announce *a)
{
	for (size_t i = a->n; i-- > 1;) {
		size_t first = i, pick;
		unsigned kept;

		while (first > 0 && a->trackers[first - 1].tier == a->trackers[i].tier)
			first--;
		pick = first + announce_draw(a) % (i - first + 1);
		kept = a->order[i];
		a->order[i] = a->order[pick];
		a->order[pick] = kept;
	}
}

/* The lowest number of a tier that is not below at least; UINT64_MAX: none. */
static uint64_t
next_tier(const struct torrent_tracker *trackers, size_t n, uint64_t least)
{
	uint64_t tier = UINT64_MAX;

	for (size_t i = 0; i < n; i++)
		if (trackers[i].tier >= least && trackers[i].tier < tier)
			tier = trackers[i].tier;
	return tier;
}

static void
add_trackers(struct announce *a, const struct torrent_tracker *trackers, size_t n)
{
	uint64_t tier = next_tier(trackers, n, 0);

	while (tier != UINT64_MAX && a->n < ANNOUNCE_TRACKERS) {
		size_t before = a->n;

		for (size_t i = 0; i < n && a->n < ANNOUNCE_TRACKERS; i++)
			if (trackers[i].tier == tier && !is_known(a, trackers[i].url))
				add_tracker(a, a->tiers, trackers[i].url);
		a->tiers += a->n > before;
		tier = next_tier(trackers, n, tier + 1);
	}
	shuffle(a);
}

struct announce *
announce_new(const struct announce_config *config, const struct torrent_tracker *trackers,
    size_t n)
{
	struct announce *a = calloc(1, sizeof(*a));
	uint64_t key[2];

	if (a == NULL)
		return NULL;
	a->config = *config;
	config->random(config->ctx, (uint8_t *)key, sizeof(key));
	a->key = announce_draw(a);
	a->trackers = calloc(ANNOUNCE_TRACKERS, sizeof(*a->trackers));
	if (a->trackers == NULL || seen_init(&a->seen, key) != RC_OK) {
		free(a->trackers);
		free(a);
		return NULL;
	}
	add_trackers(a, trackers, n);
	return a;
}

void
announce_free(struct announce *a)
{
	if (a == NULL)
		return;
	seen_clear(&a->seen);
	for (size_t i = 0; i < a->n; i++)
		free(a->trackers[i].kept);
	free(a->peers);
	free(a->trackers);
	free(a);
}

unsigned
announce_trackers(const struct announce *a)
{
	return (unsigned)a->n;
}

struct bytes
announce_url(const struct announce *a, unsigned tracker)
{
	return a->trackers[tracker].url;
}
