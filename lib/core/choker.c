/* SPDX-License-Identifier: ISC */
#include "core/choker.h"

/* The best interested peer that is not served yet; n when there is none. */
static size_t
best_of(const struct choker_peer *peer, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (peer[i].interested && !peer[i].serve &&
		    (best == n || peer[i].rate > peer[best].rate))
			best = i;
	return best;
}

/* One of those that are not served yet; `last` only when there is no other. */
static size_t
draw(const struct choker_peer *peer, size_t n, size_t last, struct rng *rng)
{
	size_t chosen = last < n && !peer[last].serve ? last : n;
	uint32_t seen = 0;

	for (size_t i = 0; i < n; i++)
		if (peer[i].interested && !peer[i].serve && i != last &&
		    rng_below(rng, ++seen) == 0)
			chosen = i;
	return chosen;
}

void
choker_decide(struct choker_peer *peer, size_t n, bool redraw, struct rng *rng)
{
	size_t left = CHOKER_SLOTS - 1, last = n, lucky;

	for (size_t i = 0; i < n; i++) {
		peer[i].serve = false;
		if (peer[i].lucky && peer[i].interested)
			last = i;
		peer[i].lucky = false;
	}
	for (size_t best; left > 0 && (best = best_of(peer, n)) < n; left--)
		peer[best].serve = true;
	lucky = redraw ? n : last;
	if (lucky == n || peer[lucky].serve)
		lucky = draw(peer, n, last, rng);
	if (lucky < n)
		peer[lucky].serve = peer[lucky].lucky = true;
}

/*
 * Whether a comes before b: turns under way, then waiting ones, then turns that are over.
 */
static bool
comes_before(const struct choker_peer *a, const struct choker_peer *b, int64_t now_ms)
{
	const struct choker_peer *both[2] = { a, b };
	unsigned class[2];

	for (int i = 0; i < 2; i++)
		class[i] = !both[i]->served ? 1
		    : both[i]->given < CHOKER_QUOTA &&
		        now_ms - both[i]->since_ms <
		            (both[i]->given > 0 ? CHOKER_TURN_MS : CHOKER_IDLE_MS)
		    ? 0
		    : 2;
	return class[0] != class[1] ? class[0] < class[1] : a->since_ms < b->since_ms;
}

void
choker_seed(struct choker_peer *peer, size_t n, int64_t now_ms)
{
	for (size_t i = 0; i < n; i++)
		peer[i].serve = peer[i].lucky = false;
	for (size_t left = CHOKER_SLOTS; left > 0; left--) {
		size_t next = n;

		for (size_t i = 0; i < n; i++)
			if (peer[i].interested && !peer[i].serve &&
			    (next == n || comes_before(&peer[i], &peer[next], now_ms)))
				next = i;
		if (next == n)
			return;
		peer[next].serve = true;
	}
}
