/* SPDX-License-Identifier: ISC */
/*
 * A request that is not answered is repeated after 15 x 2^n s, n = 0..8, with the same
 * transaction id, so that a late answer to an earlier copy still counts. The first copy
 * of each request is repeated once, early, for the datagram that simply got lost.
 *
 * An announce whose connection id has grown too old is preceded by a new connect (BEP
 * 15's third example). So is one whose id came from an earlier call: some trackers stay
 * silent on an id they do not know, after a restart for instance.
 *
 * A connect reply starts the waiting times afresh, but only once a call: a tracker that
 * answers connects and never announces is asked ever less often, too.
 */
#include "core/udpcall.h"

void
udpcall_init(struct udpcall *c, bool v6, bool scrape)
{
	*c = (struct udpcall){
		.v6 = v6, .scrape = scrape, .early_ms = INT64_MAX, .again_ms = INT64_MAX
	};
}

static bool
id_is_good(const struct udpcall *c, int64_t now_ms)
{
	return c->has_id && now_ms < c->id_until_ms;
}

/* Send the request of this state, as its first copy. */
static void
request(struct udpcall *c, int64_t now_ms, uint32_t txn)
{
	c->txn = txn;
	c->send = true;
	c->again_ms = now_ms + ((int64_t)UDPCALL_RETRY_MS << c->tries);
	c->early_ms = c->tries == 0 ? now_ms + c->early_after_ms : INT64_MAX;
	c->announced |= c->state == UDPCALL_ANNOUNCE;
}

void
udpcall_begin(struct udpcall *c, int64_t now_ms, uint32_t txn, int64_t early_ms)
{
	c->state = id_is_good(c, now_ms) ? UDPCALL_ANNOUNCE : UDPCALL_CONNECT;
	c->tries = 0;
	c->timed_out = c->fresh_id = c->announced = false;
	c->early_after_ms = early_ms;
	request(c, now_ms, txn);
}

static void
rest(struct udpcall *c, enum udpcall_state state)
{
	c->state = state;
	c->send = false;
	c->early_ms = INT64_MAX;
	if (state == UDPCALL_IDLE)
		c->again_ms = INT64_MAX;
}

void
udpcall_drop(struct udpcall *c)
{
	rest(c, UDPCALL_IDLE);
	c->has_id = false;
}

/* The tracker says no. It may have meant an id of ours that it has forgotten. */
static enum udpcall_news
refused(struct udpcall *c, int64_t now_ms, uint32_t txn, enum udpcall_news news)
{
	c->has_id = false;
	if (c->state == UDPCALL_ANNOUNCE && !c->fresh_id) {
		c->state = UDPCALL_CONNECT;
		request(c, now_ms, txn);
		return UDPCALL_GOES_ON;
	}
	rest(c, UDPCALL_REFUSED);
	return news;
}

enum udpcall_news
udpcall_take(struct udpcall *c, int64_t now_ms, uint32_t txn, struct bytes in,
    struct udptrk_reply *reply)
{
	enum udptrk_action asked = c->state == UDPCALL_CONNECT ? UDPTRK_CONNECT
	    : c->scrape                                        ? UDPTRK_SCRAPE
	                                                       : UDPTRK_ANNOUNCE;

	if ((c->state != UDPCALL_CONNECT && c->state != UDPCALL_ANNOUNCE) ||
	    udptrk_get(in, asked, c->txn, c->v6, reply) != RC_OK)
		return UDPCALL_NOTHING;
	if (reply->action == UDPTRK_ERROR)
		return refused(c, now_ms, txn, UDPCALL_ERROR);
	if (reply->action == UDPTRK_CONNECT) {
		c->id = reply->conn_id;
		c->has_id = c->fresh_id = true;
		c->id_until_ms = now_ms + UDPCALL_ID_MS;
		c->state = UDPCALL_ANNOUNCE;
		if (!c->announced)
			c->tries = 0;
		request(c, now_ms, txn);
		return UDPCALL_GOES_ON;
	}
	if (reply->unregistered || (c->scrape && reply->counts.n == 0))
		return refused(c, now_ms, txn, UDPCALL_UNREGISTERED);
	rest(c, UDPCALL_IDLE);
	return UDPCALL_ANSWERED;
}

static void
retry(struct udpcall *c, int64_t now_ms, uint32_t txn)
{
	uint32_t same = c->txn;
	bool keep = c->state == UDPCALL_CONNECT ||
	    (c->state == UDPCALL_ANNOUNCE && id_is_good(c, now_ms) && c->fresh_id);

	c->timed_out = true;
	c->tries += c->tries < UDPCALL_RETRIES;
	if (!keep) {
		c->has_id = false;
		c->state = UDPCALL_CONNECT;
	}
	request(c, now_ms, keep ? same : txn);
}

bool
udpcall_tick(struct udpcall *c, int64_t now_ms, uint32_t txn)
{
	if (c->has_id && c->state == UDPCALL_IDLE && now_ms >= c->id_until_ms)
		c->has_id = false;
	if (now_ms >= c->again_ms) {
		retry(c, now_ms, txn);
		return true;
	}
	if (now_ms >= c->early_ms) {
		c->early_ms = INT64_MAX;
		c->send = c->state == UDPCALL_CONNECT || id_is_good(c, now_ms);
	}
	return false;
}

unsigned
udpcall_tries(const struct udpcall *c)
{
	return c->tries;
}

int64_t
udpcall_deadline(const struct udpcall *c)
{
	if (c->state == UDPCALL_IDLE)
		return c->has_id ? c->id_until_ms : INT64_MAX;
	return c->early_ms < c->again_ms ? c->early_ms : c->again_ms;
}

size_t
udpcall_put_beside(const struct udpcall *c, const struct udptrk_announce *a, uint32_t txn,
    uint8_t out[static UDPTRK_REQUEST_MAX])
{
	struct udptrk_announce whole = *a;

	whole.conn_id = c->id;
	whole.txn = txn;
	return udptrk_put_announce(&whole, out);
}

size_t
udpcall_put(struct udpcall *c, const struct udptrk_announce *a,
    uint8_t out[static UDPTRK_REQUEST_MAX])
{
	c->send = false;
	if (c->state == UDPCALL_ANNOUNCE && c->scrape)
		return udptrk_put_scrape(
		    c->id, c->txn, bytes_of(a->btih, sizeof(a->btih)), out);
	if (c->state == UDPCALL_ANNOUNCE)
		return udpcall_put_beside(c, a, c->txn, out);
	udptrk_put_connect(c->txn, out);
	return UDPTRK_CONNECT_SIZE;
}
