/* SPDX-License-Identifier: ISC */
/*
 * The trackers of a tier are asked all at once, at all their addresses. Who answers first
 * stands first in its tier from then on (BEP 12). When everybody in a tier has failed, or
 * has been silent for ANNOUNCE_PATIENCE_MS, the next tier joins in; when somebody of an
 * earlier tier answers, the later ones rest.
 *
 * Of the addresses of a tracker the first that answers in each family is kept. An address
 * that does not answer is asked again on the schedule of core/udpcall, and from the third
 * retry on the name is looked up again.
 *
 * Each address hears started once and stopped once, the latter only if it answered the
 * former; completed once, if it ever heard that something was left.
 */
#include "core/announce.h"

#include <stdlib.h>

#include "core/announce_parts.h"

enum {
	RESOLVE_AGAIN_TRIES = 3,
	STOP_EARLY_MS = 700, /* the farewell's second copy */
	PEERS_MAX = 65536 / COMPACT_V4,
};

/* Links. */

static void
link_begin(struct announce *a, struct link *l, int64_t now)
{
	if (a->stopping)
		l->event = UDPTRK_STOPPED;
	else if (!l->started)
		l->event = UDPTRK_STARTED;
	else if (announce_owes_completed(a, l))
		l->event = UDPTRK_COMPLETED;
	else
		l->event = UDPTRK_NONE;
	l->failed = false;
	udpcall_begin(&l->call, now, announce_draw(a),
	    a->stopping ? STOP_EARLY_MS : UDPCALL_EARLY_MS);
}

/* Give the socket back and forget how the last call went. */
static void
link_rest(struct link *l)
{
	l->close |= l->open;
	l->open = l->ok = l->failed = false;
	udpcall_drop(&l->call);
}

static void
link_drop(struct link *l)
{
	link_rest(l);
	l->used = l->started = false;
}

static void
link_add(struct announce *a, struct tracker *t, const struct addr *addr, int64_t now)
{
	struct link *room = NULL;
	size_t family = 0;

	for (size_t i = 0; i < ANNOUNCE_LINKS; i++) {
		struct link *l = &t->links[i];

		if (!l->used)
			room = room == NULL ? l : room;
		else if (addr_eq(&l->addr, addr))
			return;
		else
			family += addr_is_v4(&l->addr) == addr_is_v4(addr);
	}
	if (room == NULL || family >= ANNOUNCE_LINKS / 2)
		return;
	*room = (struct link){ .used = true, .addr = *addr, .close = room->close };
	udpcall_init(&room->call, !addr_is_v4(addr));
	link_begin(a, room, now);
}

static void
link_fail(struct tracker *t, struct link *l, const char *before, struct bytes words)
{
	l->ok = false;
	l->failed = true;
	announce_reason(t, before, words);
}

/* Trackers. */

enum verdict
announce_verdict(const struct tracker *t)
{
	enum verdict v = VERDICT_FAILED;

	switch (t->state) {
	case TRACKER_UNUSABLE:
	case TRACKER_LOST: return VERDICT_FAILED;
	case TRACKER_RESTING:
	case TRACKER_RESOLVING: return VERDICT_OPEN;
	case TRACKER_UP: break;
	}
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++) {
		if (!t->links[i].used)
			continue;
		if (t->links[i].ok)
			return VERDICT_ANSWERED;
		if (!t->links[i].failed)
			v = VERDICT_OPEN;
	}
	return v;
}

static bool
has_links(const struct tracker *t)
{
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
		if (t->links[i].used)
			return true;
	return false;
}

static void
tracker_wake(struct tracker *t, int64_t now)
{
	t->asked_ms = now;
	if (t->state != TRACKER_RESTING)
		return;
	t->state = TRACKER_RESOLVING;
	t->resolve = !t->resolving;
	t->tries = 0;
}

static void
tracker_rest(struct tracker *t)
{
	if (t->state == TRACKER_UNUSABLE)
		return;
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
		if (t->links[i].used && t->links[i].started)
			link_rest(&t->links[i]);
		else
			link_drop(&t->links[i]);
	t->resolve = false;
	t->state = has_links(t) ? TRACKER_UP : TRACKER_RESTING;
}

/* Move the tracker to the front of its tier. */
static void
promote(struct announce *a, const struct tracker *t)
{
	unsigned who = (unsigned)(t - a->trackers);
	size_t i = 0;

	while (a->order[i] != who)
		i++;
	for (; i > 0 && a->trackers[a->order[i - 1]].tier == t->tier; i--)
		a->order[i] = a->order[i - 1];
	a->order[i] = who;
}

/* Tiers. */

/* Whether nobody who is asked has answered, or may still do so soon. */
static bool
all_are_quiet(const struct announce *a, int64_t now)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct tracker *t = &a->trackers[i];

		if (!announce_asks(a, t))
			continue;
		switch (announce_verdict(t)) {
		case VERDICT_ANSWERED: return false;
		case VERDICT_FAILED: break;
		case VERDICT_OPEN:
			if (now < t->asked_ms + ANNOUNCE_PATIENCE_MS)
				return false;
		}
	}
	return true;
}

static void
wake_tier(struct announce *a, unsigned tier, int64_t now)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->trackers[i].tier == tier)
			tracker_wake(&a->trackers[i], now);
}

/* Let the tiers behind the first one that answers rest. */
static void
narrow(struct announce *a)
{
	unsigned best = a->tier;

	for (size_t i = 0; i < a->n; i++)
		if (a->trackers[i].tier < best &&
		    announce_verdict(&a->trackers[i]) == VERDICT_ANSWERED)
			best = a->trackers[i].tier;
	if (best == a->tier)
		return;
	a->tier = best;
	for (size_t i = 0; i < a->n; i++)
		if (a->trackers[i].tier > best)
			tracker_rest(&a->trackers[i]);
}

/* After every change: what it means for the tiers, and what is to be told. */
static void
settle(struct announce *a, int64_t now)
{
	size_t failed = 0;

	a->now_ms = now;
	if (!a->running)
		return;
	narrow(a);
	while (a->tier + 1 < a->tiers && all_are_quiet(a, now))
		wake_tier(a, ++a->tier, now);
	for (size_t i = 0; i < a->n; i++) {
		struct tracker *t = &a->trackers[i];

		if (!announce_asks(a, t) || announce_verdict(t) != VERDICT_FAILED)
			continue;
		failed++;
		t->tell_failure |= !t->told_failure;
		t->told_failure = true;
	}
	if (failed == a->n && !a->told_nobody && a->n > 0)
		a->tell_nobody = a->told_nobody = true;
}

void
announce_start(struct announce *a, int64_t now)
{
	a->running = true;
	wake_tier(a, 0, now);
	settle(a, now);
}

void
announce_set_self(struct announce *a, const struct announce_self *self)
{
	a->self = *self;
}

/* Answers. */

static bool
is_own(const struct announce *a, const struct addr *peer)
{
	if (peer->port != a->self.port)
		return false;
	for (size_t i = 0; i < a->config.n_own; i++)
		if (addr_same_ip(peer, &a->config.own[i]))
			return true;
	return false;
}

static void
take_peers(struct announce *a, const struct link *l, struct bytes peers)
{
	enum compact_size size = addr_is_v4(&l->addr) ? COMPACT_V4 : COMPACT_V6;
	struct addr peer;

	if (a->at_peer == a->n_peers)
		a->at_peer = a->n_peers = 0;
	if (a->peers == NULL)
		a->peers = calloc(PEERS_MAX, sizeof(*a->peers));
	while (a->peers != NULL && a->n_peers < PEERS_MAX &&
	    compact_take(&peers, size, &peer))
		if (addr_is_dialable(&peer) && !is_own(a, &peer) &&
		    (!addr_is_loopback(&peer) || addr_is_loopback(&l->addr)) &&
		    seen_add(&a->seen, &peer))
			a->peers[a->n_peers++] = peer;
}

/* The other addresses of the family are not needed. */
static void
drop_rivals(struct tracker *t, const struct link *winner)
{
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++) {
		struct link *l = &t->links[i];

		if (l->used && l != winner && !l->ok && !l->started &&
		    addr_is_v4(&l->addr) == addr_is_v4(&winner->addr))
			link_drop(l);
	}
}

static int64_t
clamp_ms(uint32_t interval_s)
{
	int64_t s = interval_s;

	s = s < ANNOUNCE_INTERVAL_MIN_S ? ANNOUNCE_INTERVAL_MIN_S : s;
	s = s > ANNOUNCE_INTERVAL_MAX_S ? ANNOUNCE_INTERVAL_MAX_S : s;
	return s * 1000;
}

static void
answered(struct announce *a, struct tracker *t, struct link *l, int64_t now,
    const struct udptrk_reply *r)
{
	l->ok = true;
	l->failed = false;
	l->started = true;
	l->completed |= l->event == UDPTRK_COMPLETED;
	l->next_ms = now + clamp_ms(r->interval_s);
	t->tell_answer = true;
	t->tell_failure = t->told_failure = a->told_nobody = false;
	t->tries = 0;
	t->interval_s = (uint32_t)(clamp_ms(r->interval_s) / 1000);
	t->seeders = r->seeders;
	t->leechers = r->leechers;
	drop_rivals(t, l);
	promote(a, t);
	take_peers(a, l, r->peers);
}

void
announce_take(struct announce *a, unsigned socket, int64_t now, struct bytes datagram)
{
	struct tracker *t = &a->trackers[socket / ANNOUNCE_LINKS];
	struct link *l = announce_link(a, socket);
	struct udptrk_reply reply;
	enum udpcall_news news;

	if (!l->used)
		return;
	news = udpcall_take(&l->call, now, announce_draw(a), datagram, &reply);
	if (news == UDPCALL_NOTHING || news == UDPCALL_GOES_ON)
		return;
	if (a->stopping) {
		link_drop(l);
		return;
	}
	if (news == UDPCALL_ANSWERED)
		answered(a, t, l, now, &reply);
	else if (news == UDPCALL_UNREGISTERED)
		link_fail(t, l, "the torrent is not registered at this tracker",
		    bytes_of(NULL, 0));
	else
		link_fail(t, l, "the tracker says: ", reply.message);
	settle(a, now);
}

void
announce_failed(
    struct announce *a, unsigned socket, int64_t now, bool open, const char *why)
{
	struct link *l = announce_link(a, socket);

	l->open = l->open && open;
	if (!l->used || l->call.state == UDPCALL_IDLE)
		return;
	if (a->stopping) {
		link_drop(l);
		return;
	}
	/* What was to be sent waits for the next copy's time, as if it were lost. */
	l->call.send = l->call.send && open;
	link_fail(&a->trackers[socket / ANNOUNCE_LINKS], l, "", bytes_str(why));
	settle(a, now);
}

static bool
is_among(const struct addr *a, const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (addr_eq(a, &addrs[i]))
			return true;
	return false;
}

static const char *
why_lost(enum rc rc)
{
	switch (rc) {
	case RC_MORE: return "no name server answers";
	case RC_MEM: return "out of memory";
	default: return "no such host";
	}
}

static void
lost(struct tracker *t, int64_t now, enum rc rc)
{
	t->state = TRACKER_LOST;
	t->again_ms = now + ((int64_t)UDPCALL_RETRY_MS << t->tries);
	t->tries += t->tries < UDPCALL_RETRIES;
	announce_reason(t, why_lost(rc), bytes_of(NULL, 0));
}

void
announce_resolved(struct announce *a, unsigned tracker, int64_t now, enum rc rc,
    const struct addr *addrs, size_t n)
{
	struct tracker *t = &a->trackers[tracker];

	t->resolving = false;
	if (!announce_asks(a, t))
		return;
	if (rc == RC_OK && n > 0) {
		t->state = TRACKER_UP;
		for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
			if (t->links[i].used && t->links[i].failed &&
			    !is_among(&t->links[i].addr, addrs, n))
				link_drop(&t->links[i]);
		for (size_t i = 0; i < n; i++)
			link_add(a, t, &addrs[i], now);
	} else if (!has_links(t)) {
		lost(t, now, rc);
	}
	settle(a, now);
}

/* Time. */

static void
link_tick(struct announce *a, struct tracker *t, struct link *l, int64_t now)
{
	bool overdue = now >= udpcall_deadline(&l->call) &&
	    udpcall_tick(&l->call, now, announce_draw(a));

	if (l->call.state == UDPCALL_IDLE) {
		if (!a->stopping &&
		    (now >= l->next_ms || announce_owes_completed(a, l))) {
			link_begin(a, l, now);
		} else if (udpcall_deadline(&l->call) == INT64_MAX) {
			/* Without an id the next call may as well have a new socket. */
			l->close |= l->open;
			l->open = false;
		}
		return;
	}
	if (!overdue)
		return;
	if (!l->failed)
		link_fail(t, l, "no answer", bytes_of(NULL, 0));
	if (udpcall_tries(&l->call) >= RESOLVE_AGAIN_TRIES && !t->resolving)
		t->resolve = !a->stopping;
}

static void
tracker_tick(struct announce *a, struct tracker *t, int64_t now)
{
	if (t->state == TRACKER_LOST && now >= t->again_ms) {
		t->state = TRACKER_RESOLVING;
		t->resolve = !t->resolving;
	}
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
		if (t->links[i].used)
			link_tick(a, t, &t->links[i], now);
}

void
announce_tick(struct announce *a, int64_t now)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->stopping || announce_asks(a, &a->trackers[i]))
			tracker_tick(a, &a->trackers[i], now);
	settle(a, now);
}

void
announce_stop(struct announce *a, int64_t now)
{
	a->running = false;
	a->stopping = true;
	a->stop_until_ms = now + ANNOUNCE_STOP_MS;
	for (size_t i = 0; i < a->n * ANNOUNCE_LINKS; i++) {
		struct link *l = announce_link(a, (unsigned)i);

		a->trackers[i / ANNOUNCE_LINKS].resolve = false;
		if (l->used && l->started)
			link_begin(a, l, now);
		else
			link_drop(l);
	}
}

bool
announce_is_over(const struct announce *a, int64_t now)
{
	if (!a->stopping || now >= a->stop_until_ms)
		return a->stopping;
	for (size_t i = 0; i < a->n; i++)
		if (has_links(&a->trackers[i]))
			return false;
	return true;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
link_deadline(const struct announce *a, const struct link *l)
{
	int64_t at = udpcall_deadline(&l->call);

	if (a->stopping || l->call.state != UDPCALL_IDLE)
		return at;
	if (announce_owes_completed(a, l))
		return 0;
	return sooner(l->next_ms, l->open ? at : INT64_MAX);
}

int64_t
announce_deadline(const struct announce *a)
{
	int64_t at = a->stopping ? a->stop_until_ms : INT64_MAX;

	for (size_t i = 0; i < a->n; i++) {
		const struct tracker *t = &a->trackers[i];

		if (!a->stopping && !announce_asks(a, t))
			continue;
		if (t->state == TRACKER_LOST && !a->stopping)
			at = sooner(at, t->again_ms);
		for (size_t k = 0; k < ANNOUNCE_LINKS; k++)
			if (t->links[k].used)
				at = sooner(at, link_deadline(a, &t->links[k]));
		if (a->running && announce_verdict(t) == VERDICT_OPEN &&
		    a->now_ms < t->asked_ms + ANNOUNCE_PATIENCE_MS)
			at = sooner(at, t->asked_ms + ANNOUNCE_PATIENCE_MS);
	}
	return at;
}
