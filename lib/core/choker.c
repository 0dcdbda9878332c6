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
