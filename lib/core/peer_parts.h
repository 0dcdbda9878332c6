/* SPDX-License-Identifier: ISC */
/*
 * What the parts of core/peer share: peer.c (what the peer says), peer_ahead.c (many
 * blocks in one read), peer_out.c (what we ask for and say). Nobody else includes it.
 */
#ifndef CORE_PEER_PARTS_H
#define CORE_PEER_PARTS_H

#include "core/peer.h"

/* What struct peer's state says; peer.c opens with what each means. */
enum peer_state {
	PEER_HANDSHAKE,
	PEER_HEAD,
	PEER_BODY,
	PEER_NEWS,
	PEER_PAYLOAD,
	PEER_SKIP,
	PEER_DEAD,
};

/* Queue our handshake. */
enum rc peer_put_handshake(struct peer *p) MUST_USE;

/*
 * Queue what follows when both handshakes are through: what we have, in the shortest way
 * that both sides know, and the extension handshake.
 */
enum rc peer_put_greeting(struct peer *p) MUST_USE;

/* peer.c: a block's head came, whole; and its last byte. */
void peer_begin_block(struct peer *p, struct peer_block b, struct peer_event *event);
void peer_end_payload(struct peer *p, struct peer_event *event);

/*
 * peer_ahead.c: sort what came behind the block under way, n bytes; returns those that
 * are to be read as ever.
 */
struct bytes peer_commit_ahead(struct peer *p, size_t n, struct peer_room scratch);

/* And eat the next of those that came as expected. */
void peer_next_ahead(struct peer *p, struct peer_event *event);

/* The outstanding request for exactly this block, or NULL. Good until requests change. */
struct peer_request *peer_find_request(const struct peer *p, struct peer_block b);
void peer_remove_request(struct peer *p, struct peer_request *r);

#endif
