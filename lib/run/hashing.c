/* SPDX-License-Identifier: ISC */
#include "run/hashing.h"

#include "io/loop.h"

enum { SETTLE_MS = 300 }; /* before this, a rate is a guess */

void
hashing_start(
    struct hashing *g, int err, bool quiet, struct bytes name, const char *state)
{
	*g = (struct hashing){ .name = name, .state = state, .start_ms = loop_now() };
	tty_init(&g->tty, err);
	if (quiet)
		g->tty.on = false;
}

static uint64_t
rate_of(const struct hashing *g, uint64_t bytes)
{
	int64_t ms = loop_now() - g->start_ms;

	return ms < SETTLE_MS ? 0 : (uint64_t)((double)bytes * 1000 / (double)ms);
}

void
hashing_tick(void *ctx, const struct hasher_count *count)
{
	struct hashing *g = ctx;
	struct progress p = {
		.state = g->state,
		.have = count->bytes,
		.total = count->total,
		.files = count->files,
		.total_files = count->total_files,
	};

	p.rate = rate_of(g, count->bytes);
	p.has_eta = p.rate > 0 && count->total >= count->bytes;
	if (p.has_eta)
		p.eta_s = (count->total - count->bytes) / p.rate;
	tty_line(&g->tty, g->name, &p);
}

void
hashing_tick_stream(void *ctx, uint64_t bytes)
{
	struct hashing *g = ctx;
	struct progress p = { .state = g->state,
		.have = bytes,
		.endless = true,
		.rate = rate_of(g, bytes) };

	tty_line(&g->tty, g->name, &p);
}
