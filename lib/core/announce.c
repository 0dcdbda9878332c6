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
 * An HTTP tracker has two links, one for each family; which address of the family is used
 * is the caller's. Everything else is the same.
 *
 * Each address hears started once and stopped once, the latter only if it answered the
 * former; completed once, if it ever heard that something was left.
 */
#include "core/announce.h"

#include "core/announce_parts.h"

enum { RESOLVE_AGAIN_TRIES = 3 };

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
	case TRACKER_HELD: return VERDICT_ANSWERED;
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

/* Both families of an HTTP tracker; where its host is an address, that family alone. */
static void
add_families(struct announce *a, struct tracker *t, int64_t now)
{
	static const uint8_t none[4];
	const struct addr any[2] = { addr_v4(none, 0), { .port = 0 } };
	struct addr host;
	bool literal = addr_parse(bytes_str(t->uri.host), &host) == RC_OK;

	for (size_t i = 0; i < 2; i++)
		if (!literal || addr_is_v4(&any[i]) == addr_is_v4(&host))
			link_add(a, t, &any[i], now);
}

static void
tracker_wake(struct announce *a, struct tracker *t, int64_t now)
{
	t->asked_ms = now;
	if (t->state != TRACKER_RESTING)
		return;
	t->tries = 0;
	if (t->hold_ms > now) {
		announce_tell_kept(a, t, now);
	} else if (t->uri.scheme != URI_UDP) {
		t->state = TRACKER_UP;
		add_families(a, t, now);
	} else {
		t->state = TRACKER_RESOLVING;
		t->resolve = !t->resolving;
	}
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
	t->state = link_any(t) ? TRACKER_UP : TRACKER_RESTING;
}

void
announce_promote(struct announce *a, const struct tracker *t)
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
			tracker_wake(a, &a->trackers[i], now);
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

void
announce_settle(struct announce *a, int64_t now)
{
	size_t failed = 0;

	a->now_ms = now;
	if (!a->running)
		return;
	if (!a->config.scrape)
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
	while (a->config.scrape && a->tier + 1 < a->tiers)
		wake_tier(a, ++a->tier, now);
	announce_settle(a, now);
}

void
announce_set_self(struct announce *a, const struct announce_self *self)
{
	a->self = *self;
}

/* Time. */

static void
get_tick(struct announce *a, struct link *l, int64_t now)
{
	if (a->stopping) {
		/* What completed could not say in time is not said; stopped is. */
		if (l->event == UDPTRK_COMPLETED &&
		    now >= a->stop_until_ms - STOP_COMPLETED_MS) {
			l->close |= l->open;
			l->open = false;
			l->completed = true;
			link_begin(a, l, now);
		}
	} else if (l->get.state == HTTPCALL_IDLE &&
	    (now >= l->next_ms || announce_owes_completed(a, l))) {
		link_begin(a, l, now);
	} else {
		httpcall_tick(&l->get, now);
	}
}

static void
call_tick(struct announce *a, struct tracker *t, struct link *l, int64_t now)
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
		link_fail(t, l, BLAME_NETWORK, "no answer");
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
	if (t->state == TRACKER_HELD && now >= t->again_ms) {
		t->state = TRACKER_RESTING;
		tracker_wake(a, t, now);
	}
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++) {
		if (t->links[i].used && t->links[i].http)
			get_tick(a, &t->links[i], now);
		else if (t->links[i].used)
			call_tick(a, t, &t->links[i], now);
	}
}

void
announce_tick(struct announce *a, int64_t now)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->stopping || announce_asks(a, &a->trackers[i]))
			tracker_tick(a, &a->trackers[i], now);
	announce_settle(a, now);
}

/* A get of `completed` goes on; any other makes way for the farewell. */
static void
link_leave(struct announce *a, struct link *l, int64_t now)
{
	if (!l->used || !l->started) {
		link_drop(l);
		return;
	}
	if (l->http && l->open && l->event == UDPTRK_COMPLETED)
		return;
	if (l->http) {
		l->close |= l->open;
		l->open = false;
	}
	link_begin(a, l, now);
}

void
announce_stop(struct announce *a, int64_t now)
{
	a->running = false;
	a->stopping = true;
	a->stop_until_ms = now + ANNOUNCE_STOP_MS;
	for (size_t i = 0; i < a->n * ANNOUNCE_LINKS; i++) {
		a->trackers[i / ANNOUNCE_LINKS].resolve = false;
		link_leave(a, announce_link(a, (unsigned)i), now);
	}
}

bool
announce_is_over(const struct announce *a, int64_t now)
{
	if (!a->stopping || now >= a->stop_until_ms)
		return a->stopping;
	for (size_t i = 0; i < a->n; i++)
		if (link_any(&a->trackers[i]))
			return false;
	return true;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
get_deadline(const struct announce *a, const struct link *l)
{
	if (a->stopping)
		return l->event == UDPTRK_COMPLETED ? a->stop_until_ms - STOP_COMPLETED_MS
		                                    : INT64_MAX;
	if (l->get.state != HTTPCALL_IDLE)
		return l->get.again_ms;
	return announce_owes_completed(a, l) ? 0 : l->next_ms;
}

static int64_t
call_deadline(const struct announce *a, const struct link *l)
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
	int64_t names = announce_names_until(a);

	if (a->running && a->now_ms < names)
		at = names;

	for (size_t i = 0; i < a->n; i++) {
		const struct tracker *t = &a->trackers[i];

		if (!a->stopping && !announce_asks(a, t))
			continue;
		if ((t->state == TRACKER_LOST || t->state == TRACKER_HELD) &&
		    !a->stopping)
			at = sooner(at, t->again_ms);
		for (size_t k = 0; k < ANNOUNCE_LINKS; k++)
			if (t->links[k].used)
				at = sooner(at,
				    t->links[k].http ? get_deadline(a, &t->links[k])
				                     : call_deadline(a, &t->links[k]));
		if (a->running && announce_verdict(t) == VERDICT_OPEN &&
		    a->now_ms < t->asked_ms + ANNOUNCE_PATIENCE_MS)
			at = sooner(at, t->asked_ms + ANNOUNCE_PATIENCE_MS);
	}
	return at;
}
