/* SPDX-License-Identifier: ISC */
/*
 * picker PIECES PEERS: how long a pick takes while so many pieces of 1 MiB are loaded
 * from so many peers, of which every second has all and the others have half. Peers take
 * turns: one gets the oldest 16 of its blocks and asks for 16 more, 64 are on their way.
 * 64 pieces may be open, as with 64 MiB of memory.
 *
 * Prints nanoseconds a pick, and of all the picker's calls a block.
 */
#include <stdbool.h>
#include <time.h>

#include "codec/wire.h"
#include "core/picker.h"
#include "peer.h"

enum { PIECE_LENGTH = 1 << 20, OPEN = 64, QUEUE = 64, TURN = 16, BLOCKS_MAX = 4000000 };

struct taker {
	struct bitset has;
	bool all;
	uint32_t current;
	uint32_t first, end;
	struct picker_block queue[QUEUE];
};

struct load {
	struct picker *picker;
	uint64_t picks, blocks, pick_ns;
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
take_turn(struct load *l, struct taker *t)
{
	struct picker_for who = { .owner = t, .has = &t->has };
	uint64_t start = now_ns(), n = 0;

	while (n < TURN && t->end - t->first < QUEUE) {
		struct picker_block *b = &t->queue[t->end % QUEUE];

		who.current = t->current;
		if (picker_next(l->picker, &who, b) != RC_OK)
			break;
		t->current = b->piece;
		t->end++;
		n++;
	}
	start = now_ns() - start;
	l->picks += n;
	l->pick_ns += n > 0 ? start : 0;
}

static void
deliver(struct load *l, struct taker *t)
{
	for (int i = 0; i < TURN && t->first != t->end; i++) {
		struct picker_block b = t->queue[t->first++ % QUEUE];
		enum rc rc = picker_got(l->picker, b, 0);

		l->blocks++;
		if (rc == RC_END)
			picker_hold(l->picker, b.piece);
	}
}

static void
prepare(struct load *l, struct taker *t, uint32_t pieces, uint32_t peers)
{
	uint64_t dice = 1;

	for (uint32_t i = 0; i < pieces; i++)
		picker_want(l->picker, i);
	for (uint32_t k = 0; k < peers; k++) {
		t[k].current = PICKER_NONE;
		if (bitset_init(&t[k].has, pieces) != RC_OK)
			die("bitset_init");
		t[k].all = k % 2 == 0;
		if (t[k].all)
			bitset_fill(&t[k].has);
		for (uint32_t i = 0; !t[k].all && i < pieces; i++) {
			dice = dice * 6364136223846793005u + 1442695040888963407u;
			if (dice >> 63 == 0)
				continue;
			bitset_set(&t[k].has, i);
			picker_more(l->picker, i);
		}
	}
}

int
main(int argc, char **argv)
{
	struct picker_config config = { .piece_length = PIECE_LENGTH,
		.last_length = PIECE_LENGTH,
		.most_open = OPEN,
		.seed = 1 };
	struct load l = { 0 };
	struct taker *t;
	uint64_t start, all, before = UINT64_MAX;
	uint32_t peers;

	if (argc != 3)
		return 2;
	config.pieces = (uint32_t)number(argv[1]);
	peers = (uint32_t)number(argv[2]);
	l.picker = picker_new(&config);
	t = calloc(peers, sizeof(*t));
	if (l.picker == NULL || t == NULL)
		die("calloc");
	prepare(&l, t, config.pieces, peers);
	start = now_ns();
	while (l.blocks != before && l.blocks < BLOCKS_MAX) {
		before = l.blocks;
		for (uint32_t k = 0; k < peers; k++) {
			take_turn(&l, &t[k]);
			deliver(&l, &t[k]);
		}
	}
	all = now_ns() - start;
	printf("%.0f %.0f\n", (double)l.pick_ns / (double)l.picks,
	    (double)all / (double)l.blocks);
	return 0;
}
