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

static size_t
draw(const struct choker_peer *peer, size_t n, struct rng *rng)
{
	size_t chosen = n;
	uint32_t seen = 0;

	for (size_t i = 0; i < n; i++)
		if (peer[i].interested && !peer[i].serve && rng_below(rng, ++seen) == 0)
			chosen = i;
	return chosen;
}

void
choker_decide(struct choker_peer *peer, size_t n, bool redraw, struct rng *rng)
{
	size_t left = CHOKER_SLOTS - 1, lucky = n;

	for (size_t i = 0; i < n; i++) {
		peer[i].serve = false;
		if (peer[i].lucky && peer[i].interested && !redraw)
			lucky = i;
		peer[i].lucky = false;
	}
	for (size_t best; left > 0 && (best = best_of(peer, n)) < n; left--)
		peer[best].serve = true;
	if (lucky == n || peer[lucky].serve)
		lucky = draw(peer, n, rng);
	if (lucky < n)
		peer[lucky].serve = peer[lucky].lucky = true;
}
